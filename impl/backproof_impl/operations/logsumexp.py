"""The logarithm of a sum of exponentials: Blanchard, Higham, Higham 2021, doi:10.1093/imanum/draa038."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, softmax


def logsumexp(Z: Array) -> Array:
    """L (s,) = max Z + log Σ exp(Z − max Z), row by row."""
    top = Z.max(axis=1)
    return top + np.log(np.exp(Z - top[:, None]).sum(axis=1))


def logsumexp_vjp(Z: Array, dL: Array) -> Array:
    """dZ = dL ∘ softmax(Z)."""
    return dL[:, None] * softmax(Z)

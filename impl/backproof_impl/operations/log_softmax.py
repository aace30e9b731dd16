"""The logarithm of the softmax: Blanchard, Higham, Higham 2021, doi:10.1093/imanum/draa038."""

from __future__ import annotations

from backproof_impl import numerics
from backproof_impl.numerics import Array, softmax


def log_softmax(Z: Array) -> Array:
    """L (s, i) = Z − max Z − log Σ exp(Z − max Z), row by row."""
    return numerics.log_softmax(Z)


def log_softmax_vjp(Z: Array, dL: Array) -> Array:
    """dZ = dL − softmax(Z)·Σ dL, row by row."""
    return dL - softmax(Z) * dL.sum(axis=1, keepdims=True)

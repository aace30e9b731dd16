"""The Frobenius norm of a matrix."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def frobenius_norm(X: Array) -> Array:
    """N = √(Σ X²) over all entries."""
    return np.sqrt((X * X).sum())


def frobenius_norm_vjp(X: Array, dN: Array) -> Array:
    """dX = dN·X/N."""
    return dN / frobenius_norm(X) * X

"""The exponential linear unit: Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def elu(X: Array, alpha: float = 1) -> Array:
    """Y = X where X ≥ 0, else α·(eˣ − 1)."""
    return np.where(X >= 0, X, number(alpha, X) * np.expm1(np.minimum(X, 0)))


def elu_vjp(X: Array, dY: Array, alpha: float = 1) -> Array:
    """dX = dY where X ≥ 0, else α·eˣ·dY."""
    return np.where(X >= 0, dY, number(alpha, X) * np.exp(np.minimum(X, 0)) * dY)

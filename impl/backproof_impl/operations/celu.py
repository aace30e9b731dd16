"""The continuously differentiable exponential linear unit: Barron 2017, arXiv:1704.07483."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def celu(X: Array, alpha: float = 1) -> Array:
    """Y = X where X ≥ 0, else α·(exp(X/α) − 1)."""
    return np.where(X >= 0, X, number(alpha, X) * np.expm1(np.minimum(X, 0) / number(alpha, X)))


def celu_vjp(X: Array, dY: Array, alpha: float = 1) -> Array:
    """dX = dY∘exp(min(X, 0)/α)."""
    return dY * np.exp(np.minimum(X, 0) / number(alpha, X))

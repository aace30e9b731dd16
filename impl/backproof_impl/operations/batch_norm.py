"""Batch normalisation in training: Ioffe, Szegedy 2015, arXiv:1502.03167."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _centred(X: Array, eps: float) -> tuple[Array, Array]:
    """c = X − mean X and r = 1/√(mean c² + eps), column by column."""
    c = X - X.mean(axis=0)
    return c, 1 / np.sqrt((c * c).mean(axis=0) + number(eps, X))


def batch_norm(X: Array, g: Array, b: Array, eps: float = 1e-5) -> Array:
    """Y (s, i) = g (i,) ∘ c·r + b (i,)."""
    c, r = _centred(X, eps)
    return g * c * r + b


def batch_norm_vjp(X: Array, g: Array, b: Array, dY: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """dX = g·r·(dY − mean dY − c·r²·mean(dY∘c)), dg = Σ dY∘c·r and db = Σ dY, column by column."""
    c, r = _centred(X, eps)
    dX = g * r * (dY - dY.mean(axis=0) - c * r**2 * (dY * c).mean(axis=0))
    return dX, (dY * c * r).sum(axis=0), dY.sum(axis=0)

"""Layer normalisation of each row: Ba, Kiros, Hinton 2016, arXiv:1607.06450."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _centred(X: Array, eps: float) -> tuple[Array, Array]:
    """c = X − mean X and r = 1/√(mean c² + eps), row by row."""
    c = X - X.mean(axis=1, keepdims=True)
    return c, 1 / np.sqrt((c * c).mean(axis=1, keepdims=True) + number(eps, X))


def layer_norm(X: Array, g: Array, b: Array, eps: float = 1e-5) -> Array:
    """Y (s, i) = g (i,) ∘ c·r + b (i,)."""
    c, r = _centred(X, eps)
    return g * c * r + b


def layer_norm_vjp(X: Array, g: Array, b: Array, dY: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """dX = r·(G − mean G − c·r²·mean(G∘c)) with G = g∘dY, dg = Σ dY∘c·r and db = Σ dY over the rows."""
    c, r = _centred(X, eps)
    G = g * dY
    dX = r * (G - G.mean(axis=1, keepdims=True) - c * r**2 * (G * c).mean(axis=1, keepdims=True))
    return dX, (dY * c * r).sum(axis=0), dY.sum(axis=0)

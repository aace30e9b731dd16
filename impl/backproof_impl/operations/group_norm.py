"""Group normalisation: Wu, He 2018, arXiv:1803.08494. X (s, h, k, x): samples, groups, channels of each, places."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _centred(X: Array, eps: float) -> tuple[Array, Array]:
    """c = X − mean X and r = 1/√(mean c² + eps), of each sample's group."""
    c = X - X.mean(axis=(2, 3), keepdims=True)
    return c, 1 / np.sqrt((c * c).mean(axis=(2, 3), keepdims=True) + number(eps, X))


def group_norm(X: Array, g: Array, b: Array, eps: float = 1e-5) -> Array:
    """Y (s, h, k, x) = g (h, k) ∘ c·r + b (h, k)."""
    c, r = _centred(X, eps)
    return g[:, :, None] * c * r + b[:, :, None]


def group_norm_vjp(X: Array, g: Array, b: Array, dY: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """dX = r·(G − mean G − c·r²·mean(G∘c)) with G = g∘dY, dg = Σ dY∘c·r and db = Σ dY over samples and places."""
    c, r = _centred(X, eps)
    G = g[:, :, None] * dY
    dX = r * (G - G.mean(axis=(2, 3), keepdims=True) - c * r**2 * (G * c).mean(axis=(2, 3), keepdims=True))
    return dX, (dY * c * r).sum(axis=(0, 3)), dY.sum(axis=(0, 3))

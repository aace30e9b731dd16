"""Instance normalisation: Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.

X (s, c, x): samples, channels, places.
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _centred(X: Array, eps: float) -> tuple[Array, Array]:
    """c = X − mean X and r = 1/√(mean c² + eps), of each channel of each sample."""
    c = X - X.mean(axis=2, keepdims=True)
    return c, 1 / np.sqrt((c * c).mean(axis=2, keepdims=True) + number(eps, X))


def instance_norm(X: Array, g: Array, b: Array, eps: float = 1e-5) -> Array:
    """Y (s, c, x) = g (c,) ∘ c·r + b (c,)."""
    c, r = _centred(X, eps)
    return g[:, None] * c * r + b[:, None]


def instance_norm_vjp(X: Array, g: Array, b: Array, dY: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """dX = g·r·(dY − mean dY − c·r²·mean(dY∘c)), dg = Σ dY∘c·r and db = Σ dY over samples and places."""
    c, r = _centred(X, eps)
    dX = g[:, None] * r * (dY - dY.mean(axis=2, keepdims=True) - c * r**2 * (dY * c).mean(axis=2, keepdims=True))
    return dX, (dY * c * r).sum(axis=(0, 2)), dY.sum(axis=(0, 2))

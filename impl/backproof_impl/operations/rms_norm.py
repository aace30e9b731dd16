"""Root mean square normalisation of each row: Zhang, Sennrich 2019, arXiv:1910.07467."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _scale(X: Array, eps: float) -> Array:
    """r = 1/√(mean X² + eps), row by row."""
    return 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + number(eps, X))


def rms_norm(X: Array, g: Array, eps: float = 1e-6) -> Array:
    """Y (s, i) = g (i,) ∘ X·r."""
    return g * X * _scale(X, eps)


def rms_norm_vjp(X: Array, g: Array, dY: Array, eps: float = 1e-6) -> tuple[Array, Array]:
    """dX = r·(G − X·r²·mean(G∘X)) with G = g∘dY, and dg = Σ dY∘X·r over the rows."""
    r, G = _scale(X, eps), g * dY
    return r * (G - X * r**2 * (G * X).mean(axis=1, keepdims=True)), (dY * X * r).sum(axis=0)

"""Root mean square normalisation of each row with gain 1 + g, which decays to 1: Gemma Team 2024, arXiv:2403.08295."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _scale(X: Array, eps: float) -> Array:
    """r = 1/√(mean X² + eps), row by row."""
    return 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + number(eps, X))


def gemma_rms_norm(X: Array, g: Array, eps: float = 1e-6) -> Array:
    """Y (s, i) = (1 + g (i,)) ∘ X·r."""
    return (1 + g) * X * _scale(X, eps)


def gemma_rms_norm_vjp(X: Array, g: Array, dY: Array, eps: float = 1e-6) -> tuple[Array, Array]:
    """dX = r·(G − X·r²·mean(G∘X)) with G = (1 + g)∘dY, and dg = Σ dY∘X·r over the rows."""
    r, G = _scale(X, eps), (1 + g) * dY
    return r * (G - X * r**2 * (G * X).mean(axis=1, keepdims=True)), (dY * X * r).sum(axis=0)

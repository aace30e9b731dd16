"""The cosine of the angle between rows."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def _norm(X: Array, eps: float) -> Array:
    """n = √(Σ X² + eps), row by row."""
    return np.sqrt((X * X).sum(axis=1, keepdims=True) + number(eps, X))


def cosine_similarity(X: Array, Y: Array, eps: float = 1e-8) -> Array:
    """C (s,) = Σ X∘Y/(n·m), with the norms n of X and m of Y."""
    return (X * Y / (_norm(X, eps) * _norm(Y, eps))).sum(axis=1)


def cosine_similarity_vjp(X: Array, Y: Array, dC: Array, eps: float = 1e-8) -> tuple[Array, Array]:
    """dX = dC·(Y/(n·m) − C·X/n²) and dY = dC·(X/(n·m) − C·Y/m²)."""
    n, m = _norm(X, eps), _norm(Y, eps)
    C, dC = cosine_similarity(X, Y, eps)[:, None], dC[:, None]
    return dC * (Y / (n * m) - C * X / n**2), dC * (X / (n * m) - C * Y / m**2)

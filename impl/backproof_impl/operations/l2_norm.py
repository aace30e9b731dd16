"""The Euclidean norm of each row."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def l2_norm(X: Array) -> Array:
    """N (s,) = √(Σ X² (s, i)) over i."""
    return np.sqrt((X * X).sum(axis=1))


def l2_norm_vjp(X: Array, dN: Array) -> Array:
    """dX = dN·X/N."""
    return (dN / l2_norm(X))[:, None] * X

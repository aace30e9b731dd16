"""The outer product of two vectors."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, product


def outer(x: Array, y: Array) -> Array:
    """Z (i, j) = x (i,) · yᵀ (j,)."""
    return np.outer(x, y)


def outer_vjp(x: Array, y: Array, dZ: Array) -> tuple[Array, Array]:
    """dx = dZ·y and dy = dZᵀ·x."""
    return product(dZ, y), product(dZ.T, x)

"""A cell of a simple recurrent network: Elman 1990, doi:10.1207/s15516709cog1402_1.

X (s, x), H (s, h), W (h, x), U (h, h), b (h,).
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, product


def elman_cell(X: Array, H: Array, W: Array, U: Array, b: Array) -> Array:
    """Y = tanh(X·Wᵀ + H·Uᵀ + b)."""
    return np.tanh(product(X, W.T) + product(H, U.T) + b)


def elman_cell_vjp(X: Array, H: Array, W: Array, U: Array, b: Array, dY: Array) -> tuple[Array, ...]:
    """dZ = dY∘(1 − Y²); dX = dZ·W, dH = dZ·U, dW = dZᵀ·X, dU = dZᵀ·H and db = Σ dZ over the samples."""
    dZ = dY * (1 - elman_cell(X, H, W, U, b) ** 2)
    return product(dZ, W), product(dZ, U), product(dZ.T, X), product(dZ.T, H), dZ.sum(axis=0)

"""Rows and columns exchanged."""

from __future__ import annotations

from backproof_impl.numerics import Array


def transpose(X: Array) -> Array:
    """Y (k, i) = Xᵀ."""
    return X.T.copy()


def transpose_vjp(X: Array, dY: Array) -> Array:
    """dX = dYᵀ."""
    return dY.T.copy()

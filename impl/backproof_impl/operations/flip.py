"""The features of each row in reverse order."""

from __future__ import annotations

from backproof_impl.numerics import Array


def flip(X: Array) -> Array:
    """Y[s, k] = X[s, size(i) − 1 − k]."""
    return X[:, ::-1].copy()


def flip_vjp(X: Array, dY: Array) -> Array:
    """dX[s, i] = dY[s, size(i) − 1 − i]."""
    return dY[:, ::-1].copy()

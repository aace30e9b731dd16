"""Zeros before and after the features of each row."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def pad(X: Array, before: int = 1, after: int = 2) -> Array:
    """Y[s, k] = X[s, k − before], which is 0 beyond the ends."""
    return np.pad(X, ((0, 0), (before, after)))


def pad_vjp(X: Array, dY: Array, before: int = 1, after: int = 2) -> Array:
    """dX[s, i] = dY[s, i + before]."""
    return dY[:, before : before + X.shape[1]].copy()

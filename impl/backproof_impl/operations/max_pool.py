"""The largest of every window of k entries; X (s, c, a), Y (s, c, y)."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def _windows(X: Array, stride: int, k: int) -> Array:
    """The places (y, u) of each window, along the last axis of X."""
    return stride * np.arange((X.shape[2] - k) // stride + 1)[:, None] + np.arange(k)


def max_pool(X: Array, stride: int = 2, k: int = 2) -> Array:
    """Y[s, c, y] = max over u < k of X[s, c, stride·y + u]."""
    return X[:, :, _windows(X, stride, k)].max(axis=3)


def max_pool_vjp(X: Array, dY: Array, stride: int = 2, k: int = 2) -> Array:
    """dX adds dY[s, c, y] wherever an entry is the largest of window y."""
    places, dX = _windows(X, stride, k), np.zeros_like(X)
    wins = X[:, :, places] == max_pool(X, stride, k)[..., None]
    np.add.at(dX, (slice(None), slice(None), places), dY[..., None] * wins)
    return dX

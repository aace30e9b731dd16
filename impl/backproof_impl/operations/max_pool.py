"""The largest of every window of k entries; X (s, c, a), Y (s, c, y)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof_impl.numerics import Array


def _seen(X: Array, stride: int, k: int) -> Iterator[slice]:
    """For each u < k the places stride·y + u, of which each window has one."""
    windows = (X.shape[2] - k) // stride + 1
    return (slice(u, u + stride * windows, stride) for u in range(k))


def max_pool(X: Array, stride: int = 2, k: int = 2) -> Array:
    """Y[s, c, y] = max over u < k of X[s, c, stride·y + u]."""
    return np.stack([X[:, :, places] for places in _seen(X, stride, k)]).max(axis=0)


def max_pool_vjp(X: Array, dY: Array, stride: int = 2, k: int = 2) -> Array:
    """dX adds dY[s, c, y] where an entry is the largest of window y; several that are share it."""
    Y, dX = max_pool(X, stride, k), np.zeros_like(X)
    wins = [(places, (X[:, :, places] == Y).astype(X.dtype)) for places in _seen(X, stride, k)]
    shares = dY / sum(each for _, each in wins)
    for places, each in wins:
        dX[:, :, places] += each * shares
    return dX

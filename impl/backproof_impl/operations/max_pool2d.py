"""The largest of every window of k by k entries; X (s, c, a, b), Y (s, c, y, x)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from backproof_impl.numerics import Array, met


def _seen(X: Array, stride: int, k: int) -> Iterator[tuple[slice, ...]]:
    """For each place (u, v) of a window the rows stride·y + u and the columns stride·x + v."""
    return product(*(met((size - k) // stride + 1, k, stride) for size in X.shape[2:]))


def max_pool2d(X: Array, stride: int = 2, k: int = 2) -> Array:
    """Y[s, c, y, x] = max over u, v < k of X[s, c, stride·y + u, stride·x + v]."""
    return np.stack([X[:, :, rows, columns] for rows, columns in _seen(X, stride, k)]).max(axis=0)


def max_pool2d_vjp(X: Array, dY: Array, stride: int = 2, k: int = 2) -> Array:
    """dX adds dY[s, c, y, x] where an entry is the largest of window (y, x); several that are share it."""
    Y, dX = max_pool2d(X, stride, k), np.zeros_like(X)
    wins = [(places, (X[:, :, *places] == Y).astype(X.dtype)) for places in _seen(X, stride, k)]
    shares = dY / sum(each for _, each in wins)
    for places, each in wins:
        dX[:, :, *places] += each * shares
    return dX

"""The mean of every window of k by k entries: LeCun et al. 1998, doi:10.1109/5.726791.

X (s, c, a, b), Y (s, c, y, x).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from backproof_impl.numerics import Array, met, number


def _padded(X: Array, pad: int) -> Array:
    """X with zeros around it."""
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def avg_pool2d(X: Array, stride: int = 2, k: int = 2, pad: int = 0) -> Array:
    """Y[s, c, y, x] = Σ_{u,v < k} X[s, c, stride·y + u − pad, stride·x + v − pad]/k²."""
    padded = _padded(X, pad)
    seen = product(*(met((size - k) // stride + 1, k, stride) for size in padded.shape[2:]))
    return np.stack([padded[:, :, rows, columns] for rows, columns in seen]).sum(axis=0) / number(k * k, X)


def avg_pool2d_vjp(X: Array, dY: Array, stride: int = 2, k: int = 2, pad: int = 0) -> Array:
    """dX gathers dY/k² of every window."""
    dX, shares = np.zeros_like(_padded(X, pad)), dY / number(k * k, dY)
    for rows, columns in product(*(met(size, k, stride) for size in dY.shape[2:])):
        dX[:, :, rows, columns] += shares
    return dX[:, :, pad : pad + X.shape[2], pad : pad + X.shape[3]].copy()

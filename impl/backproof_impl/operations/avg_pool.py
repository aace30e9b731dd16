"""The mean of every window of k entries: LeCun et al. 1998, doi:10.1109/5.726791. X (s, c, a), Y (s, c, y)."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, met, number


def _padded(X: Array, pad: int) -> Array:
    """X with zeros around it."""
    return np.pad(X, ((0, 0), (0, 0), (pad, pad)))


def avg_pool(X: Array, stride: int = 2, k: int = 2, pad: int = 0) -> Array:
    """Y[s, c, y] = Σ_{u < k} X[s, c, stride·y + u − pad]/k."""
    padded = _padded(X, pad)
    seen = met((padded.shape[2] - k) // stride + 1, k, stride)
    return np.stack([padded[:, :, places] for places in seen]).sum(axis=0) / number(k, X)


def avg_pool_vjp(X: Array, dY: Array, stride: int = 2, k: int = 2, pad: int = 0) -> Array:
    """dX gathers dY/k of every window."""
    dX, shares = np.zeros_like(_padded(X, pad)), dY / number(k, dY)
    for places in met(dY.shape[2], k, stride):
        dX[:, :, places] += shares
    return dX[:, :, pad : pad + X.shape[2]].copy()

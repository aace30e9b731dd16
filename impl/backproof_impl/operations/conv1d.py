"""One-dimensional cross-correlation, over time: Waibel et al. 1989, doi:10.1109/29.21701.

X (s, c, a), W (o, c, u), z (o,), Y (s, o, y): one product of matrices for each place of the kernel.
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, met, product


def _size(X: Array, W: Array, stride: int, pad: int, dilation: int) -> int:
    """How many places Y has."""
    return int((X.shape[2] + 2 * pad - dilation * (W.shape[2] - 1) - 1) // stride + 1)


def _seen(X: Array, W: Array, stride: int, pad: int, dilation: int) -> tuple[Array, list[slice]]:
    """X with zeros around it, and of each place of the kernel the places of that it meets."""
    size = _size(X, W, stride, pad, dilation)
    return np.pad(X, ((0, 0), (0, 0), (pad, pad))), met(size, W.shape[2], stride, dilation)


def conv1d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Y[s, :, y] = z + Σ_u W[:, :, u] · X[s, :, stride·y + dilation·u − pad]."""
    padded, seen = _seen(X, W, stride, pad, dilation)
    Y = np.zeros((len(X), len(W), _size(X, W, stride, pad, dilation)), X.dtype)
    for u, places in enumerate(seen):
        Y += product(W[:, :, u], padded[:, :, places])
    return Y + z[:, None]


def conv1d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> tuple[Array, Array, Array]:
    """dX gathers W[:, :, u]ᵀ·dY where each place met X, dW[:, :, u] = Σ_s dY·Xᵀ there, and dz = Σ dY."""
    padded, seen = _seen(X, W, stride, pad, dilation)
    dX, dW = np.zeros_like(padded), np.zeros_like(W)
    for u, places in enumerate(seen):
        dX[:, :, places] += product(W[:, :, u].T, dY)
        dW[:, :, u] = product(dY, padded[:, :, places].mT).sum(axis=0)
    return dX[:, :, pad : pad + X.shape[2]].copy(), dW, dY.sum(axis=(0, 2))

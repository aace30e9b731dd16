"""Transposed one-dimensional convolution: Dumoulin, Visin 2016, arXiv:1603.07285, section 4.

X (s, c, a), W (c, o, u), z (o,), Y (s, o, y): one product of matrices for each place of the kernel.
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, met, product


def conv_transpose1d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0) -> Array:
    """Y[s, :, stride·a + u − pad] gathers W[:, :, u]ᵀ·X[s, :, a], and z."""
    size = stride * (X.shape[2] - 1) + W.shape[2]
    Y = np.zeros((len(X), W.shape[1], size), X.dtype)
    for u, places in enumerate(met(X.shape[2], W.shape[2], stride)):
        Y[:, :, places] += product(W[:, :, u].T, X)
    return Y[:, :, pad : size - pad] + z[:, None]


def conv_transpose1d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0
) -> tuple[Array, Array, Array]:
    """dX = Σ_u W[:, :, u] · dY[s, :, stride·a + u − pad], dW[:, :, u] = Σ_s X·dYᵀ there, and dz = Σ dY."""
    dX, dW, padded = np.zeros_like(X), np.zeros_like(W), np.pad(dY, ((0, 0), (0, 0), (pad, pad)))
    for u, places in enumerate(met(X.shape[2], W.shape[2], stride)):
        dX += product(W[:, :, u], padded[:, :, places])
        dW[:, :, u] = product(X, padded[:, :, places].mT).sum(axis=0)
    return dX, dW, dY.sum(axis=(0, 2))

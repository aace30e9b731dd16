"""Transposed two-dimensional convolution: Dumoulin, Visin 2016, arXiv:1603.07285, section 4.

X (s, c, a, b), W (c, o, u, v), z (o,), Y (s, o, y, x): one product of matrices for each place of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof_impl.numerics import Array, met, product


def _reached(X: Array, W: Array, stride: int) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
    """Each place (u, v) of the kernel, and the rows and columns of the uncropped Y that X reaches through it."""
    rows, columns = (met(size, kernel, stride) for size, kernel in zip(X.shape[2:], W.shape[2:], strict=True))
    return (((u, v), (y, x)) for u, y in enumerate(rows) for v, x in enumerate(columns))


def conv_transpose2d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0) -> Array:
    """Y[s, :, stride·a + u − pad, stride·b + v − pad] gathers W[:, :, u, v]ᵀ·X[s, :, a, b], and z."""
    size = [stride * (n - 1) + kernel for n, kernel in zip(X.shape[2:], W.shape[2:], strict=True)]
    Y, flat = np.zeros((len(X), W.shape[1], *size), X.dtype), X.reshape(*X.shape[:2], X.shape[2] * X.shape[3])
    for (u, v), places in _reached(X, W, stride):
        Y[:, :, *places] += product(W[:, :, u, v].T, flat).reshape(len(X), W.shape[1], *X.shape[2:])
    return Y[:, :, pad : size[0] - pad, pad : size[1] - pad] + z[:, None, None]


def conv_transpose2d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0
) -> tuple[Array, Array, Array]:
    """dX = Σ_{u,v} W[:, :, u, v] · dY at the places that X reached, dW[:, :, u, v] = Σ_s X·dYᵀ there, and dz = Σ dY."""
    flat, padded = (
        X.reshape(*X.shape[:2], X.shape[2] * X.shape[3]),
        np.pad(dY, ((0, 0), (0, 0), (pad, pad), (pad, pad))),
    )
    dX, dW = np.zeros_like(flat), np.zeros_like(W)
    for (u, v), places in _reached(X, W, stride):
        reached = padded[:, :, *places].reshape(len(X), W.shape[1], flat.shape[2])
        dX += product(W[:, :, u, v], reached)
        dW[:, :, u, v] = product(flat, reached.mT).sum(axis=0)
    return dX.reshape(X.shape), dW, dY.sum(axis=(0, 2, 3))

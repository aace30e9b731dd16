"""Two-dimensional cross-correlation in groups of channels: Xie et al. 2017, arXiv:1611.05431.

X (s, g, c, a, b), W (g, o, c, u, v), z (g, o), Y (s, g, o, y, x): one product of matrices for each place of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof_impl.numerics import Array, met, product


def _padded(X: Array, pad: int) -> Array:
    """X with zeros around it."""
    return np.pad(X, ((0, 0), (0, 0), (0, 0), (pad, pad), (pad, pad)))


def _seen(padded: Array, W: Array, stride: int) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
    """Each place (u, v) of the kernel, and which rows and columns of the padded X it meets."""
    rows, columns = (
        met((size - kernel) // stride + 1, kernel, stride)
        for size, kernel in zip(padded.shape[3:], W.shape[3:], strict=True)
    )
    return (((u, v), (a, b)) for u, a in enumerate(rows) for v, b in enumerate(columns))


def grouped_conv2d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0) -> Array:
    """Y[s, g, :, y, x] = z[g] + Σ_{u,v} W[g, :, :, u, v] · X[s, g, :, stride·y + u − pad, stride·x + v − pad]."""
    padded = _padded(X, pad)
    y, x = ((size - kernel) // stride + 1 for size, kernel in zip(padded.shape[3:], W.shape[3:], strict=True))
    Y = np.zeros((*X.shape[:2], W.shape[1], y * x), X.dtype)
    for (u, v), places in _seen(padded, W, stride):
        Y += product(W[..., u, v], padded[:, :, :, *places].reshape(*X.shape[:3], y * x))
    return (Y + z[:, :, None]).reshape(*Y.shape[:3], y, x)


def grouped_conv2d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0
) -> tuple[Array, Array, Array]:
    """dX gathers W[g, :, :, u, v]ᵀ·dY where each place met X, dW = Σ_s dY·Xᵀ there, and dz = Σ dY."""
    padded, dW, flat = _padded(X, pad), np.zeros_like(W), dY.reshape(*dY.shape[:3], dY.shape[3] * dY.shape[4])
    dX = np.zeros_like(padded)
    for (u, v), places in _seen(padded, W, stride):
        seen = padded[:, :, :, *places]
        dX[:, :, :, *places] += product(W[..., u, v].mT, flat).reshape(seen.shape)
        dW[..., u, v] = product(flat, seen.reshape(*X.shape[:3], flat.shape[3]).mT).sum(axis=0)
    inner = (slice(pad, pad + size) for size in X.shape[3:])
    return dX[:, :, :, *inner].copy(), dW, dY.sum(axis=(0, 3, 4))

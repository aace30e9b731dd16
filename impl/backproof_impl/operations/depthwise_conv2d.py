"""Two-dimensional cross-correlation of every channel with a kernel of its own: Chollet 2017, arXiv:1610.02357.

X (s, c, a, b), W (c, u, v), z (c,), Y (s, c, y, x): one product of entries for each place of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof_impl.numerics import Array, met


def _padded(X: Array, pad: int) -> Array:
    """X with zeros around it."""
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def _seen(padded: Array, W: Array, stride: int) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
    """Each place (u, v) of the kernel, and which rows and columns of the padded X it meets."""
    rows, columns = (
        met((size - kernel) // stride + 1, kernel, stride)
        for size, kernel in zip(padded.shape[2:], W.shape[1:], strict=True)
    )
    return (((u, v), (a, b)) for u, a in enumerate(rows) for v, b in enumerate(columns))


def depthwise_conv2d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0) -> Array:
    """Y[s, c, y, x] = z[c] + Σ_{u,v} W[c, u, v]·X[s, c, stride·y + u − pad, stride·x + v − pad]."""
    padded = _padded(X, pad)
    size = ((n - kernel) // stride + 1 for n, kernel in zip(padded.shape[2:], W.shape[1:], strict=True))
    Y = np.zeros((*X.shape[:2], *size), X.dtype)
    for (u, v), places in _seen(padded, W, stride):
        Y += W[:, u, v, None, None] * padded[:, :, *places]
    return Y + z[:, None, None]


def depthwise_conv2d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0
) -> tuple[Array, Array, Array]:
    """dX gathers W[c, u, v]·dY where each place met X, dW[c, u, v] = Σ dY∘X there, and dz = Σ dY."""
    padded, dW = _padded(X, pad), np.zeros_like(W)
    dX = np.zeros_like(padded)
    for (u, v), places in _seen(padded, W, stride):
        dX[:, :, *places] += W[:, u, v, None, None] * dY
        dW[:, u, v] = (dY * padded[:, :, *places]).sum(axis=(0, 2, 3))
    inner = (slice(pad, pad + size) for size in X.shape[2:])
    return dX[:, :, *inner].copy(), dW, dY.sum(axis=(0, 2, 3))

"""Two-dimensional cross-correlation: Dumoulin, Visin 2016, arXiv:1603.07285.

X (s, c, a, b), W (o, c, u, v), z (o,), Y (s, o, y, x): one product of matrices for each place of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof_impl.numerics import Array, product


def _padded(X: Array, pad: int) -> Array:
    """X with zeros around it."""
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def _sizes(X: Array, W: Array, stride: int, pad: int, dilation: int) -> tuple[int, int]:
    """How many rows and columns Y has."""
    (a, b), (u, v) = X.shape[2:], W.shape[2:]
    return (
        (a + 2 * pad - dilation * (u - 1) - 1) // stride + 1,
        (b + 2 * pad - dilation * (v - 1) - 1) // stride + 1,
    )


def _places(
    W: Array, size: tuple[int, int], stride: int, dilation: int
) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
    """Each place (u, v) of the kernel, and which rows and columns of the padded X it meets."""
    rows, columns = size
    for u in range(W.shape[2]):
        for v in range(W.shape[3]):
            a, b = dilation * u, dilation * v
            yield u, v, (slice(a, a + stride * rows, stride), slice(b, b + stride * columns, stride))


def conv2d(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Y[s, :, y, x] = z + Σ_{u,v} W[:, :, u, v] · X[s, :, stride·y + dilation·u − pad, stride·x + dilation·v − pad]."""
    size, padded = _sizes(X, W, stride, pad, dilation), _padded(X, pad)
    Y = np.zeros((len(X), len(W), size[0] * size[1]), X.dtype)
    for u, v, (rows, columns) in _places(W, size, stride, dilation):
        seen = padded[:, :, rows, columns].reshape(len(X), X.shape[1], size[0] * size[1])
        Y += product(W[:, :, u, v], seen)
    return (Y + z[:, None]).reshape(len(X), len(W), *size)


def conv2d_vjp(
    X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> tuple[Array, Array, Array]:
    """dX gathers W[:, :, u, v]ᵀ·dY where each place met X, dW[:, :, u, v] = Σ_s dY·Xᵀ there, and dz = Σ dY."""
    samples, kernels, *size = dY.shape
    padded, dW = _padded(X, pad), np.zeros_like(W)
    dX, flat = np.zeros_like(padded), dY.reshape(samples, kernels, size[0] * size[1])
    for u, v, (rows, columns) in _places(W, (size[0], size[1]), stride, dilation):
        seen = padded[:, :, rows, columns]
        dX[:, :, rows, columns] += product(W[:, :, u, v].T, flat).reshape(seen.shape)
        dW[:, :, u, v] = product(flat, seen.reshape(samples, X.shape[1], size[0] * size[1]).mT).sum(axis=0)
    inner = slice(pad, padded.shape[2] - pad), slice(pad, padded.shape[3] - pad)
    return dX[:, :, *inner].copy(), dW, dY.sum(axis=(0, 2, 3))

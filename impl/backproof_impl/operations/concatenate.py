"""The features of two tensors side by side."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def concatenate(A: Array, B: Array) -> Array:
    """Y (s, i + j) = [A (s, i), B (s, j)]."""
    return np.concatenate([A, B], axis=1)


def concatenate_vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA and dB are the first and the last columns of dY."""
    dA, dB = np.split(dY, [A.shape[1]], axis=1)
    return dA.copy(), dB.copy()

"""The features of each row from a start on, with a stride."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def strided_slice(X: Array, start: int = 1, stride: int = 2) -> Array:
    """Y[s, k] = X[s, start + stride·k]."""
    return X[:, start::stride].copy()


def strided_slice_vjp(X: Array, dY: Array, start: int = 1, stride: int = 2) -> Array:
    """dX[s, start + stride·k] = dY[s, k], and 0 elsewhere."""
    dX = np.zeros_like(X)
    dX[:, start::stride] = dY
    return dX

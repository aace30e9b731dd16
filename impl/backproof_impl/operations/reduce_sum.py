"""The sum of each row."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def reduce_sum(X: Array) -> Array:
    """Y (s,) = Σ X (s, i) over i."""
    return X.sum(axis=1)


def reduce_sum_vjp(X: Array, dY: Array) -> Array:
    """dX[s, i] = dY[s]."""
    return np.broadcast_to(dY[:, None], X.shape).copy()

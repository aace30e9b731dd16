"""The mean of each row."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def reduce_mean(X: Array) -> Array:
    """Y (s,) = Σ X (s, i)/size(i) over i."""
    return X.mean(axis=1)


def reduce_mean_vjp(X: Array, dY: Array) -> Array:
    """dX[s, i] = dY[s]/size(i)."""
    return np.broadcast_to((dY / number(X.shape[1], X))[:, None], X.shape).copy()

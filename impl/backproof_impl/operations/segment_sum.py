"""The sum of the rows of each segment."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def segment_sum(X: Array, t: Array, segments: int = 3) -> Array:
    """Y[v] = Σ X[s] over all s with t[s] = v, for each v < segments."""
    Y = np.zeros((segments, X.shape[1]), X.dtype)
    np.add.at(Y, t, X)
    return Y


def segment_sum_vjp(X: Array, t: Array, dY: Array, segments: int = 3) -> Array:
    """dX[s] = dY[t[s]]."""
    return dY[t]

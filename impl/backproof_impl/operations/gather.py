"""One entry of each row, chosen by its number."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def gather(X: Array, t: Array) -> Array:
    """Y[s] = X[s, t[s]]."""
    return np.take_along_axis(X, t[:, None], axis=1)[:, 0]


def gather_vjp(X: Array, t: Array, dY: Array) -> Array:
    """dX[s, t[s]] = dY[s], and 0 elsewhere."""
    dX = np.zeros_like(X)
    np.put_along_axis(dX, t[:, None], dY[:, None], axis=1)
    return dX

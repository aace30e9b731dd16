"""log(1 + X)."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def log1p(X: Array) -> Array:
    """Y = log(1 + X), accurate where X is nearly 0."""
    return np.log1p(X)


def log1p_vjp(X: Array, dY: Array) -> Array:
    """dX = dY/(1 + X)."""
    return dY / (1 + X)

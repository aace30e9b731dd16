"""The natural logarithm."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def log(X: Array) -> Array:
    """Y = log X."""
    return np.log(X)


def log_vjp(X: Array, dY: Array) -> Array:
    """dX = dY/X."""
    return dY / X

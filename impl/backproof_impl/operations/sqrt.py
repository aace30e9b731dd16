"""The square root."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def sqrt(X: Array) -> Array:
    """Y = √X."""
    return np.sqrt(X)


def sqrt_vjp(X: Array, dY: Array) -> Array:
    """dX = dY/(2·√X)."""
    return dY / (2 * np.sqrt(X))

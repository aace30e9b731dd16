"""The square."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def square(X: Array) -> Array:
    """Y = X²."""
    return np.square(X)


def square_vjp(X: Array, dY: Array) -> Array:
    """dX = 2·dY∘X."""
    return 2 * dY * X

"""The absolute value; its derivative at exactly 0 is 1 by convention."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def abs(X: Array) -> Array:  # noqa: A001 - the name that it has everywhere
    """Y = |X|."""
    return np.abs(X)


def abs_vjp(X: Array, dY: Array) -> Array:
    """dX = dY where X ≥ 0, else −dY."""
    return np.where(X >= 0, dY, -dY)

"""The absolute value; its derivative at exactly 0 is 0 by convention."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def absolute(X: Array) -> Array:
    """Y = |X|."""
    return np.abs(X)


def absolute_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘sign X, where sign 0 is 0."""
    return dY * np.sign(X)

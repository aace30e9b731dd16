"""The absolute value; its derivative at exactly 0 is 0 by convention."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def abs(X: Array) -> Array:  # noqa: A001 - the name that it has everywhere
    """Y = |X|."""
    return np.abs(X)


def abs_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘sign X, where sign 0 is 0."""
    return dY * np.sign(X)

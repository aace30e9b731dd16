"""The exponential."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def exp(X: Array) -> Array:
    """Y = eˣ."""
    return np.exp(X)


def exp_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘eˣ."""
    return dY * np.exp(X)

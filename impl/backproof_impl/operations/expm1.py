"""eˣ − 1."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def expm1(X: Array) -> Array:
    """Y = eˣ − 1, accurate where X is nearly 0."""
    return np.expm1(X)


def expm1_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘eˣ."""
    return dY * np.exp(X)

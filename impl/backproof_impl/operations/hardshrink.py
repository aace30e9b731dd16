"""Hard thresholding: Donoho, Johnstone 1994, doi:10.1093/biomet/81.3.425."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def hardshrink(X: Array, lam: float = 0.5) -> Array:
    """Y = X where |X| > λ, else 0."""
    return X * (np.abs(X) > number(lam, X))


def hardshrink_vjp(X: Array, dY: Array, lam: float = 0.5) -> Array:
    """dX = dY where |X| > λ, else 0."""
    return dY * (np.abs(X) > number(lam, X))

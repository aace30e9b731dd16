"""Soft thresholding: Donoho, Johnstone 1994, doi:10.1093/biomet/81.3.425."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def softshrink(X: Array, lam: float = 0.5) -> Array:
    """Y = X − min(max(X, −λ), λ)."""
    return X - np.minimum(np.maximum(X, number(-lam, X)), number(lam, X))


def softshrink_vjp(X: Array, dY: Array, lam: float = 0.5) -> Array:
    """dX = dY where |X| > λ, else 0."""
    return dY * (np.abs(X) > number(lam, X))

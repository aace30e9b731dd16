"""Hard tanh: Collobert 2004, thesis, Université Paris VI; a clamp between any two numbers."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def hardtanh(X: Array, low: float = -1, high: float = 1) -> Array:
    """Y = min(max(X, low), high)."""
    return np.minimum(np.maximum(X, number(low, X)), number(high, X))


def hardtanh_vjp(X: Array, dY: Array, low: float = -1, high: float = 1) -> Array:
    """dX = dY where low < X < high, else 0."""
    return dY * ((number(low, X) < X) & (number(high, X) > X))

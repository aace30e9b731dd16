"""A threshold, as in Torch7: Collobert, Kavukcuoglu, Farabet 2011, BigLearn workshop at NIPS."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def threshold(X: Array, theta: float = 0.5, value: float = -2) -> Array:
    """Y = X where X > θ, else a value."""
    return np.where(number(theta, X) < X, X, number(value, X))


def threshold_vjp(X: Array, dY: Array, theta: float = 0.5, value: float = -2) -> Array:
    """dX = dY where X > θ, else 0, whatever the value."""
    return dY * (number(theta, X) < X)

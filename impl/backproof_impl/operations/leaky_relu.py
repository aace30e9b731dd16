"""The leaky rectified linear unit: Maas, Hannun, Ng 2013, ICML Workshop on Deep Learning."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def leaky_relu(X: Array, slope: float = 0.01) -> Array:
    """Y = X where X > 0, else slope·X."""
    return np.where(X > 0, X, number(slope, X) * X)


def leaky_relu_vjp(X: Array, dY: Array, slope: float = 0.01) -> Array:
    """dX = dY where X > 0, else slope·dY."""
    return np.where(X > 0, dY, number(slope, X) * dY)

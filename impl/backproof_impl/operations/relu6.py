"""The rectified linear unit, at most 6: Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array

_TOP = 6


def relu6(X: Array) -> Array:
    """Y = min(max(X, 0), 6)."""
    return np.minimum(np.maximum(X, 0), _TOP)


def relu6_vjp(X: Array, dY: Array) -> Array:
    """dX = dY where 0 < X < 6, else 0."""
    return dY * ((X > 0) & (X < _TOP))

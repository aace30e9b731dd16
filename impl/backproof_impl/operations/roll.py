"""The features of each row moved on by a shift, those that leave at one end coming in at the other."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def roll(X: Array, shift: int = 1) -> Array:
    """Y[s, k] = X[s, (k − shift) mod size(i)]."""
    return np.roll(X, shift, axis=1)


def roll_vjp(X: Array, dY: Array, shift: int = 1) -> Array:
    """dX[s, i] = dY[s, (i + shift) mod size(i)]."""
    return np.roll(dY, -shift, axis=1)

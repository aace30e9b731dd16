"""A power, entry by entry."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def power(X: Array, P: Array) -> Array:
    """Y = Xᴾ."""
    return X**P


def power_vjp(X: Array, P: Array, dY: Array) -> tuple[Array, Array]:
    """dX = dY∘P·Xᴾ⁻¹ and dP = dY∘Xᴾ·log X."""
    return dY * P * X ** (P - 1), dY * X**P * np.log(X)

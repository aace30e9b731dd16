"""The hyperbolic tangent: LeCun, Bottou, Orr, Müller 1998, doi:10.1007/3-540-49430-8_2."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def tanh(Z: Array) -> Array:
    """Y = tanh Z."""
    return np.tanh(Z)


def tanh_vjp(Z: Array, dY: Array) -> Array:
    """dZ = dY∘(1 − Y²)."""
    Y = np.tanh(Z)
    return dY * (1 - Y * Y)

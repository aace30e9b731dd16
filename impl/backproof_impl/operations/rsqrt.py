"""One over the square root."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def rsqrt(X: Array) -> Array:
    """Y = 1/√X."""
    return 1 / np.sqrt(X)


def rsqrt_vjp(X: Array, dY: Array) -> Array:
    """dX = −dY∘Y/(2·X), with Y = 1/√X."""
    return -dY / np.sqrt(X) / (2 * X)

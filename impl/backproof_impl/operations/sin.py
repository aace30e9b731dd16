"""The sine."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def sin(X: Array) -> Array:
    """Y = sin X."""
    return np.sin(X)


def sin_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘cos X."""
    return dY * np.cos(X)

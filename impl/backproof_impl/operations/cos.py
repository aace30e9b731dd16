"""The cosine."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def cos(X: Array) -> Array:
    """Y = cos X."""
    return np.cos(X)


def cos_vjp(X: Array, dY: Array) -> Array:
    """dX = −dY∘sin X."""
    return -dY * np.sin(X)

"""The hinge loss: Cortes, Vapnik 1995, doi:10.1007/BF00994018. X and y (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def hinge(X: Array, y: Array) -> Any:
    """L = Σ max(0, 1 − y·X)."""
    return np.maximum(1 - y * X, number(0, X)).sum()


def hinge_vjp(X: Array, y: Array, dL: Any = 1) -> Array:
    """dX = −dL·y where y·X ≤ 1, else 0."""
    return np.where(y * X <= 1, -dL * y, number(0, X))

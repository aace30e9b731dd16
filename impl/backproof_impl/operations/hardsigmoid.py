"""The hard sigmoid: Courbariaux, Bengio, David 2015, arXiv:1511.00363; as in arXiv:1905.02244."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array

_KNEE = 3


def hardsigmoid(X: Array) -> Array:
    """Y = min(max(X + 3, 0), 6)/6."""
    return np.minimum(np.maximum(X + 3, 0), 6) / 6


def hardsigmoid_vjp(X: Array, dY: Array) -> Array:
    """dX = dY/6 where −3 < X < 3, else 0."""
    return dY / 6 * (np.abs(X) < _KNEE)

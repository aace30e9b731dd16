"""Hard swish: Howard et al. 2019, arXiv:1905.02244, section 5.2."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number

_KNEE = 3


def hardswish(X: Array) -> Array:
    """Y = X·min(max(X + 3, 0), 6)/6."""
    return X * (np.minimum(np.maximum(X + 3, 0), 6) / 6)


def hardswish_vjp(X: Array, dY: Array) -> Array:
    """dX = dY·(X/3 + ½) where −3 < X < 3, 0 below and dY above."""
    return dY * np.where(np.abs(X) < _KNEE, X / 3 + number(0.5, X), X > 0)

"""The logarithm of the odds: Berkson 1944, Journal of the American Statistical Association 39."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def logit(p: Array) -> Array:
    """Y = log(p/(1 − p))."""
    return np.log(p / (1 - p))


def logit_vjp(p: Array, dY: Array) -> Array:
    """dp = dY/(p·(1 − p))."""
    return dY / p / (1 - p)

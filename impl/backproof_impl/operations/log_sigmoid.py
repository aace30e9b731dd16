"""The logarithm of the sigmoid: Mächler 2012, Accurately computing log(1 − exp(−|a|)), vignette of Rmpfr."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, sigmoid


def log_sigmoid(X: Array) -> Array:
    """Y = −log(1 + e⁻ˣ), by the larger of 0 and −X, so that nothing overflows."""
    return -np.logaddexp(0, -X)


def log_sigmoid_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘σ(−X)."""
    return dY * sigmoid(-X)

"""Mish: Misra 2019, arXiv:1908.08681."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, sigmoid


def mish(X: Array) -> Array:
    """Y = X∘tanh(log(1 + eˣ))."""
    return X * np.tanh(np.logaddexp(0, X))


def mish_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘(T + X·(1 − T²)·σ(X)), with T = tanh(log(1 + eˣ))."""
    T = np.tanh(np.logaddexp(0, X))
    return dY * (T + X * (1 - T * T) * sigmoid(X))

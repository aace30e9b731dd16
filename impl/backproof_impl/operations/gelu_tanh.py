"""GELU by tanh: Hendrycks, Gimpel 2016, arXiv:1606.08415, section 2."""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number

_A, _C = math.sqrt(2 / math.pi), 0.044715
_SATURATED = 30
"""Beyond ±30 the tanh is ±1 in every format, and its derivative 0."""


def _tanh(X: Array) -> Array:
    """The tanh of √(2/π)·(X + 0.044715·X³)."""
    return np.tanh(number(_A, X) * (X + number(_C, X) * X**3))


def gelu_tanh(X: Array) -> Array:
    """Y = X·(1 + t)/2."""
    return X * (1 + _tanh(X)) / 2


def gelu_tanh_vjp(X: Array, dY: Array) -> Array:
    """dX = dY ∘ ((1 + t)/2 + X·(1 − t²)·√(2/π)·(1 + 3·0.044715·X²)/2)."""
    t, x = _tanh(X), np.maximum(np.minimum(X, number(_SATURATED, X)), number(-_SATURATED, X))
    return dY * ((1 + t) / 2 + x * (1 - t * t) * number(_A, X) * (1 + number(3 * _C, X) * x * x) / 2)

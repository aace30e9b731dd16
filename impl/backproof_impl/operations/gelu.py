"""GELU: Hendrycks, Gimpel 2016, arXiv:1606.08415."""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, erfc, number


def _normal(X: Array) -> Array:
    """Φ(X) = erfc(−X/√2)/2, which does not cancel where X is negative."""
    return erfc(-X / number(math.sqrt(2), X)) / 2


def gelu(X: Array) -> Array:
    """Y = X·Φ(X)."""
    return X * _normal(X)


def gelu_vjp(X: Array, dY: Array) -> Array:
    """dX = dY ∘ (Φ(X) + X·exp(−X²/2)/√(2π))."""
    return dY * (_normal(X) + X * np.exp(-X * X / 2) / number(math.sqrt(2 * math.pi), X))

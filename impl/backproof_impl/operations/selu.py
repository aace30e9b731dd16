"""The scaled exponential linear unit: Klambauer, Unterthiner, Mayr, Hochreiter 2017, arXiv:1706.02515."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


def selu(X: Array) -> Array:
    """Y = λ·X where X ≥ 0, else λ·α·(eˣ − 1)."""
    return number(_SCALE, X) * np.where(X >= 0, X, number(_ALPHA, X) * np.expm1(np.minimum(X, 0)))


def selu_vjp(X: Array, dY: Array) -> Array:
    """dX = λ·dY where X ≥ 0, else λ·α·eˣ·dY."""
    return number(_SCALE, X) * np.where(X >= 0, dY, number(_ALPHA, X) * np.exp(np.minimum(X, 0)) * dY)

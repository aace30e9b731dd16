"""Softplus: Dugas, Bengio, Bélisle, Nadeau, Garcia 2000, NIPS 13; Glorot, Bordes, Bengio 2011, AISTATS."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number, sigmoid


def softplus(X: Array, beta: float = 1) -> Array:
    """Y = log(1 + exp(β·X))/β, by the larger of 0 and β·X, so that nothing overflows."""
    return np.logaddexp(0, number(beta, X) * X) / number(beta, X)


def softplus_vjp(X: Array, dY: Array, beta: float = 1) -> Array:
    """dX = dY∘σ(β·X)."""
    return dY * sigmoid(number(beta, X) * X)

"""Softsign: Bergstra, Desjardins, Lamblin, Bengio 2009, Université de Montréal, report 1337."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def softsign(X: Array) -> Array:
    """Y = X/(1 + |X|)."""
    return X / (1 + np.abs(X))


def softsign_vjp(X: Array, dY: Array) -> Array:
    """dX = dY/(1 + |X|)²."""
    D = 1 + np.abs(X)
    return dY / D / D

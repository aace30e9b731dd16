"""Dropout with a given mask: Srivastava et al. 2014, JMLR 15, scaled in training."""

from __future__ import annotations

from backproof_impl.numerics import Array, number


def dropout(X: Array, M: Array, keep: float = 0.5) -> Array:
    """Y = X∘M/keep."""
    return X * M / number(keep, X)


def dropout_vjp(X: Array, M: Array, dY: Array, keep: float = 0.5) -> Array:
    """dX = dY∘M/keep."""
    return dY * M / number(keep, X)

"""A vector added to every row."""

from __future__ import annotations

from backproof_impl.numerics import Array


def add(X: Array, b: Array) -> Array:
    """Y (s, i) = X (s, i) + b (i,)."""
    return X + b


def add_vjp(X: Array, b: Array, dY: Array) -> tuple[Array, Array]:
    """dX = dY and db = Σ dY over the rows."""
    return dY.copy(), dY.sum(axis=0)

"""Every row multiplied by a vector, entry by entry."""

from __future__ import annotations

from backproof_impl.numerics import Array


def multiply(X: Array, g: Array) -> Array:
    """Y (s, i) = X (s, i) ∘ g (i,)."""
    return X * g


def multiply_vjp(X: Array, g: Array, dY: Array) -> tuple[Array, Array]:
    """dX = dY∘g and dg = Σ dY∘X over the rows."""
    return dY * g, (dY * X).sum(axis=0)

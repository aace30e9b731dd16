"""One over each entry."""

from __future__ import annotations

from backproof_impl.numerics import Array


def reciprocal(X: Array) -> Array:
    """Y = 1/X."""
    return 1 / X


def reciprocal_vjp(X: Array, dY: Array) -> Array:
    """dX = −dY/X²."""
    return -dY / X / X

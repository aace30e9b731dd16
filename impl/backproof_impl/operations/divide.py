"""The quotient, entry by entry."""

from __future__ import annotations

from backproof_impl.numerics import Array


def divide(A: Array, B: Array) -> Array:
    """Y = A/B."""
    return A / B


def divide_vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA = dY/B and dB = −dY∘A/B²."""
    return dY / B, -dY * (A / B) / B

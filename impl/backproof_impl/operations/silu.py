"""The sigmoid linear unit: Elfwing, Uchibe, Doya 2017, arXiv:1702.03118."""

from __future__ import annotations

from backproof_impl.numerics import Array, sigmoid


def silu(X: Array) -> Array:
    """Y = X·σ(X)."""
    return X * sigmoid(X)


def silu_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘σ(X)·(1 + X·σ(−X))."""
    return dY * sigmoid(X) * (1 + X * sigmoid(-X))

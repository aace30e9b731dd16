"""The gated linear unit: Dauphin, Fan, Auli, Grangier 2016, arXiv:1612.08083."""

from __future__ import annotations

from backproof_impl.numerics import Array, sigmoid


def glu(A: Array, B: Array) -> Array:
    """Y = A∘σ(B)."""
    return A * sigmoid(B)


def glu_vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA = dY∘σ(B) and dB = dY∘A∘σ(B)∘σ(−B)."""
    dA = dY * sigmoid(B)
    return dA, dA * A * sigmoid(-B)

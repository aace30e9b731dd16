"""The logistic sigmoid: Han, Moraga 1995, doi:10.1007/3-540-59497-3_175."""

from __future__ import annotations

from backproof_impl import numerics
from backproof_impl.numerics import Array


def sigmoid(Z: Array) -> Array:
    """Y = 1/(1 + e⁻ᶻ)."""
    return numerics.sigmoid(Z)


def sigmoid_vjp(Z: Array, dY: Array) -> Array:
    """dZ = dY∘σ(Z)∘σ(−Z)."""
    return dY * numerics.sigmoid(Z) * numerics.sigmoid(-Z)

"""A layer gated by SwiGLU: Shazeer 2020, arXiv:2002.05202, eq. 6. X (s, i), G and U (h, i), D (o, h)."""

from __future__ import annotations

from backproof_impl.numerics import Array, product, sigmoid


def swiglu_mlp(X: Array, G: Array, U: Array, D: Array) -> Array:
    """Y = (silu(X·Gᵀ)∘(X·Uᵀ))·Dᵀ with silu(g) = g·σ(g)."""
    g = product(X, G.T)
    return product(g * sigmoid(g) * product(X, U.T), D.T)


def swiglu_mlp_vjp(X: Array, G: Array, U: Array, D: Array, dY: Array) -> tuple[Array, ...]:
    """Back through the product of the gate's silu and u, with silu′(g) = σ(g)·(1 + g·σ(−g))."""
    g, u = product(X, G.T), product(X, U.T)
    f, dh = sigmoid(g), product(dY, D)
    a = g * f
    dg, du = dh * u * f * (1 + g * sigmoid(-g)), dh * a
    return product(dg, G) + product(du, U), product(dg.T, X), product(du.T, X), product(dY.T, a * u)

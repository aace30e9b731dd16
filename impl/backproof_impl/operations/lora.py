"""Low-rank adaptation of a linear layer: Hu et al. 2021, arXiv:2106.09685. The weights W are frozen."""

from __future__ import annotations

from backproof_impl.numerics import Array, number, product


def lora(X: Array, W: Array, A: Array, B: Array, scale: float = 2) -> Array:
    """Y (s, o) = X (s, i) · Wᵀ (i, o) + scale · X · Aᵀ (i, r) · Bᵀ (r, o)."""
    return product(X, W.T) + number(scale, X) * product(product(X, A.T), B.T)


def lora_vjp(X: Array, W: Array, A: Array, B: Array, dY: Array, scale: float = 2) -> tuple[Array, Array, Array]:
    """With dH = scale·dY·B: dX = dY·W + dH·A, dA = dHᵀ·X and dB = scale·dYᵀ·X·Aᵀ."""
    dH = number(scale, X) * product(dY, B)
    return product(dY, W) + product(dH, A), product(dH.T, X), number(scale, X) * product(dY.T, product(X, A.T))

"""A linear layer without bias, one row a sample, as in attention: Vaswani et al. 2017, arXiv:1706.03762."""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def projection(X: Array, W: Array) -> Array:
    """Y (s, o) = X (s, i) · Wᵀ (i, o)."""
    return product(X, W.T)


def projection_vjp(X: Array, W: Array, dY: Array) -> tuple[Array, Array]:
    """dX = dY·W and dW = dYᵀ·X."""
    return product(dY, W), product(dY.T, X)

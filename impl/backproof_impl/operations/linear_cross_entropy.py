"""A linear layer and cross-entropy in one: Wijmans et al. 2024, arXiv:2411.09009. X (s, i), W (v, i), t (s,)."""

from __future__ import annotations

from typing import Any

from backproof_impl.numerics import Array, product
from backproof_impl.operations.sparse_cross_entropy import sparse_cross_entropy, sparse_cross_entropy_vjp


def linear_cross_entropy(X: Array, W: Array, t: Array) -> Any:
    """L = −Σ log softmax(X·Wᵀ)[s, t[s]]."""
    return sparse_cross_entropy(product(X, W.T), t)


def linear_cross_entropy_vjp(X: Array, W: Array, t: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dX = dZ·W and dW = dZᵀ·X, with dZ from the loss."""
    dZ = sparse_cross_entropy_vjp(product(X, W.T), t, dL)
    return product(dZ, W), product(dZ.T, X)

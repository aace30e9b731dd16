"""A linear layer, one row a sample: Rumelhart, Hinton, Williams 1986, doi:10.1038/323533a0."""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def dense(X: Array, W: Array, b: Array) -> Array:
    """Y (s, o) = X (s, i) · Wᵀ (i, o) + b (o,)."""
    return product(X, W.T) + b


def dense_vjp(X: Array, W: Array, b: Array, dY: Array) -> tuple[Array, Array, Array]:
    """dX = dY·W, dW = dYᵀ·X and db = Σ dY over the rows."""
    return product(dY, W), product(dY.T, X), dY.sum(axis=0)

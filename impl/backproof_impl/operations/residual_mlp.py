"""A residual connection around two layers: He et al. 2016, arXiv:1512.03385. The arguments are mlp's, with o = i."""

from __future__ import annotations

from backproof_impl.numerics import Array
from backproof_impl.operations.mlp import mlp, mlp_vjp


def residual_mlp(X: Array, W: Array, b: Array, V: Array, d: Array) -> Array:
    """Y = X + mlp(X)."""
    return X + mlp(X, W, b, V, d)


def residual_mlp_vjp(X: Array, W: Array, b: Array, V: Array, d: Array, dY: Array) -> tuple[Array, ...]:
    """dX is dY beside what comes through the layers; the others are theirs."""
    dX, *others = mlp_vjp(X, W, b, V, d, dY)
    return dY + dX, *others

"""The parametric rectified linear unit: He, Zhang, Ren, Sun 2015, arXiv:1502.01852."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def prelu(X: Array, a: Array) -> Array:
    """Y (s, i) = X (s, i) where X > 0, else a (i,)·X."""
    return np.where(X > 0, X, a * X)


def prelu_vjp(X: Array, a: Array, dY: Array) -> tuple[Array, Array]:
    """dX = dY where X > 0, else a·dY; da = Σ dY·min(X, 0), column by column."""
    return np.where(X > 0, dY, a * dY), (dY * np.minimum(X, 0)).sum(axis=0)

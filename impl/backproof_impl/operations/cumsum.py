"""The cumulative sum along each row."""

from __future__ import annotations

from backproof_impl.numerics import Array


def cumsum(X: Array) -> Array:
    """Y[s, u] = Σ_{t ≤ u} X[s, t]."""
    return X.cumsum(axis=1)


def cumsum_vjp(X: Array, dY: Array) -> Array:
    """dX[s, t] = Σ_{u ≥ t} dY[s, u]."""
    return dY[:, ::-1].cumsum(axis=1)[:, ::-1]

"""The cumulative product of positive numbers along each row."""

from __future__ import annotations

from backproof_impl.numerics import Array


def cumprod(X: Array) -> Array:
    """Y[s, u] = Π_{t ≤ u} X[s, t]."""
    return X.cumprod(axis=1)


def cumprod_vjp(X: Array, dY: Array) -> Array:
    """dX[s, t] = Σ_{u ≥ t} dY[s, u]·Y[s, u]/X[s, t]."""
    return (dY * cumprod(X))[:, ::-1].cumsum(axis=1)[:, ::-1] / X

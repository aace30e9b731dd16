"""The variance of each row, in two passes: Chan, Golub, LeVeque 1983, doi:10.1080/00031305.1983.10483115."""

from __future__ import annotations

from backproof_impl.numerics import Array, number


def variance(X: Array, correction: int = 1) -> Array:
    """V (s,) = Σ (X (s, i) − mean X)²/(size(i) − correction) over i."""
    c = X - X.mean(axis=1, keepdims=True)
    return (c * c).sum(axis=1) / number(X.shape[1] - correction, X)


def variance_vjp(X: Array, dV: Array, correction: int = 1) -> Array:
    """dX = 2·dV·(X − mean X)/(size(i) − correction)."""
    c = X - X.mean(axis=1, keepdims=True)
    return 2 * dV[:, None] * c / number(X.shape[1] - correction, X)

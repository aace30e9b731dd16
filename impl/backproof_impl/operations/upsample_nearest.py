"""Every pixel repeated in both directions. X (s, c, a, b), Y (s, c, factor·a, factor·b)."""

from __future__ import annotations

from backproof_impl.numerics import Array


def upsample_nearest(X: Array, factor: int = 2) -> Array:
    """Y[s, c, y, x] = X[s, c, ⌊y/factor⌋, ⌊x/factor⌋]."""
    return X.repeat(factor, axis=2).repeat(factor, axis=3)


def upsample_nearest_vjp(X: Array, dY: Array, factor: int = 2) -> Array:
    """dX sums dY over what became of each pixel."""
    samples, channels, a, b = X.shape
    return dY.reshape(samples, channels, a, factor, b, factor).sum(axis=(3, 5))

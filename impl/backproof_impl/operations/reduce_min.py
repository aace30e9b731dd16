"""The smallest entry of each row."""

from __future__ import annotations

from backproof_impl.numerics import Array


def reduce_min(X: Array) -> Array:
    """Y (s,) = min X (s, i) over i."""
    return X.min(axis=1)


def reduce_min_vjp(X: Array, dY: Array) -> Array:
    """dX is dY where an entry is the smallest of its row; several that are share it."""
    wins = (X.min(axis=1, keepdims=True) == X).astype(X.dtype)
    return wins * (dY / wins.sum(axis=1))[:, None]

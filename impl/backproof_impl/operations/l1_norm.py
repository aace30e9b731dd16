"""The sum of the absolute values of each row."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def l1_norm(X: Array) -> Array:
    """N (s,) = Σ |X (s, i)| over i."""
    return np.abs(X).sum(axis=1)


def l1_norm_vjp(X: Array, dN: Array) -> Array:
    """dX = dN·sign X, which is 0 at 0."""
    return dN[:, None] * np.sign(X)

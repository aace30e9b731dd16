"""Rotary position embedding: Su et al. 2021, arXiv:2104.09864; X and Y (t, i) hold the pairs' two halves."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def _turn(X: Array, base: float) -> tuple[Array, Array]:
    """The cosine and the sine of t·base^(−i/n), in the dtype of X."""
    t, i = np.arange(X.shape[0])[:, None], np.arange(X.shape[1])
    angle = t * float(base) ** (-i / max(len(i), 1))
    return np.cos(angle).astype(X.dtype), np.sin(angle).astype(X.dtype)


def rope(X: Array, Y: Array, base: float = 10000) -> tuple[Array, Array]:
    """A = X∘cos − Y∘sin and B = X∘sin + Y∘cos."""
    cos, sin = _turn(X, base)
    return X * cos - Y * sin, X * sin + Y * cos


def rope_vjp(X: Array, Y: Array, dA: Array, dB: Array, base: float = 10000) -> tuple[Array, Array]:
    """dX = dA∘cos + dB∘sin and dY = dB∘cos − dA∘sin: turned back."""
    cos, sin = _turn(X, base)
    return dA * cos + dB * sin, dB * cos - dA * sin

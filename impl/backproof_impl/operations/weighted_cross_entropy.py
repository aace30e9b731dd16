"""Cross-entropy of class numbers with class weights, ignored samples and smoothed labels (Szegedy et al. 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, log_softmax, softmax


def _targets(Z: Array, t: Array, w: Array, keep: Array, smooth: float) -> Array:
    """keep[s]·w[v]·P[s, v], where P is 1 − smooth at v = t[s] and smooth is spread over all classes."""
    classes = Z.shape[1]
    P = (1 - smooth) * np.eye(classes, dtype=Z.dtype)[t] + smooth / classes
    return keep[:, None] * w * P.astype(Z.dtype)


def weighted_cross_entropy(Z: Array, t: Array, w: Array, keep: Array, smooth: float = 0.1) -> Any:
    """L = −Σ keep·w·P·log softmax(Z), row by row."""
    return -(_targets(Z, t, w, keep, smooth) * log_softmax(Z)).sum()


def weighted_cross_entropy_vjp(Z: Array, t: Array, w: Array, keep: Array, dL: Any = 1, smooth: float = 0.1) -> Array:
    """dZ = dL·keep·(S·ΣwP − wP)."""
    P = _targets(Z, t, w, keep, smooth)
    return dL * (softmax(Z) * P.sum(axis=1, keepdims=True) - P)

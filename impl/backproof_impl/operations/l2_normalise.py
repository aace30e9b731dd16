"""Each row divided by its Euclidean norm, as embeddings are: Schroff, Kalenichenko, Philbin 2015, arXiv:1503.03832."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def l2_normalise(X: Array, eps: float = 1e-12) -> Array:
    """Y = X/max(n, eps) with n = √(Σ X²), row by row."""
    return X / np.maximum(np.sqrt((X * X).sum(axis=1, keepdims=True)), number(eps, X))


def l2_normalise_vjp(X: Array, dY: Array, eps: float = 1e-12) -> Array:
    """dX = (dY − Y·Σ dY∘Y)/n where n ≥ eps, else dY/eps."""
    n, least = np.sqrt((X * X).sum(axis=1, keepdims=True)), number(eps, X)
    Y = X / np.maximum(n, least)
    return (dY - np.where(n >= least, Y * (dY * Y).sum(axis=1, keepdims=True), number(0, X))) / np.maximum(n, least)

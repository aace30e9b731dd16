"""Squeeze and excitation: Hu, Shen, Sun 2018, arXiv:1709.01507. X (s, c, x), W (h, c), b (h,), V (c, h), d (c,)."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number, product, sigmoid


def squeeze_excite(X: Array, W: Array, b: Array, V: Array, d: Array) -> Array:
    """Y = g∘X with g = σ(max(0, m·Wᵀ + b)·Vᵀ + d), where m is the mean of each channel."""
    A = np.maximum(product(X.mean(axis=2), W.T) + b, number(0, X))
    return sigmoid(product(A, V.T) + d)[:, :, None] * X


def squeeze_excite_vjp(X: Array, W: Array, b: Array, V: Array, d: Array, dY: Array) -> tuple[Array, ...]:
    """dX is g∘dY beside what comes through the means; e = σ′·Σ dY∘X is the cotangent of the gate's logit."""
    m, zero = X.mean(axis=2), number(0, X)
    Z = product(m, W.T) + b
    A = np.maximum(Z, zero)
    z = product(A, V.T) + d
    g = sigmoid(z)
    e = g * sigmoid(-z) * (dY * X).sum(axis=2)
    dZ = np.where(Z >= 0, product(e, V), zero)
    dm = product(dZ, W) / number(X.shape[2], X)
    return g[:, :, None] * dY + dm[:, :, None], product(dZ.T, m), dZ.sum(axis=0), product(e.T, A), e.sum(axis=0)

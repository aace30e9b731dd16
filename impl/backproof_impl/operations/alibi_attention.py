"""Causal attention with linear biases: Press, Smith, Lewis 2022, arXiv:2108.12409. Q, K (t, a), V (t, d), O (t, d)."""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array, slope: float) -> Array:
    """S = softmax(Q·Kᵀ/√a − slope·(t − u)) of each row's entries up to the diagonal, 0 beyond it."""
    A, place = product(Q / number(math.sqrt(Q.shape[1]), Q), K.T), np.arange(len(Q))
    back = np.subtract.outer(place, place)
    bias = np.where(back >= 0, -slope * back, -np.inf).astype(A.dtype)
    return softmax(A + bias) if len(Q) else A


def alibi_attention(Q: Array, K: Array, V: Array, slope: float = 0.5) -> Array:
    """O = S·V."""
    return product(_weights(Q, K, slope), V)


def alibi_attention_vjp(Q: Array, K: Array, V: Array, dO: Array, slope: float = 0.5) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS) and dS = dO·Vᵀ."""
    S = _weights(Q, K, slope)
    dA, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

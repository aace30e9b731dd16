"""Attention with logits capped by tanh: Gemma 2, arXiv:2408.00118. Q (t, a), K (u, a), V (u, d), O (t, d)."""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _attention(Q: Array, K: Array, cap: float) -> tuple[Array, Array]:
    """C = tanh(Q·Kᵀ/√a/cap) and S = softmax(cap·C), row by row."""
    limit = number(cap, Q)
    C = np.tanh(product(Q / number(math.sqrt(Q.shape[1]), Q), K.T) / limit)
    return C, softmax(limit * C)


def softcap_attention(Q: Array, K: Array, V: Array, cap: float = 30) -> Array:
    """O = S·V."""
    return product(_attention(Q, K, cap)[1], V)


def softcap_attention_vjp(Q: Array, K: Array, V: Array, dO: Array, cap: float = 30) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS)∘(1 − C²) and dS = dO·Vᵀ."""
    C, S = _attention(Q, K, cap)
    dA = softmax_vjp(S, product(dO, V.T)) * (1 - C * C)
    root = number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

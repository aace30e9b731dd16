"""Attention with a bias on its logits: Raffel et al. 2020, arXiv:1910.10683. Q (t, a), K (u, a), V (u, d), B (t, u)."""

from __future__ import annotations

import math

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array, B: Array) -> Array:
    """S (t, u) = softmax(Q·Kᵀ/√a + B)."""
    return softmax(product(Q / number(math.sqrt(Q.shape[1]), Q), K.T) + B)


def biased_attention(Q: Array, K: Array, V: Array, B: Array) -> Array:
    """O = S·V."""
    return product(_weights(Q, K, B), V)


def biased_attention_vjp(Q: Array, K: Array, V: Array, B: Array, dO: Array) -> tuple[Array, ...]:
    """dB = S∘(dS − ΣS∘dS) with dS = dO·Vᵀ; dQ = dB·K/√a, dK = dBᵀ·Q/√a and dV = Sᵀ·dO."""
    S = _weights(Q, K, B)
    dB, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dB, K) / root, product(dB.T, Q) / root, product(S.T, dO), dB

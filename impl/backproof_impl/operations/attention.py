"""Scaled dot-product attention: Vaswani et al. 2017, arXiv:1706.03762. Q (t, a), K (u, a), V (u, d), O (t, d)."""

from __future__ import annotations

import math

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array) -> Array:
    """S (t, u) = softmax(Q·Kᵀ/√a)."""
    return softmax(product(Q / number(math.sqrt(Q.shape[1]), Q), K.T))


def attention(Q: Array, K: Array, V: Array) -> Array:
    """O = S·V."""
    return product(_weights(Q, K), V)


def attention_vjp(Q: Array, K: Array, V: Array, dO: Array) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS) and dS = dO·Vᵀ."""
    S = _weights(Q, K)
    dA, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

"""Scaled dot-product attention to what is not later: Vaswani et al. 2017, arXiv:1706.03762.

Q, K (t, a), V (t, d), O (t, d).
"""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _attention(Q: Array, K: Array) -> Array:
    """S = softmax(Q·Kᵀ/√a) of each row's entries up to the diagonal, 0 beyond it."""
    A = product(Q, K.T) / number(math.sqrt(Q.shape[1]), Q)
    return softmax(np.where(np.tri(len(Q), dtype=bool), A, number(-np.inf, A))) if len(Q) else A


def causal_attention(Q: Array, K: Array, V: Array) -> Array:
    """O = S·V."""
    return product(_attention(Q, K), V)


def causal_attention_vjp(Q: Array, K: Array, V: Array, dO: Array) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS) and dS = dO·Vᵀ."""
    S = _attention(Q, K)
    dA, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

"""Attention with a mask of what each query may see: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3.

Q (t, a), K (u, a), V (u, d), M (t, u): 1 where a key is seen, of which each query has one.
"""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array, M: Array) -> Array:
    """S (t, u) = softmax(Q·Kᵀ/√a) over what is seen, 0 elsewhere."""
    A = product(Q / number(math.sqrt(Q.shape[1]), Q), K.T)
    return softmax(np.where(M != 0, A, number(-np.inf, A))) if len(Q) else A


def masked_attention(Q: Array, K: Array, V: Array, M: Array) -> Array:
    """O = S·V."""
    return product(_weights(Q, K, M), V)


def masked_attention_vjp(Q: Array, K: Array, V: Array, M: Array, dO: Array) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS) and dS = dO·Vᵀ."""
    S = _weights(Q, K, M)
    dA, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

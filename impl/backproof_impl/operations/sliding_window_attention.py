"""Causal attention to a window of the last keys: Beltagy, Peters, Cohan 2020, arXiv:2004.05150.

Q, K (t, a), V (t, d), O (t, d).
"""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array, window: int) -> Array:
    """S = softmax(Q·Kᵀ/√a) of each row's ``window`` entries up to the diagonal, 0 elsewhere."""
    A = product(Q / number(math.sqrt(Q.shape[1]), Q), K.T)
    seen = np.triu(np.tri(len(Q), dtype=bool), 1 - window)
    return softmax(np.where(seen, A, number(-np.inf, A))) if len(Q) else A


def sliding_window_attention(Q: Array, K: Array, V: Array, window: int = 2) -> Array:
    """O = S·V."""
    return product(_weights(Q, K, window), V)


def sliding_window_attention_vjp(
    Q: Array, K: Array, V: Array, dO: Array, window: int = 2
) -> tuple[Array, Array, Array]:
    """dQ = dA·K/√a, dK = dAᵀ·Q/√a and dV = Sᵀ·dO, with dA = S∘(dS − ΣS∘dS) and dS = dO·Vᵀ."""
    S = _weights(Q, K, window)
    dA, root = softmax_vjp(S, product(dO, V.T)), number(math.sqrt(Q.shape[1]), Q)
    return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

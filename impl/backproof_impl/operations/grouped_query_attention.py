"""Grouped-query attention: Ainslie et al. 2023, arXiv:2305.13245. Q (g, h, t, a), K (g, u, a), V (g, u, d)."""

from __future__ import annotations

import math

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _weights(Q: Array, K: Array) -> Array:
    """S (g, h, t, u) = softmax(Q·Kᵀ/√a)."""
    return softmax(product(Q / number(math.sqrt(Q.shape[-1]), Q), K[:, None].swapaxes(2, 3)))


def grouped_query_attention(Q: Array, K: Array, V: Array) -> Array:
    """O (g, h, t, d) = S·V."""
    return product(_weights(Q, K), V[:, None])


def grouped_query_attention_vjp(Q: Array, K: Array, V: Array, dO: Array) -> tuple[Array, Array, Array]:
    """As attention's, head by head; dK and dV are sums over the heads that share K and V."""
    S, root = _weights(Q, K), number(math.sqrt(Q.shape[-1]), Q)
    dA = softmax_vjp(S, product(dO, V[:, None].swapaxes(2, 3)))
    dK, dV = product(dA.swapaxes(2, 3), Q) / root, product(S.swapaxes(2, 3), dO)
    return product(dA, K[:, None]) / root, dK.sum(axis=1), dV.sum(axis=1)

"""Multi-head self-attention with its projections: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.

X (t, m), WQ and WK (h, a, m), WV (h, d, m), WO (n, h, d), Y (t, n).
"""

from __future__ import annotations

import math

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _heads(X: Array, WQ: Array, WK: Array, WV: Array) -> tuple[Array, Array, Array, Array]:
    """Q and K (h, t, a), V (h, t, d), and S (h, t, u) = softmax(Q·Kᵀ/√a)."""
    Q, K, V = (product(X, W.swapaxes(1, 2)) for W in (WQ, WK, WV))
    return Q, K, V, softmax(product(Q / number(math.sqrt(Q.shape[-1]), Q), K.swapaxes(1, 2)))


def multi_head_attention(X: Array, WQ: Array, WK: Array, WV: Array, WO: Array) -> Array:
    """Y = Σ S·V·WOᵀ over the heads."""
    *_, V, S = _heads(X, WQ, WK, WV)
    return product(product(S, V), WO.transpose(1, 2, 0)).sum(axis=0)


def multi_head_attention_vjp(X: Array, WQ: Array, WK: Array, WV: Array, WO: Array, dY: Array) -> tuple[Array, ...]:
    """Back through each head's attention to Q, K and V, and from these to their projections and to X."""
    Q, K, V, S = _heads(X, WQ, WK, WV)
    dO, root = product(dY, WO.swapaxes(0, 1)), number(math.sqrt(Q.shape[-1]), Q)
    dA = softmax_vjp(S, product(dO, V.swapaxes(1, 2))) / root
    dQ, dK, dV = product(dA, K), product(dA.swapaxes(1, 2), Q), product(S.swapaxes(1, 2), dO)
    dX = sum(product(d, W).sum(axis=0) for d, W in ((dQ, WQ), (dK, WK), (dV, WV)))
    dWO = product(dY.T, product(S, V)).swapaxes(0, 1)
    return dX, *(product(d.swapaxes(1, 2), X) for d in (dQ, dK, dV)), dWO

"""Multi-head self-attention with its projections: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.

X (t, i), Q and K (h, a, i), V (h, d, i), O (h, j, d), Y (t, j): the heads are the first axis of the projections.
"""

from __future__ import annotations

import math

from backproof_impl.numerics import Array, number, product, softmax, softmax_vjp


def _heads(X: Array, Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array, Array]:
    """q (h, t, a), which is divided by √a, k and v, and S (h, t, u) = softmax(q·kᵀ)."""
    q, k, v = (product(X, W.swapaxes(1, 2)) for W in (Q / number(math.sqrt(Q.shape[1]), Q), K, V))
    return q, k, v, softmax(product(q, k.swapaxes(1, 2)))


def multi_head_attention(X: Array, Q: Array, K: Array, V: Array, O: Array) -> Array:
    """Y = Σ S·v·Oᵀ over the heads."""
    *_, v, S = _heads(X, Q, K, V)
    return product(product(S, v), O.swapaxes(1, 2)).sum(axis=0)


def multi_head_attention_vjp(X: Array, Q: Array, K: Array, V: Array, O: Array, dY: Array) -> tuple[Array, ...]:
    """Back through the heads' attention to q, k and v, and from each to its weights and to X."""
    q, k, v, S = _heads(X, Q, K, V)
    do, root = product(dY, O), number(math.sqrt(Q.shape[1]), Q)
    dA = softmax_vjp(S, product(do, v.swapaxes(1, 2)))
    dq, dk, dv = product(dA, k) / root, product(dA.swapaxes(1, 2), q), product(S.swapaxes(1, 2), do)
    dX = (product(dq, Q) + product(dk, K) + product(dv, V)).sum(axis=0)
    return dX, *(product(d.swapaxes(1, 2), X) for d in (dq, dk, dv)), product(dY.T, product(S, v))

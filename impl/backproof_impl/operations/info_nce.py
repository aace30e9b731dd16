"""InfoNCE: van den Oord, Li, Vinyals 2018, arXiv:1807.03748; without a projection. Q and K (s, d)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, log_softmax, number, product, softmax


def info_nce(Q: Array, K: Array, tau: float = 0.07) -> Any:
    """L = −Σ log softmax(Q·Kᵀ/τ)[s, s]."""
    A = product(Q, K.T) / number(tau, Q)
    return -np.diagonal(log_softmax(A)).sum() if len(A) else A.sum()


def info_nce_vjp(Q: Array, K: Array, dL: Any = 1, tau: float = 0.07) -> tuple[Array, Array]:
    """dQ = dA·K/τ and dK = dAᵀ·Q/τ, with dA = dL·(softmax(Q·Kᵀ/τ) − I)."""
    A, t = product(Q, K.T) / number(tau, Q), number(tau, Q)
    dA = dL * (softmax(A) - np.eye(len(A), dtype=A.dtype)) / t if len(A) else A
    return product(dA, K), product(dA.T, Q)

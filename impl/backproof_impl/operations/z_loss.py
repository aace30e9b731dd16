"""Cross-entropy with the auxiliary z-loss: Chowdhery et al. 2022, arXiv:2204.02311, section 5. Z (s, v), t (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, log_softmax, number, softmax


def _logsumexp(Z: Array) -> Array:
    """log Σ exp Z (s,), shifted by the maximum."""
    m = Z.max(axis=1, keepdims=True)
    return m[:, 0] + np.log(np.exp(Z - m).sum(axis=1))


def z_loss(Z: Array, t: Array, c: float = 1e-4) -> Any:
    """L = Σ c·l² − log softmax(Z)[s, t[s]], with l = log Σ exp Z."""
    nll = -np.take_along_axis(log_softmax(Z), t[:, None], axis=1)[:, 0]
    return (nll + number(c, Z) * _logsumexp(Z) ** 2).sum()


def z_loss_vjp(Z: Array, t: Array, dL: Any = 1, c: float = 1e-4) -> Array:
    """dZ = dL·(S·(1 + 2c·l) − 1 at t[s]), with S = softmax(Z)."""
    D = softmax(Z) * (1 + 2 * number(c, Z) * _logsumexp(Z)[:, None])
    D[np.arange(len(t)), t] -= 1
    return dL * D

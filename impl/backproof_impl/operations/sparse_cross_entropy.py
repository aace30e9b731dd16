"""Cross-entropy of class numbers and the softmax of logits. Z (s, v), t (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, log_softmax, softmax


def sparse_cross_entropy(Z: Array, t: Array) -> Any:
    """L = −Σ log softmax(Z)[s, t[s]]."""
    return -np.take_along_axis(log_softmax(Z), t[:, None], axis=1).sum()


def sparse_cross_entropy_vjp(Z: Array, t: Array, dL: Any = 1) -> Array:
    """dZ = dL·(S − 1 at t[s]), with S = softmax(Z)."""
    S = softmax(Z)
    S[np.arange(len(t)), t] -= 1
    return dL * S

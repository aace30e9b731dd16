"""The negative log-likelihood of class numbers. N (s, v): log-probabilities; t (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def nll_loss(N: Array, t: Array) -> Any:
    """L = −Σ N[s, t[s]]."""
    return -np.take_along_axis(N, t[:, None], axis=1).sum()


def nll_loss_vjp(N: Array, t: Array, dL: Any = 1) -> Array:
    """dN = −dL at t[s], 0 elsewhere."""
    dN = np.zeros_like(N)
    dN[np.arange(len(t)), t] = -dL
    return dN

"""Cross-entropy with label smoothing: Szegedy et al. 2016, arXiv:1512.00567. Z (s, v), t (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, log_softmax, number, softmax


def smoothed_cross_entropy(Z: Array, t: Array, smooth: float = 0.1) -> Any:
    """L = −Σ (1 − smooth)·N[s, t[s]] + smooth·mean N[s], with N = log softmax(Z)."""
    N = log_softmax(Z)
    hit = np.take_along_axis(N, t[:, None], axis=1)[:, 0]
    return -(number(1 - smooth, Z) * hit + number(smooth, Z) * N.mean(axis=1)).sum()


def smoothed_cross_entropy_vjp(Z: Array, t: Array, dL: Any = 1, smooth: float = 0.1) -> Array:
    """dZ = dL·(S − smooth/v − (1 − smooth) at t[s]), with S = softmax(Z)."""
    D = softmax(Z) - number(smooth / Z.shape[1], Z)
    D[np.arange(len(t)), t] -= number(1 - smooth, Z)
    return dL * D

"""The focal loss: Lin et al. 2017, arXiv:1708.02002."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def focal(p: Array, gamma: float = 2) -> Any:
    """L = −Σ (1 − p)^γ·log p."""
    return -((1 - p) ** number(gamma, p) * np.log(p)).sum()


def focal_vjp(p: Array, dL: Any = 1, gamma: float = 2) -> Array:
    """dp = dL·(1 − p)^γ·(γ·log p/(1 − p) − 1/p)."""
    power, q = number(gamma, p), 1 - p
    return dL * (power * q ** (power - 1) * np.log(p) - q**power / p)

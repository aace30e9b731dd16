"""The logistic loss of scores X and labels y = ±1 (s, i): Friedman, Hastie, Tibshirani 2000."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number, sigmoid


def soft_margin(X: Array, y: Array) -> Any:
    """L = Σ log(1 + exp(−y·X))."""
    return np.logaddexp(number(0, X), -y * X).sum()


def soft_margin_vjp(X: Array, y: Array, dL: Any = 1) -> Array:
    """dX = −dL·y·σ(−y·X)."""
    return -dL * y * sigmoid(-y * X)

"""The focal loss of logits: Lin et al. 2017, arXiv:1708.02002, eq. 5. Z and y (s, i)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number, sigmoid


def _signed(Z: Array, y: Array, alpha: float) -> tuple[Array, Array, Array]:
    """X = ±Z, so that σ(X) is the probability of the label that is not y; the sign; and α or 1 − α."""
    sign = 1 - 2 * y
    return sign * Z, sign, np.where(y != 0, number(alpha, Z), number(1 - alpha, Z))


def focal_with_logits(Z: Array, y: Array, alpha: float = 0.25, gamma: float = 2) -> Any:
    """L = Σ a·σ(X)^γ·log(1 + eˣ)."""
    X, _, a = _signed(Z, y, alpha)
    return (a * sigmoid(X) ** number(gamma, Z) * np.logaddexp(number(0, Z), X)).sum()


def focal_with_logits_vjp(Z: Array, y: Array, dL: Any = 1, alpha: float = 0.25, gamma: float = 2) -> Array:
    """dZ = ±dL·a·σ(X)^γ·(γ·σ(−X)·log(1 + eˣ) + σ(X))."""
    X, sign, a = _signed(Z, y, alpha)
    p, power = sigmoid(X), number(gamma, Z)
    return dL * sign * a * p**power * (power * sigmoid(-X) * np.logaddexp(number(0, Z), X) + p)

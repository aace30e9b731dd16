"""The cross-entropy of labels 0 and 1 and the sigmoids of logits. Z and y (s, i), w (i,): what a label 1 weighs."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number, sigmoid


def _signs(y: Array, w: Array) -> tuple[Array, Array]:
    """What each entry weighs, w or 1, and the sign of its logit in the loss: −1 where y is 1."""
    return np.where(y != 0, w, number(1, w)), 1 - 2 * y


def bce_with_logits(Z: Array, y: Array, w: Array) -> Any:
    """L = Σ w·log(1 + e⁻ᶻ) where y is 1, log(1 + eᶻ) where it is 0."""
    weights, signs = _signs(y, w)
    return (weights * np.logaddexp(number(0, Z), signs * Z)).sum()


def bce_with_logits_vjp(Z: Array, y: Array, w: Array, dL: Any = 1) -> Array:
    """dZ = −dL·w·σ(−Z) where y is 1, dL·σ(Z) where it is 0."""
    weights, signs = _signs(y, w)
    return dL * weights * signs * sigmoid(signs * Z)

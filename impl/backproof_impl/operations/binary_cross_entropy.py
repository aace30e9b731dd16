"""The cross-entropy of labels 0 and 1 and probabilities: Bishop 2006, Pattern Recognition and Machine Learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def binary_cross_entropy(p: Array, y: Array) -> Any:
    """L = −Σ y·log p + (1 − y)·log(1 − p), where each label takes one of the terms."""
    return -np.where(y != 0, np.log(p), np.log1p(-p)).sum()


def binary_cross_entropy_vjp(p: Array, y: Array, dL: Any = 1) -> Array:
    """dp = −dL/p where y is 1, dL/(1 − p) where it is 0."""
    return dL / np.where(y != 0, -p, 1 - p)

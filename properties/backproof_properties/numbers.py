"""An example in float64: what mistaken formulas are evaluated on, for advice, not for verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from backproof_properties.arrays import Array, Case

Row: TypeAlias = tuple[str, str, Callable[["Numbers"], Any]]
"""A cause, what it means in words, and the mistaken formula: the array it would give, None where it does not apply."""


class Numbers:
    """The inputs of an example in float64 under their names, the true outputs, and what formulas need often."""

    W: Array
    Y: Array
    b: Array
    Z: Array
    dZ: Array
    dY: Array
    S: Array
    dS: Array
    P: Array
    X: Array
    weights: list[Array]
    biases: list[Array]

    def __init__(self, case: Case, truth: list[Array], dtype: Any) -> None:
        """Take the inputs as attributes."""
        self.truth, self.dtype = truth, dtype
        for name, value in case.items():
            setattr(self, name, [np.float64(A) for A in value] if isinstance(value, list) else np.float64(value))

    @property
    def batch(self) -> float:
        """The number of samples."""
        return float(self._data.shape[1])

    @property
    def features(self) -> float:
        """The number of features of a sample; of classes where there are labels."""
        return float((self.P if hasattr(self, "P") else self._data).shape[0])

    @property
    def empty(self) -> bool:
        """Is there nothing to sum over: no sample, or no row or column of the weights?"""
        return 0 in (*self._data.shape, *(self.W.shape if hasattr(self, "W") else ()))

    @property
    def _data(self) -> Array:
        return next(getattr(self, name) for name in ("Y", "Z", "S", "X") if hasattr(self, name))


def softmax(Z: Array, axis: int | None = 0) -> Any:
    """Softmax along ``axis``; over all entries for None."""
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def log_softmax(Z: Array) -> Any:
    """Log softmax of each column, through the logarithm of the shifted sum."""
    shifted = Z - Z.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def jacobian_applied(S: Array, dS: Array, axis: int = 0) -> Any:
    """S∘(dS − 1ᵀ(S∘dS)): the Jacobian of softmax applied to dS."""
    return S * (dS - (S * dS).sum(axis=axis, keepdims=True))

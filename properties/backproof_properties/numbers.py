"""An example as mistaken formulas see it: its inputs with running errors, the true outputs, and the conventions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from backproof_properties.arrays import Case
from backproof_properties.running import Rounding, Running, below_largest, where
from backproof_properties.subject import Subject

Row: TypeAlias = tuple[str, str, Callable[["Numbers"], Any]]
"""A cause, what it means in words, and the mistaken formula: the array it would give, None where it does not apply."""


class Numbers:
    """The inputs of an example under their names, the true outputs, the declared conventions.

    Arrays are ``Running``, typed Any: NumPy's stubs know of no arrays but its own.
    """

    W: Any
    Y: Any
    b: Any
    Z: Any
    dZ: Any
    dY: Any
    S: Any
    dS: Any
    P: Any
    X: Any
    weights: list[Any]
    biases: list[Any]

    def __init__(self, case: Case, truth: list[Running], subject: Subject) -> None:
        """Take the inputs as attributes."""
        self.truth = truth
        self.at_zero, self.fused = float(subject.conventions.relu_at_zero), subject.fused == (True,)
        rounding = Rounding.of(subject.arithmetic)
        for name, value in case.items():
            arrays = [Running(np.float64(A), 0, rounding) for A in (value if isinstance(value, list) else [value])]
            setattr(self, name, arrays if isinstance(value, list) else arrays[0])
        data = next(getattr(self, name) for name in ("X", "Y", "Z", "S") if hasattr(self, name))
        self.batch = data.shape[1]
        self.features = (self.P if hasattr(self, "P") else data).shape[0]
        self.empty = 0 in (*data.shape, *(self.W.shape if hasattr(self, "W") else ()))
        self.reduction = float(subject.reduction(self.batch)) if self.batch else 1.0

    def at(self, **inputs: Running) -> Numbers:
        """The same with other inputs: those of an operation inside a pass."""
        other = copy.copy(self)
        vars(other).update(inputs)
        return other

    def mask(self, Z: Any) -> Any:
        """ReLU′(Z), with the declared value at 0."""
        return (Z > 0) + self.at_zero * (Z == 0)

    def mass(self) -> Any:
        """ΣP of each sample, or 1 where S − P is declared."""
        return 1.0 if self.fused else self.P.sum(axis=0)


def softmax(Z: Any, axis: int | None = 0) -> Any:
    """Softmax along ``axis``; over all entries for None."""
    E = np.exp(below_largest(Z, axis))
    return E / E.sum(axis=axis, keepdims=True)


def log_softmax(Z: Any) -> Any:
    """Log softmax of each column, through the logarithm of the shifted sum."""
    shifted = below_largest(Z)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def jacobian_applied(S: Any, dS: Any, axis: int = 0) -> Any:
    """S∘(dS − 1ᵀ(S∘dS)): the Jacobian of softmax applied to dS."""
    return S * (dS - (S * dS).sum(axis=axis, keepdims=True))


def labelled(P: Any, logs: Any) -> Any:
    """−Σ P·logs over the classes with a label, of each sample."""
    return -where(P != 0, P * logs, 0.0).sum(axis=0)


def parts(size: int, most: int) -> list[int]:
    """For each of ``size`` samples, how many its micro-batch of at most ``most`` holds."""
    return [min(most, size - k // most * most) for k in range(size)]


def mean_of_means(size: int, most: int) -> Any:
    """What each sample weighs in the mean of the means of micro-batches, relative to the mean over all."""
    held = np.array(parts(size, most), dtype=np.float64)
    return size / (held * max(1, -(-size // most)))

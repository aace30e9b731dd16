"""A target: any object that offers some of the functions below, and its arguments in its own layout.

Functions take and return NumPy arrays. A missing function is unsupported, never a failure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.conventions import Conventions

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Signature:
    """Arguments in their order, and the names of what is returned in theirs (a tuple where there are several)."""

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]


FUNCTIONS: dict[str, Signature] = {
    "linear": Signature(("W", "Y", "b"), ("Z",)),
    "linear_vjp": Signature(("W", "Y", "b", "dZ"), ("dW", "dY", "db")),
    "relu": Signature(("Z",), ("Y",)),
    "relu_vjp": Signature(("Z", "dY"), ("dZ",)),
    "softmax": Signature(("Z",), ("S",)),
    "softmax_vjp": Signature(("Z", "dS"), ("dZ",)),
    "cross_entropy": Signature(("S", "P"), ("L",)),
    "cross_entropy_vjp": Signature(("S", "P"), ("dS",)),
    "softmax_cross_entropy": Signature(("Z", "P"), ("L",)),
    "softmax_cross_entropy_vjp": Signature(("Z", "P"), ("dZ",)),
    "network_gradients": Signature(("weights", "biases", "X", "P"), ("loss", "dX", "dW", "db")),
}
"""Everything a target may offer. ``network_gradients`` returns a dict, of which ``loss`` and ``dX`` are optional."""

_WEIGHTS, _VECTORS, _NUMBERS = {"W", "dW"}, {"b", "db"}, {"L", "loss"}


_REMEMBERED = 64
"""Calls that are remembered: what a wrong answer depends on was mostly called shortly before."""


@dataclass(frozen=True)
class Target:
    """What is validated: a name, the functions found, the conventions declared.

    ``elsewhere`` makes the calls of a target that does not live in this process (see ``isolation``); ``died`` collects
    the functions in which that process hung or ended, so that they are not called for the sake of others. ``made``
    are the last calls made; ``restart``, where that can be done, takes the target back to before all of them.
    """

    name: str
    functions: Mapping[str, Callable[..., Any]]
    conventions: Conventions
    elsewhere: Callable[..., Any] | None = None
    died: set[str] = field(default_factory=set, compare=False)
    made: deque[Any] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), compare=False)
    restart: Callable[[], None] | None = field(default=None, compare=False)

    def arranged(self, name: str, value: Any) -> Any:
        """The canonical argument ``name`` as this target wants it: layout, weights, labels; a fresh copy."""
        if name in {"weights", "biases"}:
            return [self.arranged("W" if name == "weights" else "b", entry) for entry in value]
        if name == "P" and self.conventions.labels == "index":
            return value.argmax(axis=0).astype(np.int64)
        return (value.T if self.transposes(name) else value).copy(order="C")

    def transposes(self, name: str) -> bool:
        """Does the array called ``name`` stand transposed in this target's layout?"""
        if name in _VECTORS or name in _NUMBERS:
            return False
        if name in _WEIGHTS:
            return self.conventions.weights == "in-out"
        return self.conventions.layout == "batch-first"

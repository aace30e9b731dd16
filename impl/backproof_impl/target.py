"""A target: any object that offers some of the functions below, and its arguments in its own layout.

Functions take and return NumPy arrays. A missing function is unsupported, never a failure.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.conventions import Conventions

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Signature:
    """Arguments in their order, and the names of what is returned in theirs (a tuple where there are several).

    ``options`` may be given by keyword, ``optional`` arguments be left out: what a function does not take is not handed
    over (see ``taken``). ``numbers`` are outputs that are one number. ``own``: of an operation that was defined in a
    file: whatever layout is declared, arrays stand as they do there.
    """

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    options: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ("L", "loss")
    own: bool = False

    def taken(self, names: Container[str]) -> Signature:
        """That of a function which takes, of what need not be handed over, these names."""
        arguments = tuple(each for each in self.arguments if each not in self.optional or each in names)
        return replace(self, arguments=arguments, options=tuple(each for each in self.options if each in names))

    def of(self, function: Callable[..., Any]) -> Signature:
        """That of a function as it was written; one that cannot be asked takes all arguments, and no option."""
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return replace(self, options=())
        named = {each.name for each in parameters if each.kind in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}}
        placed = [each for each in parameters if each.kind in _PLACED and each.name not in self.options]
        starred = any(each.kind is each.VAR_POSITIONAL for each in parameters)
        all_of_them = starred or len(placed) >= len(self.arguments)
        return self.taken({*(named & {*self.options}), *(self.optional if all_of_them else ())})


_PLACED = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


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
"""All that a target may offer of the notes. ``network_gradients`` returns a dict; ``loss`` and ``dX`` are optional."""

Signatures: TypeAlias = Mapping[str, Signature]
"""Functions by name."""

_WEIGHTS, _VECTORS, _NUMBERS = {"W", "dW"}, {"b", "db"}, {"L", "loss"}


_REMEMBERED = 64
"""Calls that are remembered: what a wrong answer depends on was mostly called shortly before."""


@dataclass(frozen=True)
class Target:
    """What is validated: a name, the functions found, the conventions declared.

    ``elsewhere`` makes the calls of a target that does not live in this process (see ``isolation``); ``died`` collects
    the functions in which that process hung or ended, so that they are not called for the sake of others. ``made``
    are the last calls made; ``restart``, where that can be done, takes the target back to before all of them.
    ``signatures``: what each of its functions takes.
    """

    name: str
    functions: Mapping[str, Callable[..., Any]]
    conventions: Conventions
    elsewhere: Callable[..., Any] | None = None
    died: set[str] = field(default_factory=set, compare=False)
    made: deque[Any] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), compare=False)
    restart: Callable[[], None] | None = field(default=None, compare=False)
    signatures: Signatures = field(default_factory=lambda: FUNCTIONS, compare=False)

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

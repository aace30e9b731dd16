"""What a wrapped target is made of: functions with a declaration, results by name, arrays of a required shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_impl.target import FUNCTIONS

Array: TypeAlias = np.ndarray[Any, Any]
Function: TypeAlias = Callable[..., Any]


def declaring(conventions: Conventions | None, functions: Mapping[str, Any]) -> dict[str, Any]:
    """A target as a dict, with a declaration only where something is declared: so that dicts can be merged."""
    declares = conventions is not None and conventions != Conventions()
    return {**functions, "CONVENTIONS": conventions} if declares else dict(functions)


def by_name(function: str, result: Any) -> dict[str, Any]:
    """What ``function`` returned, by name; of a network what is not None."""
    names = FUNCTIONS[function].outputs
    if function == "network_gradients":
        if not isinstance(result, Mapping):
            msg = f"{function}: returned {type(result).__name__}, expected a dict with dW, db and perhaps loss, dX"
            raise TypeError(msg)
        return {name: result[name] for name in names if result.get(name) is not None}
    return {names[0]: result} if len(names) == 1 else dict(zip(names, in_order(function, result, names), strict=True))


def as_returned(function: str, outputs: Mapping[str, Any]) -> Any:
    """The outputs in the form in which ``function`` returns them."""
    values = tuple(outputs.values())
    return dict(outputs) if function == "network_gradients" else values if len(values) > 1 else values[0]


def in_order(who: str, result: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """A tuple or list of as many values as there are names."""
    if not isinstance(result, tuple | list) or len(result) != len(names):
        got = f"{len(result)} values" if isinstance(result, tuple | list) else type(result).__name__
        msg = f"{who}: returned {got}, expected {', '.join(names)}"
        raise TypeError(msg)
    return tuple(result)


def require_array(name: str, value: Any, shape: tuple[int, ...], dtype: Any, why: str) -> None:
    """An array of exactly this shape and dtype (of any, where that is None)."""
    if not isinstance(value, np.ndarray) or value.shape != shape or dtype not in {None, value.dtype}:
        got = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        msg = f"{name}: got {got}, expected {'an array' if dtype is None else dtype} {shape}, {why}"
        raise ValueError(msg)

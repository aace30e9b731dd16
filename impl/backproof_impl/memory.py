"""How arguments lie in memory: fresh arrays with the same values, whichever way.

NumPy and the standard library alone: a reproducer carries the source of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


def _strided(A: Array) -> Array:
    """Every second entry of an array twice as large, whose other entries are no numbers at all."""
    around = np.full([2 * size for size in A.shape], 0 if A.dtype.kind in "iu" else np.nan, dtype=A.dtype)
    view = around[tuple(slice(None, None, 2) for _ in A.shape)]
    view[...] = A
    return view


def _reversed(A: Array) -> Array:
    """The same values read backwards from an array that holds them backwards: negative strides."""
    back = tuple(slice(None, None, -1) for _ in A.shape)
    return A[back].copy()[back]


def _read_only(A: Array) -> Array:
    """An array that refuses to be written to."""
    kept = A.copy(order="C")
    kept.flags.writeable = False
    return kept


MEMORY: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda A: A.copy(order="C"),
    "fortran": lambda A: A.copy(order="F"),
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
}
"""How an argument may lie in memory (``conventions.MEMORY``): always a fresh array, with the same values."""


def placed(arguments: Mapping[str, Any], memory: Mapping[str, str]) -> dict[str, Any]:
    """The arguments, arrays and lists of arrays, as fresh arrays, each lying as ``memory`` says (else contiguous)."""
    return {name: _placed(value, MEMORY[memory.get(name, "contiguous")]) for name, value in arguments.items()}


def _placed(value: Any, place: Callable[[Array], Array]) -> Any:
    return [place(entry) for entry in value] if isinstance(value, list) else place(value)

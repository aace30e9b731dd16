"""How arguments lie in memory: fresh arrays with the same values, whichever way.

NumPy and the standard library alone: a reproducer carries the source of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy import broadcast_to, full, nan
from numpy.lib.stride_tricks import as_strided

Array: TypeAlias = np.ndarray[Any, Any]


def _strided(A: Array) -> Array:
    """Every second entry of an array twice as large, whose other entries are no numbers at all."""
    around = full([2 * size for size in A.shape], 0 if A.dtype.kind in "iu" else nan, dtype=A.dtype)
    second: Any = (*(slice(None, None, 2) for _ in A.shape), ...)
    view: Array = around[second]
    view[...] = A
    return view


def _reversed(A: Array) -> Array:
    """The same values read backwards from an array that holds them backwards: negative strides."""
    back: Any = (*(slice(None, None, -1) for _ in A.shape), ...)
    backwards: Array = A[back].copy()[back]
    return backwards


def _read_only(A: Array) -> Array:
    """An array that refuses to be written to."""
    kept = A.copy(order="C")
    kept.flags.writeable = False
    return kept


def _broadcast(A: Array) -> Array:
    """Strides of 0 along every axis on which the values are equal, as expanding gives; what follows is no number."""
    kept = A
    for axis in range(A.ndim if A.size else 0):
        first = kept.take([0], axis)
        if broadcast_to(first, kept.shape).tobytes() == kept.tobytes():
            kept = first
    around = full(A.size, 0 if A.dtype.kind in "iu" else nan, dtype=A.dtype)
    around[: kept.size] = kept.ravel()
    compact = around[: kept.size].reshape(kept.shape)
    steps = [
        step if size == whole else 0 for step, size, whole in zip(compact.strides, kept.shape, A.shape, strict=True)
    ]
    return as_strided(compact, A.shape, steps)


MEMORY: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda A: A.copy(order="C"),
    "fortran": lambda A: A.copy(order="F"),
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
    "broadcast": _broadcast,
    "shared": lambda A: A.copy(order="C"),
}
"""How an argument may lie in memory (``conventions.MEMORY``): always a fresh array, with the same values."""


def placed(arguments: Mapping[str, Any], memory: Mapping[str, str]) -> dict[str, Any]:
    """The arguments, arrays and lists of arrays, as fresh arrays, each lying as ``memory`` says (else contiguous).

    Those that are ``shared`` are one array, and one object, wherever they hold the same values.
    """
    one: dict[tuple[Any, ...], Array] = {}

    def place(A: Array, how: str) -> Array:
        fresh = MEMORY[how](A)
        return one.setdefault((A.dtype, A.shape, A.tobytes()), fresh) if how == "shared" else fresh

    def place_all(value: Any, how: str) -> Any:
        return [place(entry, how) for entry in value] if isinstance(value, list) else place(value, how)

    return {name: place_all(value, memory.get(name, "contiguous")) for name, value in arguments.items()}

"""NumPy arrays of the four formats, and their exact counterparts in the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np

from backproof_spec.matrices import Matrix, as_matrix
from backproof_spec.rounding.enclosure import Enclosure

Array: TypeAlias = np.ndarray[Any, Any]
Case: TypeAlias = dict[str, Any]
"""Named inputs of one example: arrays, and for networks lists of arrays."""

NUMPY_DTYPES: dict[str, Any] = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}


def matrix(case: Case, name: str) -> Matrix:
    """The array ``case[name]`` as an exact matrix; a vector as a column."""
    return as_matrix(name, case[name])


def enclosed(case: Case, name: str) -> Enclosure:
    """The array ``case[name]``, known exactly; −inf where it is masked."""
    return Enclosure.exactly(as_matrix(name, case[name], masked=True))


def arrays_of(case: Case, names: Iterable[str] | None = None) -> Iterator[Array]:
    """The arrays of these names, or all, those of lists too."""
    for name in case if names is None else names:
        value = case[name]
        yield from value if isinstance(value, list) else [value] if isinstance(value, np.ndarray) else []


def sizes(case: Case) -> tuple[int, ...]:
    """Those of all arrays, each once."""
    return tuple(sorted({size for A in arrays_of(case) for size in A.shape}))


def plain(value: Any) -> Any:
    """``value`` as JSON data: arrays as dtype, shape and decimal strings that round-trip."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        data = [decimal(x) for x in value.ravel()]
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}
    return decimal(value) if isinstance(value, Fraction) else str(value)


def decimal(x: Any) -> str:
    """The shortest decimal string that reads back as the same number of its format."""
    if isinstance(x, Fraction):  # a parameter
        return str(x) if x.denominator == 1 else repr(float(x))
    return str(x.item()) if isinstance(x, np.float64 | np.integer) else str(x)

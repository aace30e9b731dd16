"""Noise: the reference's functions, each output off by a few ulps in all, some or one of its entries.

No formula makes such errors, so no diagnosis may name one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_impl import reference
from backproof_impl.target import FUNCTIONS
from backproof_properties.arrays import Array

ULPS = (1, 2, 8, 64, 300, 1000)
PLACES: dict[str, slice] = {"all": slice(None), "some": slice(None, None, 3), "one": slice(-1, None)}


def noisy(functions: tuple[str, ...], ulps: int, place: str) -> dict[str, Callable[..., Any]]:
    """The reference, with noise in what the last of these functions returns: in the others it would be composed."""
    found: dict[str, Callable[..., Any]] = {name: getattr(reference, name) for name in FUNCTIONS}
    right = found[functions[-1]]
    return found | {functions[-1]: lambda *arguments: _off(right(*arguments), ulps, PLACES[place])}


def _off(value: Any, ulps: int, place: slice) -> Any:
    if isinstance(value, dict):
        return {name: _off(part, ulps, place) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_off(part, ulps, place) for part in value)
    A: Array = np.array(value)
    A.reshape(-1)[place] *= A.dtype.type(1 + ulps * np.finfo(A.dtype).eps)
    return A

"""What is computed of an example serves all claims of its operation, which are judged on the same ones, one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Case
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import Arithmetic

_MOST, OF_ITS_OWN = 2_000_000, 500
"""Entries that are kept, of the latest examples; an example takes as much as some."""
T = TypeVar("T")
E = TypeVar("E", bound=Evaluation[Any])


class Latest(Generic[T]):
    """What was found for a key, with all that it has computed since; the latest are kept."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._found, self._entries = OrderedDict[Hashable, tuple[T, int]](), 0

    def get(self, key: Hashable, make: Callable[[], tuple[T, int]]) -> T:
        """That, or what is made now, which has so many entries."""
        if key not in self._found:
            self._found[key] = found = make()
            self._entries += found[1]
            while self._entries > _MOST and len(self._found) > 1:
                self._entries -= self._found.popitem(last=False)[1][1]
        self._found.move_to_end(key)
        return self._found[key][0]


class Kept(Generic[E]):
    """An operation at the values of an example, in an arithmetic, at the precision of now."""

    def __init__(self, of: Callable[[Operation, Case, Any], E], *, slopes: bool = False) -> None:
        """Nothing yet; ``of`` evaluates; ``slopes``: every entry has its derivatives by all of them."""
        self._of, self._slopes, self._latest = of, slopes, Latest[E]()

    def __call__(self, operation: Operation, case: Case, arithmetic: Arithmetic | None = None) -> E:
        """That which was found for the same numbers."""

        def made() -> tuple[E, int]:
            found = self._of(operation, case, arithmetic)
            given = sum(np.size(value) for value in case.values())
            entries = given + sum(prod(map(found.size, each.indices)) for each in operation.definitions)
            return found, entries * given if self._slopes else entries + OF_ITS_OWN

        return self._latest.get((operation.digest, arithmetic, mp.prec, content(case)), made)


def content(value: Any) -> Hashable:
    """The numbers of an example, by which it is known again."""
    if isinstance(value, dict):
        return tuple((name, content(each)) for name, each in value.items())
    if isinstance(value, list):
        return tuple(map(content, value))
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value

"""What is computed of an example serves all claims of its operation, which are judged on the same ones, one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Case
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import Arithmetic

_MOST, _OF_ITS_OWN = 2_000_000, 500
"""Entries of what is given and defined that are kept, of the latest examples; an example takes as much as some."""
E = TypeVar("E", bound=Evaluation[Any])


class Kept(Generic[E]):
    """An operation at the values of an example, in an arithmetic, at the precision of now; the latest are kept."""

    def __init__(self, of: Callable[[Operation, Case, Any], E], *, slopes: bool = False) -> None:
        """Nothing yet; ``of`` evaluates; ``slopes``: every entry has its derivatives by all of them."""
        self._of, self._slopes = of, slopes
        self._found, self._entries = OrderedDict[Any, tuple[E, int]](), 0

    def __call__(self, operation: Operation, case: Case, arithmetic: Arithmetic | None = None) -> E:
        """That which was found for the same numbers, with all that it has computed since."""
        key = operation.digest, arithmetic, mp.prec, tuple((name, _content(value)) for name, value in case.items())
        if key not in self._found:
            found = self._of(operation, case, arithmetic)
            given = sum(np.size(value) for value in case.values())
            entries = given + sum(prod(map(found.size, each.indices)) for each in operation.definitions)
            entries = entries * given if self._slopes else entries + _OF_ITS_OWN
            self._found[key] = found, entries
            self._entries += entries
            while self._entries > _MOST and len(self._found) > 1:
                self._entries -= self._found.popitem(last=False)[1][1]
        self._found.move_to_end(key)
        return self._found[key][0]


def _content(value: Any) -> Any:
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value

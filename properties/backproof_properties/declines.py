"""Inputs that the target declines: how many, the smallest of them, and the limit that would have said so.

A declared limit is never drawn beyond, so whatever is declined was not declared. Declined inputs are not tried inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from backproof_impl.target import FUNCTIONS, Signatures
from backproof_properties.arrays import Case, arrays_of, plain
from backproof_properties.contract import Usage
from backproof_properties.results import Declines

LARGEST_SHARE = 0.01
"""More than this of what was drawn, declined: then what was judged does not stand for what was asked."""


def _entries(case: Case) -> int:
    return sum(A.size for A in arrays_of(case))


def _depth(case: Case) -> list[int]:
    return [len(case["weights"])] if "weights" in case else []


_WEIGHTS, _VECTORS = {"W", "weights"}, {"b", "biases"}


def _width(case: Case) -> list[int]:
    """Rows and columns, samples aside."""
    named = ((name, A) for name in case for A in arrays_of(case, [name]))
    return [n for name, A in named for n in (A.shape if name in _WEIGHTS else A.shape[:1])]


def _batch(case: Case) -> list[int]:
    return [A.shape[1] for A in arrays_of(case, [name for name in case if name not in _WEIGHTS | _VECTORS])]


SIZES: dict[str, Callable[[Case], list[int]]] = {"depth": _depth, "batch": _batch, "width": _width}
"""What the limits of these names bound."""


@dataclass
class Tally:
    """What was declined and what was answered of the examples of a search."""

    declined: list[tuple[Case, Usage]] = field(default_factory=list)
    answered: list[tuple[Case, Usage]] = field(default_factory=list)
    aside: list[tuple[Case, Usage]] = field(default_factory=list)
    reason: str = ""

    def decline(self, case: Case, usage: Usage, reason: str, *, aside: bool) -> None:
        """Keep a declined example, apart where it was drawn for a purpose; the reason kept is that of the first."""
        self.reason = self.reason or reason
        (self.aside if aside else self.declined).append((case, usage))

    def found(self, functions: tuple[str, ...], signatures: Signatures = FUNCTIONS) -> Declines | None:
        """What is to be told of it; None where nothing was declined."""
        shown = self.declined + self.aside
        if not shown:
            return None
        said = partial(Usage.described, functions=functions, signatures=signatures)
        case, usage = min(shown, key=lambda each: (_entries(each[0]), said(each[1]) or ""))
        inputs = plain(case)
        drawn = len(self.declined) + len(self.answered)
        own = any(signatures[name].own for name in functions)
        return Declines(
            len(self.declined), drawn, self.reason, inputs, said(usage), self._limit(functions, {} if own else SIZES)
        )

    def _limit(self, functions: tuple[str, ...], limits: dict[str, Callable[[Case], list[int]]]) -> str | None:
        """The limit that admits all that was answered and nothing that was declined, as ``--declare`` takes it."""
        if not self.answered:
            return None
        declined = self.declined + self.aside
        for name, sizes in limits.items():
            inside = [size for case, _ in self.answered for size in sizes(case)]
            outside = [[size for size in sizes(case) if not _within(size, inside)] for case, _ in declined]
            if inside and all(outside):
                least = min(inside) if any(size < min(inside) for each in outside for size in each) else ""
                most = max(inside) if any(size > max(inside) for each in outside for size in each) else ""
                return f"limits={name}={least}..{most}"
        if not any(map(empty, self.answered)) and all(map(empty, declined)):
            return "limits=empty=no"
        refused = {usage.memory for _, usage in declined}
        kept = sorted({usage.memory for _, usage in self.answered} - refused)
        alike = sum(usage.memory in refused for _, usage in self.answered)  # where layout is one row's or column's
        if functions and "contiguous" in kept and alike < len(self.declined):
            return f"limits=memory={','.join(kept)}"
        return None


def _within(size: int, answered: list[int]) -> bool:
    return bool(answered) and min(answered) <= size <= max(answered)


def empty(example: tuple[Case, Usage]) -> bool:
    """Has an array no entries?"""
    return any(0 in A.shape for A in arrays_of(example[0]))

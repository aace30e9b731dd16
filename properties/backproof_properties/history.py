"""What depends on earlier calls: the fewest of them after which an example fails, in a target started afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from backproof_impl.calling import Call
from backproof_properties.arrays import Case
from backproof_properties.contract import Usage
from backproof_properties.judge import Refuted
from backproof_properties.results import Finding

Example: TypeAlias = tuple[Case, Usage]


class Failed(Exception):
    """The target raised, with the example on which it did."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True)
class Failing:
    """An example, how it failed, and the calls that were made before it."""

    case: Case
    usage: Usage
    failure: Refuted | Failed
    before: tuple[Call, ...]


def after_calls(examples: Iterable[Example], most: int, fails: Callable[[Case, Usage], bool]) -> Example | None:
    """The first example that fails after a call with these or with other inputs, or after all ``most`` of them."""
    histories: Iterator[Example] = (
        (case, replace(usage, history=True, earlier=earlier))
        for case, usage in examples
        for earlier in (*((k,) for k in reversed(range(most))), None)
    )
    return next((example for example in histories if fails(*example)), None)


def after_log(made: Sequence[Call], fails: Callable[[tuple[Call, ...]], bool]) -> tuple[Call, ...]:
    """The fewest of the calls made, in their order, after which it fails; none where it does not after all of them."""
    lengths = [2**k for k in range(len(made).bit_length()) if 2**k < len(made)]
    calls = next((tried for n in (*lengths, len(made)) if fails(tried := tuple(made[len(made) - n :]))), ())
    for call in calls if len(calls) <= _FEW else ():
        rest = tuple(each for each in calls if each is not call)
        if rest and fails(rest):
            calls = rest
    return calls


_FEW = 16
"""Of so many calls each is left out in turn."""

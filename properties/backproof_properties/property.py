"""A property: one link of one claim, its inputs and its check. The same under pytest and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backproof_impl.target import FUNCTIONS, Signatures
from backproof_properties.arrays import Case
from backproof_properties.results import Link, Observation
from backproof_properties.source import Source
from backproof_properties.subject import Domain, Subject


class Unsettled(Exception):
    """A check ends without a verdict: why."""


def anything(_: Any) -> bool:
    """Every case is one."""
    return True


Cases = Callable[[Source, Domain], Case]
Check = Callable[[Case, Subject], Observation | None]
Mistakes = Callable[[], Iterable[tuple[str, str, Any]]]


@dataclass(frozen=True)
class Property:
    """``check`` raises ``judge.Refuted`` on a counterexample, else says what it saw (None: not offered by the target).

    ``functions`` are the target's functions it needs, with what they take (``signatures``); none for the links inside
    the spec, which look at no target. ``letters``: of each input that may be made smaller, its indices, where the
    operation is none of the notes'; ``admits``: is a smaller one an input at all? ``about``: all that was said of such
    an operation; ``mistakes``: what may be wrong with it, a cause, words and a formula of ``evidence`` each.
    ``sweeps``: how many dimensions its examples have, of which all sizes are tried; ``quick``: without exact values?
    ``beside``: the checks of the other gradients that the same call returns, by their names.
    """

    claim: str
    link: Link
    cases: Cases
    check: Check
    functions: tuple[str, ...] = ()
    signatures: Signatures = field(default_factory=lambda: FUNCTIONS)
    letters: Mapping[str, tuple[str, ...]] | None = None
    admits: Callable[[Case], bool] = anything
    about: str = ""
    mistakes: Mistakes | None = None
    sweeps: int = 0
    quick: Callable[[Subject], bool] = anything
    beside: Mapping[str, Check] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """``claim: link``."""
        return f"{self.claim}: {self.link}"

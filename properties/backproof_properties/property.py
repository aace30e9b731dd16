"""A property: one link of one claim, its inputs and its check. The same under pytest and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from backproof_properties.arrays import Case
from backproof_properties.results import Link, Observation
from backproof_properties.subject import Domain, Subject

Cases = Callable[[Domain], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Property:
    """``check`` raises ``judge.Refuted`` on a counterexample, else says what it saw (None: not offered by the target).

    ``functions`` are the target's functions it needs; none for the links inside the spec, which look at no target.
    """

    claim: str
    link: Link
    cases: Cases
    check: Callable[[Case, Subject], Observation | None]
    functions: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``claim: link``."""
        return f"{self.claim}: {self.link}"

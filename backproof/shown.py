"""A report as ``check`` gives it back: printed, shown in notebooks, and raised where it is to make a test fail."""

from __future__ import annotations

from dataclasses import dataclass

from backproof_docs import report
from backproof_docs.html import to_fragment
from backproof_docs.terminal import failure, text_of

_WIDTH = 80
"""Columns of a report as text, where no terminal says how wide it is."""


class Refutation(AssertionError):
    """Raised by ``Report.raise_if_refuted``: its message shows what failed, as the terminal does."""


@dataclass(frozen=True)
class Report(report.Report):
    """Everything that a run found, with the ways to look at it."""

    def raise_if_refuted(self) -> None:
        """Raise ``Refutation``, unless the run passed: each failure with its counterexample and diagnosis."""
        if not self.passed:
            shown = [failure(self, outcome, _WIDTH).plain.rstrip() for outcome in self.failures]
            unmet = (f"{each.claim} is required and was not judged: {each.reason}" for each in self.unmet)
            lines = [*shown, *map(str, self.stale), *unmet]
            raise Refutation("\n\n".join(lines or [self.nothing_judged]))

    def __str__(self) -> str:
        """The table, the failures and the summary, as the command line prints them."""
        return text_of(self, _WIDTH)

    def _repr_html_(self) -> str:
        """The table and the failures, as notebooks show them."""
        return to_fragment(self)


class Interrupted(KeyboardInterrupt):
    """Raised by ``check`` where it is interrupted: ``report`` holds what was found until then."""

    def __init__(self, report: Report) -> None:
        """Keep what was found."""
        super().__init__("the run was interrupted")
        self.report = report

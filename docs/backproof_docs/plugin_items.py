"""Claims as test items: what the pytest plugin adds to a run."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from backproof_docs.report import Report
from backproof_docs.terminal import failure
from backproof_impl.conventions import UsageError
from backproof_impl.target import Target
from backproof_properties import choices, processes, runner
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.suite import claims_named

_WIDTH = 100


class Failed(Exception):
    """A claim does not hold; the item shows the report of it."""

    def __init__(self, outcome: Outcome) -> None:
        """Keep what was found."""
        super().__init__(str(outcome.verdict))
        self.outcome = outcome


class ClaimItem(pytest.Item):
    """One claim on the target, in one number format."""

    def __init__(self, *, task: runner.Task, target: Target, report: Report, **kwargs: Any) -> None:
        """Made by ``from_parent``; ``report`` is empty, and says how to repeat."""
        super().__init__(**kwargs)
        self._task, self._target, self._report = task, target, report

    def runtest(self) -> None:
        """Judge it."""
        outcome = runner.run(self._task, self._target)
        if outcome.verdict is Verdict.UNSUPPORTED:
            pytest.skip(str(outcome.reason))
        if outcome.verdict is not Verdict.HOLDS:
            raise Failed(outcome)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The counterexample as ``backproof validate`` shows it."""
        if not isinstance(excinfo.value, Failed):
            return super().repr_failure(excinfo, style)
        return failure(self._report, excinfo.value.outcome, _WIDTH).plain

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where it stands: the target."""
        return self._report.target, None, self.name


def collected(session: pytest.Session, config: pytest.Config) -> list[ClaimItem]:
    """One item for each claim and number format. A request that cannot be run ends pytest with one line."""
    option = config.getoption
    declarations = tuple(option("backproof_declare") or ())
    try:
        source = processes.Source(option("backproof_target"), declarations=declarations)
        target, _ = source.load()
        claims = claims_named(option("backproof_claim"))
        asked = choices.dtypes_named(option("backproof_dtype") or ()) or None
        dtypes = choices.supported_dtypes(target, asked)
        examples, seed = option("backproof_examples"), option("backproof_seed")
        choices.require_whole("examples", examples, 1)
        choices.require_whole("seed", seed, 0)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    words = ["backproof", "validate", option("backproof_target"), *(w for d in declarations for w in ("--declare", d))]
    report = Report(target.name, {}, dtypes, examples, seed, 0.0, (), shlex.join(words))
    planned = runner.tasks(claims, dtypes, examples, seed, beside=choices.beside(target, asked))
    return [
        ClaimItem.from_parent(
            session, name=f"backproof[{task.property.claim}-{task.dtype}]", task=task, target=target, report=report
        )
        for task in planned
        if task.property.link is Link.IMPLEMENTATION
    ]

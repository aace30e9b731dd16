"""``check``: the verification suite on a target, from Python.

>>> import backproof
>>> report = backproof.check("reference", operations=["relu"], examples=10, seed=1)
>>> report.passed
True
"""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from backproof import defining
from backproof.also import computed_also
from backproof.campaigns import InCampaign, Kept, asked_for, title_of
from backproof.defining import Choice
from backproof.shown import Interrupted, Report
from backproof_impl.adapters import ADAPTERS, defined
from backproof_impl.conventions import Conventions, Unloadable, UsageError
from backproof_impl.isolation import Program
from backproof_impl.named import operations_named
from backproof_impl.target import FUNCTIONS, Target
from backproof_properties import choices, processes, remembered
from backproof_properties import cluster as clusters
from backproof_properties.campaign import Campaign, block_key, counted, together
from backproof_properties.cluster import SchedulerLost
from backproof_properties.processes import Source
from backproof_properties.results import FAILING, Link, Outcome, Verdict
from backproof_properties.suggestion import suggest
from backproof_properties.suite import claims_required
from backproof_properties.tasks import Task, needed, offered, tasks
from backproof_spec.operation import Operation

_LARGEST_SEED = 2**32


def check(
    target: Any,
    *,
    operations: Iterable[Any] | None = None,
    require: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    examples: int = 100,
    seed: int | None = None,
    conventions: Conventions | None = None,
    declare: Iterable[str] | None = None,
    isolate: bool = False,
    workers: int = 1,
    cluster: str | None = None,
    afresh: bool = False,
    campaign: Campaign | None = None,
    fail_fast: bool | Callable[[Outcome], bool] = False,
    progress: Callable[[int, Outcome | None], None] = lambda *_: None,
) -> Report:
    """Run the verification suite on ``target`` and report.

    ``target``: a module, object, dict or ``Target``; a path; ``package.module[:object]``; or a built-in adapter's name.
    ``operations``: operations (``linear``) or claims (``linear.dW``); all by default. One of your own is given by its
    file (``rms_norm.op``), its text, or as ``backproof.operation`` reads it, and the built-in ones by name (``gelu``).
    ``require``: those that must be judged, or ``all``: what of them is unsupported then fails the run.
    ``dtypes``: float64 by default, with a few examples of float32; or the first that the target declares.
    ``conventions``: replaces what the target declares; ``declare`` changes some of it, as ``["relu_at_zero=0"]``.
    ``isolate``: in a process of its own, where a crash or a hang is a verdict. ``seed``: repeats a run. ``workers``:
    processes; ``cluster``: those of the Dask scheduler at this address in their place. All three need a target given by
    name or path, or a ``Program``. ``afresh``: run the links inside the spec,
    even those that this version has found to hold before (given a ``seed``, with that). ``campaign``: judge in blocks
    of examples, those only that it does not hold, and keep each there. ``fail_fast``: stop at the first failure, or
    at the first of which this holds.
    ``progress`` is called with the number of outcomes to expect and with each one.

    A target that is there and cannot be loaded is an error of every claim. Raises ``UsageError`` when the request
    cannot be run; its message says what is accepted; and ``Interrupted``, a ``KeyboardInterrupt`` that holds the report
    of what was found.
    """
    choice = defining.chosen(_listed("operations", operations, Operation, Path), operations_named(target))
    own = tuple(each.id for each in choice.own if each.id in choice.claims)
    required = claims_required(_listed("require", require) or (), choice.claims, own)
    title = processes.named(target)
    in_campaign = title_of(target)
    kept_seed = campaign.identity(in_campaign).get("seed") if campaign else None
    number = next((each for each in (seed, kept_seed) if each is not None), secrets.randbelow(_LARGEST_SEED))
    for name, value, least in (("examples", examples, 1), ("seed", number, 0), ("workers", workers, 1)):
        choices.require_whole(name, value, least)
    if conventions is not None and not isinstance(conventions, Conventions):
        msg = f"conventions is {type(conventions).__name__}, expected backproof.Conventions(...)"
        raise UsageError(msg)
    if workers > 1 and cluster is not None:
        msg = f"workers={workers} and cluster={cluster!r}: expected one of them"
        raise UsageError(msg)
    if (isolate or workers > 1 or cluster is not None) and not isinstance(target, str | Path | Program):
        option = "isolate" if isolate else f"cluster={cluster!r}" if cluster is not None else f"workers={workers}"
        msg = f"{option}: processes load a target by its path or a name, this is a {type(target).__name__}"
        raise UsageError(msg)
    source = processes.Source(target, conventions, tuple(_listed("declare", declare) or ()), isolate, choice.signatures)
    names = _listed("dtypes", dtypes)
    requested = None if names is None else choices.dtypes_named(names)
    kept = Kept(examples)
    if campaign is not None:
        asked = asked_for(source, operations, require, requested, number, choice.operations, afresh=afresh)
        kept = InCampaign(campaign, in_campaign, asked, examples)
    report = Report(
        title,
        {},
        requested or (choices.SPEC_DTYPE,),
        kept.examples,
        number,
        0.0,
        (),
        _command(target, choice.given) if isinstance(target, str | Path) else "",
        required=required,
        own=choice.own,
        also=computed_also(choice.operations, afresh=afresh),
    )
    if fail_fast:
        progress = _stopping(progress, fail_fast if callable(fail_fast) else lambda _: True)
    run = _Run(report, choice, source, kept, progress)
    return run.judged(requested, workers if cluster is None else cluster, recalled=None if afresh else seed is not None)


class _Failed(Exception):
    """Something failed, and no more is asked for."""


def _stopping(
    progress: Callable[[int, Outcome | None], None], counts: Callable[[Outcome], bool]
) -> Callable[[int, Outcome | None], None]:
    """The same, which raises ``_Failed`` at the first failure that counts."""

    def update(total: int, outcome: Outcome | None) -> None:
        progress(total, outcome)
        if outcome is not None and outcome.verdict in FAILING and counts(outcome):
            raise _Failed

    return update


class _Run:
    """A run: what is planned of it, and what was found."""

    def __init__(
        self,
        report: Report,
        choice: Choice,
        source: Source,
        kept: Kept,
        progress: Callable[[int, Outcome | None], None],
    ) -> None:
        """Nothing is loaded yet."""
        self._report, self._choice, self._source, self._kept, self._progress = report, choice, source, kept, progress
        self._plan(self._tasks())
        self._begun = time.monotonic()

    def judged(self, requested: tuple[str, ...] | None, where: int | str, *, recalled: bool | None) -> Report:
        """The report of all of it, judged by so many processes, or on the cluster at an address.

        ``recalled``: exactly what was asked for is taken, or as much; or nothing.
        """
        try:
            loaded, close = self._source.load()
            try:
                self._begin(loaded, requested)
                self._recall(exactly=recalled)
                if isinstance(where, str):
                    clusters.run_all(self._open, self._source, where, self._done)
                else:
                    processes.run_all(self._open, loaded, where, self._source, self._done)
                self._end(loaded)
            finally:
                close()
        except UsageError as error:
            self._kept.drop()
            if not isinstance(error, Unloadable):
                raise
            return replace(self._report, results=_failed(self._planned, str(error)), unloadable=str(error))
        except _Failed:
            return self._finished("the run stopped at the first failure")
        except SchedulerLost as lost:
            return replace(self._finished(str(lost)), interrupted=True)
        except KeyboardInterrupt:
            raise Interrupted(replace(self._finished(), interrupted=True)) from None
        return self._finished()

    def _tasks(self, beside: str | None = None) -> list[Task]:
        report, choice = self._report, self._choice
        return tasks(choice.claims, report.dtypes, report.examples, report.seed, choice.operations, beside)

    def _plan(self, planned: list[Task]) -> None:
        self._planned, self._blocks = planned, self._kept.cut(planned)

    def _begin(self, loaded: Target, requested: tuple[str, ...] | None) -> None:
        """Of a target that is loaded it is known what it offers, and in which formats."""
        declared, formats = loaded.conventions.declared(), choices.supported_dtypes(loaded, requested)
        adapter = str(self._source.what).partition(":")[0]
        names = (*loaded.functions, *(defined(adapter) if adapter in ADAPTERS else ()))
        self._report = replace(
            self._report,
            target=loaded.name,
            conventions=declared,
            dtypes=formats,
            offers=tuple(dict.fromkeys(each.removesuffix("_vjp") for each in names)),
        )
        planned = needed(self._tasks(choices.beside(loaded, requested)), loaded)
        if self._choice.all and self._choice.operations:
            planned = offered(planned, loaded)
            judged = {name for task in planned for name in task.property.functions}
            helpers = sorted({*FUNCTIONS} & {*loaded.functions} - judged)
            self._report = replace(self._report, helpers=tuple(helpers))
        self._plan(planned)
        self._kept.describe(self._report, self._blocks)
        self._begun = time.monotonic()
        self._progress(len(self._blocks), None)

    @property
    def _open(self) -> list[Task]:
        return [each for each in self._blocks if block_key(each) not in self._kept.found]

    def _recall(self, *, exactly: bool | None) -> None:
        """Links inside the spec that were found to hold before."""
        self._first = [each for each in self._open if each.block == 0]
        if exactly is None:
            return
        found = remembered.recall(self._first, exactly=exactly)
        for task in self._first:
            if task.key in found:
                self._done(task, found[task.key])

    def _done(self, task: Task, outcome: Outcome) -> None:
        self._kept.keep(task, outcome)
        self._progress(len(self._blocks), outcome)

    def _end(self, loaded: Target) -> None:
        remembered.remember(self._first, [self._kept.found[block_key(each)] for each in self._first])
        suggestion = suggest(loaded, self._finished().results, self._planned)
        self._report = replace(self._report, suggestion=suggestion)
        self._kept.describe(self._report, self._blocks)

    def _finished(self, why: str = "the run was interrupted") -> Report:
        results = together(counted(self._blocks), self._kept.found, why)
        return replace(self._report, results=results, seconds=time.monotonic() - self._begun)


def _command(target: str | Path, operations: Iterable[str]) -> str:
    """What repeats the run, but for the options that every repetition adds."""
    return shlex.join(
        ["backproof", "validate", str(target), *(w for each in operations for w in ("--operation", each))]
    )


def _failed(planned: list[Task], reason: str) -> tuple[Outcome, ...]:
    """What is to be said of a target that cannot be loaded: an error of each of its claims."""
    return tuple(
        each.outcome(Verdict.ERROR, reason)
        if each.property.link is Link.IMPLEMENTATION
        else each.outcome(Verdict.NOT_RUN, "the target cannot be loaded")
        for each in planned
    )


def _listed(option: str, names: Iterable[Any] | None, *others: type) -> list[Any] | None:
    """One name or several, as a list; none at all is refused: a run that checks nothing would pass."""
    if names is None:
        return None
    found = [names] if isinstance(names, (str, *others)) else list(names)
    if not found or not all(isinstance(name, (str, *others)) for name in found):
        msg = f"{option} is {found!r}, expected one name or several"
        raise UsageError(msg)
    return found

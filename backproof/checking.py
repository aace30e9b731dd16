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
from backproof.shown import Interrupted, Report
from backproof_impl.conventions import Conventions, Unloadable, UsageError
from backproof_impl.isolation import Program
from backproof_impl.named import operations_named
from backproof_properties import choices, processes, remembered, runner
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.suggestion import suggest
from backproof_properties.suite import claims_required
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
    afresh: bool = False,
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
    processes. Both need a target given by name or path, or a ``Program``. ``afresh``: run the links inside the spec,
    even those that this version has found to hold before (given a ``seed``, with that). ``progress`` is called with the
    number of outcomes to expect and with each one.

    A target that is there and cannot be loaded is an error of every claim. Raises ``UsageError`` when the request
    cannot be run; its message says what is accepted; and ``Interrupted``, a ``KeyboardInterrupt`` that holds the report
    of what was found.
    """
    choice = defining.chosen(_listed("operations", operations, Operation, Path), operations_named(target))
    claims, own = choice.claims, tuple(each.id for each in choice.own if each.id in choice.claims)
    required = claims_required(_listed("require", require) or (), claims, own)
    number = secrets.randbelow(_LARGEST_SEED) if seed is None else seed
    for name, value, least in (("examples", examples, 1), ("seed", number, 0), ("workers", workers, 1)):
        choices.require_whole(name, value, least)
    if conventions is not None and not isinstance(conventions, Conventions):
        msg = f"conventions is {type(conventions).__name__}, expected backproof.Conventions(...)"
        raise UsageError(msg)
    if (isolate or workers > 1) and not isinstance(target, str | Path | Program):
        option = "isolate" if isolate else f"workers={workers}"
        msg = f"{option}: processes load a target by its path or a name, this is a {type(target).__name__}"
        raise UsageError(msg)
    source = processes.Source(target, conventions, tuple(_listed("declare", declare) or ()), isolate, choice.signatures)
    names = _listed("dtypes", dtypes)
    requested = None if names is None else choices.dtypes_named(names)
    command = _command(target, choice.given) if isinstance(target, str | Path) else ""
    chosen = requested or (choices.SPEC_DTYPE,)
    empty: tuple[Outcome, ...] = ()
    also = computed_also(choice.operations, afresh=afresh)
    report = Report(
        processes.named(target),
        {},
        chosen,
        examples,
        number,
        0.0,
        empty,
        command,
        required=required,
        own=choice.own,
        also=also,
    )
    found: dict[tuple[Any, ...], Outcome] = {}

    def done(outcome: Outcome) -> None:
        found[outcome.claim, outcome.link, outcome.dtype] = outcome
        progress(len(planned), outcome)

    planned, begun = runner.tasks(claims, chosen, examples, number, choice.operations), time.monotonic()
    try:
        loaded, close = source.load()
        try:
            chosen, declared = choices.supported_dtypes(loaded, requested), loaded.conventions.declared()
            report = replace(report, target=loaded.name, conventions=declared, dtypes=chosen)
            planned = runner.needed(
                runner.tasks(claims, chosen, examples, number, choice.operations, choices.beside(loaded, requested)),
                loaded,
            )
            planned = runner.offered(planned, loaded) if choice.all and choice.operations else planned
            begun = time.monotonic()
            progress(len(planned), None)
            for outcome in ({} if afresh else remembered.recall(planned, exactly=seed is not None)).values():
                done(outcome)
            open_ = [each for each in planned if each.key not in found]
            processes.run_all(open_, loaded, workers, source, done)
            remembered.remember(planned, found.values())
            results = tuple(found[each.key] for each in planned)
            report = replace(report, results=results, suggestion=suggest(loaded, results, planned))
        finally:
            close()
    except Unloadable as error:
        return replace(report, results=_failed(planned, str(error)), unloadable=str(error))
    except KeyboardInterrupt:
        results = tuple(found.get(each.key) or each.outcome(Verdict.NOT_RUN, _INTERRUPTED) for each in planned)
        seconds = time.monotonic() - begun
        raise Interrupted(replace(report, seconds=seconds, results=results, interrupted=True)) from None
    return replace(report, seconds=time.monotonic() - begun)


def _command(target: str | Path, operations: Iterable[str]) -> str:
    """What repeats the run, but for the options that every repetition adds."""
    return shlex.join(
        ["backproof", "validate", str(target), *(w for each in operations for w in ("--operation", each))]
    )


_INTERRUPTED = "the run was interrupted"


def _failed(planned: list[runner.Task], reason: str) -> tuple[Outcome, ...]:
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

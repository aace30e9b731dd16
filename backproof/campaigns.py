"""Campaigns: what a run of many pieces was asked for, what is there of it, and how it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from backproof.shown import Report
from backproof_impl.conventions import UsageError
from backproof_impl.isolation import Program
from backproof_properties import processes, remembered
from backproof_properties.campaign import Campaign, Key, block_key, blocks, counted, together
from backproof_properties.processes import LOST, Source
from backproof_properties.results import Outcome, Remembered, Verdict
from backproof_properties.tasks import Task
from backproof_spec.language.text import written
from backproof_spec.operation import Operation


class Kept:
    """The outcomes of a run, of whole tasks, in memory; ``examples`` of a link are asked for."""

    def __init__(self, examples: int) -> None:
        """Nothing is found yet."""
        self.examples, self.found = examples, dict[Key, Outcome]()

    def cut(self, planned: list[Task]) -> list[Task]:
        """What is judged in one piece."""
        return planned

    def keep(self, task: Task, outcome: Outcome) -> None:
        """What became of a piece."""
        self.found[block_key(task)] = outcome

    def describe(self, report: Report, pieces: list[Task]) -> None:
        """What else is known of the run."""

    def drop(self) -> None:
        """It was never begun."""


class InCampaign(Kept):
    """Those of blocks, each kept in a campaign; what it holds already is found."""

    def __init__(self, campaign: Campaign, title: str, asked: dict[str, Any], examples: int) -> None:
        """Begin it, or go on. Raises ``UsageError`` where it holds another run of a target of that name."""
        self._campaign, self._title, self._spec = campaign, title, asked["afresh"]
        self._rounds = campaign.begin(title, asked, examples)
        super().__init__(sum(self._rounds))
        self.found |= campaign.kept(title)

    def cut(self, planned: list[Task]) -> list[Task]:
        """Its blocks."""
        return blocks(planned, self._rounds, spec=self._spec)

    def keep(self, task: Task, outcome: Outcome) -> None:
        """For good."""
        found = replace(outcome, block=Remembered(task.seed, task.examples))
        super().keep(task, found)
        if found.reason != LOST:  # another run may judge it
            self._campaign.keep(self._title, task, found)

    def describe(self, report: Report, pieces: list[Task]) -> None:
        """So that it can be shown where the target is not."""
        self._campaign.describe(self._title, (report, counted(pieces)))

    def drop(self) -> None:
        """Nothing of it is kept, unless it was begun before."""
        if self._campaign.header(self._title) is None:
            self._campaign.forget(self._title)


def asked_for(
    source: Source,
    operations: Iterable[Any] | None,
    require: Iterable[str] | None,
    dtypes: tuple[str, ...] | None,
    seed: int,
    definitions: Iterable[Operation],
    *,
    afresh: bool,
) -> dict[str, Any]:
    """What must be the same where a campaign goes on, as JSON data: the request, and what decides its outcomes."""
    target = source.what
    path = Path(target) if isinstance(target, str | Path) else None
    return {
        "target": list(target.command) if isinstance(target, Program) else title_of(target),
        "operations": None if operations is None else [_named(each) for each in _several(operations)],
        "require": None if require is None else _several(require),
        "dtypes": None if dtypes is None else list(dtypes),
        "declare": list(source.declarations),
        "conventions": repr(source.conventions),
        "isolate": source.isolate,
        "afresh": afresh,
        "seed": seed,
        "definitions": _digest("".join(map(written, definitions)).encode()),
        "file": digest_of(path) if path is not None else None,
        "backproof": remembered.digest()[:16],
    }


def digest_of(path: Path) -> str | None:
    """Of what is in a file, if it is one that can be read."""
    try:
        return _digest(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None


def _several(given: Any) -> list[Any]:
    return [given] if isinstance(given, str | Operation | Path) else list(given)


def _named(each: Any) -> str:
    return written(each) if isinstance(each, Operation) else str(each)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def title_of(target: Any) -> str:
    """What a target is called in a campaign: a file by where it lies, wherever it is asked for."""
    named = processes.named(target)
    return str(Path(named).resolve()) if isinstance(target, str | Path) and Path(named).is_file() else named


def kept(campaign: Campaign, target: str) -> Report | None:
    """The report of what a campaign holds of a target; none of one that was never loaded."""
    header = campaign.header(target)
    if header is None or not isinstance(header[0], Report):
        return None
    report: Report = header[0]
    pieces = header[1]
    results = together(pieces, campaign.kept(target), "not yet")
    return replace(report, results=results, interrupted=any(each.verdict is Verdict.NOT_RUN for each in results))


def again(campaign: Campaign, target: str, more: int) -> tuple[str, dict[str, Any]]:
    """What ``check`` is to be called with to go on, with so many examples more. Raises ``UsageError`` for a program."""
    asked = campaign.identity(target)
    named = asked["target"]
    if not isinstance(named, str):
        msg = f"campaign: {target} is a program, which no file starts: give validate --exec again, with --campaign"
        raise UsageError(msg)
    options = {
        name: asked[name] for name in ("operations", "require", "dtypes", "declare", "isolate", "afresh", "seed")
    }
    options["declare"] = options["declare"] or None
    return named, {**options, "examples": asked["examples"] + more}

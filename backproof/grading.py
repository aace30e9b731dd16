"""``grade``: many submissions, each judged in a process of its own, and one gradebook."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from backproof.campaigns import digest_of, title_of
from backproof.checking import check
from backproof.defining import chosen
from backproof.interrupts import heard
from backproof.shown import Interrupted, Report
from backproof_docs.gradebook import REPRODUCERS, Gradebook, Submission
from backproof_impl import conventions
from backproof_impl.conventions import UsageError
from backproof_properties import choices
from backproof_properties.campaign import Campaign, Changed
from backproof_properties.suite import claims_named, claims_required

SECONDS = 300.0
"""A submission that is not judged by then is graded by what was found."""
EXAMPLES, _DAY = 50, 86400.0
_NOT_SUBMISSIONS = ("_", ".", "test_")


def grade(
    paths: Iterable[str | Path],
    *,
    operations: Iterable[Any] | None = None,
    points: Iterable[str] | None = None,
    seconds: float = SECONDS,
    seed: int | None = None,
    examples: int = EXAMPLES,
    campaign: Campaign | None = None,
    progress: Callable[[int, str], None] = lambda *_: None,
    **options: Any,
) -> Gradebook:
    """Judge every submission by the same examples, and keep a gradebook.

    ``paths``: files, and folders whose Python files, and those of their folders, are submissions each.
    ``operations``: what was asked for, as ``check`` takes it; by default what any of the submissions offers.
    ``points``: ``["linear.dW=2", "relu=1"]``; a claim that holds is worth 1 where nothing is said.
    ``campaign``: keep what was judged there, and go on; a submission whose file has changed is judged anew.
    ``seconds``: the longest that one may take. ``progress`` is called with how many there are, and the name of the
    next. ``options``: those of ``check``.

    Raises ``UsageError`` where the request cannot be run; a submission that cannot be is a row that says why.
    """
    asked = None if operations is None else list(operations)
    worth = _points(points or (), asked)
    _require(examples, **options)
    found, given = [], submissions(paths)
    number, interrupted = _seed(seed, given, campaign), False
    for name, path in given:
        progress(len(given), name)
        if campaign is not None and _is_other(path, campaign):
            campaign.forget(title_of(path))
        how = {**options, "operations": asked, "seed": number, "examples": examples, "campaign": campaign}
        try:
            found.append(_judged(name, path, seconds, **how))
        except Interrupted:
            interrupted = True
            break
    columns = _columns(found, asked, worth)
    return Gradebook(tuple(found), {claim: worth.get(claim, 1.0) for claim in columns}, examples, number, interrupted)


def _seed(seed: int | None, given: Iterable[tuple[str, Path]], campaign: Campaign | None) -> int:
    """The one that is asked for, else that of the campaign, else any."""
    if seed is not None:
        choices.require_whole("seed", seed, 0)
        return seed
    kept = (campaign.identity(title_of(path)).get("seed") for _, path in given) if campaign else ()
    return next((each for each in kept if isinstance(each, int)), secrets.randbelow(2**32))


def _is_other(path: Path, campaign: Campaign) -> bool:
    """Is its file not what it was when it was judged?"""
    before = campaign.identity(title_of(path))
    return bool(before) and before.get("file") != digest_of(path)


def _require(examples: int, dtypes: Any = None, declare: Any = None, workers: int = 1, **_: Any) -> None:
    """Refuse what no submission could be judged by. Raises ``UsageError``."""
    choices.require_whole("examples", examples, 1)
    choices.require_whole("workers", workers, 1)
    choices.dtypes_named(list(dtypes or ()))
    conventions.declare(conventions.Conventions(), list(declare or ()))


def submissions(paths: Iterable[str | Path]) -> list[tuple[str, Path]]:
    """The files, each with the shortest name that tells it from the others. Raises ``UsageError``."""
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            inside = [each for each in (*path.glob("*.py"), *path.glob("*/*.py")) if _is_submission(each, path)]
            if not inside:
                msg = f"grade {path}: no Python files there, expected a submission each (name.py or name/layers.py)"
                raise UsageError(msg)
            files |= dict.fromkeys(sorted(inside))
        elif path.is_file():
            files[path] = None
        else:
            msg = f"grade {path}: no such file or folder"
            raise UsageError(msg)
    if not files:
        msg = "grade: expected files or folders of submissions"
        raise UsageError(msg)
    common = Path(os.path.commonpath([each.resolve().parent for each in files]))
    once = {each.resolve(): each for each in reversed(files)}
    return [(_name(each, common), each) for each in reversed(once.values())]


def _name(path: Path, common: Path) -> str:
    """As it stands under the folder of all; a link by its own name."""
    return (path.parent.resolve() / path.stem).relative_to(common).as_posix()


def _is_submission(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    apart = any(part.startswith(_NOT_SUBMISSIONS) for part in parts) or path.name == "conftest.py"
    return path.is_file() and not apart and REPRODUCERS not in parts


def _judged(name: str, path: Path, seconds: float, **options: Any) -> Submission:
    """One of them, within its time. Raises ``Interrupted`` where somebody else than the clock interrupts."""
    end = time.monotonic() + seconds
    late = f"stopped after {seconds:g} s (--seconds gives more)"
    try:
        with heard():
            _alarm(seconds)
            try:
                report = check(str(path), isolate=True, **options)
            finally:
                _alarm(0)
    except Changed:
        raise
    except UsageError as error:
        return Submission(name, path, problem=str(error))
    except KeyboardInterrupt as interrupted:
        if time.monotonic() < end:
            raise
        found = interrupted.report if isinstance(interrupted, Interrupted) else None
        return Submission(name, path, found and _withheld(found), late)
    return Submission(name, path, _withheld(report), report.unloadable)


def _withheld(report: Report) -> Report:
    return replace(report, withheld=True)


def _alarm(seconds: float) -> None:
    """Interrupt this process after so long, where that can be done; 0 takes it back."""
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, min(seconds, _DAY))


def _points(given: Iterable[str], asked: Sequence[Any] | None) -> dict[str, float]:
    """What each claim is worth that something is said of. Raises ``UsageError``."""
    own = chosen(asked, ()).own
    found: dict[str, float] = {}
    for each in given:
        name, _, number = each.partition("=")
        try:
            worth = float(number)
        except ValueError:
            worth = -1.0
        if not 0 <= worth < float("inf"):
            msg = f"--points {each}: expected CLAIM=N or OPERATION=N, such as linear.dW=2"
            raise UsageError(msg)
        found |= dict.fromkeys(claims_named([name.strip()], tuple(claim.id for claim in own)), worth)
    return found


def _columns(found: Iterable[Submission], asked: Sequence[Any] | None, worth: dict[str, float]) -> list[str]:
    """The claims that count: those that are asked for, else those that are worth something or any of them offers."""
    if asked is not None:
        choice = chosen(asked, ())
        return list(claims_required(("all",), choice.claims, tuple(each.id for each in choice.own)))
    order = dict.fromkeys(claim for each in found for claim in each.marks)
    offered = {claim for each in found for claim in each.offers}
    return [claim for claim in order if claim in offered or claim in worth]

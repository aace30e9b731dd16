"""A long run in pieces: blocks of examples of each link and format, each kept in an SQLite file once it is judged.

A run that was killed goes on where it was, repeats none of them, and ends as one that was not. Nothing in a file is
run: what is read from it is built of our own records and NumPy's arrays, or refused.
"""

from __future__ import annotations

import enum
import hashlib
import io
import json
import pickle
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeAlias

import ml_dtypes
import numpy as np

from backproof_impl.conventions import UsageError
from backproof_properties.results import FAILING, Declines, Link, Observation, Outcome, Verdict, worst_verdict
from backproof_properties.tasks import Task

TaskKey: TypeAlias = tuple[str, Link, str | None]
Key: TypeAlias = tuple[str, Link, str | None, int]
"""Of a task: claim, link and dtype; and of a block of it, its number."""

BLOCK = 100
"""Examples of a block."""
_MARK = 0x42504331
"""SQLite's application_id of our files."""
_TABLES = """
CREATE TABLE IF NOT EXISTS target (name TEXT PRIMARY KEY, identity TEXT NOT NULL, examples TEXT NOT NULL, header BLOB);
CREATE TABLE IF NOT EXISTS block (target TEXT, claim TEXT, link TEXT, dtype TEXT, number INTEGER, outcome BLOB NOT NULL,
    PRIMARY KEY (target, claim, link, dtype, number));
"""
_BUSY_SECONDS = 1.0
_RECORDS = {
    "backproof.shown": {"Report"},
    "backproof_impl.calling": {"Call"},
    "backproof_properties.results": {
        *("Asked", "Declines", "Diagnosis", "Finding", "Judged", "Link", "Observation", "Outcome", "Remembered"),
        "Verdict",
    },
    "backproof_properties.suggestion": {"Suggestion"},
    "backproof_spec.claims": {"Claim"},
    "collections": {"Counter"},
}
"""All that a file may be built of, beside arrays of numbers."""
_CHANGED = {
    "file": "the target's file is not what it was",
    "definitions": "an operation is not defined as it was",
    "backproof": "this is another version of Backproof, or of what it computes with",
}
"""What is said where a digest is another one."""


class Changed(UsageError):
    """What is asked of a target is not what its campaign was begun with."""


# --- what is read from a file -----------------------------------------------------------------------------------------

_ARRAY = object()
"""Stands for the class of arrays, which a file names and cannot call."""


def _array(kind: object, *_: object) -> np.ndarray[Any, Any]:
    if kind is not _ARRAY:
        msg = "an array of another kind"
        raise pickle.UnpicklingError(msg)
    return np.empty(0)


def _dtype(name: Any, *_: object) -> np.dtype[Any]:
    found: np.dtype[Any] = np.dtype(name)
    if found.kind not in "fiub" and name is not ml_dtypes.bfloat16:
        msg = f"an array of {found}"
        raise pickle.UnpicklingError(msg)
    return found


_Unpickler: Any = pickle._Unpickler  # noqa: SLF001 - the one of Python's two that can be held to less


class _Reader(_Unpickler):  # type: ignore[misc]
    """Builds our records, arrays of numbers, and what Python has of its own; nothing else is called or changed."""

    def find_class(self, module: str, name: str) -> Any:
        if module in {"numpy._core.multiarray", "numpy.core.multiarray"} and name == "_reconstruct":
            return _array
        if module == "numpy":
            return _dtype if name == "dtype" else _ARRAY
        if (module, name) == ("ml_dtypes", "bfloat16"):
            return ml_dtypes.bfloat16
        if name not in _RECORDS.get(module, ()):
            msg = f"{module}.{name} is nothing that a campaign holds"
            raise pickle.UnpicklingError(msg)
        return super().find_class(module, name)

    def load_build(self) -> None:
        """The state of what was just made: of a record or an array, never of a class or of a value that all share."""
        made = self.stack[-2]
        if isinstance(made, np.dtype):
            self.stack.pop()
            return
        if isinstance(made, type | enum.Enum) or not (isinstance(made, np.ndarray) or is_dataclass(made)):
            msg = f"a state of {made!r}"
            raise pickle.UnpicklingError(msg)
        _Unpickler.load_build(self)

    dispatch: ClassVar = {**_Unpickler.dispatch, pickle.BUILD[0]: load_build}


class Campaign:
    """A file of outcomes, of one target or several, that one run at a time has open."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises ``UsageError`` where that cannot be done."""
        self._path = path
        try:
            self._file = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            self._refuse(error)
        try:
            self._run("PRAGMA locking_mode = EXCLUSIVE")
            self._run("PRAGMA synchronous = FULL")
            self._run("BEGIN EXCLUSIVE")
            self._run("COMMIT")
            ((mark,),), ((tables,),) = (
                self._run("PRAGMA application_id"),
                self._run("SELECT count(*) FROM sqlite_master"),
            )
            if tables and mark != _MARK:
                self._refuse("a database of something else")
            self._run(f"PRAGMA application_id = {_MARK}")
            for statement in _TABLES.split(";"):
                self._run(statement)
        except UsageError:
            self._file.close()
            raise

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What SQLite answers. Raises ``UsageError``."""
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._refuse(error)

    def _refuse(self, why: object) -> NoReturn:
        busy = "locked" in str(why)
        what = "another run has it open: wait for its end" if busy else f"{why}, expected a file of --campaign"
        msg = f"campaign {self._path}: {what}"
        raise UsageError(msg) from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def targets(self) -> tuple[str, ...]:
        """Those that it holds something of, in the order in which they came."""
        return tuple(name for (name,) in self._run("SELECT name FROM target ORDER BY rowid"))

    def forget(self, target: str) -> None:
        """Nothing is kept of it any more."""
        self._run("DELETE FROM block WHERE target = ?", (target,))
        self._run("DELETE FROM target WHERE name = ?", (target,))

    def _of(self, target: str) -> tuple[str, list[int]] | None:
        """What a target was begun with, and the rounds of examples; ``None`` of one that is not there."""
        for given, rounds in self._run("SELECT identity, examples FROM target WHERE name = ?", (target,)):
            try:
                found = json.loads(given), json.loads(rounds)
            except (ValueError, TypeError) as error:
                self._refuse(error)
            if isinstance(found[0], dict) and isinstance(found[1], list) and all(type(n) is int for n in found[1]):
                return given, found[1]
            self._refuse("what was asked for is not there")
        return None

    def begin(self, target: str, identity: Mapping[str, Any], examples: int) -> tuple[int, ...]:
        """The examples of a link that are to be judged, as they were asked for one time after another.

        ``identity``: what must be as it was. Raises ``UsageError`` where something else is asked of the same target.
        """
        given = json.dumps(dict(identity), sort_keys=True, ensure_ascii=False)
        found = self._of(target)
        if found is None:
            self._run("INSERT INTO target VALUES (?, ?, ?, NULL)", (target, given, json.dumps([examples])))
            return (examples,)
        before, rounds = found
        if before != given:
            kept = json.loads(before)
            name = next(name for name in {**kept, **identity} if kept.get(name) != identity.get(name))
            what = _CHANGED.get(name, f"{name} was {kept.get(name)!r}, now it is {identity.get(name)!r}")
            msg = f"campaign {self._path}: {what}: expected the same, or another file for the campaign"
            raise Changed(msg)
        if examples > sum(rounds):
            rounds = [*rounds, examples - sum(rounds)]
            self._run("UPDATE target SET examples = ? WHERE name = ?", (json.dumps(rounds), target))
        return tuple(rounds)

    def describe(self, target: str, header: tuple[Any, dict[TaskKey, int]]) -> None:
        """Keep what its report says beside the outcomes, and how many blocks there are of each task."""
        self._run("UPDATE target SET header = ? WHERE name = ?", (pickle.dumps(header), target))

    def header(self, target: str) -> tuple[Any, dict[TaskKey, int]] | None:
        """What was kept of it; ``None`` if nothing was."""
        for (packed,) in self._run("SELECT header FROM target WHERE name = ?", (target,)):
            return None if packed is None else self._read(packed, tuple)
        return None

    def identity(self, target: str) -> dict[str, Any]:
        """What it was begun with, and ``examples``: how many are asked for; empty of a target that is not there."""
        found = self._of(target)
        return {} if found is None else {**json.loads(found[0]), "examples": sum(found[1])}

    def keep(self, target: str, task: Task, outcome: Outcome) -> None:
        """Keep what was found of a block, for good."""
        claim, link, dtype, number = block_key(task)
        row = (target, claim, str(link), dtype or "", number, pickle.dumps(outcome))
        self._run("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?)", row)

    def kept(self, target: str) -> dict[Key, Outcome]:
        """Every block of a target that was judged."""
        rows = self._run("SELECT claim, link, dtype, number, outcome FROM block WHERE target = ?", (target,))
        found: dict[Key, Outcome] = {}
        for claim, link, dtype, number, packed in rows:
            outcome: Outcome = self._read(packed, Outcome)
            if (outcome.claim, str(outcome.link), outcome.dtype or "") != (claim, link, dtype):
                self._refuse(f"an outcome of {outcome.claim} stands for one of {claim}")
            found[claim, outcome.link, outcome.dtype, number] = outcome
        return found

    def _read(self, packed: bytes, kind: type) -> Any:
        try:
            found = _Reader(io.BytesIO(packed)).load()
        except Exception as error:  # noqa: BLE001 - whatever a file that was tampered with says
            self._refuse(error)
        if not isinstance(found, kind):
            self._refuse(f"a {type(found).__name__} where a {kind.__name__} was")
        return found


# --- blocks -----------------------------------------------------------------------------------------------------------


def block_key(task: Task) -> Key:
    """What tells a block from all others."""
    return (*task.key, task.block)


def blocks(planned: Iterable[Task], rounds: Iterable[int], *, spec: bool) -> list[Task]:
    """The tasks in blocks, each with a seed of its own; the first has the seed of the run.

    A proof is one block, and so is a link inside the spec, unless it is the ``spec`` that is to be tried.
    """
    sizes = [min(BLOCK, size - begun) for size in rounds for begun in range(0, size, BLOCK)]
    once = {Link.PROOF} if spec else {*Link} - {Link.IMPLEMENTATION}
    return [
        replace(task, block=number, seed=_seed(task.seed, number), examples=min(size, task.examples))
        for task in planned
        for number, size in enumerate(sizes[:1] if task.property.link in once else sizes)
    ]


def _seed(seed: int, number: int) -> int:
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4], "big")


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """What several blocks say together: the worst of them, in their order, and everything that was seen in all."""
    found = list(outcomes)
    if len(found) == 1:
        return found[0]
    verdict = worst_verdict(each.verdict for each in found)
    seen = Observation()
    for each in found:
        seen.add(each.observation)
    return replace(
        next(each for each in found if each.verdict is verdict),
        examples=sum(each.examples for each in found),
        observation=seen,
        declined=_declined(found),
    )


def _declined(found: list[Outcome]) -> Declines | None:
    """The declines of all, of what was drawn in all; the smallest example is that of the first."""
    declined = [each.declined for each in found if each.declined]
    if not declined:
        return None
    drawn = sum(each.declined.drawn if each.declined else each.examples for each in found)
    return replace(declined[0], count=sum(each.count for each in declined), drawn=drawn)


def together(planned: Mapping[TaskKey, int], found: Mapping[Key, Outcome], why: str) -> tuple[Outcome, ...]:
    """An outcome of each task, given how many blocks it has: of all, or what is wrong in some; else ``why`` not."""
    return tuple(
        _whole(key, [found[*key, k] for k in range(number) if (*key, k) in found], number, why)
        for key, number in planned.items()
    )


def _whole(key: TaskKey, kept: list[Outcome], number: int, why: str) -> Outcome:
    whole = merged(kept) if kept else None
    if whole is not None and (len(kept) == number or whole.verdict in FAILING):
        return whole
    return Outcome(*key, Verdict.NOT_RUN, reason=f"{len(kept)} of {number} blocks were judged: {why}" if kept else why)


def counted(blocks: Iterable[Task]) -> dict[TaskKey, int]:
    """How many blocks there are of each task."""
    return dict(Counter(each.key for each in blocks))

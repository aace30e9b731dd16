"""A long run in pieces: blocks of examples of each link and format, each kept in an SQLite file once it is judged.

A run that was killed goes on where it was, repeats none of them, and ends as one that was not. Nothing in a file is
run: what is read from it is built of our own records and NumPy's arrays, or refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from backproof_impl.conventions import UsageError
from backproof_properties.results import FAILING, Declines, Link, Observation, Outcome, Verdict, worst_verdict
from backproof_properties.tasks import Task

TaskKey: TypeAlias = tuple[str, Link, str | None]
Key: TypeAlias = tuple[str, Link, str | None, int]
"""Of a task: claim, link and dtype; and of a block of it, its number."""

BLOCK = 100
"""Examples of a block."""
_SCHEMA = "backproof-campaign-1"
_TABLES = """
CREATE TABLE IF NOT EXISTS target (name TEXT PRIMARY KEY, identity TEXT NOT NULL, examples TEXT NOT NULL, header BLOB);
CREATE TABLE IF NOT EXISTS block (target TEXT, claim TEXT, link TEXT, dtype TEXT, number INTEGER, outcome BLOB NOT NULL,
    PRIMARY KEY (target, claim, link, dtype, number));
"""
_BUSY_SECONDS = 1.0
_ALLOWED = {
    "backproof.shown": {"Report"},
    "backproof_impl.calling": {"Call"},
    "backproof_properties.results": {
        *(
            "Asked",
            "Declines",
            "Diagnosis",
            "Finding",
            "Judged",
            "Link",
            "Observation",
            "Outcome",
            "Remembered",
            "Verdict",
        )
    },
    "backproof_properties.suggestion": {"Suggestion"},
    "backproof_spec.claims": {"Claim"},
    "collections": {"Counter"},
    "ml_dtypes": {"bfloat16"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
}
"""All that a file may be built of."""


_CHANGED = {
    "file": "the target's file is not what it was",
    "definitions": "an operation is not defined as it was",
    "backproof": "this is another version of Backproof, or of what it computes with",
}
"""What is said where a digest is another one."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name not in _ALLOWED.get(module, ()):
            msg = f"{module}.{name} is nothing that a campaign holds"
            raise pickle.UnpicklingError(msg)
        return super().find_class(module, name)


class Campaign:
    """A file of outcomes, of one target or several, that one run at a time has open."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises ``UsageError`` where that cannot be done."""
        self._path = path
        try:
            self._file = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._file.executescript(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT;"
            )
            self._file.executescript(_TABLES)
        except sqlite3.Error as error:
            busy = "locked" in str(error)
            what = "another run has it open: wait for its end" if busy else f"{error}, expected a file of --campaign"
            msg = f"campaign {path}: {what}"
            raise UsageError(msg) from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def targets(self) -> tuple[str, ...]:
        """Those that it holds something of, in the order in which they came."""
        return tuple(name for (name,) in self._file.execute("SELECT name FROM target ORDER BY rowid"))

    def begin(self, target: str, identity: Mapping[str, Any], examples: int) -> tuple[int, ...]:
        """The examples of a link that are to be judged, as they were asked for one time after another.

        ``identity``: what must be as it was. Raises ``UsageError`` where something else is asked of the same target.
        """
        given = json.dumps(dict(identity), sort_keys=True, ensure_ascii=False)
        found = self._file.execute("SELECT identity, examples FROM target WHERE name = ?", (target,)).fetchone()
        if found is None:
            self._file.execute("INSERT INTO target VALUES (?, ?, ?, NULL)", (target, given, json.dumps([examples])))
            return (examples,)
        if found[0] != given:
            kept = json.loads(found[0])
            name = next(name for name in {**kept, **identity} if kept.get(name) != identity.get(name))
            change = f"{name} was {kept.get(name)!r}, now it is {identity.get(name)!r}"
            what = _CHANGED.get(name, change)
            msg = f"campaign {self._path}: {what}: expected the same, or another file for the campaign"
            raise UsageError(msg)
        rounds = json.loads(found[1])
        if examples > sum(rounds):
            rounds = [*rounds, examples - sum(rounds)]
            self._file.execute("UPDATE target SET examples = ? WHERE name = ?", (json.dumps(rounds), target))
        return tuple(rounds)

    def describe(self, target: str, header: Any) -> None:
        """Keep what its report says beside the outcomes."""
        self._file.execute("UPDATE target SET header = ? WHERE name = ?", (pickle.dumps(header), target))

    def header(self, target: str) -> Any:
        """What was kept of it; ``None`` if nothing was."""
        found = self._file.execute("SELECT header FROM target WHERE name = ?", (target,)).fetchone()
        return None if found is None or found[0] is None else self._read(found[0])

    def identity(self, target: str) -> dict[str, Any]:
        """What it was begun with, and ``examples``: how many are asked for; empty of a target that is not there."""
        found = self._file.execute("SELECT identity, examples FROM target WHERE name = ?", (target,)).fetchone()
        return {} if found is None else {**json.loads(found[0]), "examples": sum(json.loads(found[1]))}

    def keep(self, target: str, task: Task, outcome: Outcome) -> None:
        """Keep what was found of a block, for good."""
        claim, link, dtype, number = block_key(task)
        row = (target, claim, str(link), dtype or "", number, pickle.dumps(outcome))
        self._file.execute("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?)", row)

    def kept(self, target: str) -> dict[Key, Outcome]:
        """Every block of a target that was judged."""
        rows = self._file.execute("SELECT claim, link, dtype, number, outcome FROM block WHERE target = ?", (target,))
        return {
            (claim, Link(link), dtype or None, number): self._read(outcome)
            for claim, link, dtype, number, outcome in rows
        }

    def _read(self, packed: bytes) -> Any:
        try:
            return _Reader(io.BytesIO(packed)).load()
        except Exception as error:  # noqa: BLE001 - whatever a file that was tampered with says
            msg = f"campaign {self._path}: {error}, expected a file of --campaign that nothing else has written to"
            raise UsageError(msg) from None


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

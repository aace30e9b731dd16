"""What was found inside the spec, remembered: it looks at no target, so that the same code finds the same again.

Kept by the digest of all that decides it: the source of the spec and of the properties, and the versions of what they
call. What is read is taken only where it is of the exact form that is written; whatever else is there, or cannot be
read or written, is as if there were none. Only what holds is remembered: outcomes, and proofs as their files, by what
they prove. A proof is replayed each time: that it was found before is believed of none.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from backproof_properties.results import Link, Observation, Outcome, Remembered, Verdict
from backproof_properties.runner import Task
from backproof_spec.calculus.derivation import Derivation, declared, proof_file, recalled
from backproof_spec.calculus.terms import Formula

_PACKAGES, _LIBRARIES = ("backproof_spec", "backproof_properties"), ("mpmath", "hypothesis", "numpy", "ml_dtypes")
_KEPT = 8
"""Outcomes kept of each link, the latest."""
_FIELDS = {"claim": str, "link": str, "seed": int, "examples": int, "tried": int, "entries": int, "worst": float}
_PROOFS, _LONGEST = 1000, 50_000_000
"""Proofs kept, the latest, and the most bytes of a file that is read."""
_COQ = re.compile(r"[0-9]+(\.[0-9]+)*")


def folder() -> Path:
    """Where this user's caches are."""
    home = Path("~").expanduser()
    usual = {
        "win32": os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local",
        "darwin": home / "Library" / "Caches",
    }
    return Path(os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, home / ".cache")) / "backproof"


@functools.cache
def digest() -> str:
    """Of everything that decides what is found inside the spec."""
    found = hashlib.sha256()
    for text in (platform.python_version(), *(f"{name} {version(name)}" for name in _LIBRARIES)):
        found.update(f"{text}\n".encode())
    for package in _PACKAGES:
        root = Path(str(files(package)))
        for path in sorted(each for each in root.rglob("*") if each.suffix in {".py", ".json", ".op", ".v"}):
            content = path.read_bytes()
            found.update(f"{package}/{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()


def _path() -> Path:
    return folder() / f"spec-{digest()[:32]}.json"


def recall(planned: Iterable[Task], *, exactly: bool) -> dict[tuple[str, Link, str | None], Outcome]:
    """What is remembered of these links: ``exactly`` with their seed and examples, else of as many examples or more."""
    kept = _read()
    found = {}
    for task in planned:
        if task.property.link is Link.IMPLEMENTATION:
            continue
        fitting = [
            each
            for each in kept
            if (each["claim"], each["link"]) == (_of(task), str(task.property.link))
            and (each["examples"] == task.examples if exactly else each["examples"] >= task.examples)
            and (each["seed"] == task.seed or not exactly)
        ]
        if fitting:
            found[task.key] = _outcome(task, fitting[-1])
    return found


def remember(planned: Iterable[Task], outcomes: Iterable[Outcome]) -> None:
    """Keep what holds of these links, where it can be kept."""
    tasks = {task.key: task for task in planned if task.property.link is not Link.IMPLEMENTATION}
    new = [
        _entry(tasks[outcome.claim, outcome.link, outcome.dtype], outcome)
        for outcome in outcomes
        if outcome.link is not Link.IMPLEMENTATION and outcome.verdict is Verdict.HOLDS and outcome.remembered is None
    ]
    if not new:
        return
    kept: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in [*_read(), *new]:
        same = kept.setdefault((each["claim"], each["link"]), [])
        same[:] = [*(other for other in same if other != each), each][-_KEPT:]
    _write([each for entries in kept.values() for each in entries])


def _of(task: Task) -> str:
    """The claim; of an operation that is none of the suite's, with the digest of what it says."""
    if task.own is None:
        return task.property.claim
    return f"{task.own.claim} {hashlib.sha256(task.own.about.encode()).hexdigest()[:32]}"


def _entry(task: Task, outcome: Outcome) -> dict[str, Any]:
    seen = outcome.observation
    return {
        "claim": _of(task),
        "link": str(outcome.link),
        "seed": task.seed,
        "examples": task.examples,
        "tried": outcome.examples,
        "entries": seen.entries,
        "worst": float(seen.worst),
        "coq": seen.coq,
    }


def _outcome(task: Task, kept: dict[str, Any]) -> Outcome:
    seen = Observation(entries=kept["entries"], worst=kept["worst"], coq=kept["coq"])
    remembered = Remembered(kept["seed"], kept["examples"])
    return Outcome(*task.key, Verdict.HOLDS, kept["tried"], seen, remembered=remembered)


# --- the file ---------------------------------------------------------------------------------------------------------


def _read() -> list[dict[str, Any]]:
    """The entries of the file, if all of it is of the form that ``_write`` gives it."""
    try:
        data = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    whole = isinstance(data, dict) and data.keys() == {"digest", "links"} and data["digest"] == digest()
    entries = data["links"] if whole else None
    return entries if isinstance(entries, list) and all(map(_is_entry, entries)) else []


def _is_entry(each: Any) -> bool:
    if not isinstance(each, dict) or each.keys() != {*_FIELDS, "coq"}:
        return False
    typed = all(type(each[name]) is kind for name, kind in _FIELDS.items())
    coq = each["coq"] is None or (isinstance(each["coq"], str) and _COQ.fullmatch(each["coq"]) is not None)
    return typed and coq and 0 <= each["worst"] < 1 and min(each["seed"], each["tried"], each["entries"]) >= 0


def _write(entries: list[dict[str, Any]]) -> None:
    """Two runs at a time lose an entry, never the file."""
    _replace(_path(), json.dumps({"digest": digest(), "links": entries}))


def _replace(path: Path, text: str) -> None:
    """The file as a whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:4]}-")
    except OSError:
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)


# --- proofs -----------------------------------------------------------------------------------------------------------


def proof(named: Derivation, wanted: Formula) -> Derivation | None:
    """The lines of a proof of what is wanted, which is to be replayed; ``named``: its names, and what is supposed."""
    path = _place(named, wanted)
    try:
        data = json.loads(path.read_bytes()) if path.stat().st_size <= _LONGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    return recalled(named, wanted, data)


def keep(named: Derivation, wanted: Formula, found: Derivation) -> None:
    """Keep a proof that was replayed."""
    path = _place(named, wanted)
    _replace(path, json.dumps(proof_file(found)))
    with suppress(OSError):
        kept = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)
        for each in kept[:-_PROOFS]:
            each.unlink(missing_ok=True)


def _place(named: Derivation, wanted: Formula) -> Path:
    """By what is wanted, in which names, under which suppositions, and by the kernel and the prover that there are."""
    said = [digest(), named.stem, named.title, declared(named), named.hypotheses, wanted]
    return folder() / "proofs" / f"{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]}.json"

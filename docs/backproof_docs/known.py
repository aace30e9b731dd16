"""Known failures: a committed file that accepts some failures, each with a reason, and cannot go stale.

    [[known]]
    claim = "relu.dZ"                # needed: the claim that fails
    reason = "issue 12: mask is Z > 0"   # needed: why that is accepted
    dtype = "float32"                # or in any dtype
    link = "formula → implementation"    # or in any link
    verdict = "refuted"              # the default; or error, uncertified
    diagnosis = "mask-strict"        # or whatever the diagnosis

An entry accepts the failures it describes. Where its claim was run and none fails any more, or all fail in another way,
the entry is stale and fails the run. A claim that was not run says nothing about its entries.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from backproof_impl.conventions import DTYPES, UsageError
from backproof_properties.results import FAILING, UNDIAGNOSED, Link, Outcome, Verdict, worst_verdict
from backproof_spec.claims import CLAIM_IDS


@dataclass(frozen=True)
class Known:
    """An accepted failure: where, of which kind, and why. ``None`` stands for any."""

    claim: str
    reason: str
    dtype: str | None = None
    link: str | None = None
    verdict: str = "refuted"
    diagnosis: str | None = None

    def covers(self, outcome: Outcome) -> bool:
        """Is this entry about that link of that claim in that dtype?"""
        return (
            outcome.claim == self.claim
            and self.dtype in {None, outcome.dtype}
            and self.link in {None, str(outcome.link)}
        )

    def describes(self, outcome: Outcome) -> bool:
        """Does that outcome fail as this entry says?"""
        return (
            self.covers(outcome)
            and self.verdict == str(outcome.verdict)
            and self.diagnosis in {None, cause_of(outcome)}
        )

    def __str__(self) -> str:
        """``relu.dZ`` and what narrows it."""
        narrower = [part for part in (self.dtype, self.link) if part is not None]
        return self.claim + (f" ({', '.join(narrower)})" if narrower else "")


@dataclass(frozen=True)
class Stale:
    """An entry that no longer says what happens, and what does."""

    entry: Known
    problem: str

    def __str__(self) -> str:
        """``relu.dZ: now holds: delete its entry``."""
        return f"{self.entry}: {self.problem}"


def cause_of(outcome: Outcome) -> str | None:
    """The cause that was diagnosed, if one was."""
    diagnosis = outcome.finding.diagnosis if outcome.finding else None
    return diagnosis.cause if diagnosis and diagnosis.cause != UNDIAGNOSED else None


def stale(entries: Iterable[Known], outcomes: Iterable[Outcome]) -> tuple[Stale, ...]:
    """The entries about claims that were run of which none fails as described."""
    found = list(outcomes)
    problems = ((entry, _problem(entry, [each for each in found if entry.covers(each)])) for entry in entries)
    return tuple(Stale(entry, problem) for entry, problem in problems if problem is not None)


def _problem(entry: Known, covered: list[Outcome]) -> str | None:
    if not covered or any(entry.describes(outcome) for outcome in covered):
        return None
    failing = [outcome for outcome in covered if outcome.verdict in FAILING]
    if not failing:
        verdict = worst_verdict(outcome.verdict for outcome in covered)
        return f"now {verdict}: delete its entry from the file of known failures"
    expected = _kind(entry.verdict, entry.diagnosis)
    return f"fails differently: {_kind(str(failing[0].verdict), cause_of(failing[0]))}, known as {expected}"


def _kind(verdict: str, cause: str | None) -> str:
    return f"{verdict} ({cause})" if cause else verdict


# --- the file ---------------------------------------------------------------------------------------------------------

_ACCEPTED: dict[str, tuple[str, ...]] = {
    "claim": CLAIM_IDS,
    "dtype": DTYPES,
    "link": tuple(Link),
    "verdict": tuple(verdict for verdict in Verdict if verdict in FAILING),
}
_KEYS = tuple(each.name for each in fields(Known))


def load_known(path: str | Path, further: tuple[str, ...] = ()) -> tuple[Known, ...]:
    """The entries of the TOML file at ``path``; ``UsageError`` with all that is wrong with it, on one line.

    ``further``: claims beside the suite's.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"known failures {path}: {error.strerror or error}; expected a TOML file with [[known]] entries"
        raise UsageError(msg) from None
    except ValueError as error:  # not UTF-8, not TOML
        reason = " ".join(str(error).split())
        msg = f"known failures {path}: not TOML: {reason}; expected [[known]] entries with claim and reason"
        raise UsageError(msg) from None
    entries = data.pop("known", [])
    problems = [f"unknown key {name!r}, expected [[known]] entries only" for name in data]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append("known is not a list of tables, expected [[known]] entries")
        entries = []
    for number, entry in enumerate(entries, 1):
        problems += [f"entry {number}: {problem}" for problem in _problems(entry, further)]
    problems += _twice(entries)
    if problems:
        msg = f"known failures {path}: {'; '.join(problems)}"
        raise UsageError(msg)
    return tuple(Known(**entry) for entry in entries)


def _problems(entry: dict[str, Any], further: tuple[str, ...]) -> list[str]:
    missing = [f'no {name}, expected {name} = "…"' for name in ("claim", "reason") if name not in entry]
    unknown = [f"unknown key {name!r}, expected some of {', '.join(_KEYS)}" for name in entry if name not in _KEYS]
    wrong = [
        f"{name} is {value!r}, expected {_expected(name, value)}"
        for name, value in entry.items()
        if name in _KEYS and not _usable(name, value) and not (name == "claim" and value in further)
    ]
    return missing + unknown + wrong


def _usable(name: str, value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and (name not in _ACCEPTED or value in _ACCEPTED[name])


def _expected(name: str, value: Any) -> str:
    if name not in _ACCEPTED:
        return "a few words"
    close = difflib.get_close_matches(str(value), _ACCEPTED[name], n=3, cutoff=0.5) if name == "claim" else []
    if name == "claim":
        hint = f"a claim: did you mean {' or '.join(close)}?" if close else "a claim"
        return f"{hint} (backproof list claims shows all)"
    return f"one of {', '.join(_ACCEPTED[name])}"


def _twice(entries: list[dict[str, Any]]) -> list[str]:
    """Entries that describe the same failure."""
    seen: dict[str, int] = {}
    problems = []
    for number, entry in enumerate(entries, 1):
        key = repr(sorted((name, value) for name, value in entry.items() if name != "reason"))
        if key in seen:
            problems.append(f"entries {seen[key]} and {number} describe the same failure, expected one")
        seen.setdefault(key, number)
    return problems

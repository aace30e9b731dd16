"""A report: everything a run found, one row for each claim, and its JSON form (schema: report.schema.json)."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backproof_properties.results import PASSING, Finding, Link, Outcome, Verdict, worst_verdict
from backproof_spec.claims import CLAIMS, Claim

SCHEMA_PATH = Path(__file__).with_name("report.schema.json")
_FORMULAS = {claim.id: claim for claim in CLAIMS}


class Refutation(AssertionError):
    """Raised by ``Report.raise_if_refuted``: its message is the first counterexample of each claim that fails."""


@dataclass(frozen=True)
class Row:
    """One claim in one dtype: its outcome for each link that it has."""

    claim: Claim
    dtype: str
    outcomes: tuple[Outcome, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its links."""
        return worst_verdict(outcome.verdict for outcome in self.outcomes)

    def outcome(self, link: Link) -> Outcome | None:
        """What became of one link, if the claim has it."""
        return next((outcome for outcome in self.outcomes if outcome.link is link), None)


@dataclass(frozen=True)
class Report:
    """The results of a run, and how to repeat it (``command``, with the claim, seed and examples added)."""

    target: str
    conventions: dict[str, Any]
    dtypes: tuple[str, ...]
    examples: int
    seed: int
    seconds: float
    results: tuple[Outcome, ...]
    command: str = "backproof verify"

    @property
    def passed(self) -> bool:
        """Nothing was refuted, failed, or remained uncertified."""
        return all(outcome.verdict in PASSING for outcome in self.results)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that make the run fail."""
        return tuple(outcome for outcome in self.results if outcome.verdict not in PASSING)

    @property
    def rows(self) -> tuple[Row, ...]:
        """One row for each claim and dtype; the links inside the spec stand in each of a claim's rows."""
        rows = []
        for claim in dict.fromkeys(outcome.claim for outcome in self.results):
            of_claim = [outcome for outcome in self.results if outcome.claim == claim]
            dtypes = [outcome.dtype for outcome in of_claim if outcome.dtype is not None] or ["exact"]
            for dtype in dtypes:
                kept = tuple(outcome for outcome in of_claim if outcome.dtype in {None, dtype})
                rows.append(Row(_FORMULAS[claim], dtype, kept))
        return tuple(rows)

    def raise_if_refuted(self) -> None:
        """Raise ``Refutation`` with every failing claim's counterexample, unless the run passed."""
        if not self.passed:
            lines = [f"{o.claim} ({o.link}): {o.finding.message if o.finding else o.reason}" for o in self.failures]
            raise Refutation("\n".join(lines))

    # --- JSON ---------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON data; its schema is report.schema.json."""
        return {
            "schema": "backproof-report-1",
            "backproof": version("backproof"),
            "target": self.target,
            "conventions": self.conventions,
            "dtypes": list(self.dtypes),
            "examples": self.examples,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "passed": self.passed,
            "claims": [
                {
                    "id": row.claim.id,
                    "formula": row.claim.formula,
                    "dtype": None if row.dtype == "exact" else row.dtype,
                    "verdict": str(row.verdict),
                    "links": [_link(outcome) for outcome in row.outcomes],
                }
                for row in self.rows
            ],
        }

    def to_json(self) -> str:
        """``to_dict`` as text."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return text.encode("utf-8", "replace").decode("utf-8")  # a target's message may hold lone surrogates


def _link(outcome: Outcome) -> dict[str, Any]:
    threshold = outcome.observation.threshold
    return {
        "link": str(outcome.link),
        "verdict": str(outcome.verdict),
        "examples": outcome.examples,
        "worst": outcome.observation.worst,
        "detection_threshold": threshold if threshold is not None and math.isfinite(threshold) else None,
        "entries": outcome.observation.entries,
        "uncertified_share": outcome.uncertified_share,
        "reason": outcome.reason,
        "counterexample": _counterexample(outcome.finding),
    }


def _counterexample(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "message": finding.message,
        "index": None if finding.index is None else list(finding.index),
        "expected": finding.expected,
        "got": finding.got,
        "error_in_bounds": finding.error_in_bounds,
        "inputs": finding.inputs,
    }


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to a temporary file beside ``path`` and move it into place: never a half-written report."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""A report: everything a run found, one row for each claim, and its JSON form (schema: report.schema.json)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from backproof_docs.known import Known, Stale, stale
from backproof_docs.stated import stated
from backproof_properties.results import FAILING, Finding, Judged, Link, Outcome, Verdict, worst_verdict
from backproof_properties.suggestion import Suggestion
from backproof_spec.calculus.stems import stem
from backproof_spec.calculus.theorems import of_claim
from backproof_spec.claims import CLAIMS, Claim

SCHEMA_PATH = Path(__file__).with_name("report.schema.json")
KNOWN = "known"
"""What a row is called that fails only as the file of known failures says."""
_NOTHING_JUDGED = (
    "nothing of the target was judged: offer a function under its name (linear, linear_vjp, relu, …) that answers, "
    "or choose with --claim what is offered"
)
_UNJUDGED = {Verdict.UNSUPPORTED, Verdict.UNCERTIFIED, Verdict.NOT_RUN}
_CLAIMS = {claim.id: claim for claim in CLAIMS}


def theorem_of(claim: str) -> str | None:
    """The theorem to read of a claim; None for a forward value. Of a network, that of its first layer of two."""
    stems = list(of_claim(claim))
    return next((each for each in stems if stem(each).depth == 2), stems[0] if stems else None)  # noqa: PLR2004


@dataclass(frozen=True)
class Row:
    """One claim in one dtype: its outcome for each link that it has."""

    claim: Claim
    dtype: str
    outcomes: tuple[Outcome, ...]
    known: bool = False
    """It fails, and only as the file of known failures says."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its links."""
        return worst_verdict(outcome.verdict for outcome in self.outcomes)

    @property
    def state(self) -> str:
        """The verdict, or ``KNOWN`` for a failure that is accepted."""
        return KNOWN if self.known else str(self.verdict)

    @property
    def tried(self) -> int:
        """Examples over all links; a proof has none."""
        return sum(outcome.examples for outcome in self.outcomes if outcome.link is not Link.PROOF)

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
    known: tuple[Known, ...] = ()
    """Failures that are accepted: see ``apply_known``."""
    required: tuple[str, ...] = ()
    """Claims that must have been judged."""
    interrupted: bool = False
    """It ended before its end; what was not run is among the results."""
    unloadable: str | None = None
    """Why the target could not be loaded, where that is so: the verdict on everything is an error."""
    suggestion: Suggestion | None = None
    """What to declare, where the target fails on shapes."""
    own: tuple[Claim, ...] = ()
    """Claims of operations beside the suite's."""
    also: tuple[str, ...] = ()
    """Other ways to compute a name of these operations, proved to give the same: bounds admit them."""
    offers: tuple[str, ...] = ()
    """The operations that the target has a function of."""
    helpers: tuple[str, ...] = ()
    """Functions of the notes' names beside operations that the target names: they are not judged."""
    withheld: bool = False
    """Formulas, proofs and Jacobians are not shown: they are the solution of what is graded."""

    @property
    def claims(self) -> dict[str, Claim]:
        """Every claim there may be, by its id."""
        return {**_CLAIMS, **{each.id: each for each in self.own}}

    def stated(self, claim: str) -> str:
        """The formula of a claim, under what is declared; empty where it is withheld."""
        if self.withheld:
            return ""
        return self.claims[claim].formula if self.is_own(claim) else stated(claim, self.conventions)

    def is_own(self, claim: str) -> bool:
        """Is it one of an operation beside the suite's?"""
        return any(each.id == claim for each in self.own)

    def theorem_of(self, claim: str) -> str | None:
        """The theorem to read of a claim, if it is one of the suite's and may be shown."""
        return None if self.withheld or self.is_own(claim) else theorem_of(claim)

    @property
    def passed(self) -> bool:
        """Nothing fails but what is known, what is known still does, and of the target something was judged.

        That is at least one claim, if any was asked for that is about an implementation, and all that are required.
        """
        return not (self.failures or self.stale or self.unmet or self.judged_nothing or self.not_run)

    @property
    def nothing_judged(self) -> str:
        """What to do where nothing of the target was judged."""
        return f"{_NOTHING_JUDGED}: {', '.join(self.offers)}" if self.offers else _NOTHING_JUDGED

    @property
    def on_shapes(self) -> tuple[Outcome, ...]:
        """The failures that a suggested declaration mends: all one thing, the target's layout."""
        mended = self.suggestion.claims if self.suggestion else ()
        return tuple(each for each in self.failures if each.claim in mended and each.link is Link.IMPLEMENTATION)

    @property
    def of_target(self) -> tuple[Outcome, ...]:
        """The outcomes that are about the target."""
        return tuple(each for each in self.results if each.link is Link.IMPLEMENTATION)

    @property
    def not_run(self) -> tuple[Outcome, ...]:
        """What was asked for and not run: the run was interrupted, or the target could not be loaded."""
        return tuple(each for each in self.results if each.verdict is Verdict.NOT_RUN)

    @property
    def unjudged(self) -> tuple[Outcome, ...]:
        """What was asked of the target and was not judged: unsupported, uncertified or not run."""
        return tuple(each for each in self.of_target if each.verdict in _UNJUDGED)

    @property
    def judged_nothing(self) -> bool:
        """Was something asked of the target, and nothing judged?"""
        return bool(self.of_target) and len(self.unjudged) == len(self.of_target)

    @property
    def unmet(self) -> tuple[Outcome, ...]:
        """What is required and was not judged; each makes the run fail, known or not."""
        return tuple(each for each in self.unjudged if each.claim in self.required)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that make the run fail."""
        return tuple(each for each in self._failing if self.reason_known(each) is None)

    @property
    def known_failures(self) -> tuple[Outcome, ...]:
        """The outcomes that fail as the file of known failures says."""
        return tuple(each for each in self._failing if self.reason_known(each) is not None)

    @property
    def _failing(self) -> list[Outcome]:
        return [each for each in self.results if each.verdict in FAILING]

    @property
    def stale(self) -> tuple[Stale, ...]:
        """The known failures that were run and no longer fail, or fail differently; each makes the run fail."""
        return stale(self.known, (each for each in self.results if each.verdict is not Verdict.NOT_RUN))

    def reason_known(self, outcome: Outcome) -> str | None:
        """Why this failure is accepted; None where it is not, or where nothing failed."""
        return next((entry.reason for entry in self.known if entry.describes(outcome)), None)

    @property
    def rows(self) -> tuple[Row, ...]:
        """One row for each claim and dtype; the links inside the spec stand in each of a claim's rows."""
        rows = []
        for claim in dict.fromkeys(outcome.claim for outcome in self.results):
            of_claim = [outcome for outcome in self.results if outcome.claim == claim]
            dtypes = [outcome.dtype for outcome in of_claim if outcome.dtype is not None] or ["exact"]
            for dtype in dtypes:
                kept = tuple(outcome for outcome in of_claim if outcome.dtype in {None, dtype})
                accepted = [self.reason_known(each) is not None for each in kept if each.verdict in FAILING]
                rows.append(Row(self.claims[claim], dtype, kept, known=bool(accepted) and all(accepted)))
        return tuple(rows)

    @property
    def uncertified_share(self) -> float:
        """The share of the entries that the target computed about which nothing was certain."""
        entries = sum(each.observation.entries for each in self.of_target)
        skipped = sum(each.observation.uncertified for each in self.of_target)
        return skipped / (entries + skipped) if skipped else 0.0

    @property
    def declined_share(self) -> float:
        """The share of the inputs drawn for the target that it declined."""
        found = [each.declined for each in self.of_target if each.declined]
        answered = sum(each.examples for each in self.of_target if not each.declined)
        drawn = answered + sum(each.drawn for each in found)
        return sum(each.count for each in found) / drawn if drawn else 0.0

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
            "interrupted": self.interrupted,
            "claims": [
                {
                    "id": row.claim.id,
                    "formula": self.stated(row.claim.id),
                    "dtype": None if row.dtype == "exact" else row.dtype,
                    "verdict": str(row.verdict),
                    "links": [_link(outcome, self.reason_known(outcome)) for outcome in row.outcomes],
                }
                for row in self.rows
            ],
            "stale": [_stale(each) for each in self.stale],
            "suggestion": None if self.suggestion is None else asdict(self.suggestion),
            "required": list(self.required),
            "unmet": [{"claim": each.claim, "dtype": each.dtype, "reason": each.reason} for each in self.unmet],
            "not_judged": {
                "claims": [{"claim": each.claim, "dtype": each.dtype} for each in self.unjudged],
                "of": len(self.of_target),
                "uncertified_share": self.uncertified_share,
                "declined_share": self.declined_share,
                **({"helpers": list(self.helpers)} if self.helpers else {}),
            },
        }

    def to_json(self) -> str:
        """``to_dict`` as text."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return text.encode("utf-8", "replace").decode("utf-8")  # a target's message may hold lone surrogates


_R = TypeVar("_R", bound=Report)


def apply_known(report: _R, known: tuple[Known, ...]) -> _R:
    """The report in which these failures are accepted, and fail the run where they no longer happen."""
    return replace(report, known=known)


def _stale(each: Stale) -> dict[str, Any]:
    return {"claim": each.entry.claim, "dtype": each.entry.dtype, "link": each.entry.link, "problem": each.problem}


def _link(outcome: Outcome, known: str | None) -> dict[str, Any]:
    threshold = outcome.observation.threshold
    return {
        "link": str(outcome.link),
        "verdict": str(outcome.verdict),
        "examples": outcome.examples,
        "worst": outcome.observation.worst,
        "detection_threshold": threshold if threshold is not None and math.isfinite(threshold) else None,
        "entries": outcome.observation.entries,
        "coq": outcome.observation.coq,
        "raised": outcome.observation.raised,
        "sizes": list(outcome.observation.sizes),
        "drawn": dict(sorted(outcome.observation.drawn.items())),
        "uncertified_share": outcome.uncertified_share,
        "reason": outcome.reason,
        "known": known,
        "declined": None if outcome.declined is None else {"share": outcome.declined.share, **asdict(outcome.declined)},
        "remembered": None if outcome.remembered is None else asdict(outcome.remembered),
        "counterexample": _counterexample(outcome.finding),
    }


def _counterexample(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "message": finding.message,
        "index": None if finding.index is None else list(finding.index),
        **({"together": [list(place) for place in finding.together]} if finding.together else {}),
        "expected": finding.expected,
        "got": finding.got,
        "error_in_bounds": finding.error_in_bounds,
        "error_in_ulps": finding.error_in_ulps,
        "usage": finding.usage,
        "diagnosis": None if finding.diagnosis is None else asdict(finding.diagnosis),
        "judged": None if finding.judged is None else _judged(finding.judged),
        "inputs": finding.inputs,
    }


def _judged(judged: Judged) -> dict[str, Any]:
    """Every entry of the refuted output; JSON has no infinity, so an infinite ratio is the string ``inf``."""
    ratio = [["inf" if entry is not None and math.isinf(entry) else entry for entry in row] for row in judged.ratio]
    return {"computed": judged.computed, "exact": judged.exact, "radius": judged.radius, "ratio": ratio}

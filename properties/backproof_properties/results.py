"""What a run finds: links, verdicts, and the records that reports are made of. Plain data, picklable."""

from __future__ import annotations

import enum
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Link(enum.StrEnum):
    """A link of the chain of trust."""

    JACOBIAN = "definition → Jacobian"
    FORMULA = "Jacobian → formula"
    PROOF = "definition ⊢ formula"
    IMPLEMENTATION = "formula → implementation"


class Verdict(enum.StrEnum):
    """What became of a property, worst last."""

    HOLDS = "holds"
    UNSUPPORTED = "unsupported"
    UNCERTIFIED = "uncertified"
    NOT_RUN = "not run"
    ERROR = "error"
    REFUTED = "refuted"


FAILING = frozenset({Verdict.REFUTED, Verdict.ERROR, Verdict.UNCERTIFIED})


@dataclass
class Observation:
    """What one example showed: entries judged, entries about which nothing is certain, and the worst of them.

    ``worst`` is error ÷ bound for an implementation, and the relative deviation for the links inside the spec.
    ``thresholds`` holds, for each array judged, the median over its normal entries of the relative error that is sure
    to be refuted there: twice the bound over the exact value. ``coq``: which Coq accepted the same proof, of a proof.
    ``raised``: how often an exception was admitted in place of numbers, some of which overflow.
    ``drawn`` counts the examples that held each regime (``coverage``); ``sizes``: those of all dimensions.
    """

    entries: int = 0
    uncertified: int = 0
    worst: float = 0.0
    thresholds: list[float] = field(default_factory=list)
    coq: str | None = None
    raised: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    sizes: tuple[int, ...] = ()

    def add(self, other: Observation) -> None:
        """Merge another observation into this one."""
        self.entries += other.entries
        self.uncertified += other.uncertified
        self.worst = max(self.worst, other.worst)
        self.thresholds.extend(other.thresholds)
        self.coq = other.coq or self.coq
        self.raised += other.raised
        self.drawn.update(other.drawn)
        self.sizes = tuple(sorted({*self.sizes, *other.sizes}))

    @property
    def threshold(self) -> float | None:
        """The median of the thresholds: in half of the arrays, half of the entries betray such a relative error."""
        return statistics.median(self.thresholds) if self.thresholds else None


@dataclass(frozen=True)
class Judged:
    """Every entry of the output that was refuted, in the spec's layout: rows of decimal strings, and error ÷ bound.

    A ratio is None where nothing is certain, and infinite where a bound of 0, or a finite value, was missed.
    """

    computed: list[list[str]]
    exact: list[list[str]]
    radius: list[list[str]]
    ratio: list[list[float | None]]


UNDIAGNOSED = "undiagnosed"
"""The cause, where looking for it fails: it is none by which a failure is known."""


@dataclass(frozen=True)
class Diagnosis:
    """What reproduces the wrong numbers: a cause, in words, and the line that would declare it if it is meant."""

    cause: str
    sentence: str
    declare: str | None = None


@dataclass(frozen=True)
class Asked:
    """What was asked for of an operation that is a definition: an output of this shape.

    ``outputs``: what each function returns.
    """

    shape: tuple[int, ...]
    outputs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Finding:
    """A counterexample: where, what was expected, what came, and the inputs that show it.

    ``usage`` says how the call was made where that was not the plain way: arguments in another memory layout, after
    other calls. ``calls`` are those that were made (``impl``'s ``Call``), the last of them judged; ``tries`` how often
    they have to be made where that decides. ``judged`` holds all entries, where an array was judged and is small enough
    to be shown; ``bound`` is that of the entry at ``index``, or of the sum of those at the places ``together``.
    """

    message: str
    output: str
    inputs: dict[str, Any]
    index: tuple[int, ...] | None = None
    expected: str | None = None
    got: str | None = None
    error_in_bounds: str | None = None
    error_in_ulps: str | None = None
    usage: str | None = None
    judged: Judged | None = None
    diagnosis: Diagnosis | None = None
    calls: tuple[Any, ...] = ()
    bound: str | None = None
    tries: int = 1
    asked: Asked | None = None
    together: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Declines:
    """Inputs drawn within the limits that the target declined: how many of how many, and the smallest of them.

    ``limit`` is the declaration, if there is one, that admits what was answered and nothing of what was declined.
    """

    count: int
    drawn: int
    reason: str
    inputs: dict[str, Any]
    usage: str | None = None
    limit: str | None = None

    @property
    def share(self) -> float:
        """The share of what was drawn."""
        return self.count / self.drawn if self.drawn else 0.0

    def __str__(self) -> str:
        """``3 of 100 inputs drawn (3.0%): no zeros, please``."""
        limit = f"; --declare {self.limit} would say so" if self.limit else ""
        share = f"{self.count} of {self.drawn} inputs drawn ({self.share:.1%})"
        return f"{share if self.count else 'what decides the claim'}: {self.reason}{limit}"


@dataclass(frozen=True)
class Remembered:
    """Another run, by which an outcome was found: remembered of a link inside the spec, or a block of a long one."""

    seed: int
    examples: int


@dataclass(frozen=True)
class Outcome:
    """The verdict on one link of one claim, for one dtype (None for the links inside the spec)."""

    claim: str
    link: Link
    dtype: str | None
    verdict: Verdict
    examples: int = 0
    observation: Observation = field(default_factory=Observation)
    reason: str | None = None
    finding: Finding | None = None
    declined: Declines | None = None
    remembered: Remembered | None = field(default=None, compare=False)
    block: Remembered | None = None

    @property
    def uncertified_share(self) -> float:
        """The share of entries about which nothing was certain."""
        total = self.observation.entries + self.observation.uncertified
        return self.observation.uncertified / total if total else 0.0


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; unsupported is worse than holds."""
    found = set(verdicts)
    order = [Verdict.REFUTED, Verdict.ERROR, Verdict.NOT_RUN, Verdict.UNCERTIFIED, Verdict.UNSUPPORTED, Verdict.HOLDS]
    return next((verdict for verdict in order if verdict in found), Verdict.UNSUPPORTED)

"""Runs properties with Hypothesis: generation, targeting of the worst error ÷ bound, shrinking, replay by seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from backproof_impl.conventions import DTYPES, Conventions, UsageError
from backproof_impl.target import Target
from backproof_properties import decisive, declines
from backproof_properties.arrays import Case, plain
from backproof_properties.contract import Declined, Raised, Trace, Usage
from backproof_properties.coverage import held
from backproof_properties.diagnosis import Example, diagnose, of_contract, of_memory
from backproof_properties.examples import examples
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Declines, Finding, Link, Observation, Outcome, Verdict
from backproof_properties.subject import Domain, Subject
from backproof_properties.suite import PROPERTIES

SPEC_DTYPE = "float64"
"""The links inside the spec look at no target; their inputs are float64 values."""
LARGEST_BLANK_SHARE = 0.5
"""A property most of whose examples show nothing certain has not been checked: its verdict is *uncertified*."""


@dataclass(frozen=True)
class Task:
    """One property to run: by its place in the suite, so that it can be sent to another process."""

    place: int
    dtype: str | None
    examples: int
    seed: int

    @property
    def key(self) -> tuple[str, Link, str | None]:
        """What tells its outcome from all others of a run."""
        return self.property.claim, self.property.link, self.dtype

    def outcome(self, verdict: Verdict, reason: str) -> Outcome:
        """What is to be said of it where it was not run to its end."""
        return Outcome(*self.key, verdict, reason=reason)

    @property
    def property(self) -> Property:
        """The property itself."""
        return PROPERTIES[self.place]


def tasks(claims: tuple[str, ...], dtypes: tuple[str, ...], examples: int, seed: int) -> list[Task]:
    """Everything to run for these claims: the links inside the spec once, the implementation in each dtype.

    A proof is for all shapes: one run of it says all there is to say.
    """
    return [
        Task(place, dtype, 1 if each.link is Link.PROOF else examples, seed)
        for place, each in enumerate(PROPERTIES)
        if each.claim in claims
        for dtype in (dtypes if each.link is Link.IMPLEMENTATION else (None,))
    ]


# --- one property -----------------------------------------------------------------------------------------------------


_LARGEST = 128
"""Sizes reach beyond 64, where blocked and vectorised kernels change path; differentiation affords small ones."""
_SMALLER = (1, 2, 3, 5)
"""A counterexample is looked for anew among sizes 1 to each of these: shrinking alone seldom removes a dimension."""
_FURTHER, _EXAMPLES = ((2, 5), (0, _LARGEST)), 12
"""A diagnosis is tried on this many further examples of each of these ranges of sizes."""
_ROUNDS = 16
"""What decides a claim is looked for among that many times so many small examples."""


@np.errstate(all="ignore")  # whatever a target in this process, or who calls us, has set
def run(task: Task, target: Target) -> Outcome:
    """Run one property and say what became of it."""
    each = task.property
    reason = _unsupported(each, task, target)
    if reason is not None:
        return Outcome(each.claim, each.link, task.dtype, Verdict.UNSUPPORTED, reason=reason)
    subject = Subject(target if each.functions else _NOBODY, task.dtype or SPEC_DTYPE)
    if each.link is not Link.IMPLEMENTATION:
        return _Search(each, subject, task, largest=_SMALLER[-1] if each.link is Link.JACOBIAN else _LARGEST).outcome()
    search = _Search(each, subject, task, largest=_LARGEST, phases=(Phase.generate,))
    for further in (search.decide, search.hunt):
        if search.verdict is Verdict.HOLDS:
            further()
    if search.verdict is Verdict.HOLDS:
        return search.outcome()
    for least, largest in (*((1, size) for size in _SMALLER), (0, _LARGEST)):
        smaller = _Search(each, subject, task, least=least, largest=largest)
        if smaller.verdict is not Verdict.HOLDS:
            smaller.diagnose()
            return smaller.outcome(tried_before=search.tried)
    return search.outcome()


class _Search:
    """A search for a counterexample to one property, among examples drawn independently of each other."""

    def __init__(
        self,
        each: Property,
        subject: Subject,
        task: Task,
        *,
        least: int = 0,
        largest: int,
        phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink),
    ) -> None:
        """Search at once."""
        self._each, self._subject, self._task = each, subject, task
        self._domain = Domain(subject.dtype, subject.conventions, least=least, largest=largest)
        self._seen, self.tried, self._answered, self._blank, self._not_offered = Observation(), 0, 0, 0, 0
        self.verdict = Verdict.HOLDS
        self._finding: Finding | None = None
        self._first: Finding | None = None
        self._died: _Failed | None = None
        self._tally = declines.Tally()
        computed = each.link is Link.IMPLEMENTATION
        self._undecided = decisive.of_claim(each.claim, subject.conventions) if computed else ()
        self._last: Example | None = None
        self._latest: float | None = None
        self._aside = False
        """Are the examples of now drawn for a purpose? Shares are counted among the others."""
        self._run(task.examples, phases, backend=_INDEPENDENT)

    def decide(self) -> None:
        """Judge an example of each kind that decides the claim and has not been judged yet."""
        self._aside = True
        domain = replace(self._domain, least=0, largest=_SMALLER[-1])
        for number in range(_ROUNDS if self._answered else 0):
            if not self._undecided or self._not_offered:
                return
            task = replace(self._task, examples=_EXAMPLES, seed=self._task.seed + number)
            for case, usage in drawn(self._each, domain, task):
                if any(kind.holds(case) for kind in self._undecided):
                    failure = self._failure(case, usage)
                    if failure is not None:
                        self.verdict = Verdict.REFUTED if isinstance(failure, Refuted) else Verdict.ERROR
                        self._finding = failure.finding
                        return

    def hunt(self) -> None:
        """Climb towards the worst error ÷ bound, for half as many examples again."""
        self._aside = True
        self._run(max(1, self._task.examples // 2), (Phase.generate, Phase.target), backend=_MUTATING)

    def _run(self, examples: int, phases: tuple[Phase, ...], backend: str) -> None:
        test = _hypothesis(self._check, self._each, self._domain, self._task, examples, phases, backend)
        try:
            with _without_constants():
                test()
        except hypothesis.errors.Flaky:
            self.verdict, first = Verdict.REFUTED, self._first or Finding("", self._each.claim, {})
            self._finding = replace(first, message=f"answers differ for the same inputs; once: {first.message}")
        except Refuted as refuted:
            self.verdict, self._finding = Verdict.REFUTED, refuted.finding
        except _Failed as failed:
            self.verdict, self._finding = Verdict.ERROR, failed.finding

    def _check(self, case: Case, usage: Usage) -> None:
        failure = self._died or self._failure(case, usage)
        if failure is not None:
            raise failure  # from one place: by it Hypothesis tells failures apart
        if self._each.link is Link.IMPLEMENTATION and self._latest is not None:
            hypothesis.target(self._latest, label="error ÷ bound")

    def _failure(self, case: Case, usage: Usage) -> Refuted | _Failed | None:
        """What is wrong on this example. Where the target's process hung or ended it is not asked again."""
        self.tried += 1
        self._latest = None
        if self._each.functions:
            self._seen.drawn.update(held(self._each.claim, case, usage, self._domain.format))
        failure: Refuted | _Failed
        trace = Trace()
        try:
            found = self._each.check(case, replace(self._subject, usage=usage, trace=trace))
        except Refuted as refuted:
            failure = Refuted(self._told(refuted.finding, case, usage, trace))
        except Raised as raised:
            failure = _Failed(self._told(Finding(str(raised), self._each.claim, {}), case, usage, trace))
            self._died = failure if raised.died else None
        except Declined as declined:
            self.tried -= 1
            self._tally.decline(case, usage, str(declined), aside=self._aside)
            return None
        else:
            self._take(case, usage, found)
            return None
        self._first, self._last = self._first or failure.finding, (case, usage)
        return failure

    def _take(self, case: Case, usage: Usage, found: Observation | None) -> None:
        if found is None:
            self._not_offered += 1
            return
        if not self._aside:
            self._answered += 1
            self._tally.answered.append((case, usage))
            self._blank += found.uncertified > 0 and found.entries == 0
        if found.entries:
            self._undecided = tuple(kind for kind in self._undecided if not kind.holds(case))
        self._seen.add(found)
        self._latest = found.worst

    def _told(self, finding: Finding, case: Case, usage: Usage, trace: Trace) -> Finding:
        inputs = {name: plain(value) for name, value in case.items()}
        return replace(finding, inputs=inputs, usage=usage.described(self._each.functions), calls=tuple(trace.calls))

    def diagnose(self) -> None:
        """Say which mistake reproduces the wrong numbers, tried on further examples of all sizes."""
        if self._finding is None or self._last is None:
            return
        found = of_contract(self._finding)
        if self.verdict is Verdict.ERROR:
            found = None if self._died else of_memory(self._each, self._subject, self._last)
        elif found is None and self._finding.judged is not None:
            domains = [replace(self._domain, least=least, largest=largest) for least, largest in _FURTHER]
            further = [
                case
                for domain in domains
                for case, _ in drawn(self._each, domain, replace(self._task, examples=_EXAMPLES))
            ]
            found = diagnose(self._each, self._subject, self._last, further)
        self._finding = replace(self._finding, diagnosis=found)

    def outcome(self, tried_before: int = 0) -> Outcome:
        """What was found."""
        declined = self._tally.found(self._each.functions)
        verdict, reason = self.verdict, None
        if verdict is Verdict.HOLDS:
            verdict, reason = self._worth(declined)
        tried = self.tried + tried_before
        return Outcome(*self._task.key, verdict, tried, self._seen, reason, self._finding, declined)

    def _worth(self, declined: Declines | None) -> tuple[Verdict, str | None]:
        """What it is worth that no counterexample was found, and why it is not worth more."""
        each = self._each
        output = _OUTPUT_OF_CLAIM.get(each.claim)
        if 0 < self._not_offered < self.tried:
            return Verdict.REFUTED, (
                f"{each.functions[0]} returns {output} for some inputs and not for others: expected always or never"
            )
        if self._not_offered:
            return Verdict.UNSUPPORTED, f"{each.functions[0]} returns no {output}"
        if declined and not self._answered:
            return Verdict.UNSUPPORTED, f"the target declines: {declined.reason}"
        doubts = []
        if self._blank > LARGEST_BLANK_SHARE * self._answered:
            doubts += [f"{self._blank} of {self._answered} examples show nothing certain"]
        if declined and declined.share > declines.LARGEST_SHARE:
            doubts += [f"the target declines {declined}; what it does not handle is declared as limits"]
        if self._undecided:
            doubts += [f"never judged, though the claim is decided there: {', '.join(k.name for k in self._undecided)}"]
        return (Verdict.UNCERTIFIED, "; ".join(doubts)) if doubts else (Verdict.HOLDS, None)


def drawn(each: Property, domain: Domain, task: Task) -> list[Example]:
    """As many examples as the task says, with its seed; none of them is judged."""
    found: list[Example] = []
    collect = lambda case, usage: found.append((case, usage))  # noqa: E731 - one line
    with _without_constants():
        _hypothesis(collect, each, domain, task, task.examples, (Phase.generate,), _INDEPENDENT)()
    return found


_OUTPUT_OF_CLAIM = {"network.forward": "loss", "network.dX": "dX"}
"""The outputs of ``network_gradients`` that a target may leave out."""


class _Failed(Exception):
    """The target raised, with the example on which it did."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


_NOBODY = Target("the spec", {}, Conventions())
"""The subject of the links inside the spec: no functions, the notes' conventions."""


def _unsupported(each: Property, task: Task, target: Target) -> str | None:
    missing = [name for name in each.functions if name not in target.functions]
    if missing:
        return f"the target offers no {missing[0]}"
    if task.property.claim in {"linear.db", "network.db"} and task.dtype and not target.conventions.limits.biases:
        return "the target declares that it has no biases"
    if each.claim == "chain.rule" and each.functions and target.conventions.scale:
        return "the target declares scaled outputs, which do not compose"
    if task.dtype is not None and task.dtype not in target.conventions.limits.dtypes:
        return f"the target declares dtypes {', '.join(target.conventions.limits.dtypes)}"
    return None


_INDEPENDENT, _MUTATING = "backproof-independent", "hypothesis"
"""Backends: Hypothesis mutates earlier examples only under its own name, and climbs towards a target only there."""


class Seeded(HypothesisProvider):
    """Hypothesis's own draws, without the constants of whatever modules are loaded: the seed alone decides.

    Under a name of its own it is not asked for mutations either: of 100 examples those leave about 20 that differ much.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        """No constant."""


@contextmanager
def _without_constants() -> Iterator[None]:
    """Both backends draw from the seed alone."""
    before = AVAILABLE_PROVIDERS[_MUTATING]
    AVAILABLE_PROVIDERS.update(dict.fromkeys((_INDEPENDENT, _MUTATING), f"{__name__}.{Seeded.__name__}"))
    try:
        yield
    finally:
        AVAILABLE_PROVIDERS[_MUTATING] = before


def _hypothesis(
    check: Callable[[Case, Usage], None],
    each: Property,
    domain: Domain,
    task: Task,
    number: int,
    phases: tuple[Phase, ...],
    backend: str,
) -> Callable[[], None]:
    """``check`` under Hypothesis: reproducible from the seed, silent, shrinking to one smallest counterexample."""
    AVAILABLE_PROVIDERS.setdefault(_INDEPENDENT, f"{__name__}.{Seeded.__name__}")
    settings = hypothesis.settings(
        max_examples=number,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=phases,
        verbosity=Verbosity.quiet,
        print_blob=False,
        backend=backend,
    )
    key = f"{task.seed}/{each.id}/{task.dtype}/{domain.least}-{domain.largest}"
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    drawn = examples(each.cases(domain), each.functions, domain)
    test: Callable[[], None] = hypothesis.seed(seed)(settings(hypothesis.given(drawn)(lambda example: check(*example))))
    return test


def require_whole(name: str, value: Any, least: int) -> None:
    """Refuse anything but a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"{name} is {value!r}, expected a whole number of at least {least}"
        raise UsageError(msg)


def dtypes_named(names: Iterable[str]) -> tuple[str, ...]:
    """The number formats of these names, each once. Raises ``UsageError`` for an unknown one."""
    chosen = tuple(dict.fromkeys(names))
    unknown = [name for name in chosen if name not in DTYPES]
    if unknown:
        msg = f"dtype {unknown[0]!r} is not known, expected some of {', '.join(DTYPES)}"
        raise UsageError(msg)
    return chosen


def supported_dtypes(target: Target, requested: tuple[str, ...] | None) -> tuple[str, ...]:
    """The dtypes to run: those requested, else float64 where the target declares it, else the first it declares."""
    declared = target.conventions.limits.dtypes
    return requested or ((SPEC_DTYPE,) if SPEC_DTYPE in declared else declared[:1])

"""Runs properties with Hypothesis: generation, targeting of the worst error ÷ bound, shrinking, replay by seed."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import Target
from backproof_properties.arrays import Case, plain
from backproof_properties.contract import Raised
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Finding, Link, Observation, Outcome, Verdict
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
    def property(self) -> Property:
        """The property itself."""
        return PROPERTIES[self.place]


def tasks(claims: tuple[str, ...], dtypes: tuple[str, ...], examples: int, seed: int) -> list[Task]:
    """Everything to run for these claims: the links inside the spec once, the implementation in each dtype."""
    return [
        Task(place, dtype, examples, seed)
        for place, each in enumerate(PROPERTIES)
        if each.claim in claims
        for dtype in (dtypes if each.link is Link.IMPLEMENTATION else (None,))
    ]


def run_all(
    planned: list[Task], source: Any, conventions: Conventions | None, workers: int, done: Callable[[Outcome], None]
) -> list[Outcome]:
    """Every outcome in the order of ``planned``; ``done`` is called as each arrives.

    With several workers ``source`` must be something each process can load by itself (a path or a name).
    """
    if workers > 1 and not isinstance(source, str | Path):
        kind = type(source).__name__
        msg = f"workers is {workers}: processes load a target by its path or a name, this is a {kind}: use workers=1"
        raise UsageError(msg)
    if workers == 1 or len(planned) == 1:
        target = as_target(source, conventions)
        return [_announced(run(task, target), done) for task in planned]
    context = get_context("spawn")  # a forked child of a process with a framework's threads may hang
    found: dict[int, Outcome] = {}
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_load, initargs=(source, conventions))
    try:
        futures = {pool.submit(_run_loaded, task): number for number, task in enumerate(planned)}
        for future in as_completed(futures):
            found[futures[future]] = _announced(future.result(), done)
    except BrokenProcessPool:
        pass  # what is missing below is reported as an error, what was found is kept
    finally:
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - an interrupted run leaves no worker behind
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
    return [found.get(number, _lost(task)) for number, task in enumerate(planned)]


def _lost(task: Task) -> Outcome:
    reason = "a worker process died before this was judged: run again with -n 1 to see what the target does"
    return Outcome(task.property.claim, task.property.link, task.dtype, Verdict.ERROR, reason=reason)


def _announced(outcome: Outcome, done: Callable[[Outcome], None]) -> Outcome:
    done(outcome)
    return outcome


_LOADED: list[Target] = []


def _load(source: Any, conventions: Conventions | None) -> None:
    """In a worker process: load the target once; an interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _LOADED[:] = [as_target(source, conventions)]


def _run_loaded(task: Task) -> Outcome:
    return run(task, _LOADED[0])


# --- one property -----------------------------------------------------------------------------------------------------


_LARGEST = 128
"""Sizes reach beyond 64, where blocked and vectorised kernels change path; differentiation affords small ones."""
_SMALLER = (1, 2, 3, 5)
"""A counterexample is looked for anew among sizes 1 to each of these: shrinking alone seldom removes a dimension."""


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
    if search.verdict is Verdict.HOLDS:
        search.hunt()
    if search.verdict is Verdict.HOLDS:
        return search.outcome()
    for least, largest in (*((1, size) for size in _SMALLER), (0, _LARGEST)):
        smaller = _Search(each, subject, task, least=least, largest=largest)
        if smaller.verdict is not Verdict.HOLDS:
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
        self._seen, self.tried, self._hunted, self._blank, self._not_offered = Observation(), 0, 0, 0, 0
        self.verdict = Verdict.HOLDS
        self._finding: Finding | None = None
        self._first: Finding | None = None
        self._hunting = False
        self._run(task.examples, phases, backend=_INDEPENDENT)

    def hunt(self) -> None:
        """Climb towards the worst error ÷ bound, for half as many examples again."""
        drawn, self._hunting = self.tried, True
        self._run(max(1, self._task.examples // 2), (Phase.generate, Phase.target), backend=_MUTATING)
        self._hunted = self.tried - drawn

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

    def _check(self, case: Case) -> None:
        self.tried += 1
        try:
            found = self._each.check(case, self._subject)
        except Refuted as refuted:
            finding = replace(refuted.finding, inputs=_inputs(case))
            self._first = self._first or finding
            raise Refuted(finding) from None
        except Raised as raised:
            finding = Finding(str(raised), self._each.claim, _inputs(case))
            self._first = self._first or finding
            raise _Failed(finding) from None
        if found is None:
            self._not_offered += 1
            return
        if not self._hunting:
            self._blank += found.uncertified > 0 and found.entries == 0
        self._seen.add(found)
        if self._each.link is Link.IMPLEMENTATION:
            hypothesis.target(found.worst, label="error ÷ bound")

    def outcome(self, tried_before: int = 0) -> Outcome:
        """What was found."""
        each, verdict, reason = self._each, self.verdict, None
        if verdict is Verdict.HOLDS and 0 < self._not_offered < self.tried:
            output = (
                f"{each.functions[0]} returns {_LAST[each.claim.partition('.')[2]]} for some inputs and not for others"
            )
            verdict, reason = Verdict.REFUTED, f"{output}: expected always or never"
        elif verdict is Verdict.HOLDS and self._not_offered:
            verdict, reason = (
                Verdict.UNSUPPORTED,
                f"{each.functions[0]} returns no {_LAST[each.claim.partition('.')[2]]}",
            )
        elif verdict is Verdict.HOLDS and self._blank > LARGEST_BLANK_SHARE * (self.tried - self._hunted):
            drawn = self.tried - self._hunted
            verdict, reason = Verdict.UNCERTIFIED, f"{self._blank} of {drawn} examples show nothing certain"
        tried = self.tried + tried_before
        return Outcome(each.claim, each.link, self._task.dtype, verdict, tried, self._seen, reason, self._finding)


_LAST = {"forward": "loss", "dX": "dX", "dW": "dW", "db": "db"}
"""The output of ``network_gradients`` that each claim of the network looks at."""


class _Failed(Exception):
    """The target raised, with the example on which it did."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


_NOBODY = Target("the spec", {}, Conventions())
"""The subject of the links inside the spec: no functions, the notes' conventions."""


def _inputs(case: Case) -> dict[str, Any]:
    return {name: plain(value) for name, value in case.items()}


def _unsupported(each: Property, task: Task, target: Target) -> str | None:
    missing = [name for name in each.functions if name not in target.functions]
    if missing:
        return f"the target offers no {missing[0]}"
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
    check: Callable[[Case], None],
    each: Property,
    domain: Domain,
    task: Task,
    examples: int,
    phases: tuple[Phase, ...],
    backend: str,
) -> Callable[[], None]:
    """``check`` under Hypothesis: reproducible from the seed, silent, shrinking to one smallest counterexample."""
    AVAILABLE_PROVIDERS.setdefault(_INDEPENDENT, f"{__name__}.{Seeded.__name__}")
    settings = hypothesis.settings(
        max_examples=examples,
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
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    test: Callable[[], None] = hypothesis.seed(number)(settings(hypothesis.given(each.cases(domain))(check)))
    return test


def supported_dtypes(target: Target, requested: tuple[str, ...] | None) -> tuple[str, ...]:
    """The dtypes to run: those requested, else float64 where the target declares it, else the first it declares."""
    declared = target.conventions.limits.dtypes
    return requested or ((SPEC_DTYPE,) if SPEC_DTYPE in declared else declared[:1])

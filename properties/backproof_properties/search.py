"""A search for a counterexample to one property: examples of every kind, and what is said of what fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

import hypothesis

from backproof_impl.calling import Call, perform
from backproof_impl.conventions import Conventions
from backproof_properties import decisive, declines, doubts
from backproof_properties.arrays import Case, plain, sizes
from backproof_properties.contract import PLAIN, Declined, Raised, Trace, Usage, calls, in_words, others
from backproof_properties.coverage import held
from backproof_properties.diagnosis import Example, diagnose, of_contract, of_order, of_raised, of_ties
from backproof_properties.drawing import candidates, drawn, swept
from backproof_properties.history import Failed, Failing, after_calls, after_log
from backproof_properties.judge import Refuted
from backproof_properties.property import Property, Unsettled
from backproof_properties.results import (
    UNDIAGNOSED,
    Asked,
    Declines,
    Diagnosis,
    Finding,
    Link,
    Observation,
    Outcome,
    Verdict,
)
from backproof_properties.seeded import under_hypothesis
from backproof_properties.smaller import smaller
from backproof_properties.source import Unfit
from backproof_properties.subject import Domain, Subject
from backproof_properties.tasks import Task

LARGEST = 128
"""Sizes reach beyond 64, where blocked and vectorised kernels change path; differentiation affords small ones."""
SMALLER = (1, 2, 3, 5)
"""A counterexample is looked for anew among sizes 1 to each of these: shrinking alone seldom removes a dimension."""
_TRIES = 150
"""Smaller counterexamples that are tried after that, without a row, a column or a layer, or with plainer numbers."""
_RESTARTS = 40
"""As many where each is tried in a process of its own."""
_TIMES, _OFTEN, _FEW = 3, 50, 3
"""Where answers differ an example is tried thrice, and a reproducer fifty times; elsewhere few further examples are."""
_FURTHER, _EXAMPLES, _AGAIN = ((5, 2), (LARGEST, 0)), 12, 9
"""A diagnosis draws so many examples of each of these sizes, at most and at least, and up to so many times."""
_BESIDE = 4
"""One of so many examples is tried in another format, too."""
_SLOW = 8
"""One of so many examples of all sizes is judged where that takes exact values."""
_MEASURED = 20
"""Of so many arrays it is measured how small an error is detected; of others only that they are within their bounds."""
_ROUNDS = 16
"""What decides a claim is looked for among that many times so many examples, small ones or long ones."""


class Search:
    """A search for a counterexample to one property, among examples drawn independently of each other."""

    def __init__(self, each: Property, subject: Subject, task: Task, largest: int, least: int = 0) -> None:
        """Nothing is tried yet; ``largest`` and ``least``: sizes of the examples."""
        self._each, self.subject, self._task = each, subject, task
        self._domain = Domain(subject.dtype, subject.conventions, largest, least, subject.target.signatures)
        self._seen, self.tried, self._fit, self._answered, self._blank = Observation(), 0, 0, 0, 0
        self._not_offered = 0
        self.verdict = Verdict.HOLDS
        self._finding: Finding | None = None
        self._first: Failing | None = None
        self._died: Failed | None = None
        self._tally = declines.Tally()
        computed = each.link is Link.IMPLEMENTATION
        kinds = decisive.of_claim(each.claim, subject.conventions, task.examples) if computed else ()
        self._undecided = {kind: kind.times for kind in kinds}
        self._last: Failing | None = None
        self._afresh, self._before = False, tuple[Call, ...]()
        self._unsettled: str | None = None
        self._aside, self._elsewhere = False, task.dtype not in {None, subject.dtype}
        """Are the examples of now drawn for a purpose, or in another format? Shares are counted among the others."""

    def searched(self) -> Search:
        """The same, after it has looked at as many examples as were asked for."""
        self._fails_at(candidates(self._each, self._domain, self._task), self._task.examples)
        if not self._fit:
            self._unsettled = self._unsettled or _NO_VALUES
        return self

    def shrunk(self) -> Search:
        """The same, with what fails made as small as Hypothesis can."""
        test = under_hypothesis(self._check, self._each, self._domain, self._task)
        try:
            test()
        except hypothesis.errors.Flaky:
            self._differs()
        except Refuted as refuted:
            self.verdict, self._finding = Verdict.REFUTED, refuted.finding
        except Failed as failed:
            self.verdict, self._finding = Verdict.ERROR, failed.finding
        except hypothesis.errors.Unsatisfiable:
            pass  # no smaller one is fit
        return self

    def decide(self) -> None:
        """Judge examples of each kind that decides the claim and has not been judged yet."""
        self._aside = True
        domains = (replace(self._domain, least=0, largest=SMALLER[-1]), replace(self._domain, long=True))
        for number, domain in product(range(_ROUNDS if self._answered else 0), domains):
            if self._not_offered or all(kind.long is not domain.long for kind in self._undecided):
                continue
            task = replace(self._task, examples=_EXAMPLES, seed=self._task.seed + number)
            further = drawn(self._each, domain, task)
            if self._fails_at(
                (case, usage)
                for case, usage in further
                if any(kind.long is domain.long and kind.holds(case) for kind in self._undecided)
            ):
                return

    def sweep(self) -> None:
        """Judge examples of all sizes: as many of them as were asked for of a hundred."""
        if self._each.sweeps and self._answered:
            self._aside, subject = True, self.subject
            self.subject = replace(subject, swift=True)
            many = self._task.examples // (1 if self._each.quick(subject) else _SLOW)
            self._fails_at(swept(self._each, self._domain, replace(self._task, examples=many)))
            self.subject = subject

    def beside(self) -> None:
        """Judge a few examples in another format. What is no number of it says that the target does not keep to it.

        Nothing of that is left where it finds nothing: a process that ended there is as good as one that did not.
        """
        kept, target, died = dict(vars(self)), self.subject.target, set(self.subject.target.died)
        if self._task.beside is None or not self._answered:
            return
        task = replace(self._task, dtype=self._task.beside, examples=max(1, self._task.examples // _BESIDE))
        self._aside, self._elsewhere, self._domain = True, True, replace(self._domain, dtype=self._task.beside)
        self.subject = replace(self.subject, dtype=self._task.beside)
        for case, usage in drawn(self._each, self._domain, task):
            failure = self._failure(case, usage)
            if failure is not None and failure.finding.bound is not None:
                self.verdict, self._finding = Verdict.REFUTED, failure.finding
                return
            if failure is not None:
                break
        tried = self.tried
        vars(self).update(kept)
        self.tried = tried
        target.died.clear()
        target.died.update(died)

    def _fails_at(self, examples: Iterable[Example], most: int | None = None) -> bool:
        """Is one of these, of ``most`` that are fit, refuted or an error? If not so again, answers differ."""
        last = None if most is None else self._fit + most
        for case, usage in examples:
            try:
                failure = self._failure(case, usage)
            except Unfit:
                self.tried -= 1
                continue
            self._fit += 1
            if failure is not None:
                self.verdict = Verdict.REFUTED if isinstance(failure, Refuted) else Verdict.ERROR
                self._finding = failure.finding
                if self._died is None and self._failure(case, usage) is None:
                    self._differs()
                return True
            if self._fit == last:
                break
        return False

    def _check(self, case: Case, usage: Usage) -> None:
        try:
            failure = self._died or self._failure(case, usage)
        except Unfit:
            self.tried -= 1
            hypothesis.reject()
        if failure is not None:
            raise failure  # from one place: by it Hypothesis tells failures apart

    def _failure(self, case: Case, usage: Usage) -> Refuted | Failed | None:
        """What is wrong on this example. Where the target's process hung or ended it is not asked again."""
        self.tried += 1
        if self._each.functions:
            self._seen.drawn.update(held(self._each.claim, case, usage, self._domain.format))
        failure: Refuted | Failed
        trace, before = Trace(), tuple(self.subject.target.made)
        swift = self.subject.swift or min(self._answered, len(self._seen.thresholds)) >= _MEASURED
        try:
            found = self._checked(case, replace(self.subject, usage=usage, trace=trace, swift=swift))
        except Refuted as refuted:
            failure = Refuted(self._told(refuted.finding, case, usage, trace))
        except Raised as raised:
            failure = Failed(self._told(Finding(str(raised), self._each.claim, {}), case, usage, trace))
            self._died = failure if raised.died else None
        except Unsettled as unsettled:
            self._unsettled = str(unsettled)
            return None
        except Declined as declined:
            self.tried -= 1
            if not self._elsewhere:
                self._tally.decline(case, usage, str(declined), aside=self._aside)
            return None
        else:
            self._take(case, usage, replace(found, thresholds=[]) if found and swift else found)
            return None
        self._last = Failing(case, usage, failure, before)
        self._first = self._first or self._last
        return failure

    def _checked(self, case: Case, subject: Subject) -> Observation | None:
        """The property's check; where calls before it matter, in a target started afresh and after those calls."""
        if self._afresh and subject.target.restart is not None:
            subject.target.restart()
            if self._before:
                perform(subject.target, self._before)
        return self._each.check(case, subject)

    def _take(self, case: Case, usage: Usage, found: Observation | None) -> None:
        if self._elsewhere:
            return
        if found is None:
            self._not_offered += 1
            return
        if not self._aside:
            self._answered += 1
            self._tally.answered.append((case, usage))
            self._blank += found.uncertified > 0 and found.entries == 0
        if found.entries:
            found.sizes = sizes(case) if self._each.functions else ()
            left = {kind: times - kind.holds(case) for kind, times in self._undecided.items()}
            self._undecided = {kind: times for kind, times in left.items() if times}
        self._seen.add(Observation(worst=found.worst, sizes=found.sizes) if self.subject.swift else found)

    def _told(self, finding: Finding, case: Case, usage: Usage, trace: Trace) -> Finding:
        calls = (*self._before, *trace.after(len(self._before)))
        words = [in_words(len(self._before)), usage.described(self._each.functions, self._each.signatures)]
        words += [f"inputs in {self.subject.dtype}"] if self._elsewhere else []
        table, like = self.subject.target.signatures, trace.like
        asked = Asked(like.shape, {each.function: table[each.function].outputs for each in calls}) if like else None
        return replace(
            finding, inputs=plain(case), usage="; ".join(filter(None, words)) or None, calls=calls, asked=asked
        )

    def _differs(self) -> None:
        """Say that answers differ for the same inputs."""
        self.verdict, first = Verdict.REFUTED, self._first.failure.finding if self._first else None
        if first is not None:
            message = f"answers differ for the same inputs; once: {first.message}"
            self._finding = replace(first, message=message, tries=_OFTEN)

    def _fails(self, case: Case, usage: Usage, before: tuple[Call, ...] = ()) -> bool:
        """Does it fail, in a target started afresh, after these calls?"""
        self._before = before
        return self._failure(case, usage) is not None

    def settle(self, search: Search) -> None:
        """What fails only after other calls is reported with them: with the fewest that do it."""
        target, functions, first = self.subject.target, self._each.functions, search._first
        last = self._last or first
        if target.restart is None or self._died is not None or last is None or first is None:
            return
        self._afresh = True
        flaky = self._finding is not None and self._finding.tries > 1
        case, usage = last.case, last.usage
        if not usage.history and all(self._fails(case, usage) for _ in range(_TIMES if flaky else 1)):
            self._take_over()
            self._afresh = False
            return
        drawn = self._further(replace(self._domain, least=1, largest=SMALLER[1]))
        examples = [(case, usage), *((other, PLAIN) for other in drawn[: _FEW if target.elsewhere else None])]
        examples.append((first.case, first.usage))
        most = max(len(calls(target, name, case, Usage(history=True))) for name in functions) - 1
        found = after_calls(examples, most, self._fails)
        if found is None:
            self._before = after_log(first.before, lambda made: self._fails(first.case, first.usage, made))
            found = (first.case, first.usage) if self._before else None
        if found is not None:
            usage = replace(PLAIN, history=found[1].history, earlier=found[1].earlier)
            found = (found[0], usage) if self._fails(found[0], usage, self._before) else found
        if found is not None and all(self._fails(*found, self._before) for _ in range(_TIMES)):
            self._take_over()
        else:
            self._afresh = False
            self._differs()

    def _take_over(self) -> None:
        """The last failure seen is the one that is reported."""
        if self._last is not None:
            self._finding = self._last.failure.finding
            self.verdict = Verdict.REFUTED if isinstance(self._last.failure, Refuted) else Verdict.ERROR

    def plainly(self) -> None:
        """What fails in the plain way to call, too, is reported in it."""
        last = self._last
        if last is None or self._finding is None or self._died is not None or self._afresh or last.usage == PLAIN:
            return
        if self._finding.tries == 1 and self._failure(last.case, PLAIN) is not None:
            self._take_over()

    def reduce(self) -> None:
        """Leave out of the counterexample what it does not need."""
        if self._last is None or self._finding is None or self._died is not None or self._finding.tries > 1:
            return
        usage, kept = self._last.usage, self._last.failure

        def fails(other: Case) -> bool:
            if not self._each.admits(other):
                return False
            found = self._failure(other, usage)
            if found is None or type(found) is not type(kept):
                return False
            return (found.finding.bound is None) == (kept.finding.bound is None)

        tries = _RESTARTS if self._afresh and self.subject.target.elsewhere else _TRIES
        limits = self.subject.conventions.limits
        letters = self._each.letters
        found = smaller(self._last.case, limits, fails, tries, shrunk=not self._afresh, letters=letters)
        if fails(found):
            self._take_over()

    def diagnose(self) -> None:
        """Say which mistake reproduces the wrong numbers, if that can be said: the verdict stands in any case."""
        finding, last = self._finding, self._last
        if finding is None or last is None:
            return
        try:
            diagnosis = self._diagnosis(finding, (last.case, last.usage))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said
            why = f"{type(error).__name__}: {error}; the verdict stands"
            diagnosis = Diagnosis(UNDIAGNOSED, f"none: looking for a cause ended in {why}")
        self._finding = replace(finding, diagnosis=diagnosis)

    def _diagnosis(self, finding: Finding, last: Example) -> Diagnosis | None:
        found, each = of_contract(finding), replace(self._each, check=self._checked)
        if self.verdict is Verdict.ERROR:
            return None if self._died else of_raised(each, self.subject, last, self._admitted)
        if found is None and self._before:
            return Diagnosis("history", "right on its own, wrong after other calls: something is kept between calls")
        if found is None and _OF_SHAPE in finding.message and not finding.judged:
            return of_order(each, self.subject, self._admitted)
        if found is None and finding.together:
            return of_ties(each, self.subject, finding, last, self._admitted)
        if found is None and (finding.judged or (each.mistakes and finding.bound)):
            return diagnose(each, self.subject, last, self._admitted)
        return found

    def _further(self, domain: Domain, number: int = 0) -> list[Case]:
        """Further examples, by their number always the same ones."""
        task = replace(self._task, examples=_EXAMPLES, seed=self._task.seed + number)
        return [case for case, _ in drawn(self._each, domain, task)]

    def _admitted(self, conventions: Conventions) -> Iterator[Case]:
        """What was found first has more to tell a mistake by than what was left of it; then others of all sizes."""
        if self._first is not None and conventions == self.subject.conventions:
            yield from (self._first.case, others(self._first.case))
        for number in range(_AGAIN * 2):
            yield from self._further(Domain(self.subject.dtype, conventions, *_FURTHER[number % 2]), number)

    def outcome(self, tried_before: int = 0) -> Outcome:
        """What was found."""
        declined = self._tally.found(self._each.functions, self._each.signatures)
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
        found = doubts.of_examples(self._blank, self._answered, declined, tuple(self._undecided))
        if self._unsettled:
            return Verdict.UNCERTIFIED, "; ".join([self._unsettled, *found])
        thresholds = self._seen.thresholds if each.link is Link.IMPLEMENTATION else []
        blind, coarse = doubts.of_thresholds(thresholds, self.subject)
        found += [coarse] if blind and coarse else []
        return (Verdict.UNCERTIFIED, "; ".join(found)) if found else (Verdict.HOLDS, coarse)


_OF_SHAPE = ": shape ("
"""A breach of the contract that may be one of order."""
_NO_VALUES = "no values were found that satisfy what is supposed, away from kinks"
_OUTPUT_OF_CLAIM = {"network.forward": "loss", "network.dX": "dX"}
"""The outputs of ``network_gradients`` that a target may leave out."""

"""Which mistake reproduces the wrong numbers? Named hypotheses, tried on the counterexample and on further examples.

A diagnosis is advice, never a verdict, and is given only where it is true of everything seen. In this order: are the
answers the same for equal inputs; are they right in the plain way of calling; are the errors no more than precision
lost; is all right under another *convention*, whose line to declare is then printed (see ``declarations``); does a
formula with one thing *mistaken* give every entry of every refuted example (see ``evidence``). Where the target is
right on some examples on which the mistake would show, the diagnosis says so, and where, if a condition on the shapes
tells them apart. Of several causes that fit equally well none is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice, pairwise
from typing import TypeAlias

import numpy as np

from backproof_properties.arrays import Array, Case
from backproof_properties.contract import PLAIN, Declined, Raised, Usage, others
from backproof_properties.declarations import Further, convention, of_empty
from backproof_properties.evidence import (
    Formula,
    Seen,
    explains,
    formula_of_inputs,
    formula_of_truth,
    record,
    would_show,
)
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Diagnosis, Finding
from backproof_properties.running import Running
from backproof_properties.subject import Subject
from backproof_properties.suspected import different
from backproof_properties.suspects import ANYWHERE, OF_INPUTS, OF_TRUTH, PARAMETRIC
from backproof_properties.ties import of_shares
from backproof_properties.values import of_values, precision
from backproof_spec.rounding.formats import FORMATS

Example: TypeAlias = tuple[Case, Usage]

_TIMES = 5
"""How often equal inputs are tried, before anything is concluded from one answer."""
_FEWEST, _MOST, _FAILING = 24, 120, 6
"""A diagnosis is tried on at least so many further examples; on more, until so many are refuted, or so many tried."""
_LEAST_REFUTED = 3
"""A formula must explain the counterexample and further refuted examples, so many in all, of several shapes if any."""


def diagnose(each: Property, subject: Subject, counterexample: Example, further: Further) -> Diagnosis | None:
    """The hypothesis that reproduces what the target gives on the counterexample and on further refuted examples."""
    with np.errstate(all="ignore"):
        case, usage = counterexample
        unsteady = _unsteady(each, subject, case, usage)
        if unsteady is not None:
            return unsteady
        plain = record(each, subject, case, PLAIN)
        if plain is None or not plain.fails:
            return _of_usage(each, subject, case, usage)
        evidence = _Evidence(each, subject, plain, further)
        failing, passing = evidence.failing, evidence.passing
        return (
            precision(failing)
            or (convention(each, subject, failing, passing, further) if each.mistakes is None else None)
            or _mistake(formulas_of(each), evidence)
            or of_values(each, failing, passing)
        )


class _Evidence:
    """The examples that are refuted, the counterexample first, and those that are not; more can be drawn."""

    def __init__(self, each: Property, subject: Subject, first: Seen, further: Further) -> None:
        self._each, self._subject = each, subject
        self._cases = chain((others(first.case),), islice(further(subject.conventions), _MOST))
        self.failing, self.passing = [first], list[Seen]()
        self.more(_FEWEST)
        while (len(self.failing) < _FAILING or len({seen.shapes for seen in self.failing}) == 1) and self.more(1):
            pass

    def more(self, number: int) -> bool:
        """Draw so many further examples, if there are any."""
        drawn = list(islice(self._cases, number))
        for case in drawn:
            seen = record(self._each, self._subject, case, PLAIN)
            if seen is not None:
                (self.failing if seen.fails else self.passing).append(seen)
        return bool(drawn)


# --- equal inputs, other ways of calling ------------------------------------------------------------------------------


def _unsteady(each: Property, subject: Subject, case: Case, usage: Usage) -> Diagnosis | None:
    """Are the answers to equal inputs the same, up to what rounding may make of another order of evaluation?"""
    answers = [seen for seen in (record(each, subject, case, usage) for _ in range(_TIMES)) if seen is not None]
    if len(answers) < _TIMES:
        return None  # it raises, or breaks the contract of the call
    if not any(seen.fails for seen in answers):
        return Diagnosis("nondeterministic", "right when it is called again with equal inputs: " + _DIFFERS)
    if all(_alike(answers[0], seen) for seen in answers[1:]):
        return None
    kept = _share_kept(
        [seen for seen in (record(each, subject, case, PLAIN) for _ in range(_TIMES)) if seen is not None]
    )
    if kept is not None:
        share = "" if kept == 1 else f"{kept:.3g} times "
        words = f"adds {share}the answer of the call before: something is not reset between calls"
        return Diagnosis("accumulation", words)
    return Diagnosis("nondeterministic", "answers differ for equal inputs: " + _DIFFERS)


_DIFFERS = "something is kept between calls, drawn at random, or written by several threads at once"


def _alike(a: Seen, b: Seen) -> bool:
    if a.got.shape != b.got.shape:
        return False
    same = (a.got == b.got) | (np.isnan(a.got) & np.isnan(b.got)) | (np.abs(a.got - b.got) <= 2 * a.radius)
    return bool(same.all())


def _share_kept(answers: list[Seen]) -> float | None:
    """ρ, if each answer is the right one plus ρ times the answer before."""
    if len(answers) < _TIMES or not all(np.isfinite(seen.got).all() for seen in answers):
        return None
    first, second = answers[0], answers[1]
    place = int(np.abs(first.got).argmax())
    if first.got[place] == 0:
        return None
    share = round(float((second.got - second.exact)[place] / first.got[place]), 9)
    for before, after in pairwise(answers):
        wanted = after.exact + share * before.got
        slack = after.radius + after.rounding.u * 2**_SLACK * abs(share) * np.abs(before.got)
        if abs(share) < _LEAST_SHARE or not np.all(np.abs(after.got - wanted) <= slack):
            return None
    return share


_LEAST_SHARE = 2**-7
"""Less than this of an earlier answer is noise."""
_SLACK = 24
"""log₂ of the roundings within which ρ, taken to nine decimals, is the same in every call."""


def _of_usage(each: Property, subject: Subject, case: Case, usage: Usage) -> Diagnosis | None:
    """Right in the plain way: the one thing about the usage that makes it wrong."""
    plain = [record(each, subject, case, PLAIN) for _ in range(_TIMES)]
    if any(seen is None or seen.fails for seen in plain):
        return None
    for name, cause, words in _USAGES:
        if getattr(usage, name) != getattr(PLAIN, name):
            without = replace(usage, **{name: getattr(PLAIN, name)})
            seen = record(each, subject, case, without)
            if seen is not None and not seen.fails:
                if cause == "history":
                    return _of_history(each, subject, case, usage)
                only = replace(PLAIN, argument=usage.argument, **{name: getattr(usage, name)})
                return Diagnosis(cause, f"{words}: wrong with {only.described(each.functions) or 'the default'}")
    return Diagnosis("usage", f"right when called in the plain way: wrong with {usage.described(each.functions)}")


_USAGES: tuple[tuple[str, str, str], ...] = (
    ("history", "history", ""),
    ("stale", "history", ""),
    ("memory", "memory-layout", "right when the arguments are contiguous"),
    ("integers", "integers", "right when the arguments are floating numbers"),
    ("labels", "label-format", "right for class numbers as int64"),
)


def _of_history(each: Property, subject: Subject, case: Case, usage: Usage) -> Diagnosis:
    """Wrong only after other calls: does it give the other inputs' answer, or the sum of all answers so far?"""
    late, other = (record(each, subject, inputs, how) for inputs, how in ((case, usage), (others(case), PLAIN)))
    if late is not None and other is not None and late.got.shape == other.got.shape:
        own, their = late.numbers.truth, other.numbers.truth
        if explains(lambda _: list(their), late):
            return Diagnosis("stale-cache", "gives the answer for the inputs of an earlier call: a stale cache")
        for times, more in ((2, 1), (1, 1), (2, 0)):
            if explains(partial(_sums, own, their, times, more), late):
                return Diagnosis("accumulation", "adds to the answers of earlier calls: not reset between calls")
    return Diagnosis("history", "right on its own, wrong after other calls: something is kept between calls")


def _sums(own: list[Running], their: list[Running], times: int, more: int, _: Seen) -> list[Running]:
    return [times * right + more * other for right, other in zip(own, their, strict=True)]


def of_raised(each: Property, subject: Subject, counterexample: Example, further: Further) -> Diagnosis | None:
    """What is to be said of a target that raises, where a declaration could say it."""
    return _of_memory(each, subject, counterexample) or of_empty(each, subject, counterexample, further)


def _of_memory(each: Property, subject: Subject, counterexample: Example) -> Diagnosis | None:
    """What is to be said of a target that raises for the way its arguments lie in memory alone.

    A library may, and declares it. To refuse what is read-only is no such layout: NumPy says whether it was written to.
    """
    case, usage = counterexample
    kinds = subject.conventions.limits.memory
    said = {kind: _raised(each, subject, case, replace(usage, memory=kind)) for kind in kinds}
    taken = [kind for kind in kinds if said[kind] is None]
    if len(taken) in {0, len(kinds)}:
        return None
    if any(part in (said.get("read-only") or "") for part in _WRITTEN):
        return Diagnosis("changes-input", "writes to an argument in place: raises where that is read-only")
    refused = [kind for kind in kinds if kind not in taken]
    if refused == ["read-only"]:
        return None
    words = f"raises for arguments of this memory layout alone ({', '.join(refused)})"
    return Diagnosis(
        "memory-layout", f"{words}: declare it if the library is to be so", f"limits=memory={','.join(taken)}"
    )


_WRITTEN = ("assignment destination is read-only", "output array is read-only")
"""NumPy, where an array is written to that must not be. Other libraries want writable memory and may only read it."""


def _raised(each: Property, subject: Subject, case: Case, usage: Usage) -> str | None:
    """What it says where it raises."""
    try:
        each.check(case, replace(subject, usage=usage))
    except Raised as raised:
        return str(raised)
    except (Refuted, Declined, ZeroDivisionError):
        return None
    return None


# --- mistakes ---------------------------------------------------------------------------------------------------------

_BLOCK = 64
_CONDITIONS: tuple[tuple[str, Callable[[Array], bool]], ...] = (
    ("{} is square", lambda A: A.ndim > 1 and A.shape[0] == A.shape[1] > 1),
    ("a size of {} exceeds 64", lambda A: max(A.shape) > _BLOCK),
    ("{} has one column", lambda A: A.ndim > 1 and A.shape[1] == 1),
    ("{} has one row", lambda A: A.shape[0] == 1),
    ("{} has no entries", lambda A: A.size == 0),
)


def formulas_of(each: Property) -> Iterator[tuple[str, str, Formula]]:
    """What may be wrong with what a property is of: a cause, words and a formula each."""
    yield from _orders(each)
    if each.mistakes is not None:
        yield from each.mistakes()
        yield from ((cause, words, formula) for cause, words, formula in ANYWHERE)
    for of, table in ((formula_of_truth, OF_TRUTH), (formula_of_inputs, OF_INPUTS)):
        for cause, words, formula in table.get(each.claim, ()):
            yield cause, words, partial(of, formula)


def _orders(each: Property) -> Iterator[tuple[str, str, Formula]]:
    """Another gradient of the same call stands in its place."""
    for name, check in each.beside.items():
        (function,) = each.functions
        order = ", ".join(each.signatures[function].outputs)
        words = f"{name} stands in its place: the gradients are expected in the order {order}"
        yield "order", words, partial(_truth, replace(each, check=check))


def _truth(each: Property, seen: Seen) -> list[Running] | None:
    found = record(each, seen.subject, seen.case, PLAIN)
    return None if found is None else found.truth


def of_order(each: Property, subject: Subject, further: Further) -> Diagnosis | None:
    """What is returned in another order has mostly another shape: told by examples where it has not."""
    if not each.beside:
        return None
    with np.errstate(all="ignore"):
        found = (record(each, subject, case, PLAIN) for case in islice(further(subject.conventions), _MOST))
        wrong = list(islice((seen for seen in found if seen is not None and seen.fails), _FAILING))
        if len(wrong) < _LEAST_REFUTED:
            return None
        rows = [row for row in _orders(each) if _explained(row[2], wrong)]
        return Diagnosis(*rows[0][:2]) if len(rows) == 1 else None


def of_ties(
    each: Property, subject: Subject, finding: Finding, counterexample: Example, further: Further
) -> Diagnosis | None:
    """Of entries that do not share a gradient: the cause of what fails without it, or whether each or none gets it."""
    _, usage = counterexample
    with np.errstate(all="ignore"):
        seen = (record(each, subject, case, usage) for case in islice(further(subject.conventions), _MOST))
        first = next((example for example in seen if example is not None and example.fails), None)
    return of_shares(finding) if first is None else diagnose(each, subject, (first.case, usage), further)


def _mistake(rows: Iterable[tuple[str, str, Formula]], evidence: _Evidence) -> Diagnosis | None:
    """The formula that explains every refuted example; of several, one whose mistake shows on the fewest others."""
    formulas = list(rows)
    while True:
        tame = [seen for seen in evidence.failing if seen.tame]
        wrong = tame if evidence.failing[0].tame and len(tame) >= _LEAST_REFUTED else evidence.failing
        formulas = different([row for row in formulas if _explained(row[2], wrong)])
        found = sorted((_placed(row, wrong, evidence.passing) for row in formulas), key=lambda each: each[0])
        best = _plainest(found)
        if len({diagnosis.cause for diagnosis in best}) <= 1 or not evidence.more(_FEWEST):
            break
    sentences = list(dict.fromkeys(diagnosis.sentence for diagnosis in best))[:2]
    return Diagnosis(best[0].cause, ", or ".join(sentences)) if len({each.cause for each in best}) == 1 else None


def _plainest(found: list[tuple[tuple[int, int], Diagnosis]]) -> list[Diagnosis]:
    """Those of the best rank; without those that have a parameter, where it makes no difference."""
    best = [diagnosis for rank, diagnosis in found if rank == found[0][0]]
    plain = [diagnosis for diagnosis in best if diagnosis.cause not in PARAMETRIC]
    return plain or best


def _placed(row: tuple[str, str, Formula], wrong: list[Seen], passing: list[Seen]) -> tuple[tuple[int, int], Diagnosis]:
    """A mistake with the condition under which it is made; ranked by whether there is one, and how often it is not."""
    cause, words, formula = row
    spared = [seen for seen in passing if would_show(formula, seen)]
    where = _where(wrong, spared)
    if spared and not where:
        return (2, len(spared)), Diagnosis(cause, f"{words}, not on all inputs")
    return (len(spared) and 1, len(spared)), Diagnosis(cause, words + where)


def _explained(formula: Formula, wrong: list[Seen]) -> bool:
    """Does it explain so many refuted examples, and contradict none?

    The counterexample may be one that rounding alone makes one, beside others of which it is explained.
    """
    first = explains(formula, wrong[0])
    if first is False:
        return False
    verdicts = [first, *(explains(formula, seen) for seen in wrong[1:])]
    enough = _LEAST_REFUTED if first is None else min(_LEAST_REFUTED, len(wrong))
    return False not in verdicts and verdicts.count(True) >= enough


def _where(wrong: list[Seen], spared: list[Seen]) -> str:
    """A condition on the shapes that holds wherever the mistake shows, and nowhere where it would but does not."""
    for words, condition in _CONDITIONS if spared else ():
        for name in wrong[0].case:
            if all(_is(condition, seen, name) for seen in wrong) and not any(
                _is(condition, seen, name) for seen in spared
            ):
                return f", only where {words.format(name)}"
    return ""


def _is(condition: Callable[[Array], bool], seen: Seen, name: str) -> bool:
    value = seen.case[name]
    return any(condition(A) for A in (value if isinstance(value, list) else [value]) if np.ndim(A))


# --- breaches of the contract -----------------------------------------------------------------------------------------


def of_contract(finding: Finding) -> Diagnosis | None:
    """A breach of the contract says by itself what is wrong."""
    other = _OTHER_DTYPE.search(finding.message)
    if other is not None:
        return _of_dtype(*other.groups(), integers="as int64" in (finding.usage or ""))
    return next((Diagnosis(cause, words) for part, cause, words in _BREACHES if part in finding.message), None)


def _of_dtype(returned: str, expected: str, *, integers: bool) -> Diagnosis:
    """A result in another format than the inputs: of integers, of fewer digits, or any other."""
    words = f"the result is returned as {returned}"
    if returned.startswith(("int", "uint", "bool")):
        if integers:
            return Diagnosis("integers", f"{words} where an argument is int64")
        return Diagnosis("whole-numbers", words)
    narrow = returned in FORMATS and expected in FORMATS and FORMATS[returned].precision < FORMATS[expected].precision
    return Diagnosis("narrow-precision" if narrow else "other-dtype", words)


_OTHER_DTYPE = re.compile(r": dtype (\w+), expected (\w+), that of the inputs$")
_BREACHES = (
    ("in place; expected", "changes-input", "an argument is changed in place"),
    ("shares memory with", "aliasing", "the result is a view of an argument"),
    ("an earlier call's result changed", "reused-buffer", "the result lies in a buffer that every call reuses"),
    ("is the result transposed?", "transposed", "the result is transposed"),
)

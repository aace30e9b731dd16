"""Which mistake reproduces the wrong numbers? Named hypotheses, tried on the counterexample and on further examples.

A diagnosis is advice, never a verdict. Two kinds of hypotheses are tried, in this order. *Conventions*: the same
property must hold on every example once another convention is declared; the report then prints the line to declare.
*Mistakes*: a formula with one thing wrong must give the target's numbers on every example that is refuted; where the
target is right on some examples on which the mistake would show, the diagnosis says so, and where, if a condition on
the shapes tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backproof_impl.conventions import Conventions, declare
from backproof_properties.arrays import Array, Case
from backproof_properties.contract import PLAIN, Declined, Raised, Usage, others
from backproof_properties.judge import Refuted
from backproof_properties.numbers import Numbers
from backproof_properties.property import Property
from backproof_properties.results import Diagnosis, Finding, Observation
from backproof_properties.subject import Subject
from backproof_properties.suspects import BY_CLAIM, EVERYWHERE
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import FORMATS

Example = tuple[Case, Usage]


@dataclass(frozen=True)
class _Seen:
    """What the target gave for each array that a property judges on one example, and what it should have given."""

    case: Case
    names: list[str]
    computed: list[Array]
    enclosures: list[Enclosure]

    @property
    def truth(self) -> list[Array]:
        """The exact values, rounded to float64."""
        pairs = zip(self.enclosures, self.computed, strict=True)
        return [_floats(enclosure.exact, enclosure.shape).reshape(C.shape) for enclosure, C in pairs]


class _Recorder(Subject):
    """A subject whose judge takes notes instead."""

    def judge(
        self, name: str, computed: Any, enclosure: Enclosure, samples: int | None, *, of_loss: bool = False
    ) -> Observation:
        """Note what was computed, and the enclosure under the declared conventions."""
        if isinstance(computed, Raised):
            raise computed
        self.__dict__["seen"].append((name, computed, self.scaled(name, enclosure, samples, of_loss=of_loss)))
        return Observation()


def diagnose(each: Property, subject: Subject, counterexample: Example, further: list[Case]) -> Diagnosis | None:
    """The hypothesis that reproduces what the target gives on the counterexample and on further refuted examples."""
    case, usage = counterexample
    if usage.memory != "contiguous" and not _fails(each, subject, case, replace(usage, memory="contiguous")):
        return Diagnosis("memory-layout", f"right when the arguments are contiguous: wrong with {_usage(each, usage)}")
    if usage.integers and not _fails(each, subject, case, replace(usage, integers=False)):
        return Diagnosis("integers", f"right when the arguments are floating numbers: wrong with {_usage(each, usage)}")
    if usage.stale and not _fails(each, subject, case, replace(usage, stale=False)):
        return _of_history(each, subject, case, usage)
    if usage.history and not _fails(each, subject, case, replace(usage, history=False)):
        return _of_history(each, subject, case, usage)
    if not any(_fails(each, subject, case, how) for how in (usage, PLAIN)):
        return None  # it gives another answer now
    failing = [case, *(other for other in further if _fails(each, subject, other, PLAIN))]
    passing = [other for other in further if not any(other is wrong for wrong in failing)]
    return _convention(each, subject, failing, passing) or _mistake(each, subject, failing, passing)


def _usage(each: Property, usage: Usage) -> str:
    return replace(usage, history=False, stale=False).described(each.functions) or "the default"


def _fails(each: Property, subject: Subject, case: Case, usage: Usage) -> bool:
    try:
        each.check(case, replace(subject, usage=usage))
    except (Refuted, Raised):
        return True
    except (Declined, ZeroDivisionError):  # a mean over no samples, under another convention
        return False
    return False


def of_memory(each: Property, subject: Subject, counterexample: Example) -> Diagnosis | None:
    """The declaration of a target that raises for the way its arguments lie in memory alone, as a library may."""
    case, usage = counterexample
    kinds = subject.conventions.limits.memory
    taken = [kind for kind in kinds if not _raises(each, subject, case, replace(usage, memory=kind))]
    if len(taken) in {0, len(kinds)}:
        return None
    refused = ", ".join(kind for kind in kinds if kind not in taken)
    words = f"raises for arguments of this memory layout alone ({refused}): declare it if the library is to be so"
    return Diagnosis("memory-layout", words, f"limits=memory={','.join(taken)}")


def _raises(each: Property, subject: Subject, case: Case, usage: Usage) -> bool:
    try:
        each.check(case, replace(subject, usage=usage))
    except Raised:
        return True
    except (Refuted, Declined, ZeroDivisionError):
        return False
    return False


# --- history ----------------------------------------------------------------------------------------------------------


def _of_history(each: Property, subject: Subject, case: Case, usage: Usage) -> Diagnosis:
    """Wrong only after other calls: does it give the other inputs' answer, or the sum of all answers so far?"""
    late, other = (_record(each, subject, inputs, how) for inputs, how in ((case, usage), (others(case), PLAIN)))
    if late is not None and other is not None and len(late.computed) == len(other.computed):
        if _match(late.computed, other.truth, late.enclosures):
            return Diagnosis("stale-cache", "gives the answer for the inputs of an earlier call: a stale cache")
        for own, their in ((2, 1), (1, 1), (2, 0)):
            sums = [
                own * right + their * A.astype(np.float64) for right, A in zip(late.truth, other.truth, strict=True)
            ]
            if _match(late.computed, sums, late.enclosures):
                return Diagnosis("accumulation", "adds to the answers of earlier calls: not reset between calls")
    return Diagnosis("history", "right on its own, wrong after other calls: something is kept between calls")


# --- conventions ------------------------------------------------------------------------------------------------------


def _declarations(claim: str, conventions: Conventions) -> Iterator[tuple[str, str, str]]:
    """(cause, what it would mean, declaration) for each single field that could be meant otherwise."""
    output = claim.partition(".")[2]
    if conventions.relu_at_zero != 0:
        yield "mask-strict", "the mask is Z > 0: ReLU′(0) is 0", "relu_at_zero=0"
    for value in (0.5, 1):
        if value != conventions.relu_at_zero:
            yield "kink", f"ReLU′(0) is {value}", f"relu_at_zero={value}"
    other = {"sum": "mean", "mean": "sum"}[conventions.reduction]
    yield f"{other}-for-{conventions.reduction}", f"the loss is the {other} over the samples", f"reduction={other}"
    for labels, formula in (("fused", "S − P whatever ΣP is"), ("derivative", "S·ΣP − P")):
        if conventions.unnormalised_labels != labels:
            yield "unnormalised-labels", f"the gradient is {formula}", f"unnormalised_labels={labels}"
    if output.startswith("d"):
        for factor, cause, words in (
            (-1, "sign", "minus the gradient"),
            ("1/batch", "mean-for-sum", "the gradient divided by the number of samples: the mean instead of the sum"),
            ("batch", "sum-for-mean", "the gradient times the number of samples: the sum instead of the mean"),
        ):
            yield cause, words, f"scale={output}={factor}"
    flipped = {"features-first": "batch-first", "batch-first": "features-first"}[conventions.layout]
    yield "layout", f"one {'row' if flipped == 'batch-first' else 'column'} is one sample", f"layout={flipped}"
    turned = {"out-in": "in-out", "in-out": "out-in"}[conventions.weights]
    yield "weights", f"weights are {turned}", f"weights={turned}"
    if conventions.arithmetic == "ieee":
        yield "subnormals", "subnormal numbers are flushed to zero", "arithmetic=flush-to-zero"


def _convention(each: Property, subject: Subject, failing: list[Case], passing: list[Case]) -> Diagnosis | None:
    for cause, words, declaration in _declarations(each.claim, subject.conventions):
        target = replace(subject.target, conventions=declare(subject.conventions, [declaration]))
        meant = replace(subject, target=target)
        if not any(_fails(each, meant, case, PLAIN) for case in (*failing, *passing)):
            return Diagnosis(cause, words, declaration)
    return None


# --- mistakes ---------------------------------------------------------------------------------------------------------

_MATCHING = 64
"""A mistaken formula is evaluated in float64, and matches to this many roundings of the dtype, or within two bounds."""
_BLOCK = 64
_CONDITIONS: tuple[tuple[str, Callable[[str, Array], bool]], ...] = (
    ("{} is square", lambda _, A: A.ndim > 1 and A.shape[0] == A.shape[1] > 1),
    ("a size of {} exceeds 64", lambda _, A: max(A.shape) > _BLOCK),
    ("{} has one column", lambda _, A: A.ndim > 1 and A.shape[1] == 1),
    ("{} has one row", lambda _, A: A.shape[0] == 1),
)


def _mistake(each: Property, subject: Subject, failing: list[Case], passing: list[Case]) -> Diagnosis | None:
    wrong = [seen for seen in (_record(each, subject, case, PLAIN) for case in failing) if seen is not None]
    right = [seen for seen in (_record(each, subject, case, PLAIN) for case in passing) if seen is not None]
    wrong, right = _tame(wrong) or wrong, _tame(right)
    if not wrong:
        return None
    for cause, words, formula in (*BY_CLAIM.get(each.claim, ()), *EVERYWHERE):
        if all(_reproduces(formula, seen) for seen in wrong):
            return Diagnosis(cause, words + _where(formula, wrong, right))
    return _of_values(wrong)


def _tame(examples: list[_Seen]) -> list[_Seen]:
    """The examples on which everything is finite and certain."""
    return [
        seen
        for seen in examples
        if all(np.all(np.isfinite(A)) for A in (*seen.truth, *(C.astype(np.float64) for C in seen.computed)))
        and all(np.all(np.isfinite(_floats(e.radius, e.shape))) for e in seen.enclosures)
    ]


def _reproduces(formula: Callable[[Numbers], Any], seen: _Seen) -> bool:
    found = _mistaken(formula, seen)
    return found is not None and _match(seen.computed, found, seen.enclosures)


def _mistaken(formula: Callable[[Numbers], Any], seen: _Seen) -> list[Array] | None:
    """What the mistaken formula gives for each judged array; None where it does not apply to these shapes."""
    with np.errstate(all="ignore"):
        try:
            found = formula(Numbers(seen.case, seen.truth, seen.computed[0].dtype))
        except (ValueError, IndexError, ZeroDivisionError):
            return None
    if found is None:
        return None
    arrays = [np.asarray(A, dtype=np.float64) for A in (found if isinstance(found, list) else [found])]
    return arrays if [A.shape for A in arrays] == [C.shape for C in seen.computed] else None


def _match(computed: list[Array], found: list[Array], enclosures: list[Enclosure]) -> bool:
    for C, A, enclosure in zip(computed, found, enclosures, strict=True):
        radius = _floats(enclosure.radius, enclosure.shape).ravel()
        got, guess = C.astype(np.float64).ravel(), A.ravel()
        size = np.max(np.abs(guess[np.isfinite(guess)]), initial=0.0)
        u = 2.0 ** -FORMATS[C.dtype.name].precision if C.dtype.name in FORMATS else 0.0
        with np.errstate(all="ignore"):
            near = np.abs(guess - got) <= 2 * np.where(np.isfinite(radius), radius, 0) + _MATCHING * u * size
        same = (guess == got) | (np.isnan(guess) & np.isnan(got))
        if not np.all(near | same):
            return False
    return True


def _where(formula: Callable[[Numbers], Any], wrong: list[_Seen], right: list[_Seen]) -> str:
    """Nothing where the mistake is made always, else where it is made, if a condition on the shapes tells."""
    spared = []
    for seen in right:
        found = _mistaken(formula, seen)
        if found is not None and not _match(seen.computed, found, seen.enclosures):
            spared.append(seen)
    if not spared:
        return ""
    for words, condition in _CONDITIONS:
        for name in wrong[0].case:
            if all(_is(condition, seen, name) for seen in wrong) and not any(
                _is(condition, seen, name) for seen in spared
            ):
                return f", only where {words.format(name)}"
    return ", not on all inputs"


def _is(condition: Callable[[str, Array], bool], seen: _Seen, name: str) -> bool:
    value = seen.case[name]
    return any(condition(name, A) for A in (value if isinstance(value, list) else [value]))


# --- what the values alone say ----------------------------------------------------------------------------------------


def _of_values(wrong: list[_Seen]) -> Diagnosis | None:
    """No formula fits: values that are no numbers, precision lost on the way, or one part of the array off."""
    pairs = [pair for seen in wrong for pair in zip(seen.computed, seen.truth, strict=True)]
    finite = [(C.astype(np.float64).ravel(), T.ravel()) for C, T in pairs]
    if all(np.any(~np.isfinite(C) & np.isfinite(T)) for C, T in finite):
        words = "inf or nan where the exact value is finite: something on the way overflows, or is log 0 or 0/0"
        return Diagnosis("overflow", words)
    narrow = _narrower(wrong[0].computed[0], finite)
    if narrow is not None:
        return Diagnosis("narrow-precision", f"errors as large as roundings of {narrow}: something is computed in it")
    for words, part in _PARTS:
        if any(A.size > 1 for A, _ in pairs) and all(_only_in(part, seen) for seen in wrong):
            return Diagnosis("one-part", f"only {words} is wrong")
    return None


_PARTS: tuple[tuple[str, Callable[[Array], Any]], ...] = (
    ("the last entry", lambda A: A.ravel()[-1:]),
    ("the first entry", lambda A: A.ravel()[:1]),
    ("the last row", lambda A: A[-1:]),
    ("the first row", lambda A: A[:1]),
    ("the last column", lambda A: A[..., -1:]),
    ("the first column", lambda A: A[..., :1]),
    ("the diagonal", lambda A: A[np.diag_indices(min(A.shape))] if A.ndim > 1 else A[:0]),
)


def _only_in(part: Callable[[Array], Any], seen: _Seen) -> bool:
    """Is everything right outside this part of each array?"""
    for C, T, enclosure in zip(seen.computed, seen.truth, seen.enclosures, strict=True):
        radius = _floats(enclosure.radius, enclosure.shape).reshape(C.shape)
        off = np.abs(C.astype(np.float64) - T) > 2 * radius
        inside = np.zeros(C.shape, dtype=bool)
        numbers = np.arange(C.size).reshape(C.shape)
        inside.ravel()[np.ravel(part(numbers))] = True
        if np.any(off & ~inside):
            return False
    return True


def _narrower(sample: Array, finite: list[tuple[Array, Array]]) -> str | None:
    """The narrower format whose rounding explains every error."""
    own = FORMATS[sample.dtype.name].precision if sample.dtype.name in FORMATS else 0
    with np.errstate(all="ignore"):
        errors = [np.max(np.abs(C - T), initial=0.0) / np.max(np.abs(T), initial=0.0) for C, T in finite]
    for name in ("float32", "float16", "bfloat16"):
        u = 2.0 ** -FORMATS[name].precision
        if FORMATS[name].precision < own and all(u / 2**8 < error < u * _MATCHING for error in errors):
            return name
    return None


# --- recording --------------------------------------------------------------------------------------------------------


def _record(each: Property, subject: Subject, case: Case, usage: Usage) -> _Seen | None:
    """What the target gives on an example; None where it raises or breaks the contract."""
    recorder = _Recorder(subject.target, subject.dtype, usage)
    recorder.__dict__["seen"] = []
    try:
        each.check(case, recorder)
    except (Refuted, Raised, Declined):
        return None
    seen = recorder.__dict__["seen"]
    return _Seen(case, *map(list, zip(*seen, strict=True))) if seen else None


def _floats(values: Any, shape: tuple[int, int]) -> Array:
    return np.array([[float(values[i, j]) for j in range(shape[1])] for i in range(shape[0])]).reshape(shape)


def of_contract(finding: Finding) -> Diagnosis | None:
    """A breach of the contract says by itself what is wrong."""
    return next((Diagnosis(cause, words) for part, cause, words in _BREACHES if part in finding.message), None)


_BREACHES = (
    ("in place; expected", "changes-input", "an argument is changed in place"),
    ("shares memory with", "aliasing", "the result is a view of an argument"),
    ("an earlier call's result changed", "reused-buffer", "the result lies in a buffer that every call reuses"),
    ("is the result transposed?", "transposed", "the result is transposed"),
    ("expected float64, that of the inputs", "narrow-precision", "the result is returned in another number format"),
    ("that of the inputs", "other-dtype", "the result is returned in another number format"),
)

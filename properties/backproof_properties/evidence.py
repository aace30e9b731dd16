"""What a target gives on an example beside what it should: which entries are refuted, and which formula gives them.

A formula *explains* an example if every entry is within what an implementation of the formula may return, the formula
is refuted wherever the target is, and somewhere nothing that is right could come of the formula, nor the formula of
what is right. Where one of the last two fails the example says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array, Case
from backproof_properties.contract import Declined, Raised, Usage
from backproof_properties.formed import Formed
from backproof_properties.judge import JUDGE_BITS, Refuted
from backproof_properties.numbers import Numbers
from backproof_properties.property import Property
from backproof_properties.results import Observation
from backproof_properties.running import Rounding, Running, Uncertain
from backproof_properties.subject import Subject
from backproof_spec.language.evaluating import Place
from backproof_spec.language.rounding import Rounded
from backproof_spec.rounding.enclosure import Enclosure

_SPELLINGS = 2
"""How much more than the running error of one spelling of a formula another spelling may be off."""
_LOSSES = ("cross_entropy.", "softmax_cross_entropy.")
"""Claims whose formulas are of the sum over the samples, before the declared reduction."""


@dataclass(frozen=True)
class Seen:
    """What the target gave for each array that a property judges on one example, and what it should have given."""

    subject: Subject
    claim: str
    case: Case
    names: list[str]
    computed: list[Array]
    truth: list[Running]
    """So many bounds off is refuted."""

    @cached_property
    def rounding(self) -> Rounding:
        """The arithmetic of the target."""
        return self.truth[0].rounding

    @cached_property
    def got(self) -> Array:
        """All computed entries."""
        return np.concatenate([np.longdouble(C.astype(np.float64)).ravel() for C in self.computed])

    @cached_property
    def exact(self) -> Array:
        """All exact entries."""
        return np.concatenate([T.value.ravel() for T in self.truth])

    @cached_property
    def radius(self) -> Array:
        """How far from exact each entry may be."""
        return np.concatenate([T.error.ravel() for T in self.truth])

    @cached_property
    def error(self) -> Array:
        """|got − exact|."""
        with np.errstate(all="ignore"):
            error: Array = np.abs(self.got - self.exact)
            return error

    @cached_property
    def refuted(self) -> Array:
        """Which entries are refuted: as the judge has it."""
        exact, got = self.exact, self.got
        infinite = ~((got == exact) | (np.isinf(self.radius) & np.isnan(got)))
        unbounded = np.where(np.isnan(exact), np.isfinite(got), infinite)
        within = (self.error <= self.radius) | np.isinf(self.radius)
        return np.where(np.isfinite(exact), ~within, unbounded)

    @property
    def fails(self) -> bool:
        """Is any entry refuted?"""
        return bool(self.refuted.any())

    @property
    def tame(self) -> bool:
        """Is everything finite and certain?"""
        return bool(np.all(np.isfinite(self.got) & np.isfinite(self.exact) & np.isfinite(self.radius)))

    @property
    def shapes(self) -> tuple[Any, ...]:
        """The shapes of the inputs."""
        return tuple(
            tuple(map(np.shape, value)) if isinstance(value, list) else np.shape(value) for value in self.case.values()
        )

    @cached_property
    def fields(self) -> Formed:
        """What definitions come to in NumPy."""
        return Formed()

    @cached_property
    def bounds(self) -> Formed:
        """And exactly."""
        return Formed()

    @cached_property
    def numbers(self) -> Numbers:
        """The example as mistaken formulas see it."""
        return Numbers(self.case, self.truth, self.subject)


@dataclass(frozen=True)
class _Recorder(Subject):
    """A subject whose judge takes notes instead."""

    seen: list[tuple[str, Any, Running]] = field(default_factory=list)

    def judge(
        self, name: str, computed: Any, enclosure: Enclosure, samples: int | None, *, of_loss: bool = False
    ) -> Observation:
        """Note what was computed, and the enclosure under the declared conventions."""
        if isinstance(computed, Raised):
            raise computed
        bound = self.scaled(name, enclosure, samples, of_loss=of_loss)
        exact, radius = (_wide(A, bound.shape).reshape(np.shape(computed)) for A in (bound.exact, bound.radius))
        self.seen.append((name, computed, Running(exact, radius, Rounding.of(self.arithmetic))))
        return Observation()

    def bounded(
        self,
        name: str,
        computed: Any,
        bounds: Callable[[], Any],
        judged: Callable[..., Observation],  # noqa: ARG002 - what it overrides
    ) -> Observation:
        """Note what was computed, and the bound of each entry."""
        if isinstance(computed, Raised):
            raise computed
        truth = of_bounds(bounds(), np.shape(computed), Rounding.of(self.arithmetic))
        self.seen.append((name, computed, truth))
        return Observation()


def record(each: Property, subject: Subject, case: Case, usage: Usage) -> Seen | None:
    """What the target gives on an example; None where it raises, declines, or breaks the contract of the call."""
    recorder = _Recorder(subject.target, subject.dtype, usage)
    try:
        each.check(case, recorder)
    except (Refuted, Raised, Declined, ZeroDivisionError):  # a mean over no samples, under another convention
        return None
    if not recorder.seen:
        return None
    names, computed, truth = map(list, zip(*recorder.seen, strict=True))
    return Seen(subject, each.claim, case, names, computed, truth)


def _wide(values: Any, shape: tuple[int, int]) -> Array:
    with mp.workprec(JUDGE_BITS):
        entries = [longdouble(values[i, j]) for i in range(shape[0]) for j in range(shape[1])]
    return np.array(entries, dtype=np.longdouble)


def of_bounds(bounds: Mapping[Place, Rounded | None], shape: tuple[int, ...], rounding: Rounding) -> Running:
    """The values of these bounds; where nothing is certain, anything."""
    known = {place: each for place, each in bounds.items() if each is not None and each.fine}
    with mp.workprec(JUDGE_BITS):
        value = [longdouble(known[place].value) if place in known else 0 for place in np.ndindex(*shape)]
        error = [longdouble(known[place].error) if place in known else np.inf for place in np.ndindex(*shape)]
    wide_value, wide_error = (np.array(entries, np.longdouble).reshape(shape) for entries in (value, error))
    return Running(wide_value, wide_error, rounding)


_LEAST = -(10**5)
"""Of all exponents the least that NumPy is given: what is smaller is 0 in any case."""


def longdouble(value: Any) -> Any:
    """A number in its first 106 bits, or as many as fit: taken apart near 1, where none is below the least double."""
    first = float(value)
    if not np.isfinite(first):
        return np.longdouble(first)
    mantissa, exponent = mp.frexp(mp.mpf(value))
    first = float(mantissa)
    return np.ldexp(np.longdouble(first) + float(mantissa - first), max(exponent, _LEAST))


# --- formulas ---------------------------------------------------------------------------------------------------------


def formula_of_inputs(formula: Callable[[Numbers], Any], seen: Seen) -> list[Any] | None:
    """What a mistaken formula of the inputs gives, under the declared scale and reduction."""
    found = formula(seen.numbers)
    if found is None:
        return None
    arrays = found if isinstance(found, list) else [found]
    samples = seen.numbers.batch
    factor = float(seen.subject.scale(seen.names[0].rpartition(".")[2].partition("[")[0], samples)) if samples else 1.0
    if seen.claim.startswith(_LOSSES):
        factor *= seen.numbers.reduction
    return arrays if factor == 1 else [A * factor for A in arrays]


def formula_of_truth(formula: Callable[[Numbers], Any], seen: Seen) -> list[Any] | None:
    """What a mistake made with the true output gives."""
    found: list[Any] | None = formula(seen.numbers)
    return found


Formula = Callable[[Seen], list[Any] | None]


def explains(formula: Formula, seen: Seen) -> bool | None:
    """Does the formula give these numbers, and not the right ones? None where it may give either."""
    judged = _judged(formula, seen)
    if judged is None:
        return None
    matches, differs, apart = judged
    if not matches.all():
        return False
    return True if apart.any() and (differs | ~seen.refuted).all() else None


def contradicted(found: list[Running], seen: Seen) -> bool:
    """Is there an entry that the formula does not give, farther off than the truth may be where the target is right?"""
    if [A.value.shape for A in found] != [C.shape for C in seen.computed]:
        return False
    far = _SPELLINGS * np.concatenate([A.error.ravel() for A in found]) + 2 * seen.radius
    return bool((np.abs(np.concatenate([A.value.ravel() for A in found]) - seen.got) > far).any())


def would_show(formula: Formula, seen: Seen) -> bool:
    """On an example on which the target is right: would the mistake be seen there?"""
    judged = _judged(formula, seen)
    return judged is not None and bool((judged[2] & ~judged[0]).any())


def _judged(formula: Formula, seen: Seen) -> tuple[Array, Array, Array] | None:
    """For each entry: may the formula have given it, is the formula wrong there, and wrong beyond doubt?"""
    with np.errstate(all="ignore"):
        try:
            found = formula(seen)
        except Uncertain:
            return None
        except (ValueError, IndexError, ZeroDivisionError):
            found = None
        if found is None or [np.shape(A) for A in found] != [C.shape for C in seen.computed]:
            nowhere = np.zeros(seen.got.shape, dtype=bool)
            return nowhere, nowhere, nowhere
        value = np.concatenate([A.value.ravel() for A in found])
        error = _SPELLINGS * np.concatenate([A.error.ravel() for A in found])
        certain = ~(np.isfinite(value) & ~np.isfinite(error))
        same = (value == seen.got) | (np.isnan(value) & np.isnan(seen.got))
        distance = np.abs(value - seen.exact)
        finite = np.isfinite(value) & np.isfinite(seen.exact)
        unlike = ~((value == seen.exact) | (np.isnan(seen.exact) & ~np.isfinite(value)))
        differs = np.where(finite, distance > seen.radius, unlike)
        apart = certain & np.where(finite, distance > seen.radius + error, unlike)
        return ~certain | same | (np.abs(value - seen.got) <= error), differs | ~certain, apart

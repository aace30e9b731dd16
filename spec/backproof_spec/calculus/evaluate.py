"""What formulas are worth: every line of a derivation, in numbers, at random shapes that include 0 and 1.

Independent of the rules: a derivative is compared with a symmetric difference quotient at step 10⁻³⁰ and 120 digits, so
that a true one agrees to about 60 digits and a wrong one does not. Where the two differ the step is made finer and the
digits more, until they agree or the difference stays. Maps are random quadratics, so that no slope is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from itertools import product
from typing import Any, Protocol

from mpmath import mp

from backproof_spec.calculus.compiled import Place, Value, compiled
from backproof_spec.calculus.enclosures import (
    Arithmetic,
    Undecided,
    fraction,
    in_reach,
    sigmoid,
    sign,
    softplus,
)
from backproof_spec.calculus.limits import tick
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.terms import MINUS_ONE, Formula, Index, Names, Theory, free_indices

DIGITS, STEP_DIGITS = 120, 30
FINER = (1, 4, 16, 64)
"""Digits and step digits are multiplied by these in turn, until both sides agree or differ for good.

The relative error of a difference quotient is about h²·(f′/f)²: the last are enough for f′/f up to 10¹⁸⁰⁰.
"""
AGREEMENT = 40
"""Digits to which the two sides of a true line agree, relative to their size or to 1."""


class Kink(ArithmeticError):
    """There is no derivative here: from below and from above it is not the same."""


def _log(a: Any) -> Any:
    """log a, which is real; raises ``ArithmeticError`` where it is not, as 1/0 does."""
    if not a > 0:
        msg = "the logarithm of what is not positive"
        raise ArithmeticError(msg)
    return mp.log(a)


def _exp(a: Any) -> Any:
    """exp a, where a itself has few digits before the point."""
    return mp.exp(in_reach(a) if a > 0 else a)


def _sqrt(a: Any) -> Any:
    """√a, which is real; raises ``ArithmeticError`` where it is not."""
    if a < 0:
        msg = "the square root of what is negative"
        raise ArithmeticError(msg)
    return mp.sqrt(a)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "mul": operator.mul,
    "inv": lambda a: 1 / a,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "tanh": mp.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "erf": mp.erf,
    "sin": lambda a: mp.sin(in_reach(a)),
    "cos": lambda a: mp.cos(in_reach(a)),
    "pi": lambda: +mp.pi,
}


_FIRST_BITS, _BITS_A_DIGIT = 64, 3.33
"""Of enclosures, until they decide a sign; then as many as numbers are computed with, then four times as many."""
_SIGNS = {"eq": {0}, "pos": {1}, "nonneg": {0, 1}, "nonzero": {-1, 1}}
"""The signs that a judgement allows."""
_SMOOTH = 10
"""Digits to which slopes from below and from above agree, at a step of 10⁻³⁰, where there is no kink."""


@lru_cache(4096)
def _has_kinks(theory: Theory, e: Formula) -> bool:
    """Does 1[· ≥ 0] or max stand in it, or in the definition of a name in it?"""
    rests = [theory.rest(name) for name in theory.depends(e) if theory.kind(name) == "defined"]
    return any(part[0] in {"ind", "max"} for each in (e, *rests) for part, _ in parts(each))


@lru_cache(1024)
def _below(theory: Theory, name: str) -> tuple[str, ...]:
    """The defined tensors by which one is defined, each after those by which it is itself."""
    used = theory.depends(theory.rest(name))
    defined = (each for each in used if theory.kind(each) == "defined")
    return tuple(sorted(defined, key=lambda each: (len(theory.depends(theory.rest(each))), each)))


class Sequent(Protocol):
    """H ⊢ J: a theorem of the kernel, or what a file says that it is one."""

    @property
    def hypotheses(self) -> frozenset[Formula]:
        """H."""

    @property
    def conclusion(self) -> Formula:
        """J."""


@dataclass
class Model:
    """Sizes for the dimensions, values for the variables, and coefficients for the maps."""

    theory: Theory
    sizes: dict[str, int]
    values: dict[str, dict[Place, Any]]
    maps: dict[str, dict[Place, dict[Place, tuple[Any, Any]]]]
    known: dict[tuple[str, Place], Any] = field(default_factory=dict)
    arithmetic: Arithmetic | None = None
    """Fractions and enclosures to compute with, of a model that decides signs; else numbers of mpmath."""
    torn: str = ""
    """Why the derivative that was last computed may not exist."""
    quotients: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    """Difference quotients: the lines of a derivation are about the same few."""
    functions: dict[int, tuple[Formula, Value]] = field(default_factory=dict)
    """Terms, by what they are in memory, as functions of their indices."""

    def data(self) -> dict[str, Any]:
        """Sizes, and values as nested lists."""
        return {"sizes": self.sizes, "values": {name: self._nested(name, ()) for name in self.values}}

    def _nested(self, name: str, place: Place) -> Any:
        dims = self.theory.dims(name)[len(place) :]
        if not dims:
            return float(self.values[name][place])  # eighths: exactly
        return [self._nested(name, (*place, k)) for k in range(self.size(dims[0]))]

    def size(self, dim: str) -> int:
        """What a dimension counts to; 2 where nothing was chosen, as no tensor has it."""
        return self.sizes.setdefault(dim, 2)

    def places(self, dims: Names) -> Iterator[Place]:
        """Every index of a tensor of these dimensions."""
        return product(*(range(self.size(dim)) for dim in dims))

    def value(self, term: Formula, free: dict[Index, int], bound: Place = ()) -> Any:
        """The value of a term. ``free``: of the free indices; ``bound``: of the bound ones, innermost first."""
        key = id(term)
        if key not in self.functions:
            self.functions[key] = term, compiled(self, term)
        return self.functions[key][1](free, bound)

    @cached_property
    def operators(self) -> dict[str, Callable[..., Any]]:
        """What operators of numbers are here."""
        return self.arithmetic.operators if self.arithmetic else _OPERATORS

    def number(self, value: Any) -> Any:
        """A fraction, or a value that was chosen, to compute with."""
        return fraction(value) if self.arithmetic else mp.convert(value)

    def total(self, terms: Iterable[Any]) -> Any:
        """The sum."""
        return reduce(self.operators["add"], terms, self.number(0))

    def largest(self, terms: Iterable[Any]) -> Any:
        """0 of none: some value."""
        larger: Callable[..., Any] = self.arithmetic.larger if self.arithmetic else max
        return reduce(larger, terms) if (terms := list(terms)) else self.number(0)

    def sign(self, term: Formula, free: dict[Index, int], bound: Place = ()) -> int:
        """−1, 0 or 1, whichever it is. Raises ``Undecided`` where no precision says so."""
        for bits in (_FIRST_BITS, mp.prec, 4 * mp.prec):
            try:
                return sign(self._enclosing(bits).value(term, free, bound))
            except Undecided as undecided:
                error = undecided
        digits = int(4 * mp.prec / _BITS_A_DIGIT)
        error.args = (f"whether it is on a kink is not decided by {digits} digits of what stands in step",)
        raise error

    def precisely(self, term: Formula, bound: Place) -> Any:
        """A fraction where the value is one, else more digits of it than those by which equations are looked at."""
        with suppress(Undecided):
            found = self._enclosing(_FIRST_BITS).value(term, {}, bound)
            if isinstance(found, Fraction):
                return found
        with mp.workdps(8 * DIGITS):
            return self.value(term, {}, bound)

    def _enclosing(self, bits: int) -> Model:
        """The same values, computed with as fractions and enclosures."""
        key = "", (bits,)
        if key not in self.known:
            self.known[key] = Model(self.theory, self.sizes, self.values, self.maps, arithmetic=Arithmetic(bits))
        found: Model = self.known[key]
        return found

    def defined(self, name: str, place: Place) -> Any:
        """An entry of a defined tensor, computed once, after all that it is defined by: networks may be deep."""
        if (name, place) not in self.known:
            for each in _below(self.theory, name):
                for at in self.places(self.theory.dims(each)):
                    self._compute(each, at)
            self._compute(name, place)
        found = self.known[name, place]
        if isinstance(found, ArithmeticError):
            raise found
        return found

    def _compute(self, name: str, place: Place) -> None:
        """What an entry is worth, or why it is worth nothing: it may not be needed."""
        if (name, place) not in self.known:
            tick()
            try:
                self.known[name, place] = self.value(self.theory.rest(name), {}, tuple(reversed(place)))
            except ArithmeticError as error:
                self.known[name, place] = error

    def of_map(self, op: str, name: str, place: Place, argument: dict[Place, Any]) -> Any:
        """f[i](X) = Σ_k a[k]·X[k] + (Σ_k c[k]·X[k])²/2, and its slope a[k] + c[k]·Σ c·X."""
        outputs = len(self.theory.rest(name))
        coefficients = self.maps[name][place[:outputs]]
        add, mul, chosen = self.operators["add"], self.operators["mul"], self.number
        inner = self.total(mul(chosen(c), argument[k]) for k, (_, c) in coefficients.items())
        if op == "map":
            linear = self.total(mul(chosen(a), argument[k]) for k, (a, _) in coefficients.items())
            return add(linear, mul(chosen(mp.mpf(0.5)), mul(inner, inner)))
        a, c = coefficients[place[outputs:]]
        return add(chosen(a), mul(chosen(c), inner))

    def assignments(self, formula: Formula) -> Iterator[dict[Index, int]]:
        """All values of the free indices of a formula."""
        indices = sorted(free_indices(formula))
        for place in self.places(tuple(dim for _, _, dim in indices)):
            yield dict(zip(indices, place, strict=True))

    def sides(self, judgement: Formula, free: dict[Index, int]) -> tuple[Any, Any]:
        """The values of a and b in a = b, of ∂e/∂X[k] and d in ∂e/∂X[k] = d; 0 for what is but an error of them."""
        return self._compared(judgement, free)[:2]

    def deviation(self, judgement: Formula, free: dict[Index, int]) -> Any:
        """How far the two sides are apart, relative to the larger of them and 1."""
        return self._compared(judgement, free)[2]

    def _compared(self, judgement: Formula, free: dict[Index, int]) -> tuple[Any, Any, Any]:
        """Both sides and their deviation, with as many digits as it takes for them to agree or to differ for good."""
        before, torn = None, ""
        for finer in FINER:
            tick()
            with mp.workdps(DIGITS * finer):
                left, right, before_torn, torn = *self._sides(judgement, free, finer), torn, self.torn
                if torn:
                    if before_torn:
                        raise Kink(torn)
                    continue
                size = max(abs(left), abs(right), 1)
                apart = abs(left - right) / size
                if agrees(apart):
                    break
                if before is not None and all(
                    agrees(abs(a - b) / size) for a, b in zip(before, (left, right), strict=True)
                ):
                    noise = mp.mpf(10) ** (-STEP_DIGITS * finer)
                    left, right = (mp.mpf(0) if abs(side) < noise else side for side in (left, right))
                    break
                before = left, right
        return left, right, apart

    def _sides(self, judgement: Formula, free: dict[Index, int], finer: int) -> tuple[Any, Any]:
        self.torn = ""
        if finer > 1:
            self.known.clear()
        if judgement[0] == "eq":
            return self.value(judgement[1], free), self.value(judgement[2], free)
        _, name, places, e, d = judgement
        h = mp.mpf(10) ** (-STEP_DIGITS * finer)
        return self._slope(name, tuple(free[i] for i in places), e, free, h), self.value(d, free)

    def _slope(self, name: str, place: Place, e: Formula, free: dict[Index, int], h: Any) -> Any:
        what = (name, place, e, h, *((i, free[i]) for i in sorted(free_indices(e))))
        if what not in self.quotients:
            ends = []
            for step in (-h, h):
                with self.moved(name, place, step):
                    ends.append(self.value(e, free))
            low, high = ends
            below = above = slope = (high - low) / (2 * h)
            if _has_kinks(self.theory, e):
                here = self.value(e, free)
                below, above = (here - low) / h, (high - here) / h
            self.quotients[what] = slope, below, above
        slope, below, above = self.quotients[what]
        if abs(above - below) > mp.mpf(10) ** -_SMOOTH * max(abs(below), abs(above), 1):
            self.torn = f"the derivative does not exist: it is {shown(below)} from below, {shown(above)} from above"
        return slope

    @contextmanager
    def moved(self, name: str, place: Place, step: Any) -> Iterator[None]:
        """An entry of a variable changed by a step, and nothing known that was computed from it."""
        here, known = self.values[name][place], self.known
        self.values[name][place], self.known = here + step, {}
        try:
            yield
        finally:
            self.values[name][place], self.known = here, known

    def somewhere(self, conclusion: Formula) -> bool:
        """Is the right side not 0 at some index? Raises ``ArithmeticError`` where a side is not defined."""
        with mp.workdps(DIGITS):
            worth = [[self.value(each, free) for each in conclusion[-2:]] for free in self.assignments(conclusion)]
        return any(right for _, right in worth)

    def satisfies(self, hypothesis: Formula) -> bool:
        """Does a hypothesis hold?"""
        _, dims, judgement = hypothesis
        return all(self._holds(judgement, tuple(reversed(place))) for place in self.places(dims))

    def _holds(self, judgement: Formula, bound: Place) -> bool:
        op, *terms = judgement
        term = ("add", terms[0], ("mul", MINUS_ONE, terms[1])) if op == "eq" else terms[0]
        try:
            return self.sign(term, {}, bound) in _SIGNS[op]
        except Undecided:  # but to some hundreds of digits it is 0
            return 0 in _SIGNS[op] and agrees(abs(self.value(term, {}, bound)))


def worst_deviation(theorem: Sequent, model: Model) -> Any:
    """The largest deviation of the two sides, over all values of the free indices; 0 where there are none."""
    with mp.workdps(DIGITS):
        deviations = (model.deviation(theorem.conclusion, free) for free in model.assignments(theorem.conclusion))
        return max(deviations, default=mp.mpf(0))


def agrees(deviation: Any) -> bool:
    """Is a deviation no more than what difference quotients and rounding leave?"""
    return bool(deviation < mp.mpf(10) ** -AGREEMENT)


def digits(deviation: Any) -> int:
    """To how many digits two values agree; as many as are computed where exactly."""
    return DIGITS if deviation == 0 else int(mp.floor(-mp.log10(deviation)))


def shown(value: Any, digits: int = 12) -> str:
    """A number in a few digits, however many it has itself."""
    if value and abs(mp.mag(value)) > _MANY_DIGITS:
        return f"{'-' if value < 0 else ''}10^({mp.nstr(mp.mag(value) * mp.log10(2), digits)})"
    return str(mp.nstr(value, digits)) if value else "0"


_MANY_DIGITS = 4096
"""Numbers with more binary digits are shown by their logarithm."""


def falsified(judgement: Formula, model: Model) -> dict[Index, int] | None:
    """Values of the free indices at which a = b or ∂e/∂X[k] = d is false; None where it is true of all of them."""
    with mp.workdps(DIGITS):
        wrong = (free for free in model.assignments(judgement) if not agrees(model.deviation(judgement, free)))
        return next(wrong, None)

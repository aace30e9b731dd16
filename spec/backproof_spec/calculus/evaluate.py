"""What formulas are worth: every line of a derivation, in numbers, at random shapes that include 0 and 1.

Independent of the rules: a derivative is compared with a symmetric difference quotient at step 10⁻³⁰ and 120 digits, so
that a true one agrees to about 60 digits and a wrong one does not. Where the two differ the step is made finer and the
digits more, until they agree or the difference stays. Maps are random quadratics, so that no slope is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

from mpmath import mp

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import tick
from backproof_spec.calculus.terms import Formula, Index, Names, Theory, free_indices

DIGITS, STEP_DIGITS = 120, 30
FINER = (1, 4, 16, 64)
"""Digits and step digits are multiplied by these in turn, until both sides agree or differ for good.

The relative error of a difference quotient is about h²·(f′/f)²: the last are enough for f′/f up to 10¹⁸⁰⁰.
"""
AGREEMENT = 40
"""Digits to which the two sides of a true line agree, relative to their size or to 1."""
Place = tuple[int, ...]


class TooLarge(ArithmeticError):
    """exp of a number of so many digits that its own digits could not be computed."""


def _log(a: Any) -> Any:
    """log a, which is real; raises ``ArithmeticError`` where it is not, as 1/0 does."""
    if not a > 0:
        msg = "the logarithm of what is not positive"
        raise ArithmeticError(msg)
    return mp.log(a)


def _exp(a: Any) -> Any:
    """exp a, where a itself has few digits before the point."""
    if a > 0 and mp.mag(a) > _MAGNITUDE:
        msg = "a number of more than a thousand digits in an exponent"
        raise TooLarge(msg)
    return mp.exp(a)


_MAGNITUDE = 4096
"""exp is computed up to exp(2⁴⁰⁹⁶)."""

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "mul": operator.mul,
    "inv": lambda a: 1 / a,
    "exp": _exp,
    "log": _log,
    "ind": lambda a: mp.mpf(int(a >= 0)),
}


@lru_cache(1024)
def _below(theory: Theory, name: str) -> tuple[str, ...]:
    """The defined tensors by which one is defined, each after those by which it is itself."""
    used = theory.depends(theory.rest(name))
    defined = (each for each in used if theory.kind(each) == "defined")
    return tuple(sorted(defined, key=lambda each: (len(theory.depends(theory.rest(each))), each)))


@dataclass
class Model:
    """Sizes for the dimensions, values for the variables, and coefficients for the maps."""

    theory: Theory
    sizes: dict[str, int]
    values: dict[str, dict[Place, Any]]
    maps: dict[str, dict[Place, dict[Place, tuple[Any, Any]]]]
    known: dict[tuple[str, Place], Any] = field(default_factory=dict)
    quotients: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    """Difference quotients: the lines of a derivation are about the same few."""

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

        def at(places: tuple[Any, ...]) -> Place:
            return tuple(free[i] if i[0] == "index" else bound[i[1]] for i in places)

        match term:
            case (op, *children) if op in _OPERATORS:
                found = _OPERATORS[op](*(self.value(child, free, bound) for child in children))
            case ("num", p, q):
                found = mp.mpf(p) / q
            case ("dim", dim):
                found = mp.mpf(self.size(dim))
            case ("delta", _, places):
                i, j = at(places)
                found = mp.mpf(int(i == j))
            case ("sum", dim, a):
                tick()
                found = sum((self.value(a, free, (i, *bound)) for i in range(self.size(dim))), mp.mpf(0))
            case ("entry", name, places) if self.theory.kind(name) == "variable":
                found = self.values[name][at(places)]
            case ("entry", name, places):
                found = self._defined(name, at(places))
            case (op, name, places, dims, a):
                argument = {k: self.value(a, free, (*reversed(k), *bound)) for k in self.places(dims)}
                found = self._of_map(op, name, at(places), argument)
        return found

    def _defined(self, name: str, place: Place) -> Any:
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

    def _of_map(self, op: str, name: str, place: Place, argument: dict[Place, Any]) -> Any:
        """f[i](X) = Σ_k a[k]·X[k] + (Σ_k c[k]·X[k])²/2, and its slope a[k] + c[k]·Σ c·X."""
        outputs = len(self.theory.rest(name))
        coefficients = self.maps[name][place[:outputs]]
        inner = sum((c * argument[k] for k, (_, c) in coefficients.items()), mp.mpf(0))
        if op == "map":
            return sum((a * argument[k] for k, (a, _) in coefficients.items()), inner * inner / 2)
        a, c = coefficients[place[outputs:]]
        return a + c * inner

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
        before = None
        for finer in FINER:
            tick()
            with mp.workdps(DIGITS * finer):
                left, right = self._sides(judgement, free, finer)
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
            for step in (h, -h):
                with self.moved(name, place, step):
                    ends.append(self.value(e, free))
            self.quotients[what] = (ends[0] - ends[1]) / (2 * h)
        return self.quotients[what]

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
        worth = [self.value(term, {}, bound) for term in terms]
        if op == "eq":
            return agrees(abs(worth[0] - worth[1]))
        return bool(worth[0] > 0 if op == "pos" else worth[0] >= 0 if op == "nonneg" else worth[0] != 0)


def worst_deviation(theorem: Theorem, model: Model) -> Any:
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


def falsified(judgement: Formula, model: Model) -> dict[Index, int] | None:
    """Values of the free indices at which a = b or ∂e/∂X[k] = d is false; None where it is true of all of them."""
    with mp.workdps(DIGITS):
        wrong = (free for free in model.assignments(judgement) if not agrees(model.deviation(judgement, free)))
        return next(wrong, None)

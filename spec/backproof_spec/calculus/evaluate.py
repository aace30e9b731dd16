"""What formulas are worth: every line of a derivation, in numbers, at random shapes that include 0 and 1.

Independent of the rules: a derivative is compared with a symmetric difference quotient at step 10⁻³⁰ and 120 digits, so
that a true one agrees to about 60 digits and a wrong one does not. Where the two differ the step is made finer and the
digits more, until they agree or the difference stays. Maps are random quadratics, so that no slope is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import product
from random import Random
from typing import Any

from mpmath import mp

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import Formula, Index, Names, Theory, free_indices, names, parts

DIGITS, STEP_DIGITS = 120, 30
FINER = (1, 4, 16, 64)
"""Digits and step digits are multiplied by these in turn, until both sides agree or differ for good.

The relative error of a difference quotient is about h²·(f′/f)²: the last are enough for f′/f up to 10¹⁸⁰⁰.
"""
AGREEMENT = 40
"""Digits to which the two sides of a true line agree, relative to their size or to 1."""
LARGEST = 3
_MANY = 8
"""Where there are more dimensions than these, as in deep networks, each is at most 2: a unit stays active, and numbers
are computed in seconds."""
Place = tuple[int, ...]


class Unsatisfied(Exception):
    """No values were found that satisfy the hypotheses."""


class Undefined(Unsatisfied):
    """Values were found, but the two sides have none at them: 1/0, the logarithm of what is not positive, exp(10⁹)."""


class _TooLarge(ArithmeticError):
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
        raise _TooLarge(msg)
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
                    with suppress(ArithmeticError):  # of an entry that may not be needed
                        self._entry(each, at)
        return self._entry(name, place)

    def _entry(self, name: str, place: Place) -> Any:
        if (name, place) not in self.known:
            self.known[name, place] = self.value(self.theory.rest(name), {}, tuple(reversed(place)))
        return self.known[name, place]

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
            here, known, ends = self.values[name][place], self.known, []
            try:
                for step in (h, -h):
                    self.values[name][place], self.known = here + step, {}
                    ends.append(self.value(e, free))
            finally:
                self.values[name][place], self.known = here, known
            self.quotients[what] = (ends[0] - ends[1]) / (2 * h)
        return self.quotients[what]

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


def example(proof: Proof, theorem: Theorem) -> Model:
    """Small sizes, 2 and 3 in turn, so that no two of a tensor's dimensions are likely to be alike."""
    used = {dim for _, name, *_ in proof.declarations for dim in proof.theory.dims(name)}
    most = 2 if len(used) > _MANY else LARGEST
    return next(telling(proof, theorem, 1, {dim: min(2 + k % 2, most) for k, dim in enumerate(sorted(used))}))


def telling(proof: Proof, theorem: Theorem, count: int, sizes: dict[str, int] | None = None) -> Iterator[Model]:
    """``count`` models: such that the right side of a theorem is not 0 everywhere, unless it always is.

    Raises ``Unsatisfied`` where no values satisfy the hypotheses, or ``Undefined`` where a side has no value at them.
    """
    found, dull, scale, undefined = 0, [], 1, ""
    for seed in range(_SEEDS):
        try:
            drawn = model(proof, theorem.hypotheses, Random(seed), sizes, LARGEST, scale)  # noqa: S311 - examples
            nonzero = drawn.somewhere(theorem.conclusion)
        except Unsatisfied:
            continue
        except _TooLarge as error:
            scale, undefined = min(2 * scale, _SMALLEST), str(error)
            continue
        except ArithmeticError as error:
            undefined = str(error) or "1/0"
            continue
        if nonzero:
            yield drawn
            found += 1
        else:
            dull.append(drawn)
        if found == count:
            return
    if not found and not dull:
        raise Undefined(f"{UNDEFINED}: {undefined}") if undefined else Unsatisfied(UNSATISFIED)
    yield from dull[: count - found]


_SEEDS = 400
UNSATISFIED = "no values were found that satisfy what is supposed"
"""What is said of hypotheses that contradict each other."""
UNDEFINED = "no values were found at which both sides are defined"
"""What is said of 1/(x − x)."""
_SMALLEST = 64
"""Values are divided by at most so much where what is computed from them is too large."""


def falsified(judgement: Formula, model: Model) -> dict[Index, int] | None:
    """Values of the free indices at which a = b or ∂e/∂X[k] = d is false; None where it is true of all of them."""
    with mp.workdps(DIGITS):
        wrong = (free for free in model.assignments(judgement) if not agrees(model.deviation(judgement, free)))
        return next(wrong, None)


def model(
    proof: Proof,
    hypotheses: frozenset[Formula],
    random: Random,
    sizes: dict[str, int] | None = None,
    largest: int = LARGEST,
    scale: int = 1,
) -> Model:
    """Random values, up to 2/``scale``, that satisfy the hypotheses. Raises ``Unsatisfied`` where none are found."""
    for _ in range(20):
        found = _model(proof, hypotheses, random, sizes, largest, scale)
        with mp.workdps(DIGITS):
            if all(found.satisfies(each) for each in hypotheses):
                return found
    raise Unsatisfied(UNSATISFIED)


def _model(
    proof: Proof,
    hypotheses: frozenset[Formula],
    random: Random,
    sizes: dict[str, int] | None,
    largest: int,
    scale: int,
) -> Model:
    theory = proof.theory
    variables = {name: theory.dims(name) for kind, name, *_ in proof.declarations if kind == "variable"}
    maps = {name: (theory.dims(name), theory.rest(name)) for kind, name, *_ in proof.declarations if kind == "map"}
    nonempty = {judgement[1][1] for _, _, judgement in hypotheses if judgement[0] == "pos" and judgement[1][0] == "dim"}
    dims = {dim for each in (*variables.values(), *(a + b for a, b in maps.values())) for dim in each}
    said = [each[3] for each in proof.declarations if each[0] == "define"] + [each[2] for each in hypotheses]
    dims |= {part[1] for formula in said for part, _ in parts(formula) if part[0] in {"sum", "dim"}}
    sizes = sizes or (dict.fromkeys(dims, min(largest, 2)) if len(dims) > _MANY else {})
    drawn = {dim: random.randint(int(dim in nonempty), largest) for dim in sorted(dims)} | sizes
    found = Model(theory, drawn, {}, {})
    with mp.workdps(DIGITS):
        for name, shape in variables.items():
            found.values[name] = {place: _draw(random, scale) for place in found.places(shape)}
        for name, (inputs, outputs) in maps.items():
            found.maps[name] = {
                place: {k: (_draw(random, scale), _draw(random, scale)) for k in found.places(inputs)}
                for place in found.places(outputs)
            }
        for hypothesis in sorted(hypotheses, key=repr):
            _adjust(found, hypothesis)
    return found


def _draw(random: Random, scale: int) -> Any:
    """A number with three binary places, not 0, or a ``scale``-th of one, a power of 2."""
    value = Fraction(random.choice([*range(-16, 0), *range(1, 17)]), 8 * scale)
    return mp.mpf(value.numerator) / value.denominator


def _adjust(found: Model, hypothesis: Formula) -> None:
    """Make a tensor positive or negative, or make its columns sum to 1, where that is what a hypothesis says."""
    judgement = hypothesis[2]
    (name,) = names(judgement) if len(names(judgement)) == 1 else (None,)
    if name is None or found.theory.kind(name) != "variable":
        return
    values = found.values[name]
    if judgement[0] == "pos":
        values.update({place: abs(value) for place, value in values.items()})
        if not found.satisfies(hypothesis):
            values.update({place: -value for place, value in values.items()})
    elif judgement[0] == "eq" and any(part[0] == "sum" for part, _ in parts(judgement)):
        for column in {place[1:] for place in values}:
            here = [place for place in values if place[1:] == column]
            values[here[0]] += 1 - sum(values[place] for place in here)

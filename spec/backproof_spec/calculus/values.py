"""Values at which formulas are looked at: drawn at random, and such that they satisfy the hypotheses of a theorem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

from mpmath import mp

from backproof_spec.calculus.enclosures import TooLarge
from backproof_spec.calculus.evaluate import DIGITS, Model, Sequent
from backproof_spec.calculus.limits import polynomial
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.polynomials import monomial, product
from backproof_spec.calculus.solving import solve
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import BINDERS, Formula, Names, Theory, free_indices, names

LARGEST = 3
_MANY = 8
"""Where there are more dimensions than these, each is at most 2: the numbers of a deep network in seconds."""
_SEEDS, _PATIENCE = 400, 40
"""So many are tried, after the first of them positive values only: else hardly a deep network of ReLU is active."""
UNSATISFIED = "no values were found that satisfy what is supposed"
"""What is said of hypotheses that contradict each other."""
UNDEFINED = "no values were found at which both sides are defined"
"""What is said of 1/(x − x)."""
_SMALLEST = 64
"""Values are divided by at most so much where what is computed from them is too large."""


class Unsatisfied(Exception):
    """No values were found that satisfy the hypotheses."""


class Undefined(Unsatisfied):
    """Values were found, but the two sides have none at them: 1/0, the logarithm of what is not positive, exp(10⁹)."""


def example(proof: Proof, theorem: Sequent) -> Model:
    """Small sizes, 2 and 3 in turn, so that no two of a tensor's dimensions are likely to be alike."""
    used = {dim for _, name, *_ in proof.declarations for dim in proof.theory.dims(name)}
    most = 2 if len(used) > _MANY else LARGEST
    return next(telling(proof, theorem, 1, {dim: min(2 + k % 2, most) for k, dim in enumerate(sorted(used))}))


def telling(proof: Proof, theorem: Sequent, count: int, sizes: dict[str, int] | None = None) -> Iterator[Model]:
    """``count`` models: such that the right side of a theorem is not 0 everywhere, unless it always is.

    Raises ``Unsatisfied`` where no values satisfy the hypotheses, or ``Undefined`` where a side has no value at them.
    """
    found, dull, scale, undefined = 0, [], 1, ""
    for seed in range(_SEEDS):
        try:
            random = Random(seed)  # noqa: S311 - examples
            draw = partial(drawn, scale=scale, signed=seed < _PATIENCE)
            here = model(proof, theorem.hypotheses, random, sizes, draw=draw)
            nonzero = here.somewhere(theorem.conclusion)
        except Unsatisfied:
            continue
        except TooLarge as error:
            scale, undefined = min(2 * scale, _SMALLEST), str(error)
            continue
        except ArithmeticError as error:
            undefined = str(error) or "1/0"
            continue
        if nonzero:
            yield here
            found += 1
        else:
            dull.append(here)
        if found == count:
            return
    if not found and not dull:
        raise Undefined(f"{UNDEFINED}: {undefined}") if undefined else Unsatisfied(UNSATISFIED)
    yield from dull[: count - found]


def drawn(random: Random, scale: int = 1, *, signed: bool = True) -> Any:
    """A number with three binary places, not 0, or a ``scale``-th of one, a power of 2; positive unless ``signed``."""
    value = Fraction(random.choice([*(range(-16, 0) if signed else ()), *range(1, 17)]), 8 * scale)
    return mp.mpf(value.numerator) / value.denominator


def tied(random: Random) -> Any:
    """A small whole number, so that kinks and 1/0 are met."""
    return mp.mpf(random.choice((0, 0, 1, -1, 2)))


def model(
    proof: Proof,
    hypotheses: frozenset[Formula],
    random: Random,
    sizes: dict[str, int] | None = None,
    largest: int = LARGEST,
    draw: Callable[[Random], Any] = drawn,
) -> Model:
    """Random values that satisfy the hypotheses. Raises ``Unsatisfied`` where none are found."""
    for _ in range(20):
        found = _model(proof, hypotheses, random, sizes, largest, partial(draw, random))
        found.known.clear()
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
    draw: Callable[[], Any],
) -> Model:
    theory = proof.theory
    variables = {name: theory.dims(name) for kind, name, *_ in proof.declarations if kind == "variable"}
    maps = {name: (theory.dims(name), theory.rest(name)) for kind, name, *_ in proof.declarations if kind == "map"}
    nonempty = {judgement[1][1] for _, _, judgement in hypotheses if judgement[0] == "pos" and judgement[1][0] == "dim"}
    dims = {dim for each in (*variables.values(), *(a + b for a, b in maps.values())) for dim in each}
    said = [each[3] for each in proof.declarations if each[0] == "define"] + [each[2] for each in hypotheses]
    dims |= {part[1] for formula in said for part, _ in parts(formula) if part[0] in {*BINDERS, "dim"}}
    compared = {part[1] for each in hypotheses for part, _ in parts(each) if part[0] == "dim"} - nonempty
    sizes = sizes or (dict.fromkeys(dims, min(largest, 2)) if len(dims) > _MANY else {})
    chosen = {
        dim: random.randint(int(dim in nonempty), largest + 2 * (dim in compared)) for dim in sorted(dims)
    } | sizes
    found = Model(theory, chosen, {}, {})
    with mp.workdps(DIGITS):
        for name, shape in variables.items():
            found.values[name] = {place: draw() for place in found.places(shape)}
        for name, (inputs, outputs) in maps.items():
            found.maps[name] = {
                place: {k: (draw(), draw()) for k in found.places(inputs)} for place in found.places(outputs)
            }
        for hypothesis in sorted(hypotheses, key=repr):
            _adjust(found, hypothesis)
        for name in sorted(_weights(theory, hypotheses)):
            for hypothesis in hypotheses:
                _crown(found, name, hypothesis)
        equations = [each for each in hypotheses if each[2][0] == "eq"]
        if not all(found.satisfies(each) for each in equations):
            with suppress(ArithmeticError):
                solve(found, sorted(equations, key=repr))
    return found


def _adjust(found: Model, hypothesis: Formula) -> None:
    """Change the values of a tensor where a hypothesis is of its sign, its size, or what it is equal to."""
    _, dims, judgement = hypothesis
    if judgement[0] == "eq" and judgement[1][0] == "entry":
        _assign(found, dims, *judgement[1:])
    (name,) = names(judgement) if len(names(judgement)) == 1 else (None,)
    if name is None or found.theory.kind(name) != "variable":
        return
    values = found.values[name]
    if found.satisfies(hypothesis):
        return
    if judgement[0] == "pos":
        here = {place: abs(value) for place, value in values.items()}
        for factor in (sign * mp.mpf(2) ** power for power in _POWERS for sign in (1, -1)):
            values.update({place: factor * value for place, value in here.items()})
            if found.satisfies(hypothesis):
                return
    elif judgement[0] == "eq" and any(part[0] == "sum" for part, _ in parts(judgement)):
        for column in {place[1:] for place in values}:
            rows = [place for place in values if place[1:] == column]
            values[rows[0]] += 1 - sum(values[place] for place in rows)


def _weights(theory: Theory, hypotheses: frozenset[Formula]) -> set[str]:
    """The variables w of which w·w = w is supposed."""
    squares = [(a, b) for _, _, (kind, a, *b) in hypotheses if kind == "eq" and a[0] == "mul"]
    return {a[1][1] for a, (b,) in squares if a[1:] == (b, b) and b[0] == "entry" and theory.kind(b[1]) == "variable"}


def _crown(found: Model, name: str, hypothesis: Formula) -> None:
    """Where Σ_k w·a is to exceed a, which w is not in, w becomes 1 at the largest a, and 0 elsewhere."""
    _, dims, judgement = hypothesis
    sums = [part for part, depth in parts(judgement) if part[0] == "sum" and depth == 0 and judgement[0] == "pos"]
    for _, dim, body in sums if not free_indices(hypothesis) else ():
        _, factors = monomial(body) if len(polynomial(body)) == 1 else (0, [])
        ours = [a for a in factors if a[:2] == ("entry", name)]
        others = product(1, [a for a in factors if a not in ours])
        if len(ours) != 1 or name in found.theory.depends(others) or not found.size(dim):
            continue
        for outer in found.places(dims):
            at = [(k, *reversed(outer)) for k in range(found.size(dim))]
            winner = max(at, key=lambda bound: found.value(others, {}, bound))
            for bound in at:
                found.values[name][tuple(bound[i[1]] for i in ours[0][2])] = mp.mpf(int(bound == winner))
        found.known.clear()


_POWERS = (0, 2, -2, 5, -5, 10, -10)
"""By these powers of 2 values are multiplied until x − 100 > 0."""


def _assign(found: Model, dims: Names, left: Formula, right: Formula) -> None:
    """X[i] = a for all i: a variable gets these values, where they do not depend on it."""
    _, name, places = left
    plain = sorted(i[1] for i in places) == list(range(len(dims)))
    if plain and found.theory.kind(name) == "variable" and name not in found.theory.depends(right):
        for place in found.places(dims):
            bound = tuple(reversed(place))
            found.values[name][tuple(bound[i[1]] for i in places)] = found.precisely(right, bound)
        found.known.clear()

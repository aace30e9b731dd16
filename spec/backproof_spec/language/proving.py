"""The claimed gradients of an operation tried in numbers, before a proof of them is looked for (see ``deriving``).

A false claim is refuted at small sizes by the explicit Jacobian, in a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from random import Random

from mpmath import mp

from backproof_spec.calculus.values import UNSATISFIED, Unsatisfied
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Evaluation, Place, Tensor
from backproof_spec.language.exact import Kink
from backproof_spec.language.functions import Number, real
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.sizes import Misfit, sizes, value
from backproof_spec.language.syntax import Definition, Gradient, Node, Size, Supposition, free
from backproof_spec.language.whole import COMPARED
from backproof_spec.operation import Operation

_BITS, _AGREE = 400, 200
"""Precision of the numbers, and the bits to which two of them agree that are equal."""
_ATTEMPTS, _EXAMPLES, _SECONDS = 400, 6, 1.5
"""So many sets of values are drawn, until so many satisfy what is supposed, or until so many seconds are over."""
_SIZES, _ENTRIES = (2, 3, 1, 2), 2000
"""The sizes of arguments, and the most entries of any tensor."""


@dataclass(frozen=True)
class Refuted:
    """Values at which what is claimed is not so: at which entry, what it is, and what was claimed."""

    indices: tuple[str, ...]
    evaluation: Evaluation[Number]
    place: Place
    right: Number
    claimed: Number | str


# --- in numbers -------------------------------------------------------------------------------------------------------


def refuted(operation: Operation, gradient: Gradient, seconds: float = _SECONDS) -> Refuted | None:
    """Small values at which the claim does not hold; None where none were found in so many examples or seconds.

    Raises ``Unsatisfied`` where no values satisfy what is supposed.
    """
    claimed = gradient.claimed
    return None if claimed is None else _searched(operation, lambda it: _slope_differs(it, gradient, claimed), seconds)


def refuted_way(operation: Operation, way: Definition, seconds: float = _SECONDS) -> Refuted | None:
    """The same of another way to compute a name."""
    return _searched(operation, lambda it: _value_differs(it, way), seconds)


def _searched(
    operation: Operation, differs: Callable[[Evaluation[Number]], Refuted | None], seconds: float
) -> Refuted | None:
    tried, end = 0, time.monotonic() + seconds
    with mp.workprec(_BITS):
        for seed in range(_ATTEMPTS):
            evaluation = drawn(operation, Random(seed))  # noqa: S311 - examples, no secrets
            if evaluation is not None:
                with suppress(Kink):
                    tried += 1
                    found = differs(evaluation)
                    if found is not None:
                        return found
            if tried == _EXAMPLES or (tried and time.monotonic() > end):
                break
    if not tried:
        raise Unsatisfied(UNSATISFIED)
    return None


def _slope_differs(evaluation: Evaluation[Number], gradient: Gradient, claimed: Node) -> Refuted | None:
    """The first entry at which Jᵀ·vec dY is not what is claimed."""
    try:
        derivative = exact.vjp(evaluation, gradient.name, exact.jets(evaluation, strict=True, by=gradient.name))
    except Kink:
        raise
    except ArithmeticError:  # what is differentiated does not exist here
        return None
    return _first(evaluation, gradient.indices, derivative, claimed)


def _value_differs(evaluation: Evaluation[Number], way: Definition) -> Refuted | None:
    """The first entry of a name at which another way gives something else."""
    try:
        defined = evaluation.tensor(way.name)
    except ArithmeticError:  # the name does not exist here
        return None
    return _first(evaluation, way.indices, defined, way.body)


def _first(
    evaluation: Evaluation[Number], indices: tuple[str, ...], right: Tensor[Number], claimed: Node
) -> Refuted | None:
    """The first entry at which what is claimed differs from what is right."""
    of = evaluation.compiled(claimed)
    for place, wanted in right.items():
        try:
            said: Number | str = of(dict(zip(indices, place, strict=True)))
        except ArithmeticError as error:
            said = f"has no value: {error or '1/0'}"
        if isinstance(said, str) or not equal(wanted, said):
            return Refuted(indices, evaluation, place, wanted, said)
    return None


def equal(a: Number, b: Number) -> bool:
    """Are two numbers equal: exactly where both are rational, else to most of the working precision?"""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a == b
    a, b = real(a), real(b)
    return bool(abs(a - b) <= mp.ldexp(max(abs(a), abs(b), 1), -_AGREE))


# --- values -----------------------------------------------------------------------------------------------------------


def drawn(operation: Operation, random: Random) -> Evaluation[Number] | None:
    """The operation at small values that satisfy what is supposed; None where these do not."""
    parameters = {each.name: random.choice(each.choices) for each in operation.parameters}
    found = _sizes(operation, parameters, random)
    if found is None:
        return None
    values = {name: _tensor(operation, name, found, random) for name in (*_names(operation), *operation.cotangents)}
    evaluation = exact.evaluation(operation, values, parameters, found)
    return evaluation if satisfied(evaluation) else None


def _names(operation: Operation) -> tuple[str, ...]:
    return tuple(each.name for each in operation.arguments)


def _sizes(operation: Operation, parameters: Mapping[str, Fraction], random: Random) -> dict[str, int] | None:
    """Small sizes of the arguments that fit each other, and those that come of them."""
    dims = {operation.dimension[i]: None for each in operation.arguments for i in (*each.indices, each.below) if i}
    chosen = {dim: random.choice(_SIZES) for dim in dims}
    try:
        for each in operation.where:
            if isinstance(each.left, Size) and each.relation == "=":
                chosen[operation.dimension[each.left.index]] = value(each.right, operation, chosen, parameters)
        shapes = {name: tuple(chosen[dim] for dim in operation.shapes[name]) for name in _names(operation)}
        found = sizes(operation, shapes, parameters)
    except Misfit:
        return None
    large = any(prod(found[dim] for dim in shape) > _ENTRIES for shape in operation.shapes.values())
    return None if large or min(found.values(), default=0) < 0 else found


def _tensor(operation: Operation, name: str, found: Mapping[str, int], random: Random) -> Tensor[Number]:
    """Values of the argument's kind; of a cotangent any."""
    argument, shape = operation.argument(name), [found[dim] for dim in operation.shapes[name]]
    below = found[operation.dimension[argument.below]] if argument and argument.below else 1
    draw = _DRAWN[KINDS[argument.kind].drawn if argument else "real"]
    return {place: draw(random, below) for place in product(*map(range, shape))}


def _eighths(least: int) -> Callable[[Random, int], Number]:
    return lambda random, _: Fraction(random.randint(least, 16), 8)


_DRAWN: dict[str, Callable[[Random, int], Number]] = {
    "real": _eighths(-16),
    "logits": _eighths(-16),
    "positive": _eighths(1),
    "probability": lambda random, _: Fraction(random.randint(1, 15), 16),
    "labels": _eighths(0),
    "weights": _eighths(0),
    "mask": lambda random, _: Fraction(random.randint(0, 1)),
    "index": lambda random, below: random.randrange(below) if below else 0,
}
"""How small values of each kind are drawn."""


def satisfied(evaluation: Evaluation[Number]) -> bool:
    """Do the values satisfy all that is supposed?"""
    try:
        return all(_holds(evaluation, each) for each in evaluation.operation.suppositions)
    except ArithmeticError:
        return False


def _holds(evaluation: Evaluation[Number], each: Supposition) -> bool:
    indices = sorted(free(each.left) | free(each.right))
    left, right = (evaluation.entries(side, indices) for side in (each.left, each.right))
    if each.relation in {"=", "!="}:
        return all(equal(a, right[place]) == (each.relation == "=") for place, a in left.items())
    return all(COMPARED[each.relation](real(a), real(right[place])) for place, a in left.items())

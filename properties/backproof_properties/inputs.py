"""Inputs of any operation: sizes that fit each other, values of every kind, parameters among their choices.

An example holds the arguments and cotangents as arrays, and the parameters as numbers. What does not satisfy what the
operation supposes is drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties import regimes, sweep
from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.regimes import LOGITS, MODERATE_LOGITS, ORDINARY, VALUES, Regime
from backproof_properties.source import Source, Unfit
from backproof_properties.strategies import ROOMY, arrays, cotangents, labels, limited
from backproof_properties.subject import Domain
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Entries, Evaluation, Tensor
from backproof_spec.language.functions import Number
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.proving import satisfied
from backproof_spec.language.sizes import Misfit, sizes, value
from backproof_spec.language.syntax import Argument, Size
from backproof_spec.operation import Operation

BITS = 400
"""The precision at which numbers that are not rational are computed."""
_SIZES = (1, 2, 3, 4, 2, 3, 5, 3, 2, 4, 3, 0)
"""Ordinary sizes, those most telling most often; 0 last, so that a counterexample with entries is preferred."""
_LARGE = (9, 17, 33, 65)
_TIES = ("free", "free", "equal", "free", "large")
_TRIES = 30
"""Sizes are drawn so often until they fit each other."""
SMALL, MOST = 300, 2000
"""The most entries that are computed, over all sums, in an example of a small domain and of any other."""
_MANY, _EXTREME = 3, 2
"""Of more arrays than so many no more than so few have numbers of any magnitude."""
_SWEPT, _LED, _LOWERED, _FEW = 4 * MOST, 20_000, 16, 2
"""The most in an example of the sweep, and in one of which all sizes but the leading one are few: 4·65² are 16,900 of
a sum over all classes, of each. They are halved so often, but not below a few."""


def evaluation(operation: Operation, case: Case) -> Evaluation[Number]:
    """The operation at the exact values of an example. Raises ``Misfit``."""
    parameters = {each.name: case[each.name] for each in operation.parameters}
    names = [*(each.name for each in operation.arguments), *operation.cotangents]
    found = sizes(operation, {each.name: case[each.name].shape for each in operation.arguments}, parameters)
    whole = {each.name for each in operation.arguments if each.kind == "index"}
    values = {name: _tensor(case[name], int if name in whole else _fraction) for name in names}
    return exact.evaluation(operation, values, parameters, found)


def _tensor(A: Array, read: Callable[[Any], Number]) -> Tensor[Number]:
    return Entries(lambda place: read(A[place]), A.shape)


def _fraction(x: Any) -> Fraction:
    return Fraction(float(x))


def admitted(operation: Operation, case: Case) -> bool:
    """Do the sizes fit, and the values satisfy what is supposed?"""
    try:
        with mp.workprec(BITS):
            given = evaluation(operation, case)
            within = all(_below(given, each) for each in operation.arguments if each.below)
            return within and satisfied(given)
    except (Misfit, ArithmeticError):
        return False


def _below(given: Evaluation[Number], argument: Argument) -> bool:
    most = given.size(argument.below)
    return all(0 <= number < most for number in given.values[argument.name].values())


# --- drawing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """Of a function of an operation: ``Inputs(operation, function)(source, domain)``.

    ``tame``: of ordinary sizes of numbers, few of them. Equal are those of operations of the same text, wherever sent.
    """

    operation: Operation = field(compare=False)
    function: str
    tame: bool = field(default=False, kw_only=True)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """What stands for the operation."""
        object.__setattr__(self, "digest", self.operation.digest)

    def __call__(self, source: Source, domain: Domain) -> Case:
        """Drawn from there. Raises ``Unfit``."""
        operation, function, tame = self.operation, self.function, self.tame or domain.sweeps
        parameters = {
            each.name: source.of(_choices(operation, each.name, function, domain)) for each in operation.parameters
        }
        found = _dimensions(source, operation, parameters, domain, SMALL if tame else MOST)
        wild = (
            frozenset()
            if tame
            else _wild(source, [*(each.name for each in operation.arguments), *operation.cotangents])
        )
        case: Case = {}
        for each in operation.arguments:
            shape = tuple(found[dim] for dim in operation.shapes[each.name])
            below = found[operation.dimension[each.below]] if each.below else 0
            case[each.name] = _DRAWN[KINDS[each.kind].drawn](source, domain, shape, below, each.name not in wild)
        signature = domain.signatures.get(function)
        for name, output in operation.cotangents.items():
            shape = tuple(found[dim] for dim in operation.shapes[output])
            handed = signature is None or name in signature.arguments
            case[name] = (
                cotangents(source, domain, shape, VALUES if name in wild else ORDINARY)
                if handed
                else np.ones(shape, NUMPY_DTYPES[domain.dtype])
            )
        case.update(parameters)
        if not admitted(operation, case):
            raise Unfit
        return case


def _wild(source: Source, names: list[str]) -> frozenset[str]:
    """The arrays whose numbers may be extreme: of many a few, as otherwise most examples would show but overflow."""
    if len(names) <= _MANY:
        return frozenset(names)
    return frozenset(source.of(names) for _ in range(source.whole(0, _EXTREME)))


def _choices(operation: Operation, name: str, function: str, domain: Domain) -> tuple[Fraction, ...]:
    """The default, where a target does not take the parameter; else every choice, as the number that it is given.

    Of one number its double is tried, too: a target that has the default for the parameter would not be told from
    one that takes it, and where the default is 1 not from one that forgets it.
    """
    choices = next(each.choices for each in operation.parameters if each.name == name)
    signature = domain.signatures.get(function)
    if signature is None:
        return choices
    if name not in signature.options:
        return choices[:1]
    if len(choices) == 1:
        choices = (*choices, 2 * choices[0])
    return tuple(each if each.denominator == 1 else Fraction(float(each)) for each in choices)


def _dimensions(
    source: Source, operation: Operation, parameters: dict[str, Fraction], domain: Domain, most: int
) -> dict[str, int]:
    """The size of every dimension: they fit each other, and what is computed is not too much."""
    arguments = operation.arguments
    dims = list(dict.fromkeys(operation.dimension[i] for each in arguments for i in (*each.indices, each.below) if i))
    floor = 0 if domain.conventions.limits.empty else 1
    least = max(domain.least, floor)
    if domain.swept is not None:
        chosen = dict(zip(dims, sweep.sizes(len(dims), domain.swept, few=domain.few), strict=True))
        chosen = {dim: max(size, least) for dim, size in chosen.items()}
        return _swept(operation, parameters, chosen, domain.swept, floor)
    for _ in range(_TRIES):
        tie = source.of(_TIES[:-1] if domain.small or most == SMALL else _TIES)
        chosen = {dim: source.of(_SIZES) for dim in dims}
        if dims and tie == "equal":
            chosen = dict.fromkeys(dims, chosen[dims[0]])
        elif dims and tie == "large":
            chosen = {dim: min(size, 3) for dim, size in chosen.items()}
            chosen[source.of(dims)] = source.of(_LARGE)
        chosen = {dim: max(min(size, domain.largest), least) for dim, size in chosen.items()}
        found = fitted(operation, parameters, chosen, floor)
        if found is not None and work(operation, found) <= most:
            return found
    raise Unfit


def _swept(
    operation: Operation, parameters: dict[str, Fraction], chosen: dict[str, int], number: int, floor: int
) -> dict[str, int]:
    """Those of an example of the sweep, lowered but for the leading one until they fit and are not too many."""
    dims = list(chosen)
    for _ in range(_LOWERED if dims else 1):
        found = fitted(operation, parameters, dict(chosen), floor)
        others = {dim: size // 2 + 1 for dim, size in chosen.items() if dim != dims[number % len(dims)] and size > _FEW}
        if found is not None and work(operation, found) <= (_SWEPT if others else _LED):
            return found
        chosen |= others or {dim: size // 2 + 1 for dim, size in chosen.items()}
    raise Unfit


def fitted(
    operation: Operation, parameters: dict[str, Fraction], chosen: dict[str, int], floor: int
) -> dict[str, int] | None:
    """These sizes, changed so that they meet what ties them; None where they do not, or one is less than ``floor``."""
    try:
        for each in operation.where:
            if isinstance(each.left, Size) and each.relation == "=":
                dim = operation.dimension[each.left.index]
                if dim in chosen:
                    chosen[dim] = value(each.right, operation, chosen, parameters)
        shapes = {each.name: tuple(chosen[dim] for dim in operation.shapes[each.name]) for each in operation.arguments}
        if any(size < 0 for shape in shapes.values() for size in shape):
            return None
        found = {**chosen, **sizes(operation, shapes, parameters)}
    except Misfit:
        return None
    if min(found.values(), default=floor) < floor or any(
        found[operation.dimension[each.below]] == 0 < prod(shapes[each.name])
        for each in operation.arguments
        if each.below
    ):
        return None
    return found


def work(operation: Operation, found: dict[str, int]) -> int:
    """How many entries are computed of all definitions and claimed gradients, those of sums included."""

    def size(indices: tuple[str, ...]) -> int:
        return prod(found.get(operation.dimension[i], 1) for i in indices)

    return sum(size(indices) * max([1, *map(size, sums)]) for indices, sums in operation.loops)


# --- values by kind ---------------------------------------------------------------------------------------------------

Draw = Callable[[Source, Domain, tuple[int, ...], int, bool], Array]


def _of(usual: tuple[Regime, ...]) -> Draw:
    return lambda source, domain, shape, *_: arrays(source, domain, shape, usual)


def _real(source: Source, domain: Domain, shape: tuple[int, ...], _: int, calm: bool) -> Array:  # noqa: FBT001 - a row
    """Any numbers, or ordinary ones: in a short format mostly slight ones, as what saturates keeps no digit there."""
    slight = (regimes.slight,) * 2
    ordinary = (*ORDINARY, *slight) if domain.format.precision >= ROOMY else (slight[0], regimes.small, *slight)
    return arrays(source, domain, shape, ordinary if calm else (*VALUES, *[regimes.moderate] * 4))


def _logits(source: Source, domain: Domain, shape: tuple[int, ...], _: int, calm: bool) -> Array:  # noqa: FBT001 - a row
    return limited(domain, arrays(source, domain, shape, MODERATE_LOGITS if calm else LOGITS))


def _labels(source: Source, domain: Domain, shape: tuple[int, ...], *_: Any) -> Array:
    if not prod(shape):
        return np.zeros(shape, NUMPY_DTYPES[domain.dtype])
    return labels(source, domain, (shape[0], prod(shape[1:])) if shape else (1, 1)).reshape(shape)


def _whole(source: Source, domain: Domain, shape: tuple[int, ...], below: int, _: bool) -> Array:  # noqa: FBT001 - a row
    """Any; where sizes are gone through the last of them is the largest, as it goes wrong in a tail or in a byte."""
    last = max(below - 1, 0)
    numbers = [source.whole(0, last) for _ in range(prod(shape))]
    if domain.sweeps and numbers:
        numbers[-1] = last
    return np.array(numbers, np.int64).reshape(shape)


_DRAWN: dict[str, Draw] = {
    "real": _real,
    "logits": _logits,
    "positive": _of(regimes.POSITIVE),
    "probability": _of(regimes.INSIDE),
    "labels": _labels,
    "weights": _of(regimes.NONNEGATIVE),
    "mask": _of(regimes.MASKS),
    "index": _whole,
}
"""How values of each kind are drawn."""

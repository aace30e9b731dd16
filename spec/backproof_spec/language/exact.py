"""Exact values: rational numbers as fractions, the others by mpmath at the working precision; and explicit Jacobians.

The explicit Jacobian is computed entry by entry: with every value go its partial derivatives by the entries of the
arguments, those that are not 0 (which δ and the places of a tensor decide), so that J comes out sparse.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from backproof_spec.language.evaluating import Evaluation, Holds, Place, Tensor
from backproof_spec.language.functions import FUNCTIONS, Function, Number, added, multiplied, real
from backproof_spec.language.sizes import Parameters, sizes
from backproof_spec.operation import Operation

_EXPONENT, _BITS = 64, 100_000
"""Fractions are raised to powers up to this one, and kept as fractions up to so many bits."""


def _is(value: Number) -> bool:
    return isinstance(value, Fraction)


def _alike(*values: Number) -> tuple[Number, ...]:
    """Numbers of one kind: a fraction and one of mpmath are compared by none of its versions alike."""
    return values if all(map(_is, values)) else tuple(map(real, values))


def _kept(value: Fraction) -> Number:
    """A fraction, unless it has grown too long."""
    return value if value.numerator.bit_length() + value.denominator.bit_length() < _BITS else real(value)


class Exact:
    """Fractions and numbers of mpmath."""

    def number(self, value: Fraction) -> Number:
        """A rational number."""
        return value

    def is_zero(self, value: Number) -> bool:
        """Is it 0?"""
        return bool(value == 0)

    def add(self, terms: Sequence[Number]) -> Number:
        """The sum."""
        others = [each for each in terms if not _is(each)]
        rational = [each for each in terms if _is(each)] if len(others) < len(terms) else []
        whole = _kept(sum(rational[1:], rational[0])) if rational else Fraction(0)
        return added([*others, real(whole)] if whole else others) if others else whole

    def multiply(self, left: Number, right: Number) -> Number:
        """a·b."""
        return _kept(left * right) if _is(left) and _is(right) else multiplied(real(left), real(right))

    def divide(self, left: Number, right: Number) -> Number:
        """a/b."""
        if right == 0:
            msg = "a division by 0"
            raise ZeroDivisionError(msg)
        return _kept(left / right) if _is(left) and _is(right) else real(left) / real(right)

    def power(self, base: Number, exponent: Number) -> Number:
        """a^e: of whole e for every a (but 0 to a negative one), else of positive a."""
        if _is(exponent) and exponent.denominator == 1:
            if base == 0 and exponent < 0:
                msg = "0 to a negative power"
                raise ZeroDivisionError(msg)
            whole = int(exponent)
            return _kept(base**whole) if _is(base) and abs(whole) <= _EXPONENT else real(base) ** whole
        if base <= 0:
            msg = "a power that is no whole number of what is not positive"
            raise ArithmeticError(msg)
        return real(base) ** real(exponent)

    def apply(self, function: Function, arguments: tuple[Number, ...]) -> Number:
        """f(a, …)."""
        return function.value(*_alike(*arguments))

    def largest(self, values: Sequence[Number]) -> Number:
        """The first of the largest."""
        return max(_alike(*values))

    def bracket(self, holds: Holds, left: Number, right: Number) -> Number:
        """1 where it holds, else 0."""
        return Fraction(holds(*_alike(left, right)))


# --- values with their partial derivatives ----------------------------------------------------------------------------

Variable = tuple[str, Place]
"""An entry of an argument."""


@dataclass(frozen=True)
class Jet:
    """A value, and its partial derivatives by what it depends on; a slope may be 0, as that of x² at 0."""

    value: Number
    slopes: Mapping[Variable, Number] = field(default_factory=dict)


MAXIMUM = "a maximum"
"""What has no derivative where several entries tie."""


class Kink(ArithmeticError):
    """There is no derivative here: of which function."""


class Jets:
    """Exact numbers with their partial derivatives: each rule is that of the calculus, once.

    ``strict``: a kink raises ``Kink``; else the derivative is the convention's.
    """

    def __init__(self, *, strict: bool = False) -> None:
        """Over exact numbers."""
        self.exact, self.strict = Exact(), strict

    def at_kink(self, what: str, of: Sequence[Jet]) -> None:  # noqa: ARG002 - for others
        """What is done at a kink: of a function, of the largest ones, of what is compared."""
        raise Kink(what)

    def number(self, value: Fraction) -> Jet:
        """A number, which is constant."""
        return Jet(value)

    def is_zero(self, value: Jet) -> bool:
        """Is it 0, here and nearby?"""
        return value.value == 0 and not value.slopes

    def add(self, terms: Sequence[Jet]) -> Jet:
        """Σ a, with Σ a′."""
        slopes: dict[Variable, list[Number]] = {}
        for each in terms:
            for variable, slope in each.slopes.items():
                slopes.setdefault(variable, []).append(slope)
        return Jet(self.exact.add([each.value for each in terms]), {k: self.exact.add(v) for k, v in slopes.items()})

    def _scaled(self, slopes: Mapping[Variable, Number], by: Number) -> dict[Variable, Number]:
        return {k: self.exact.multiply(by, v) if by != 0 else Fraction(0) for k, v in slopes.items()}

    def _combined(self, value: Number, *parts: tuple[Jet, Number]) -> Jet:
        """A value whose derivative is Σ slope·a′ over the parts (a, slope)."""
        return Jet(value, self.add([Jet(Fraction(0), self._scaled(a.slopes, slope)) for a, slope in parts]).slopes)

    def multiply(self, left: Jet, right: Jet) -> Jet:
        """a·b, with a′·b + a·b′."""
        if self.is_zero(left) or self.is_zero(right):
            return self.number(Fraction(0))
        return self._combined(self.exact.multiply(left.value, right.value), (left, right.value), (right, left.value))

    def divide(self, left: Jet, right: Jet) -> Jet:
        """a/b, with a′/b − (a/b)·b′/b."""
        value = self.exact.divide(left.value, right.value)
        inverse = self.exact.divide(Fraction(1), right.value)
        minus = self.exact.multiply(Fraction(-1), self.exact.multiply(value, inverse))
        return self._combined(value, (left, inverse), (right, minus))

    def power(self, base: Jet, exponent: Jet) -> Jet:
        """a^e, with e·a^(e−1)·a′, and a^e·log a·e′ where e is not constant."""
        value, e = self.exact.power(base.value, exponent.value), exponent.value
        by = self.exact.multiply(e, self.exact.power(base.value, e - 1)) if e != 0 else Fraction(0)
        if not exponent.slopes:
            return self._combined(value, (base, by))
        log = FUNCTIONS["log"].value(base.value)
        return self._combined(value, (base, by), (exponent, self.exact.multiply(value, log)))

    def apply(self, function: Function, arguments: tuple[Jet, ...]) -> Jet:
        """f(a, …), with Σ ∂f·a′."""
        values = _alike(*(each.value for each in arguments))
        value = function.value(*values)
        if self.strict and function.kink and function.kink(values) == 0 and any(a.slopes for a in arguments):
            self.at_kink(function.name, arguments)
        parts = zip(arguments, function.slopes, strict=True)
        return self._combined(value, *((a, slope(values, value)) for a, slope in parts if a.slopes))

    def largest(self, values: Sequence[Jet]) -> Jet:
        """The first of the largest."""
        order = _alike(*(each.value for each in values))
        largest = max(order)
        found = values[order.index(largest)]
        if self.strict:
            tied = [a for n, a in zip(order, values, strict=True) if n == largest]
            if any(a.slopes != found.slopes for a in tied):
                self.at_kink(MAXIMUM, tied)
        return found

    def bracket(self, holds: Holds, left: Jet, right: Jet) -> Jet:
        """1 where it holds, else 0: between < and >= it jumps; = of what wins does not, where just one entry does."""
        jumps = holds not in {operator.eq, operator.ne} and operator.eq(*_alike(left.value, right.value))
        if self.strict and jumps and left.slopes != right.slopes:
            self.at_kink("a comparison", (left, right))
        return Jet(self.exact.bracket(holds, left.value, right.value))


# --- an operation at values -------------------------------------------------------------------------------------------


def shapes(values: Mapping[str, Tensor[Number]], operation: Operation) -> dict[str, tuple[int, ...]]:
    """The shape of each argument, from its last place. Tensors without entries have to say theirs otherwise."""
    return {
        each.name: tuple(1 + k for k in max(values[each.name])) if values[each.name] else (0,) * len(each.indices)
        for each in operation.arguments
    }


def evaluation(
    operation: Operation,
    values: Mapping[str, Tensor[Number]],
    parameters: Parameters,
    found: Mapping[str, int] | None = None,
) -> Evaluation[Number]:
    """The operation at exact values of its arguments (and cotangents); ``found``: the sizes, where they are known."""
    found = sizes(operation, shapes(values, operation), parameters) if found is None else found
    return Evaluation(operation, found, parameters, values, Exact())


def jets(given: Evaluation[Number], *, strict: bool = False, along: bool = False, by: str = "") -> Evaluation[Jet]:
    """The same, with the partial derivatives by every entry of every differentiated argument; or ``by`` one alone.

    ``along``: the derivative in one direction alone, whose components differ: at a kink of several entries it tells.
    """
    component = count(1)
    differentiated = {by} if by else {each.name for each in given.operation.differentiated}

    def slopes(name: str, place: Place) -> dict[Variable, Number]:
        if name not in differentiated:
            return {}
        return {("", ()): Fraction(1, next(component))} if along else {(name, place): Fraction(1)}

    return moved(given, slopes, Jets(strict=strict))


def moved(
    given: Evaluation[Number], slopes: Callable[[str, Place], Mapping[Variable, Number]], rules: Jets
) -> Evaluation[Jet]:
    """The same, with the derivatives that each entry of an argument is given."""
    whole = {each.name for each in given.operation.arguments if each.kind == "index"}
    values = {
        name: tensor if name in whole else {place: Jet(value, slopes(name, place)) for place, value in tensor.items()}
        for name, tensor in given.values.items()
    }
    return Evaluation(given.operation, given.sizes, given.parameters, values, rules)


def jacobian(given: Evaluation[Number], output: str) -> dict[Place, Mapping[Variable, Number]]:
    """∂ output / ∂ arguments: of every entry of the output, its partial derivatives that are not 0."""
    tensor = jets(given).tensor(output)
    return {place: {k: v for k, v in jet.slopes.items() if v != 0} for place, jet in tensor.items()}


def vjp(given: Evaluation[Number], argument: str, along: Evaluation[Jet] | None = None) -> dict[Place, Number]:
    """d argument = Jᵀ·vec dY, summed over the outputs: from the explicit Jacobian, which ``along`` holds."""
    exact, found = Exact(), {place: list[Number]() for place in given.values[argument]}
    along = along or jets(given)
    for cotangent, output in given.operation.cotangents.items():
        for place, jet in along.tensor(output).items():
            weight = given.values[cotangent][place]
            for (name, at), slope in jet.slopes.items():
                if name == argument and weight != 0:
                    found[at].append(exact.multiply(weight, slope))
    return {place: exact.add(terms) for place, terms in found.items()}

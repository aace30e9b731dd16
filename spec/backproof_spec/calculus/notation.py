"""Formulas written as Python: ``total(W[i, j] * Y[j, s], j) + b[i]``. Untrusted: it only builds terms.

Every operand may be an ``Expression`` or a whole number or fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from backproof_spec.calculus.limits import require
from backproof_spec.calculus.terms import MINUS_ONE, PI, Formula, Index, Names, close


@dataclass(frozen=True)
class Expression:
    """A term, with operators."""

    term: Formula

    def __add__(self, other: Operand) -> Expression:
        """a + b."""
        return Expression(("add", self.term, term(other)))

    def __radd__(self, other: Operand) -> Expression:
        """a + b."""
        return Expression(("add", term(other), self.term))

    def __mul__(self, other: Operand) -> Expression:
        """a·b."""
        return Expression(("mul", self.term, term(other)))

    def __rmul__(self, other: Operand) -> Expression:
        """a·b."""
        return Expression(("mul", term(other), self.term))

    def __neg__(self) -> Expression:
        """−a."""
        return Expression(("mul", MINUS_ONE, self.term))

    def __sub__(self, other: Operand) -> Expression:
        """a − b = a + (−1)·b."""
        return Expression(("add", self.term, ("mul", MINUS_ONE, term(other))))

    def __rsub__(self, other: Operand) -> Expression:
        """a − b = a + (−1)·b."""
        return Expression(("add", term(other), ("mul", MINUS_ONE, self.term)))

    def __truediv__(self, other: Operand) -> Expression:
        """a/b = a·(1/b)."""
        return Expression(("mul", self.term, ("inv", term(other))))

    def __rtruediv__(self, other: Operand) -> Expression:
        """a/b = a·(1/b)."""
        return Expression(("mul", term(other), ("inv", self.term)))


_BITS = 13_000
"""Of a number: 3,900 digits, where Python prints 4,300."""
Operand = Expression | int | Fraction


@dataclass(frozen=True)
class Tensor:
    """A name whose entries are written W[i, j]; a tensor without dimensions is L[()]."""

    name: str
    dims: Names

    def __getitem__(self, places: Index | tuple[Index, ...]) -> Expression:
        """The entry at these indices."""
        return Expression(("entry", self.name, _indices(places)))


@dataclass(frozen=True)
class Map:
    """A differentiable map of whole tensors."""

    name: str
    inputs: Names
    outputs: Names

    def at(self, places: tuple[Index, ...], indices: tuple[Index, ...], argument: Expression) -> Expression:
        """f[places; λ indices. argument]."""
        return Expression(("map", self.name, places, self.inputs, close(argument.term, indices)))

    def slope(self, places: tuple[Index, ...], indices: tuple[Index, ...], argument: Expression) -> Expression:
        """The derivative of f at λ indices. argument; ``places`` are those of f, then those of its argument."""
        return Expression(("slope", self.name, places, self.inputs, close(argument.term, indices)))


def _indices(places: Index | tuple[Index, ...]) -> tuple[Index, ...]:
    return (places,) if places and isinstance(places[0], str) else places


def term(operand: Operand) -> Formula:
    """The term of an operand."""
    return operand.term if isinstance(operand, Expression) else number(operand)


def number(value: Fraction | int) -> Formula:
    """The term of a rational number. Raises ``Stopped`` where it could not even be printed."""
    numerator, denominator = Fraction(value).as_integer_ratio()
    require(max(numerator.bit_length(), denominator.bit_length()), _BITS, "a number has")
    return ("num", numerator, denominator)


def indices(**dims: str) -> tuple[Index, ...]:
    """The free indices of these names, each of its dimension."""
    return tuple(("index", name, dim) for name, dim in dims.items())


def total(body: Operand, *over: Index) -> Expression:
    """Σ of the body over these indices, the first outermost."""
    found = term(body)
    for index in reversed(over):
        found = ("sum", index[2], close(found, (index,)))
    return Expression(found)


pi = Expression(PI)


def applied(name: str) -> Callable[[Operand], Expression]:
    """f(a), a function of the kernel's table."""
    return lambda a: Expression((name, term(a)))


exp, log, sqrt, tanh, sigmoid, softplus, erf, sin, cos = map(
    applied, ("exp", "log", "sqrt", "tanh", "sigmoid", "softplus", "erf", "sin", "cos")
)


def step(a: Operand) -> Expression:
    """1[a ≥ 0]."""
    return Expression(("ind", term(a)))


def maximum(a: Operand, over: Index) -> Expression:
    """max_i a."""
    return Expression(("max", over[2], close(term(a), (over,))))


def delta(i: Index, j: Index) -> Expression:
    """δ[i, j]."""
    return Expression(("delta", i[2], (i, j)))


def size(dim: str) -> Expression:
    """A dimension as a number."""
    return Expression(("dim", dim))


def equal(a: Operand, b: Operand) -> Formula:
    """a = b."""
    return ("eq", term(a), term(b))


def positive(a: Operand) -> Formula:
    """a > 0."""
    return ("pos", term(a))


def nonzero(a: Operand) -> Formula:
    """a ≠ 0."""
    return ("nonzero", term(a))


def derivative(e: Operand, by: Expression, value: Operand) -> Formula:
    """∂e/∂X[k, …] = value."""
    _, name, places = by.term
    return ("deriv", name, places, term(e), term(value))


def always(judgement: Formula, *over: Index) -> Formula:
    """The hypothesis that the judgement holds for all values of these indices."""
    return ("all", tuple(i[2] for i in over), close(judgement, over))

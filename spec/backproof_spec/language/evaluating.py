"""The value of any expression over any numbers: an ``Arithmetic`` says what adding, multiplying and exp are.

Expressions become functions of the values of their indices once, and are called at every place. A product looks at its
brackets first: where one is 0 nothing else is computed, so that sums against 0/1 tensors visit what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from backproof_spec.calculus.limits import require, tick
from backproof_spec.language.functions import FUNCTIONS, Function
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Bracket,
    Definition,
    Divide,
    Entry,
    Index,
    Multiply,
    Negate,
    Node,
    Number,
    Power,
    Reduce,
    Size,
    operands,
)
from backproof_spec.language.whole import COMPARED, At, Whole, compiled, is_whole
from backproof_spec.operation import Operation

_TERMS = 1_000_000
"""The most terms of one sum."""
N = TypeVar("N")
Place = tuple[int, ...]
Tensor = Mapping[Place, N]
Holds = Callable[[Any, Any], Any]


class Entries(Mapping[Place, N]):
    """The entries of a tensor of this shape, each computed when it is first asked for."""

    def __init__(self, of: Callable[[Place], N], shape: Sequence[int]) -> None:
        """``of``: the entry at a place."""
        self._of, self._shape, self._found = of, shape, dict[Place, N]()

    def __getitem__(self, place: Place) -> N:
        """The entry. Raises ``KeyError`` beyond the ends."""
        if place not in self._found:
            if not all(0 <= k < size for k, size in zip(place, self._shape, strict=True)):
                raise KeyError(place)
            self._found[place] = self._of(place)
        return self._found[place]

    def __iter__(self) -> Iterator[Place]:
        """All places."""
        return product(*map(range, self._shape))

    def __len__(self) -> int:
        """How many there are."""
        return prod(self._shape)


class Arithmetic(Protocol[N]):
    """What is computed with."""

    def number(self, value: Fraction) -> N:
        """A rational number."""

    def is_zero(self, value: N) -> bool:
        """Is it 0, whatever it is multiplied by?"""

    def add(self, terms: Sequence[N]) -> N:
        """The sum of these; 0 of none."""

    def multiply(self, left: N, right: N) -> N:
        """a·b."""

    def divide(self, left: N, right: N) -> N:
        """a/b. Raises ``ArithmeticError`` where b is 0."""

    def power(self, base: N, exponent: N) -> N:
        """a^e. Raises ``ArithmeticError`` where it is not defined."""

    def apply(self, function: Function, arguments: tuple[N, ...]) -> N:
        """f(a, …). Raises ``ArithmeticError`` where it is not defined."""

    def largest(self, values: Sequence[N]) -> N:
        """The first of the largest; ``values`` are not empty."""

    def bracket(self, holds: Holds, left: N, right: N) -> N:
        """[a ≤ b] or another relation: 1 where it holds, else 0."""


@dataclass
class Evaluation(Generic[N]):
    """An operation at values: of its arguments and cotangents (``values``), its parameters and the sizes."""

    operation: Operation
    sizes: Mapping[str, int]
    parameters: Mapping[str, Fraction]
    values: Mapping[str, Tensor[N]]
    arithmetic: Arithmetic[N]
    known: dict[str, Tensor[N]] = field(default_factory=dict)

    def size(self, index: str) -> int:
        """How many values an index has."""
        return self.sizes[self.operation.dimension[index]]

    def places(self, indices: Sequence[str]) -> Iterator[Place]:
        """All values of some indices together."""
        return product(*(range(self.size(each)) for each in indices))

    def tensor(self, name: str) -> Tensor[N]:
        """All entries of an argument, a cotangent, or a name that is defined."""
        if name in self.values:
            return self.values[name]
        if name not in self.known:
            for definition in self.operation.definitions:  # in order: each rests on those before it
                if definition.name not in self.known:
                    self.known[definition.name] = self.defined(definition)
                if definition.name == name:
                    break
        return self.known[name]

    def defined(self, definition: Definition) -> Tensor[N]:
        """All entries that a definition gives."""
        return self.entries(definition.body, definition.indices)

    def entries(self, node: Node, indices: Sequence[str]) -> dict[Place, N]:
        """The value of an expression at all values of its indices."""
        of = self.compiled(node)
        return {place: of(dict(zip(indices, place, strict=True))) for place in self.places(indices)}

    # --- from expressions to functions of the indices ---

    def compiled(self, node: Node) -> Callable[[At], N]:
        """The expression as a function of the values of its indices."""
        return getattr(self, f"_{type(node).__name__.lower()}")(node)  # type: ignore[no-any-return]

    def whole(self, node: Node) -> Whole:
        """An expression of whole numbers, likewise."""
        return compiled(node, self.size, self._looked_up)

    def _looked_up(self, node: Entry, places: tuple[Whole, ...]) -> Whole:
        """A parameter, or a number that an argument holds; −1, which is no place, outside of it."""
        if node.name in self.parameters:
            parameter = int(self.parameters[node.name])
            return lambda _: parameter
        tensor: Any = self.values[node.name]
        return lambda at: int(tensor.get(tuple(each(at) for each in places), -1))

    def _number(self, node: Number) -> Callable[[At], N]:
        value = self.arithmetic.number(node.value)
        return lambda _: value

    def _index(self, node: Index) -> Callable[[At], N]:
        return lambda at: self.arithmetic.number(Fraction(at[node.name]))

    def _size(self, node: Size) -> Callable[[At], N]:
        value = self.arithmetic.number(Fraction(self.size(node.index)))
        return lambda _: value

    def _entry(self, node: Entry) -> Callable[[At], N]:
        if node.name in self.parameters:
            value = self.arithmetic.number(self.parameters[node.name])
            return lambda _: value
        argument = self.operation.argument(node.name)
        if argument is not None and argument.kind == "index":
            number = self.whole(node)
            return lambda at: self.arithmetic.number(Fraction(number(at)))
        places, tensor, zero = [self.whole(each) for each in node.places], self.tensor(node.name), Fraction(0)
        outside = self.arithmetic.number(zero)
        return lambda at: tensor.get(tuple(each(at) for each in places), outside)

    def _add(self, node: Add) -> Callable[[At], N]:
        terms = [self.compiled(each) for each in operands(node)]
        return lambda at: self.arithmetic.add([each(at) for each in terms])

    def _multiply(self, node: Multiply) -> Callable[[At], N]:
        in_order = sorted(operands(node), key=lambda each: not isinstance(each, Bracket))
        compiled = [self.compiled(each) for each in in_order]
        arithmetic = self.arithmetic

        def at_(at: At) -> N:
            found = compiled[0](at)
            for each in compiled[1:]:
                if arithmetic.is_zero(found):
                    return found
                found = arithmetic.multiply(found, each(at))
            return found

        return at_

    def _divide(self, node: Divide) -> Callable[[At], N]:
        if node.whole:
            number = self.whole(node)
            return lambda at: self.arithmetic.number(Fraction(number(at)))
        left, right = self.compiled(node.left), self.compiled(node.right)
        return lambda at: self.arithmetic.divide(left(at), right(at))

    def _negate(self, node: Negate) -> Callable[[At], N]:
        return self._negated(self.compiled(node.argument))

    def _power(self, node: Power) -> Callable[[At], N]:
        base, exponent = self.compiled(node.base), self.compiled(node.exponent)
        return lambda at: self.arithmetic.power(base(at), exponent(at))

    def _apply(self, node: Apply) -> Callable[[At], N]:
        function, arguments = FUNCTIONS[node.function], [self.compiled(each) for each in node.arguments]
        return lambda at: self.arithmetic.apply(function, tuple(each(at) for each in arguments))

    def _bracket(self, node: Bracket) -> Callable[[At], N]:
        holds, arithmetic = COMPARED[node.relation], self.arithmetic
        if is_whole(node.left, self.operation) and is_whole(node.right, self.operation):
            a, b = self.whole(node.left), self.whole(node.right)
            one, zero = arithmetic.number(Fraction(1)), arithmetic.number(Fraction(0))
            return lambda at: one if holds(a(at), b(at)) else zero
        left, right = self.compiled(node.left), self.compiled(node.right)
        return lambda at: arithmetic.bracket(holds, left(at), right(at))

    def _reduce(self, node: Reduce) -> Callable[[At], N]:
        found: Callable[[At], N] = self._REDUCTIONS[node.reduction](self, node, self.compiled(node.body))
        return found

    def _over(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], list[N]]:
        """The values of the body at all values of the indices that are bound."""
        require(prod(map(self.size, node.indices)), _TERMS, "at these sizes a sum has")
        places = [dict(zip(node.indices, place, strict=True)) for place in self.places(node.indices)]

        def term(at: At) -> N:
            tick()
            return body(at)

        return lambda at: [term({**at, **place}) for place in places]

    def _sum(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        over = self._over(node, body)
        return lambda at: self.arithmetic.add(over(at))

    def _mean(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        total, count = self._sum(node, body), self.arithmetic.number(Fraction(prod(map(self.size, node.indices))))
        return lambda at: self.arithmetic.divide(total(at), count)

    def _max(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        over = self._over(node, body)

        def largest(at: At) -> N:
            values = over(at)
            if not values:
                msg = f"{node.reduction}_{','.join(node.indices)} of nothing"
                raise ArithmeticError(msg)
            return self.arithmetic.largest(values)

        return largest

    def _min(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        largest = self._max(node, self._negated(body))
        return self._negated(largest)

    def _negated(self, of: Callable[[At], N]) -> Callable[[At], N]:
        minus = self.arithmetic.number(Fraction(-1))
        return lambda at: self.arithmetic.multiply(minus, of(at))

    def _exp(self, of: Callable[[At], N]) -> Callable[[At], N]:
        return lambda at: self.arithmetic.apply(FUNCTIONS["exp"], (of(at),))

    def _softmax(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        one, total = self._exp(body), self._sum(node, self._exp(body))
        return lambda at: self.arithmetic.divide(one(at), total(at))

    def _logsumexp(self, node: Reduce, body: Callable[[At], N]) -> Callable[[At], N]:
        total = self._sum(node, self._exp(body))
        return lambda at: self.arithmetic.apply(FUNCTIONS["log"], (total(at),))

    _REDUCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
        "sum": _sum,
        "mean": _mean,
        "max": _max,
        "min": _min,
        "softmax": _softmax,
        "logsumexp": _logsumexp,
    }

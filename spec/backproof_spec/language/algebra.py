"""Products and sums of expressions, without the ones, zeros and double signs that nobody would write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from backproof_spec.language.syntax import ONE, ZERO, Add, Apply, Divide, Multiply, Negate, Node, Number, Power, Reduce


def number(value: int) -> Node:
    """A whole number that is not negative."""
    return Number(Fraction(value))


def negated(a: Node) -> Node:
    """−a."""
    return a.argument if isinstance(a, Negate) else a if a == ZERO else Negate(a)


def plus(*terms: Node) -> Node:
    """a + b + …, beginning with one that has no minus; 0 of none."""
    first = next((each for each in terms if not isinstance(each, Negate) and each != ZERO), ZERO)
    rest = [each for each in terms if each is not first and each != ZERO]
    return reduce(Add, rest if first == ZERO and rest else [first, *rest])


def power(base: Node, exponent: Node) -> Node:
    """a^e, where e is a number without a."""
    return base if exponent == ONE else ONE if exponent == ZERO else Power(base, exponent)


def summed(indices: Sequence[str], body: Node) -> Node:
    """Σ over the indices, with the sign before it."""
    if not indices or body == ZERO:
        return body
    if isinstance(body, Negate):
        return Negate(summed(indices, body.argument))
    return Reduce("sum", tuple(indices), body)


# --- products as fractions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Product:
    """``number``·Π ``above``/Π ``below``, the whole numbers taken together in ``number``."""

    number: Fraction = Fraction(1)
    above: tuple[Node, ...] = ()
    below: tuple[Node, ...] = ()

    def times(self, other: Product) -> Product:
        """a·b."""
        return Product(self.number * other.number, (*self.above, *other.above), (*self.below, *other.below))

    def inverse(self) -> Product:
        """1/a, of a that is not 0 as written."""
        return Product(1 / self.number, self.below, self.above)

    def node(self) -> Node:
        """The product as an expression: the sign before the whole, then the number."""
        if not self.number:
            return ZERO
        size, (numerators, denominators) = abs(self.number), _cancelled(self.above, self.below)
        above, below = _chain(size.numerator, numerators), _chain(size.denominator, _squared(denominators))
        found = above if below == ONE else Divide(above, below)
        return found if self.number > 0 else Negate(found)


def _chain(first: int, factors: Iterable[Node]) -> Node:
    return reduce(Multiply, [*([number(first)] if first != 1 else []), *factors] or [ONE])


def _cancelled(above: Sequence[Node], below: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """The factors, without those that stand above and below."""
    kept, left = [*above], list[Node]()
    for each in below:
        if each in kept:
            kept.remove(each)
        else:
            left.append(each)
    return kept, left


def _squared(factors: Sequence[Node]) -> list[Node]:
    """√a·√a as a, and a·a as a²."""
    found: list[Node] = []
    for each in factors:
        if each in found:
            found[found.index(each)] = _square(each)
        else:
            found.append(each)
    return found


def _square(a: Node) -> Node:
    match a:
        case Apply("sqrt", (inside,)):
            return inside
        case Power(base, Number(exponent)):
            return Power(base, Number(2 * exponent))
    return Power(a, number(2))


def product(node: Node) -> Product:
    """An expression as a product: a single factor, where it is none."""
    match node:
        case Number(value) if value.denominator == 1 and not node.decimal:
            return Product(value)
        case Negate(argument):
            return Product(Fraction(-1)).times(product(argument))
        case Multiply(left, right):
            return product(left).times(product(right))
        case Divide(left, right, False) if product(right).number:
            return product(left).times(product(right).inverse())
    return Product(above=(node,))


def times(*factors: Node) -> Node:
    """a·b·…; 1 of none."""
    return reduce(Product.times, map(product, factors), Product()).node()


def over(a: Node, b: Node) -> Node:
    """a/b."""
    return product(Divide(a, b)).node()

"""Expressions of whole numbers as polynomials: [2·y + u = a] and [a − u = 2·y] are one bracket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backproof_spec.language.syntax import Add, Entry, Index, Multiply, Negate, Node, Number, Size

Powers = tuple[str, ...]
"""The factors of a product, in order; an index is told by a leading dot."""


@dataclass(frozen=True)
class Polynomial:
    """{factors: coefficient}."""

    terms: Mapping[Powers, Fraction]

    def about(self, index: str) -> str:
        """What an index is multiplied by, up to the sign of the whole: by this it is told from others."""
        of = {
            tuple("." if factor == f".{index}" else factor for factor in key): value
            for key, value in self.terms.items()
            if any(index in _indices(factor) for factor in key)
        }
        return repr(min(sorted((key, str(sign * value)) for key, value in of.items()) for sign in (1, -1)))

    def written(self, order: Sequence[str], *, signed: bool) -> str:
        """The polynomial, or unless ``signed`` it or its negative, with the indices numbered in this order."""
        numbers = {index: f"#{k}" for k, index in enumerate(order)}
        return min(self._written(numbers, sign) for sign in ((1,) if signed else (1, -1)))

    def _written(self, numbers: Mapping[str, str], sign: int) -> str:
        rows = []
        for key, value in self.terms.items():
            factors = sorted(_renamed(factor, numbers) for factor in key)
            rows.append("*".join([str(sign * value), *factors]))
        return " + ".join(sorted(rows)) or "0"


def _indices(factor: str) -> frozenset[str]:
    """The indices in a factor: ``.i``, or ``t[.i,.j]``."""
    return frozenset(
        part.lstrip(".") for part in factor.replace("]", "").replace("[", ",").split(",") if part[:1] == "."
    )


def _renamed(factor: str, numbers: Mapping[str, str]) -> str:
    head, bracket, inside = factor.partition("[")
    if not bracket:
        return numbers.get(factor[1:], factor) if factor.startswith(".") else factor
    places = (numbers.get(each[1:], each) if each.startswith(".") else each for each in inside.rstrip("]").split(","))
    return f"{head}[{','.join(places)}]"


def polynomial(node: Node) -> Polynomial:
    """An expression of whole numbers, multiplied out."""
    return Polynomial({key: value for key, value in _terms(node).items() if value})


def _terms(node: Node) -> Mapping[Powers, Fraction]:
    found: defaultdict[Powers, Fraction] = defaultdict(Fraction)
    match node:
        case Number(value):
            found[()] = value
        case Add(left, right):
            for part in (left, right):
                for key, value in _terms(part).items():
                    found[key] += value
        case Negate(argument):
            found.update({key: -value for key, value in _terms(argument).items()})
        case Multiply(left, right):
            for a, x in _terms(left).items():
                for b, y in _terms(right).items():
                    found[tuple(sorted((*a, *b)))] += x * y
        case _:
            found[(_factor(node),)] = Fraction(1)
    return found


def _factor(node: Node) -> str:
    """What is no polynomial: an index, a size, a parameter, a number that is looked up, a quotient."""
    match node:
        case Index(name):
            return f".{name}"
        case Size(index):
            return f"size({index})"
        case Entry(name, places):
            return f"{name}[{','.join(map(_factor, places))}]" if places else name
    return repr(node)

"""Names for what they stand for: exp(Z[j])/Σ exp Z becomes S[j]. A guess, which whoever asks for it proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

from backproof_spec.calculus.matching import parts, places_of, ratio_of
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.polynomials import monomial, product
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import ARITY, BINDERS, Formula, Index, close, open_, polynomial

_PLAIN = {"num", "entry"}
"""What is as short as the name that stands for it."""


@dataclass(frozen=True)
class _Definition:
    """name[i, …] stands for the body, whose ``count`` indices are bound."""

    name: str
    count: int
    body: Formula

    def at(self, places: tuple[Index, ...]) -> Formula:
        return ("entry", self.name, places)


class Folding:
    """A term in normal form with all definitions unfolded, in the names of those that are found in it.

    ``normal``: what such a normal form is. Later definitions are looked for first.
    """

    def __init__(self, proof: Proof, normal: Callable[[Formula], Formula]) -> None:
        """The definitions of a proof."""
        self.proof = proof
        self._definitions = [
            _Definition(name, len(rest[0]), close(normal(rest[1]), rest[0]))
            for kind, name, *rest in reversed(proof.declarations)
            if kind == "define"
        ]

    def __call__(self, term: Formula) -> Formula:
        """The term, folded."""
        for each in self._definitions:
            at = places_of(each.body, term, each.count)
            if at is not None and each.body[0] not in _PLAIN:
                return each.at(at)
        if term[0] in {"add", "mul"}:
            return self._polynomial(term)
        if term[0] in ARITY:
            return (term[0], *map(self, term[1:]))
        if term[0] in BINDERS:
            (i,) = self.proof.fresh(term[1])
            return (term[0], term[1], close(self(open_(term[2], (i,))), (i,)))
        return term

    def _polynomial(self, term: Formula) -> Formula:
        """A sum: a multiple of what a name stands for, or term by term."""
        whole = polynomial(term)
        for sum_ in self._definitions:
            ratio = ratio_of(whole, polynomial(sum_.body)) if sum_.count == 0 and sum_.body[0] == "add" else Fraction(0)
            if ratio:
                return product(ratio, [sum_.at(())])
        folded = []
        for powers, coefficient in whole.items():
            factors = sorted(chain.from_iterable([a] * power for a, power in powers), key=repr)
            folded.append(self._product(coefficient, factors))
        return _sum_of(sorted(folded, key=repr))

    def _product(self, coefficient: Fraction, factors: list[Formula]) -> Formula:
        """A product, from which the factors of each definition that is one are taken as often as they are there."""
        names: list[Formula] = []
        for each in self._definitions:
            if len(polynomial(each.body)) != 1 or each.body[0] in _PLAIN:
                continue
            while True:
                c, pattern = monomial(each.body)
                at = _among(pattern, each.count, factors)
                if at is None:
                    break
                for a in pattern:
                    factors.remove(open_(a, at))
                coefficient, names = coefficient / c, [*names, each.at(at)]
        return product(coefficient, [*names, *map(self, factors)])


def _among(pattern: list[Formula], count: int, factors: list[Formula]) -> tuple[Index, ...] | None:
    """The indices at which all factors of a pattern are among these."""
    for a in pattern:
        for factor in factors:
            at = places_of(a, factor, count)
            if at is not None and _contains(factors, [open_(each, at) for each in pattern]):
                return at
    return None


def _contains(factors: list[Formula], wanted: list[Formula]) -> bool:
    return all(factors.count(each) >= wanted.count(each) for each in wanted)


def positive_first(term: Formula) -> Formula:
    """a − b for −b + a."""
    return _sum_of(_terms(term))


def _terms(term: Formula) -> list[Formula]:
    return [each for part in term[1:] for each in _terms(part)] if term[0] == "add" else [term]


def _sum_of(terms: list[Formula]) -> Formula:
    """Their sum, those with a minus sign last."""
    *before, total = sorted(terms, key=_negative) or [number(0)]
    for each in reversed(before):
        total = ("add", each, total)
    return total


def _negative(term: Formula) -> bool:
    head = term[1] if term[0] == "mul" else term
    return bool(head[0] == "num" and head[1] < 0)


def size(term: Formula) -> int:
    """How many formulas are in a formula, itself among them."""
    return sum(1 for _ in parts(term))

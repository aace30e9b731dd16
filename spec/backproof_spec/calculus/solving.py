"""Values that satisfy equations: those that are linear in some tensors are solved for these, the others held fixed.

A[i, j] = A[j, i] leaves half of a matrix as it was drawn, Σ_j W[i, j] = 1 all of a row but one entry, and x·y = 1 is
solved for x. Untrusted: whether what is supposed holds is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from mpmath import mp

from backproof_spec.calculus.compiled import Place
from backproof_spec.calculus.enclosures import fraction
from backproof_spec.calculus.evaluate import DIGITS, Model
from backproof_spec.calculus.limits import tick
from backproof_spec.calculus.terms import Formula

_MOST = 200
"""Equations: more are not solved."""
Row = dict[Any, Any]
"""Σ of coefficients times entries (name, place), and of the number under None."""


def solve(model: Model, hypotheses: Iterable[Formula]) -> None:
    """Change values so that equations hold, as far as they are linear and do not contradict each other."""
    equations = [(dims, sides) for _, dims, (op, *sides) in hypotheses if op == "eq"]
    linear = _Linear(model, [side for _, sides in equations for side in sides])
    rows = []
    with mp.workdps(8 * DIGITS):
        for dims, (left, right) in equations:
            for place in model.places(dims):
                bound = tuple(reversed(place))
                rows.append(_added(linear.row(left, bound), linear.row(right, bound), -1))
        if len(rows) <= _MOST:
            _assign(model, _reduced(rows))
    model.known.clear()


class _Linear:
    """Terms as sums of multiples of the entries of those tensors in which all of them are linear."""

    def __init__(self, model: Model, terms: list[Formula]) -> None:
        self.model, self.fixed = model, set[str]()
        for term in terms:
            self._tensors(term)

    def _tensors(self, term: Formula) -> set[str]:
        """In which a term is linear; all others that it is made of are fixed."""
        op, *parts = term
        if op in {"add", "mul"}:
            one, other = map(self._tensors, parts)
            if op == "mul" and one and other:
                self.fixed |= other
                return one
            return one | other
        if op == "sum":
            return self._tensors(term[2])
        if op == "entry":
            defined = self.model.theory.kind(term[1]) == "defined"
            return self._tensors(self.model.theory.rest(term[1])) if defined else {term[1]}
        self.fixed |= self.model.theory.depends(term)
        return set()

    def row(self, term: Formula, bound: Place) -> Row:
        """A term, at these values of its bound indices."""
        tick()
        match term:
            case ("add", a, b):
                return _added(self.row(a, bound), self.row(b, bound), 1)
            case ("mul", a, b):
                one, other = self.row(a, bound), self.row(b, bound)
                many, number = (one, other) if other.keys() <= {None} else (other, one)
                return {entry: c * number.get(None, 0) for entry, c in many.items()}
            case ("sum", dim, a):
                found: Row = {}
                for i in range(self.model.size(dim)):
                    found = _added(found, self.row(a, (i, *bound)), 1)
                return found
            case ("entry", name, places) if name not in self.fixed:
                place = tuple(bound[i[1]] for i in places)
                if self.model.theory.kind(name) == "defined":
                    return self.row(self.model.theory.rest(name), tuple(reversed(place)))
                return {(name, place): Fraction(1)}
        return {None: self.model.precisely(term, bound)}


def _added(a: Row, b: Row, sign: int) -> Row:
    found = {key: a.get(key, 0) + sign * b.get(key, 0) for key in {**a, **b}}
    return {key: value for key, value in found.items() if not _nothing(value)}


def _nothing(value: Any) -> bool:
    return bool(value == 0 if isinstance(value, Fraction) else abs(value) < mp.mpf(10) ** -DIGITS)


def _reduced(rows: list[Row]) -> dict[Any, Row]:
    """{entry: what it is, by entries that are in no other row}, by elimination."""
    found: dict[Any, Row] = {}
    for row in rows:
        left = row
        for entry, value in found.items():
            left = _added(left, {key: left.get(entry, 0) * c for key, c in {**value, entry: -1}.items()}, 1)
        pivot = next((key for key in left if key is not None), None)
        if pivot is not None:
            by = left.pop(pivot)
            solved = {key: -c / by for key, c in left.items()}
            for entry, value in found.items():
                share = value.pop(pivot, 0)
                found[entry] = _added(value, {key: share * c for key, c in solved.items()}, 1)
            found[pivot] = solved
    return found


def _assign(model: Model, found: dict[Any, Row]) -> None:
    here = {key: model.values[key[0]][key[1]] for row in found.values() for key in row if key is not None}
    for (name, place), row in found.items():
        model.values[name][place] = sum((c * fraction(here[key]) if key else c for key, c in row.items()), Fraction(0))

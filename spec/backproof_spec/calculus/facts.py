"""What is proved of the signs of terms, by what is assumed and what they are made of. Untrusted, as ``tactics`` is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import combinations_with_replacement
from itertools import product as cartesian
from typing import Any

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import polynomial
from backproof_spec.calculus.matching import constant, places_of, ratio_of
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.polynomials import quotient, written
from backproof_spec.calculus.steps import Steps
from backproof_spec.calculus.terms import (
    MINUS_ONE,
    Formula,
    Index,
    Names,
    free_indices,
    open_,
)

_POSITIVE = {"pi", "exp", "softplus"}
"""What is positive, whatever it is of."""
_MOST = 8
"""Of so many suppositions are pairs multiplied."""


class Unproved(Exception):
    """No proof was found: false, or beyond these tactics.

    ``missing``: the fact that was looked for; ``sides``: the normal forms, where they are not the same.
    """

    def __init__(self, message: str, missing: Formula | None = None, sides: tuple[Formula, ...] = ()) -> None:
        """Keep what can be shown."""
        super().__init__(message)
        self.missing, self.sides = missing, sides


class Facts(Steps):
    """A theory, the rules applied in it, and a > 0, a ≥ 0 or a ≠ 0 by what is assumed and what a is made of."""

    def __init__(self) -> None:
        """Nothing is declared and nothing proved."""
        super().__init__()
        self.hypotheses: list[Formula] = []
        self.otherwise: Callable[[Formula], Theorem] | None = None
        """Proves a > 0 where a is differentiated as 1/a or log a and nothing else does; raises ``Unproved``."""
        self.slopes: dict[tuple[str, str], Theorem] = {}
        """What was learned of the derivatives of defined tensors, by the names of both tensors."""
        self._tried: dict[tuple[str, Formula], Theorem | Unproved] = {}

    def suppose(self, *hypotheses: Formula) -> None:
        """Hypotheses that the tactics may use; a theorem carries those that it does use."""
        self.hypotheses += hypotheses
        self._tried.clear()

    # --- facts ---

    def _once(self, kind: str, a: Formula, find: Callable[[Formula], Theorem]) -> Theorem:
        """What was found of a, or that nothing was: a is part of many terms."""
        if (kind, a) not in self._tried:
            try:
                self._tried[kind, a] = find(a)
            except Unproved as error:
                self._tried[kind, a] = error
        found = self._tried[kind, a]
        if isinstance(found, Unproved):
            raise found
        return found

    def positive(self, a: Formula) -> Theorem:
        """⊢ a > 0."""
        return self._once("pos", a, self._positive)

    def nonnegative(self, a: Formula) -> Theorem:
        """⊢ a ≥ 0."""
        return self._once("nonneg", a, self._nonnegative)

    def nonzero(self, a: Formula) -> Theorem:
        """⊢ a ≠ 0."""
        return self._once("nonzero", a, self._nonzero)

    def _positive(self, a: Formula) -> Theorem:
        found = self._assumed("pos", a)
        if found:
            return found
        match a:
            case ("num", int(p), _) if p > 0:
                found = self("pos_number", a)
            case (f, *b) if f in _POSITIVE:
                found = self(f"pos_{f}", *b)
            case ("inv" | "sqrt" as f, b):
                found = self(f"pos_{f}", self.positive(b))
            case ("sigmoid", b):
                found = self._positive_as(self("sigmoid_exp", b))
            case ("mul", b, c):
                found = self._positive_product(b, c)
            case ("add", *_):
                found = self._positive_sum(a)
            case ("sum", dim, body):
                found = self._positive_terms(dim, body)
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                found = self._positive_as(self("unfold", name, places))
            case _:
                found = self._exceeding(a, Unproved(f"no proof found that {a} > 0", ("pos", a)))
        return found

    def _positive_as(self, equation: Theorem) -> Theorem:
        """⊢ a > 0, as a = b and b > 0."""
        return self("pos_eq", self("sym", equation), self.positive(right_side(equation)))

    def _exceeding(self, a: Formula, unproved: Unproved) -> Theorem:
        """⊢ a > 0, as a = h + c for an h that is assumed to be positive, or not negative, and a number c."""
        for hypothesis, places in self._places(a, "pos", "nonneg"):
            kind, h = hypothesis[2]
            c = constant(polynomial(("add", a, ("mul", MINUS_ONE, open_(h, places)))))
            if c is not None and (c > 0 or (c == 0 and kind == "pos")):
                known, more = self("assume", hypothesis, places), number(c)
                both = (known, self.nonnegative(more)) if kind == "pos" else (self.positive(more), known)
                found = self("pos_add", *both)
                return self("pos_eq", self("ring", found.conclusion[1], a), found)
        raise unproved

    def _positive_product(self, b: Formula, c: Formula) -> Theorem:
        """⊢ b·c > 0: both are positive, or they are the same and not 0."""
        try:
            return self("pos_mul", self.positive(b), self.positive(c))
        except Unproved:
            if b != c:
                raise
        square = self._assumed("nonzero", ("mul", b, b))
        if square is None:
            fact = self.nonzero(b)
            square = self("nonzero_mul", fact, fact)
        return self("pos_nonneg", self("nonneg_square", b), square)

    def _positive_terms(self, dim: str, body: Formula) -> Theorem:
        """⊢ Σ a > 0: every a is, and there is one; or they are some that sum to what is, times what is."""
        (i,) = self.fresh(dim)
        try:
            return self("pos_sum", i, self.positive(open_(body, (i,))), self.positive(("dim", dim)))
        except Unproved as error:
            found = self._weighted(("sum", dim, body), i)
            if found is None:
                raise error from None
            return found

    def _weighted(self, a: Formula, i: Index) -> Theorem | None:
        """⊢ Σ g·b > 0, as Σ g > 0 is assumed, g ≥ 0 and b > 0: of a mask g, say, and b = exp x."""
        assumed = [self._sum_assumed(hypothesis, places) for hypothesis, places in self._places(a, "pos", "eq")]
        known = [each for each in assumed if each and each.conclusion[1][1] == i[2]]
        for same in self._opened(open_(a[2], (i,))) if known else ():
            for some in known:
                g = open_(some.conclusion[1][2], (i,))
                q = quotient(polynomial(right_side(same)), polynomial(g))
                with suppress(Unproved):
                    if q:
                        whole = self("pos_weighted", i, self.nonnegative(g), self.positive(written(q)), some)
                        turned = self("ring", ("mul", g, written(q)), right_side(same))
                        return self("pos_eq", self("cong_sum", i, self("trans", turned, self("sym", same))), whole)
        return None

    def _places(self, a: Formula, *kinds: str) -> Iterator[tuple[Formula, tuple[Index, ...]]]:
        """Each hypothesis of these kinds, at indices that stand free in a."""
        free = sorted(free_indices(a))
        for hypothesis in self.hypotheses:
            if hypothesis[2][0] in kinds:
                for places in cartesian(*([i for i in free if i[2] == dim] for dim in hypothesis[1])):
                    yield hypothesis, places

    def _sum_assumed(self, hypothesis: Formula, places: tuple[Index, ...]) -> Theorem | None:
        """⊢ Σ g > 0, where a hypothesis says that, or Σ g = c for a number c > 0, or so of a name that is defined."""
        kind, h, *c = hypothesis[2]
        defined = h[0] == "entry" and self.theory.kind(h[1]) == "defined"
        whole = self.theory.rest(h[1]) if defined else h
        if whole[0] != "sum" or any(each[0] != "num" or each[1] <= 0 for each in c):
            return None
        known = self("assume", hypothesis, places)
        if kind == "eq":
            known = self("pos_eq", self("sym", known), self("pos_number", *c))
        return self("pos_eq", self("unfold", h[1], known.conclusion[1][2]), known) if defined else known

    def _opened(self, a: Formula) -> Iterator[Theorem]:
        """a = b, for a itself and then for what its factors that are defined say, and theirs."""
        same = self("refl", a)
        yield same
        while right_side(deeper := self._unfolded(right_side(same))) != right_side(same):
            same = self("trans", same, deeper)
            yield same

    def _unfolded(self, a: Formula) -> Theorem:
        """a = b, its factors that are defined being replaced by what they are defined as."""
        match a:
            case ("mul", b, c):
                return self("cong_mul", self._unfolded(b), self._unfolded(c))
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                return self("unfold", name, places)
        return self("refl", a)

    def _nonnegative(self, a: Formula) -> Theorem:
        found = self._assumed("nonneg", a)
        if found:
            return found
        match a:
            case ("num", 0, _):
                found = self("nonneg_eq", self("ring", ("mul", a, a), a), self("nonneg_square", a))
            case ("sqrt", b):
                found = self("nonneg_sqrt", self.nonnegative(b))
            case ("mul", b, c) if b == c:
                found = self("nonneg_square", b)
            case ("mul", b, c):
                found = self("nonneg_mul", self.nonnegative(b), self.nonnegative(c))
            case ("sum", dim, body):
                (i,) = self.fresh(dim)
                found = self("nonneg_sum", i, self.nonnegative(open_(body, (i,))))
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                unfolded = self("unfold", name, places)
                found = self("nonneg_eq", self("sym", unfolded), self.nonnegative(right_side(unfolded)))
            case _:
                found = self("nonneg_weaken", self.positive(a))
        return found

    def _nonzero(self, a: Formula) -> Theorem:
        found = self._assumed("nonzero", a)
        if found:
            return found
        try:
            return self("nonzero_weaken", self.positive(a))
        except Unproved as error:
            turned = ("mul", MINUS_ONE, a)
            with suppress(Unproved):
                negative = self._assumed("pos", turned) or self._exceeding(turned, error)
                return self("nonzero_factor", self("nonzero_weaken", negative))
            least = _unproved(("nonzero", a), error)
        try:
            found = self._nonzero_parts(a) or self._product_of_two(a)
        except Unproved as smaller:
            found, least = None, smaller
        found = found or self._factor(a)
        if found is None:
            raise least from None
        return found

    def _nonzero_parts(self, a: Formula) -> Theorem | None:
        """⊢ a ≠ 0 by what it is made of; None where that says nothing."""
        match a:
            case ("num", int(p), int(q)) if p < 0:
                turned = self("ring", ("num", -p, q), ("mul", MINUS_ONE, a))
                positive = self("pos_eq", turned, self("pos_number", ("num", -p, q)))
                return self("nonzero_factor", self("nonzero_weaken", positive))
            case ("mul", b, c):
                return self("nonzero_mul", self.nonzero(b), self.nonzero(c))
            case ("inv", b):
                return self("nonzero_inv", self.nonzero(b))
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                unfolded = self("unfold", name, places)
                return self("nonzero_eq", self("sym", unfolded), self.nonzero(right_side(unfolded)))
        return None

    def _product_of_two(self, a: Formula) -> Theorem | None:
        """⊢ a ≠ 0, as a = c·g·h, where that is assumed of g and h, and c is a number: of (x + y)², multiplied out."""
        alike = [each[2][1] for each in self.hypotheses if each[2][0] == "nonzero" and not each[1]]
        wanted = polynomial(a) if a[0] == "add" and len(alike) <= _MOST else {}
        for g, h in combinations_with_replacement(alike, 2) if wanted else ():
            ratio = ratio_of(wanted, polynomial(("mul", g, h)))
            if ratio:
                both = self("nonzero_mul", self.nonzero(g), self.nonzero(h))
                whole = self("nonzero_mul", self.nonzero(number(ratio)), both)
                return self("nonzero_eq", self("ring", whole.conclusion[1], a), whole)
        return None

    def _factor(self, a: Formula) -> Theorem | None:
        """⊢ a ≠ 0, as a·q ≠ 0 or a·q > 0 is assumed: of x·y, say, or of 2·x·y + x², for x ≠ 0."""
        for hypothesis, places in self._places(a, "nonzero", "pos"):
            kind, h = hypothesis[2]
            here, name = open_(h, places), h[1]
            defined = h[0] == "entry" and self.theory.kind(name) == "defined"
            whole = open_(self.theory.rest(name), here[2]) if defined else here
            q = quotient(polynomial(whole), polynomial(a))
            if q and a != whole:
                known = self("assume", hypothesis, places)
                known = self("nonzero_weaken", known) if kind == "pos" else known
                known = self("nonzero_eq", self("unfold", name, here[2]), known) if defined else known
                equation = self("ring", whole, ("mul", written(q), a))
                return self("nonzero_factor", self("nonzero_eq", equation, known))
        return None

    def needed(self, kind: str, a: Formula) -> Theorem:
        """⊢ a > 0 or a ≠ 0, without which log a or 1/a is not differentiated; of what is missing, the least."""
        try:
            return self.nonzero(a) if kind == "nonzero" else self.positive(a)
        except Unproved as error:
            if self.otherwise is None:
                raise _unproved((kind, a), error) from None
            unproved = error
        try:
            found = self.otherwise(a)
        except Unproved:
            raise _unproved((kind, a), unproved) from None
        return self("nonzero_weaken", found) if kind == "nonzero" else found

    def _positive_sum(self, a: Formula) -> Theorem:
        """⊢ a > 0: one term is, whichever, and the others are ≥ 0."""
        try:
            return self("pos_add", self.positive(a[1]), self.nonnegative(a[2]))
        except Unproved as error:
            unproved = error
        terms = _terms(a)
        for place, one in enumerate(terms):
            others = [*terms[:place], *terms[place + 1 :]]
            try:
                found, *rest = [self.positive(one), *map(self.nonnegative, others)]
            except Unproved:
                continue
            for each in rest:
                found = self("pos_add", found, each)
            return self("pos_eq", self("ring", found.conclusion[1], a), found)
        return self._exceeding(a, unproved)

    def _assumed(self, kind: str, a: Formula) -> Theorem | None:
        for hypothesis in self.hypotheses:
            _, dims, judgement = hypothesis
            if judgement[0] == kind:
                places = places_of(judgement[1], a, len(dims))
                if places is not None:
                    return self("assume", hypothesis, places)
        return self._multiple(kind, a)

    def _multiple(self, kind: str, a: Formula) -> Theorem | None:
        """⊢ a > 0, a ≥ 0 or a ≠ 0 where that is assumed of c·a, c a number: of b − a, say, for a − b ≠ 0."""
        alike = [each for each in self.hypotheses if each[2][0] == kind] if a[0] != "num" else []
        wanted, free = polynomial(a) if alike else {}, sorted(free_indices(a))
        for hypothesis in alike:
            _, dims, judgement = hypothesis
            for places in cartesian(*([i for i in free if i[2] == dim] for dim in dims)):
                ratio = ratio_of(wanted, polynomial(open_(judgement[1], places)))
                if ratio > 0 or (ratio and kind == "nonzero"):
                    known, c = self("assume", hypothesis, places), number(ratio)
                    fact = self.nonzero(c) if kind == "nonzero" else self.positive(c)
                    fact = self("nonneg_weaken", fact) if kind == "nonneg" else fact
                    whole = self(f"{kind}_mul", fact, known)
                    return self(f"{kind}_eq", self("ring", whole.conclusion[1], a), whole)
        return None

    def rewritten(self, a: Formula) -> Theorem | None:
        """a = b, where that is a hypothesis; of A[i, j] = A[j, i] only what puts the indices in order."""
        for hypothesis in self.hypotheses:
            _, dims, judgement = hypothesis
            if judgement[0] == "eq":
                left, right = judgement[1:]
                places = places_of(left, a, len(dims))
                if places is not None and not _turns(left, right, dims, open_(right, places), a):
                    return self("assume", hypothesis, places)
        return None


def right_side(equation: Theorem) -> Formula:
    """b of a = b."""
    side: Formula = equation.conclusion[2]
    return side


def _turns(left: Formula, right: Formula, dims: Names, b: Formula, a: Formula) -> bool:
    """Does an equation say b = a as well as a = b, and is a the one of the two that is kept?"""
    places = places_of(left, b, len(dims))
    return places is not None and open_(right, places) == a and _counted(a) <= _counted(b)


def _counted(a: Formula) -> list[Any]:
    """Where a stands among others: an index _9 before _10."""
    return [int(each) if each.isdecimal() else each for each in re.split(r"(\d+)", repr(a))]


def _terms(a: Formula) -> list[Formula]:
    """a, b, c of a + (b + c) or (a + b) + c."""
    return [*_terms(a[1]), *_terms(a[2])] if a[0] == "add" else [a]


def _unproved(fact: Formula, why: Unproved) -> Unproved:
    """Of a fact that was needed; or why it was not found, where that is but a dimension that may be 0."""
    if why.missing and why.missing[1][0] == "dim":
        return why
    kind, a = fact
    return Unproved(f"no proof found that {a} {'> 0' if kind == 'pos' else '≠ 0'}", fact)

"""Proofs found by rewriting and by the rules of differentiation. Untrusted: the kernel checks every step they take.

A *conversion* takes a term a and returns a theorem a = b, or None where it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product as cartesian
from typing import Any

from backproof_spec.calculus.kernel import RULES, SCHEMES, Theorem
from backproof_spec.calculus.limits import WRITTEN_OUT, polynomial, require, tick, written_out
from backproof_spec.calculus.matching import places_of, ratio_of
from backproof_spec.calculus.notation import Expression, Map, Tensor, number
from backproof_spec.calculus.terms import (
    ARITY,
    MINUS_ONE,
    ONE,
    ZERO,
    Formula,
    Index,
    Names,
    Theory,
    free_indices,
    open_,
)

Conversion = Callable[[Formula], Theorem | None]


class Unproved(Exception):
    """No proof was found: false, or beyond these tactics.

    ``missing``: the fact that was looked for; ``sides``: the normal forms, where they are not the same.
    """

    def __init__(self, message: str, missing: Formula | None = None, sides: tuple[Formula, ...] = ()) -> None:
        """Keep what can be shown."""
        super().__init__(message)
        self.missing, self.sides = missing, sides


class Proof:
    """A theory, and the rules applied in it, in order."""

    def __init__(self) -> None:
        """Nothing is declared and nothing proved."""
        self.theory = Theory()
        self.declarations: list[tuple[Any, ...]] = []
        self.steps: list[tuple[str, tuple[Any, ...], Theorem]] = []
        self.hypotheses: list[Formula] = []
        self.otherwise: Callable[[Formula], Theorem] | None = None
        """Proves a > 0 where a is differentiated as 1/a or log a and nothing else does; raises ``Unproved``."""
        self.slopes: dict[tuple[str, str], Theorem] = {}
        """What was learned of the derivatives of defined tensors, by the names of both tensors."""
        self._number = 0
        self._tried: dict[tuple[str, Formula], Theorem | Unproved] = {}

    # --- names ---

    def variable(self, name: str, *dims: str) -> Tensor:
        """Declare a tensor of which nothing is assumed."""
        self.theory.variable(name, dims)
        self.declarations.append(("variable", name, dims))
        return Tensor(name, dims)

    def map(self, name: str, inputs: Names, outputs: Names = ()) -> Map:
        """Declare a differentiable map."""
        self.theory.map(name, inputs, outputs)
        self.declarations.append(("map", name, inputs, outputs))
        return Map(name, inputs, outputs)

    def define(self, name: str, indices: tuple[Index, ...], body: Expression) -> Tensor:
        """name[indices] := body."""
        self.theory.define(name, indices, body.term)
        self.declarations.append(("define", name, indices, body.term))
        return Tensor(name, tuple(i[2] for i in indices))

    def suppose(self, *hypotheses: Formula) -> None:
        """Hypotheses that the tactics may use; a theorem carries those that it does use."""
        self.hypotheses += hypotheses
        self._tried.clear()

    def fresh(self, *dims: str) -> tuple[Index, ...]:
        """Free indices that stand nowhere yet."""
        self._number += len(dims)
        return tuple(("index", f"_{self._number - k}", dim) for k, dim in enumerate(dims))

    # --- steps ---

    def __call__(self, name: str, *arguments: Any) -> Theorem:
        """Apply a rule, or a scheme to its premises and then its terms, and take note of it."""
        tick()
        if name == "ring":
            require(max(map(written_out, arguments)), WRITTEN_OUT, "multiplied out, a formula has")
        if name in SCHEMES:
            premises = tuple(each for each in arguments if isinstance(each, Theorem))
            name, arguments = "scheme", (name, premises, arguments[len(premises) :])
        theorem = RULES[name](self.theory, *arguments)
        self.steps.append((name, arguments, theorem))
        return theorem

    # --- equations ---

    def chain(self, first: Theorem | None, second: Theorem | None) -> Theorem | None:
        """a = b and b = c give a = c; None is a = a."""
        if first is None or second is None:
            return first or second
        return self("trans", first, second)

    def both(self, term: Formula, equations: Iterable[Theorem | None]) -> Theorem | None:
        """op(a, …) = op(b, …) from a = b, …"""
        found = list(equations)
        if not any(found):
            return None
        whole = [each or self("refl", child) for each, child in zip(found, term[1:], strict=True)]
        return self(f"cong_{term[0]}", *whole)

    def inside(self, term: Formula, conversion: Conversion) -> Theorem | None:
        """The conversion applied to every term that the term is made of."""
        op = term[0]
        if op in ARITY:
            return self.both(term, [conversion(child) for child in term[1:]])
        if op == "sum":
            (i,) = self.fresh(term[1])
            equation = conversion(open_(term[2], (i,)))
            return equation and self("cong_sum", i, equation)
        if op in {"map", "slope"}:
            places = self.fresh(*term[3])
            equation = conversion(open_(term[4], places))
            return equation and self("cong_map", term, places, equation)
        return None

    def by_ring(self, a: Formula, b: Formula) -> Theorem | None:
        """a = b as polynomials."""
        return None if a == b else self("ring", a, b)

    def tidy(self, term: Formula) -> Theorem | None:
        """term = the same without + 0, · 0, · 1 and Σ 0."""
        inside = self.inside(term, self.tidy)
        now = right_side(inside) if inside else term
        if now[0] == "sum" and now[2] == ZERO:
            nothing = self("sum_constant", now)
            return self.chain(inside, self.chain(nothing, self.by_ring(right_side(nothing), ZERO)))
        shorter = now
        if now[0] == "mul":
            shorter = ZERO if ZERO in now else now[2] if now[1] == ONE else now[1] if now[2] == ONE else now
        elif now[0] == "add":
            shorter = now[2] if now[1] == ZERO else now[1] if now[2] == ZERO else now
        return self.chain(inside, self.by_ring(now, shorter))

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
            case ("exp", b):
                found = self("pos_exp", b)
            case ("inv", b):
                found = self("pos_inv", self.positive(b))
            case ("mul", b, c):
                found = self._positive_product(b, c)
            case ("add", b, c):
                try:
                    found = self("pos_add", self.positive(b), self.nonnegative(c))
                except Unproved as error:
                    found = self._positive_sum(a, error)
            case ("sum", dim, body):
                (i,) = self.fresh(dim)
                found = self("pos_sum", i, self.positive(open_(body, (i,))), self.positive(("dim", dim)))
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                unfolded = self("unfold", name, places)
                found = self("pos_eq", self("sym", unfolded), self.positive(right_side(unfolded)))
            case _:
                msg = f"no proof found that {a} > 0"
                raise Unproved(msg, ("pos", a))
        return found

    def _positive_product(self, b: Formula, c: Formula) -> Theorem:
        """⊢ b·c > 0: both are positive, or they are the same and not 0."""
        try:
            return self("pos_mul", self.positive(b), self.positive(c))
        except Unproved:
            if b != c:
                raise
        fact = self.nonzero(b)
        return self("pos_nonneg", self("nonneg_square", b), self("nonzero_mul", fact, fact))

    def _nonnegative(self, a: Formula) -> Theorem:
        found = self._assumed("nonneg", a)
        if found:
            return found
        match a:
            case ("num", 0, _):
                found = self("nonneg_eq", self("ring", ("mul", a, a), a), self("nonneg_square", a))
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
            negative = self._assumed("pos", ("mul", MINUS_ONE, a))
            if negative:
                return self("nonzero_negative", negative)
            found = self._nonzero_parts(a)
            if found is None:
                raise _unproved(("nonzero", a), error) from None
            return found

    def _nonzero_parts(self, a: Formula) -> Theorem | None:
        """⊢ a ≠ 0 by what it is made of; None where that says nothing."""
        match a:
            case ("num", int(p), int(q)) if p < 0:
                turned = self("ring", ("num", -p, q), ("mul", MINUS_ONE, a))
                return self("nonzero_negative", self("pos_eq", turned, self("pos_number", ("num", -p, q))))
            case ("mul", b, c):
                return self("nonzero_mul", self.nonzero(b), self.nonzero(c))
            case ("inv", b):
                return self("nonzero_inv", self.nonzero(b))
            case ("entry", name, places) if self.theory.kind(name) == "defined":
                unfolded = self("unfold", name, places)
                return self("nonzero_eq", self("sym", unfolded), self.nonzero(right_side(unfolded)))
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

    def _positive_sum(self, a: Formula, unproved: Unproved) -> Theorem:
        """⊢ a > 0: one term is, whichever, and the others are ≥ 0."""
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
        raise unproved

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
        """a = b, where that is a hypothesis."""
        for hypothesis in self.hypotheses:
            _, dims, judgement = hypothesis
            if judgement[0] == "eq":
                places = places_of(judgement[1], a, len(dims))
                if places is not None:
                    return self("assume", hypothesis, places)
        return None

    # --- derivatives ---

    def derivative(self, e: Formula, name: str, by: tuple[Index, ...]) -> Theorem:
        """⊢ ∂e/∂name[by] = what the rules give."""
        if name not in self.theory.depends(e):
            return self("d_constant", name, by, e)
        match e:
            case ("entry", same, places) if same == name:
                found = self("d_variable", name, places, by)
            case ("entry", defined, places) if (defined, name) in self.slopes:
                known = self.slopes[defined, name]
                _, _, old_by, (_, _, old), _ = known.conclusion
                found = self.moved(known, (*old, *old_by), (*places, *by))
            case ("entry", defined, places):
                unfolded = self("unfold", defined, places)
                found = self("d_function", self("sym", unfolded), self.derivative(right_side(unfolded), name, by))
            case ("add" | "mul" | "exp" as op, *parts):
                found = self(f"d_{op}", *(self.derivative(each, name, by) for each in parts))
            case ("log", a):
                found = self("d_log", self.derivative(a, name, by), self.needed("pos", a))
            case ("inv" | "ind" as op, a):
                found = self(f"d_{op}", self.derivative(a, name, by), self.needed("nonzero", a))
            case ("sum", dim, body):
                (i,) = self.fresh(dim)
                found = self("d_sum", i, self.derivative(open_(body, (i,)), name, by))
            case ("map", *_):
                found = self._of_map(e, name, by)
            case _:
                msg = f"no rule differentiates {e}"
                raise Unproved(msg)
        return found

    def learn(self, theorem: Theorem) -> None:
        """From now on ``derivative`` uses ∂Z[i]/∂X[k] = d where Z, a defined tensor, is differentiated by X."""
        _, name, by, (_, defined, places), _ = theorem.conclusion
        if len({*places, *by}) < len(places) + len(by):
            msg = f"{defined}: an index stands twice, so that this is not known at all indices"
            raise ValueError(msg)
        self.slopes[defined, name] = theorem

    def moved(self, theorem: Theorem, places: tuple[Index, ...], to: tuple[Index, ...]) -> Theorem:
        """The theorem at other indices: none is taken for another on the way."""
        changed = {old: new for old, new in zip(places, to, strict=True) if old != new}
        crossing = changed.keys() & set(changed.values())
        aside = dict(zip(changed, self.fresh(*(dim for _, _, dim in changed)), strict=True)) if crossing else {}
        for old, new in (*aside.items(), *((aside.get(old, old), new) for old, new in changed.items())):
            theorem = self("instance", theorem, old, new)
        return theorem

    def _of_map(self, e: Formula, name: str, by: tuple[Index, ...]) -> Theorem:
        _, f, places, dims, argument = e
        point = f"{f}°"
        if self.theory.kind(point) is None:
            self.variable(point, *dims)
        at, inner = self.fresh(*dims), self.fresh(*dims)
        outer = self("d_map", f, places, point, at)
        return self("d_chain", outer, inner, self.derivative(open_(argument, inner), name, by))


def right_side(equation: Theorem) -> Formula:
    """b of a = b."""
    side: Formula = equation.conclusion[2]
    return side


def _terms(a: Formula) -> list[Formula]:
    """a, b, c of a + (b + c) or (a + b) + c."""
    return [*_terms(a[1]), *_terms(a[2])] if a[0] == "add" else [a]


def _unproved(fact: Formula, why: Unproved) -> Unproved:
    """Of a fact that was needed; or why it was not found, where that is but a dimension that may be 0."""
    if why.missing and why.missing[1][0] == "dim":
        return why
    kind, a = fact
    return Unproved(f"no proof found that {a} {'> 0' if kind == 'pos' else '≠ 0'}", fact)

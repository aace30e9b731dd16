"""Proofs found by rewriting and by the rules of differentiation. Untrusted: the kernel checks every step they take.

A *conversion* takes a term a and returns a theorem a = b, or None where it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backproof_spec.calculus.facts import Facts, Unproved, right_side
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.largest import winner
from backproof_spec.calculus.terms import (
    ARITY,
    BINDERS,
    FUNCTIONS,
    ONE,
    ZERO,
    Formula,
    Index,
    open_,
)

__all__ = ["Conversion", "Proof", "Unproved", "right_side"]
Conversion = Callable[[Formula], Theorem | None]


class Proof(Facts):
    """A theory, the rules applied in it, and what is found by rewriting and differentiating."""

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
        if op in BINDERS:
            (i,) = self.fresh(term[1])
            equation = conversion(open_(term[2], (i,)))
            return equation and self(f"cong_{op}", i, equation)
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
            case ("add" | "mul" as op, *parts):
                found = self(f"d_{op}", *(self.derivative(each, name, by) for each in parts))
            case (op, a) if op in FUNCTIONS:
                _, needed = FUNCTIONS[op]
                found = self(f"d_{op}", self.derivative(a, name, by), *(self.needed(kind, a) for kind, _ in needed))
            case ("sum", dim, body):
                (i,) = self.fresh(dim)
                found = self("d_sum", i, self.derivative(open_(body, (i,)), name, by))
            case ("max", dim, body):
                (i,) = self.fresh(dim)
                a = open_(body, (i,))
                found = self("d_max", i, *winner(self, i, a), self.derivative(a, name, by))
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

"""Proofs found by rewriting and by the rules of differentiation. Untrusted: the kernel checks every step they take.

A *conversion* takes a term a and returns a theorem a = b, or None where it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import permutations
from typing import Any

from backproof_spec.calculus.kernel import RULES, SCHEMES, Theorem
from backproof_spec.calculus.notation import Expression, Map, Tensor
from backproof_spec.calculus.terms import (
    ARITY,
    ONE,
    ZERO,
    Formula,
    Index,
    Names,
    Theory,
    binders,
    close,
    free_indices,
    number,
    open_,
    polynomial,
)

Conversion = Callable[[Formula], Theorem | None]


class Unproved(Exception):
    """No proof was found: false, or beyond these tactics. ``missing``: the fact that was looked for."""

    def __init__(self, message: str, missing: Formula | None = None) -> None:
        """Keep the fact, so that it can be shown."""
        super().__init__(message)
        self.missing = missing


class Proof:
    """A theory, and the rules applied in it, in order."""

    def __init__(self) -> None:
        """Nothing is declared and nothing proved."""
        self.theory = Theory()
        self.declarations: list[tuple[Any, ...]] = []
        self.steps: list[tuple[str, tuple[Any, ...], Theorem]] = []
        self.hypotheses: list[Formula] = []
        self._number = 0

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

    def fresh(self, *dims: str) -> tuple[Index, ...]:
        """Free indices that stand nowhere yet."""
        self._number += len(dims)
        return tuple(("index", f"_{self._number - k}", dim) for k, dim in enumerate(dims))

    # --- steps ---

    def __call__(self, name: str, *arguments: Any) -> Theorem:
        """Apply a rule, or a scheme to its premises and then its terms, and take note of it."""
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

    def equal(self, a: Formula, b: Formula, normal: Normal | None = None) -> Theorem:
        """⊢ a = b, by bringing both to normal form."""
        normal = normal or Normal(self)
        left, right = normal(a), normal(b)
        ends = [right_side(th) if th else side for th, side in ((left, a), (right, b))]
        if ends[0] != ends[1]:
            msg = "the two sides have different normal forms"
            raise Unproved(msg)
        return self.chain(left, right and self("sym", right)) or self("refl", a)

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

    def positive(self, a: Formula) -> Theorem:
        """⊢ a > 0."""
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
                found = self("pos_mul", self.positive(b), self.positive(c))
            case ("add", b, c):
                found = self("pos_add", self.positive(b), self.nonnegative(c))
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

    def nonnegative(self, a: Formula) -> Theorem:
        """⊢ a ≥ 0."""
        found = self._assumed("nonneg", a)
        if found:
            return found
        if a[0] == "mul" and a[1] == a[2]:
            return self("nonneg_square", a[1])
        if a[0] == "mul":
            return self("nonneg_mul", self.nonnegative(a[1]), self.nonnegative(a[2]))
        if a[0] == "sum":
            (i,) = self.fresh(a[1])
            return self("nonneg_sum", i, self.nonnegative(open_(a[2], (i,))))
        return self("nonneg_weaken", self.positive(a))

    def nonzero(self, a: Formula) -> Theorem:
        """⊢ a ≠ 0."""
        return self._assumed("nonzero", a) or self("nonzero_weaken", self.positive(a))

    def _assumed(self, kind: str, a: Formula) -> Theorem | None:
        for hypothesis in self.hypotheses:
            _, dims, judgement = hypothesis
            if judgement[0] == kind:
                places = _places(judgement[1], a, len(dims))
                if places is not None:
                    return self("assume", hypothesis, places)
        return None

    def rewritten(self, a: Formula) -> Theorem | None:
        """a = b, where that is a hypothesis."""
        for hypothesis in self.hypotheses:
            _, dims, judgement = hypothesis
            if judgement[0] == "eq":
                places = _places(judgement[1], a, len(dims))
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
            case ("entry", defined, places):
                unfolded = self("unfold", defined, places)
                found = self("d_function", self("sym", unfolded), self.derivative(right_side(unfolded), name, by))
            case ("add" | "mul" | "exp" as op, *parts):
                found = self(f"d_{op}", *(self.derivative(each, name, by) for each in parts))
            case ("log", a):
                found = self("d_log", self.derivative(a, name, by), self.positive(a))
            case ("inv" | "ind" as op, a):
                found = self(f"d_{op}", self.derivative(a, name, by), self.nonzero(a))
            case ("sum", dim, body):
                (i,) = self.fresh(dim)
                found = self("d_sum", i, self.derivative(open_(body, (i,)), name, by))
            case ("map", *_):
                found = self._of_map(e, name, by)
            case _:
                msg = f"no rule differentiates {e}"
                raise Unproved(msg)
        return found

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


def _places(pattern: Formula, term: Formula, count: int) -> tuple[Index, ...] | None:
    """The indices at which a formula with ``count`` bound ones is this term; None where it is nowhere."""
    found: dict[int, Index] = {}
    if not _like(pattern, term, count, 0, found) or len(found) != count:
        return None
    places = tuple(found[count - 1 - k] for k in range(count))
    return places if open_(pattern, places) == term else None


def _like(pattern: Any, term: Any, count: int, depth: int, found: dict[int, Index]) -> bool:
    if not isinstance(pattern, tuple) or not isinstance(term, tuple):
        return bool(pattern == term)
    if len(pattern) == 3 and pattern[0] == "bound" and pattern[1] >= depth:  # noqa: PLR2004 - an index
        return bool(found.setdefault(pattern[1] - depth, term) == term)
    if len(pattern) != len(term):
        return False
    inner = depth + (binders(pattern) if pattern and pattern[0] in {"sum", "map", "slope"} else 0)
    return all(_like(p, t, count, inner, found) for p, t in zip(pattern, term, strict=True))


# --- normal forms -----------------------------------------------------------------------------------------------------


class Normal:
    """The conversion to normal form: sums of products of names and of sums that do not come apart.

    Σ is distributed over +, what does not depend on its index is taken out of it, δ is contracted, nested sums are
    flattened, and put in the order in which they print first; a·1/a becomes 1 where a ≠ 0 is proved. ``unfolding``:
    definitions to replace by what they say; ``by``: equations whose left sides, in normal form, are replaced.
    """

    def __init__(self, proof: Proof, unfolding: frozenset[str] = frozenset(), by: tuple[Theorem, ...] = ()) -> None:
        """Rules are applied in ``proof``."""
        self.proof, self.unfolding = proof, unfolding
        self.by = {equation.conclusion[1]: equation for equation in by}

    def __call__(self, term: Formula) -> Theorem | None:
        """term = its normal form."""
        p, op = self.proof, term[0]
        if term in self.by:
            return self._then(self.by[term])
        if op == "entry":
            if term[1] in self.unfolding:
                return self._then(p("unfold", term[1], term[2]))
            return p.rewritten(term)
        if op == "delta":
            return p("delta_same", term[2][0]) if term[2][0] == term[2][1] else None
        if op == "sum":
            return self._sum(term)
        inside = p.inside(term, self)
        whole = p.chain(inside, self._outside(right_side(inside) if inside else term))
        end = right_side(whole) if whole else term
        return p.chain(whole, self._then(self.by[end])) if end in self.by else whole

    def _then(self, equation: Theorem) -> Theorem | None:
        """a = b, and b brought to normal form."""
        return self.proof.chain(equation, self(right_side(equation)))

    def _outside(self, term: Formula) -> Theorem | None:
        """What is left to do where all parts are in normal form."""
        p, op = self.proof, term[0]
        if op in {"add", "mul"}:
            sorted_ = p.by_ring(term, ordered(term))
            return p.chain(sorted_, self._cancelled(right_side(sorted_) if sorted_ else term))
        if op == "log" and term[1][0] == "exp":
            return p("log_exp", term[1][1])
        if op == "inv" and term[1][0] == "num" and term[1][1] > 0:
            return self._of_number(term)
        if op == "inv" and term[1][0] in {"inv", "mul"}:
            try:
                facts = [p.nonzero(child) for child in term[1][1:]]
            except Unproved:
                return None
            return self._then(p(f"inv_{term[1][0]}", *facts))
        return None

    def _of_number(self, term: Formula) -> Theorem:
        """1/(p/q) = q/p: both are q/p·(p/q·1/(p/q))."""
        p, (_, a) = self.proof, term
        other = ("num", a[2], a[1])
        one = p("cong_mul", p("refl", other), p("cancel", p.nonzero(a)))
        return p(
            "trans",
            p("trans", p("ring", term, ("mul", other, ("mul", a, term))), one),
            p("ring", ("mul", other, ONE), other),
        )

    # --- a·1/a ---

    def _cancelled(self, term: Formula) -> Theorem | None:
        p = self.proof
        if term[0] == "add":
            found = p.both(term, [self._cancelled(child) for child in term[1:]])
            return p.chain(found, found and p.by_ring(right_side(found), ordered(right_side(found))))
        coefficient, factors = monomial(term)
        for a in factors:
            if ("inv", a) not in factors:
                continue
            try:
                fact = p.nonzero(a)
            except Unproved:
                continue
            rest = [*factors]
            rest.remove(a)
            rest.remove(("inv", a))
            left = product(coefficient, rest)
            grouped = p.by_ring(term, ("mul", ("mul", a, ("inv", a)), left))
            gone = p("cong_mul", p("cancel", fact), p("refl", left))
            done = p.chain(p.chain(grouped, gone), p.by_ring(right_side(gone), ordered(left)))
            return p.chain(done, self._cancelled(ordered(left)))
        return None

    # --- Σ ---

    def _sum(self, term: Formula) -> Theorem | None:
        p = self.proof
        (i,) = p.fresh(term[1])
        inner = self(open_(term[2], (i,)))
        equation = inner and p("cong_sum", i, inner)
        apart = self._apart(right_side(equation) if equation else term)
        whole = p.chain(equation, apart)
        end = right_side(whole) if whole else term
        return p.chain(whole, p.by_ring(end, ordered(end)))

    def _apart(self, term: Formula) -> Theorem | None:
        """Σ(a + b) = Σa + Σb, and so on, each with what does not depend on the index taken out."""
        p = self.proof
        if term[2][0] != "add":
            return self._single(term)
        split = p("sum_add", term)
        return p.chain(split, p.both(right_side(split), [self._apart(child) for child in right_side(split)[1:]]))

    def _single(self, term: Formula) -> Theorem | None:
        """Σ of one product."""
        p = self.proof
        (i,) = p.fresh(term[1])
        body = open_(term[2], (i,))
        coefficient, factors = monomial(body)
        inside = [a for a in factors if i in free_indices(a)]
        if not inside:
            constant = p("sum_constant", term)
            end = right_side(constant)
            return p.chain(constant, p.by_ring(end, ordered(end)))
        outside = product(coefficient, [a for a in factors if i not in free_indices(a)])
        if outside == ONE:
            return self._connected(term)
        regrouped = p.by_ring(body, ("mul", outside, product(1, inside)))
        first = regrouped and p("cong_sum", i, regrouped)
        out = p("sum_factor", right_side(first) if first else term)
        connected = self._connected(right_side(out)[2])
        last = connected and p("cong_mul", p("refl", outside), connected)
        return p.chain(p.chain(first, out), last)

    def _connected(self, term: Formula) -> Theorem | None:
        """Σ_i of a product all of whose factors depend on i."""
        p = self.proof
        (i,) = p.fresh(term[1])
        body = open_(term[2], (i,))
        _, factors = monomial(body)
        for delta in factors:
            if delta[0] == "delta" and i in delta[2]:
                return self._contracted(term, i, body, delta)
        flat = self._flat(body)
        first = flat and p("cong_sum", i, flat)
        ordered_ = self._in_order(right_side(first) if first else term)
        whole = p.chain(first, ordered_)
        return p.chain(whole, p.rewritten(right_side(whole) if whole else term))

    def _contracted(self, term: Formula, i: Index, body: Formula, delta: Formula) -> Theorem | None:
        p = self.proof
        coefficient, rest = monomial(body)
        rest.remove(delta)
        left = product(coefficient, rest)
        inside = p.by_ring(body, ("mul", delta, left))
        if delta[2][0] != i:
            inside = p.chain(inside, p("cong_mul", self._flipped(delta), p("refl", left)))
        first = inside and p("cong_sum", i, inside)
        return p.chain(first, self._then(p("sum_delta", right_side(first) if first else term)))

    def _flipped(self, delta: Formula) -> Theorem:
        """δ[j, i] = δ[i, j]: both are Σ_k δ[k, i]·δ[k, j]."""
        p, (_, dim, (j, i)) = self.proof, delta
        (k,) = p.fresh(dim)
        pair = [("delta", dim, (k, i)), ("delta", dim, (k, j))]
        sums = [("sum", dim, close(("mul", *two), (k,))) for two in (pair, pair[::-1])]
        swapped = p("cong_sum", k, p("ring", ("mul", *pair), ("mul", *pair[::-1])))
        at_i, at_j = (p("sum_delta", each) for each in sums)  # δ[i, j] and δ[j, i]
        return p("sym", p("trans", p("trans", p("sym", at_i), swapped), at_j))

    def _flat(self, body: Formula) -> Theorem | None:
        """(Σ_j a)·b = Σ_j (b·a), until no factor is a sum."""
        p = self.proof
        coefficient, factors = monomial(body)
        sums = [a for a in factors if a[0] == "sum"]
        if not sums:
            return None
        factors.remove(sums[0])
        rest = product(coefficient, factors)
        _, dim, inner = sums[0]
        pulled = ("sum", dim, ("mul", rest, inner))
        regrouped = p.by_ring(body, ("mul", rest, sums[0]))
        (j,) = p.fresh(dim)
        further = self._flat(open_(pulled[2], (j,)))
        whole = p.chain(regrouped, p("sym", p("sum_factor", pulled)))
        return p.chain(whole, further and p("cong_sum", j, further))

    def _in_order(self, term: Formula) -> Theorem | None:
        """Nested sums in the order, and their factors in the order, in which they print first."""
        p = self.proof
        places: list[Index] = []
        body = term
        while body[0] == "sum":
            places += p.fresh(body[1])
            body = open_(body[2], (places[-1],))
        coefficient, factors = monomial(body)

        def printed(order: tuple[Index, ...]) -> list[str]:
            return [*(i[2] for i in order), *sorted(repr(close(a, order)) for a in factors)]

        best = min(permutations(places), key=printed)
        sorted_ = product(coefficient, sorted(factors, key=lambda a: repr(close(a, best))))
        inside = p.by_ring(body, sorted_)
        for i in reversed(places):
            inside = inside and p("cong_sum", i, inside)
        equation = inside
        for place, wanted in enumerate(best):
            for at in range(places.index(wanted), place, -1):
                places[at - 1], places[at] = places[at], places[at - 1]
                equation = p.chain(equation, self._swapped(right_side(equation) if equation else term, at - 1))
        return equation

    def _swapped(self, term: Formula, depth: int) -> Theorem:
        """The sums at this depth and the next one change places."""
        p = self.proof
        if depth == 0:
            return p("sum_swap", term)
        (i,) = p.fresh(term[1])
        return p("cong_sum", i, self._swapped(open_(term[2], (i,)), depth - 1))


def monomial(term: Formula) -> tuple[Any, list[Formula]]:
    """The coefficient and the factors of a product."""
    ((powers, coefficient),) = polynomial(term).items() or [(frozenset(), 0)]
    return coefficient, sorted((a for a, power in powers for _ in range(power)), key=repr)


def product(coefficient: Any, factors: Iterable[Formula]) -> Formula:
    """c·(a·(b·…))."""
    parts = [*([number(coefficient)] if coefficient != 1 else []), *factors]
    found = parts[-1] if parts else ONE
    for a in reversed(parts[:-1]):
        found = ("mul", a, found)
    return found


def ordered(term: Formula) -> Formula:
    """The polynomial that a term is, its terms and their factors in the order in which they print."""
    terms = [
        product(coefficient, sorted((a for a, power in powers for _ in range(power)), key=repr))
        for powers, coefficient in polynomial(term).items()
    ]
    terms.sort(key=repr)
    found = terms[-1] if terms else number(0)
    for a in reversed(terms[:-1]):
        found = ("add", a, found)
    return found

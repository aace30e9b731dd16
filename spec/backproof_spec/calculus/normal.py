"""Normal forms of terms, by which two are proved equal. Untrusted: the kernel checks every step that is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import groupby, permutations

from backproof_spec.calculus import roots
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.largest import flipped, largest
from backproof_spec.calculus.limits import polynomial, tick
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.parity import negated
from backproof_spec.calculus.polynomials import leading, monomial, ordered, product
from backproof_spec.calculus.tactics import Proof, Unproved, right_side
from backproof_spec.calculus.terms import BINDERS, MINUS_ONE, ONE, Formula, Index, close, free_indices, open_


class Normal:
    """The conversion to normal form: sums of products of names and of sums that do not come apart.

    Σ is distributed over +, what does not depend on its index is taken out of it, δ is contracted, nested sums are
    flattened, and put in the order in which they print first; where a ≠ 0 is proved a·1/a becomes 1, and 1[−a] becomes
    1 − 1[a]; 1[a]·1[a + 1] becomes 1[a]. ``unfolding``: definitions to replace by what they say; ``by``: equations
    whose left sides, in normal form, are replaced.
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
        if op in BINDERS:
            return self._sum(term) if op == "sum" else self._max(term)
        inside = p.inside(term, self)
        whole = p.chain(inside, self._outside(right_side(inside) if inside else term))
        end = right_side(whole) if whole else term
        return p.chain(whole, self._then(self.by[end])) if end in self.by else whole

    def nonzero(self, a: Formula) -> Theorem:
        """⊢ a ≠ 0. Raises ``Unproved``."""
        return self.proof.nonzero(a)

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
        if op in {"sqrt", "erf", "sin", "cos"}:
            equation = roots.apart(p, term) if op == "sqrt" else negated(p, term)
            return equation and self._then(equation)
        if op == "ind":
            return self._decided(term) or self._scaled(term) or self._turned(term)
        return self._split(term, self.nonzero) if op == "inv" else None

    def _decided(self, term: Formula) -> Theorem | None:
        """1[a] is 1 where a ≥ 0 is proved, 0 where −a > 0 is."""
        p, (_, a) = self.proof, term
        try:
            return p("ind_nonneg", p.nonnegative(a))
        except Unproved:
            pass
        turned = ("mul", MINUS_ONE, a)
        try:
            return p("ind_negative", p.positive(turned))
        except Unproved:
            plain = ordered(turned)
        try:
            return p("ind_negative", p("pos_eq", p("ring", plain, turned), p.positive(plain)))
        except Unproved:
            return None

    def _scaled(self, term: Formula) -> Theorem | None:
        """1[c·a] = 1[a]: without the factors that are proved to be positive, and none but ±1 before its first term."""
        p, (_, a) = self.proof, term
        powers, coefficient = leading(a)
        factors = [each for each, power in powers for _ in range(power)] if len(polynomial(a)) == 1 else []
        facts = {each: self._positive(each) for each in dict.fromkeys(sorted(factors, key=repr))}
        c = product(abs(coefficient), (each for each in factors if facts[each]))
        if c in {ONE, number(0)}:
            return None
        rest = product(coefficient / abs(coefficient), (each for each in factors if not facts[each]))
        if not factors:
            rest = ordered(("mul", number(1 / abs(coefficient)), a))
        same = p("trans", p("cong_ind", p("ring", a, ("mul", c, rest))), p("ind_scale", p.positive(c), rest))
        return p.chain(same, self._turned(("ind", rest)))

    def _positive(self, a: Formula) -> Theorem | None:
        try:
            return self.proof.positive(a)
        except Unproved:
            return None

    def _turned(self, term: Formula) -> Theorem | None:
        """1[−a] = 1 − 1[a] where a ≠ 0 is proved and −a starts with a minus sign."""
        p, (_, a) = self.proof, term
        if leading(a)[1] >= 0:
            return None
        other = ordered(("mul", MINUS_ONE, a))
        minus = ("mul", MINUS_ONE, other)
        try:
            fact = self._other_sign(a, other)
        except Unproved:
            return None
        same, turned = p.by_ring(a, minus), p("ind_negate", fact)
        whole = p("trans", p("cong_ind", same), turned) if same else turned
        return p.chain(whole, p.by_ring(right_side(whole), ordered(right_side(whole))))

    def _other_sign(self, a: Formula, other: Formula) -> Theorem:
        """⊢ −a ≠ 0, which ``other`` is. Raises ``Unproved``."""
        try:
            return self.nonzero(other)
        except Unproved:
            p, fact = self.proof, self.nonzero(a)
            turned = p("nonzero_mul", p.nonzero(MINUS_ONE), fact)
            return p("nonzero_eq", p("ring", turned.conclusion[1], other), turned)

    def _split(self, term: Formula, fact: Callable[[Formula], Theorem]) -> Theorem | None:
        """1/· or log of a product or inverse taken apart, where each part is proved not to be 0, or positive."""
        op, (inner, *parts) = term
        if inner not in {"inv", "mul"}:
            return None
        try:
            facts = [fact(each) for each in parts]
        except Unproved:
            return None
        return self._then(self.proof(f"{op}_{inner}", *facts))

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

    def equal(self, a: Formula, b: Formula) -> Theorem:
        """⊢ a = b, where both have one normal form. Raises ``Unproved``."""
        p, left, right = self.proof, self(a), self(b)
        ends = [right_side(th) if th else side for th, side in ((left, a), (right, b))]
        if ends[0] != ends[1]:
            msg = "the two sides have different normal forms"
            raise Unproved(msg, sides=tuple(ends))
        return p.chain(left, right and p("sym", right)) or p("refl", a)

    # --- a·1/a ---

    def _cancelled(self, term: Formula) -> Theorem | None:
        p = self.proof
        if term[0] == "add":
            found = p.both(term, [self._cancelled(child) for child in term[1:]])
            return p.chain(found, found and p.by_ring(right_side(found), ordered(right_side(found))))
        coefficient, factors = monomial(term)
        for a in factors:
            equation = self._pair(a, factors)
            if equation is None:
                continue
            (_, one, other), single = equation.conclusion[1:]
            rest = [*factors]
            rest.remove(one)
            rest.remove(other)
            left = product(coefficient, rest)
            grouped = p.by_ring(term, ("mul", ("mul", one, other), left))
            gone = p("cong_mul", equation, p("refl", left))
            end = ordered(("mul", single, left))
            done = p.chain(p.chain(grouped, gone), p.by_ring(right_side(gone), end))
            return p.chain(done, self._cancelled(end))
        return None

    def _pair(self, a: Formula, factors: list[Formula]) -> Theorem | None:
        """a·1/a = 1, 1[b]·1[c] = 1[b], or √b·√b = b, where both factors are there."""
        if a[0] == "ind":
            return self._implied(a, factors)
        if factors.count(a) > 1:
            twice = roots.pair(self.proof, a)
            if twice is not None:
                return self._then(twice)
        if ("inv", a) not in factors:
            return None
        try:
            return self.proof("cancel", self.nonzero(a))
        except Unproved:
            return None

    def _implied(self, one: Formula, factors: list[Formula]) -> Theorem | None:
        """1[a]·1[b] = 1[a] where b = r·a + d, = 1[a] + 1[b] − 1 where b = −r·a + d, for a number r > 0 and d ≥ 0."""
        others = [*factors]
        others.remove(one)
        for other in (each for each in others if each[0] == "ind"):
            (_, a), (_, b) = one, other
            here, there = polynomial(a), polynomial(b)
            for r in sorted({there[powers] / here[powers] for powers in here.keys() & there.keys() if powers}):
                d = ordered(("add", b, ("mul", number(-r), a)))
                with suppress(Unproved):
                    return self._of_two(one, other, r, self.proof.nonnegative(d))
        return None

    def _of_two(self, one: Formula, other: Formula, r: Fraction, more: Theorem) -> Theorem:
        """The same for one b = r·a + d, with d ≥ 0 proved: 1[r·a]·1[r·a + d] = 1[r·a]."""
        p, (_, a), (_, b) = self.proof, one, other
        multiple = ordered(("mul", number(r), a))
        signed = a if r > 0 else ("mul", MINUS_ONE, a)
        whole = ("mul", number(abs(r)), signed)
        same = p("trans", p("cong_ind", p("ring", multiple, whole)), p("ind_scale", p.positive(number(abs(r))), signed))
        if r < 0:
            same = p("trans", same, p("ind_negate", self.nonzero(a)))
        both = p("ind_implied", more, multiple)
        put = p("cong_mul", p("sym", same), p("cong_ind", p("ring", b, both.conclusion[1][2][1])))
        found = p("trans", put, p("trans", both, same))
        if r > 0:
            return found
        turned = ("add", other, ("mul", MINUS_ONE, found.conclusion[1]))  # 1[a]·1[b] = 1[b] − (1 − 1[a])·1[b]
        last = p("cong_add", p("refl", other), p("cong_mul", p("refl", MINUS_ONE), found))
        return p("trans", p("ring", ("mul", one, other), turned), last)

    # --- max and Σ ---

    def _max(self, term: Formula) -> Theorem | None:
        """Σ of the weights of what is largest, where that is supposed; else the largest of what is in normal form."""
        p, won = self.proof, largest(self.proof, term)
        if won:
            return self._then(won)
        inside = p.inside(term, self)
        won = inside and largest(p, right_side(inside))
        return p.chain(inside, won and self._then(won))

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
            inside = p.chain(inside, p("cong_mul", flipped(p, delta), p("refl", left)))
        first = inside and p("cong_sum", i, inside)
        return p.chain(first, self._then(p("sum_delta", right_side(first) if first else term)))

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

        def dimension(i: Index) -> str:
            return str(i[2])

        def printed(order: tuple[Index, ...]) -> list[str]:
            tick()
            return sorted(repr(close(a, order)) for a in factors)

        alike = [tuple(group) for _, group in groupby(sorted(places, key=dimension), dimension)]
        best = min(_orders(alike), key=printed)
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


def _orders(groups: list[tuple[Index, ...]]) -> Iterator[tuple[Index, ...]]:
    """Each group in every order, one after the other; none is kept, as there may be millions."""
    if not groups:
        yield ()
        return
    for first in permutations(groups[0]):
        for rest in _orders(groups[1:]):
            yield (*first, *rest)


class Once(Normal):
    """Normal forms, each found once: what is part of many terms is not looked at in each."""

    def __init__(self, proof: Proof, unfolding: frozenset[str] = frozenset(), by: tuple[Theorem, ...] = ()) -> None:
        """Rules are applied in ``proof``."""
        super().__init__(proof, unfolding, by)
        self._known: dict[Formula, Theorem | None] = {}

    def __call__(self, term: Formula) -> Theorem | None:
        """term = its normal form."""
        if term not in self._known:
            self._known[term] = super().__call__(term)
        return self._known[term]

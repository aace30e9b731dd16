"""Equality of fractions: both sides are multiplied out by their denominators. Untrusted: the kernel checks every step.

exp(2a − b) is written exp(a)²/exp(b), so that what is made of exp, +, · and / is a quotient of polynomials. For a and b
with the denominators D, each proved not to be 0, a·ΠD = b·ΠD has fewer fractions, and is proved likewise; then a = b,
as a = a·ΠD·Π(1/D). So is a > 0 where a·ΠD > 0 and all D > 0. Sums over the same index are equal if their terms are.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import prod

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import polynomial
from backproof_spec.calculus.matching import places_of
from backproof_spec.calculus.normal import Once
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.polynomials import monomial, ordered, product
from backproof_spec.calculus.tactics import Proof, Unproved, right_side
from backproof_spec.calculus.terms import ONE, ZERO, Formula, close, free_indices, open_

_ROUNDS = 5
"""Fractions in denominators of fractions are cleared one after the other, sums within sums compared: so many."""
_LARGEST, _POWERS = 4000, 12
"""No product is multiplied out to more terms than these, and exp(a)ⁿ is written out for n up to 12."""


class Rational(Once):
    """Normal forms in which exp is of single terms; ``equal`` also clears denominators."""

    def __init__(self, proof: Proof, unfolding: frozenset[str] = frozenset()) -> None:
        """Rules are applied in ``proof``."""
        super().__init__(proof, unfolding)
        self._facts: dict[Formula, Theorem] = {}

    def __call__(self, term: Formula) -> Theorem | None:
        """term = its normal form, found once."""
        if term[0] in {"inv", "log"} and term not in self._known:
            self._remember(term)
        return super().__call__(term)

    def nonzero(self, a: Formula) -> Theorem:
        """⊢ a ≠ 0: for what a denominator has become as well."""
        return self._fact("nonzero", a) or super().nonzero(a)

    def positive(self, a: Formula) -> Theorem:
        """⊢ a > 0: for what the argument of a logarithm has become as well."""
        return self._fact("pos", a) or self.proof.positive(a)

    def _fact(self, kind: str, a: Formula) -> Theorem | None:
        """What was remembered of a, or of the same at other indices."""
        if (kind, a) in self._facts:
            return self._facts[kind, a]
        for fact, theorem in self._facts.items():
            free = tuple(sorted(free_indices(fact[1])))
            places = places_of(close(fact[1], free), a, len(free)) if fact[0] == kind else None
            if places is not None:
                return self.proof.moved(theorem, free, places)
        return None

    def _remember(self, term: Formula) -> None:
        """a ≠ 0 for 1/a, a > 0 for log a, of a's normal form: (x − m)² + 1 shows it, x² − 2·x·m + m² + 1 does not."""
        p, (op, a) = self.proof, term
        kind = "nonzero" if op == "inv" else "pos"
        try:
            fact = p.needed(kind, a)
        except Unproved:
            return
        equation = self(a)
        if equation:
            self._facts[kind, right_side(equation)] = p(f"{kind}_eq", equation, fact)

    def equal(self, a: Formula, b: Formula) -> Theorem:
        """⊢ a = b. Raises ``Unproved``."""
        return self._equal(a, b, _ROUNDS)

    def _equal(self, a: Formula, b: Formula, rounds: int) -> Theorem:
        p, left, right = self.proof, self(a), self(b)
        ends = [right_side(th) if th else side for th, side in ((left, a), (right, b))]
        between = None
        if ends[0] != ends[1]:
            if rounds == 0:
                msg = "the two sides have different normal forms"
                raise Unproved(msg)
            between = self._cleared(ends[0], ends[1], rounds) or self._termwise(ends[0], ends[1], rounds)
        return p.chain(p.chain(left, between), right and p("sym", right)) or p("refl", a)

    # --- exp and log ---

    def _outside(self, term: Formula) -> Theorem | None:
        p, op = self.proof, term[0]
        if op == "exp":
            return self._apart_exp(term)
        if op == "log" and term[1] == ONE:
            return p.chain(p("cong_log", p("sym", p("exp_zero"))), p("log_exp", ZERO))
        return self._split(term, self.positive) if op == "log" and term[1][0] != "exp" else super()._outside(term)

    def _apart_exp(self, term: Formula) -> Theorem | None:
        """exp(a + b) = exp(a)·exp(b), exp(2·a) = exp(a)·exp(a), exp(−a) = 1/exp(a), exp(log a) = a, exp(0) = 1."""
        p, a = self.proof, term[1]
        if a == ZERO:
            return p("exp_zero")
        return self._then(p("exp_add", *a[1:])) if a[0] == "add" else self._single_exp(a)

    def _single_exp(self, a: Formula) -> Theorem | None:
        p, (coefficient, factors) = self.proof, monomial(a)
        whole = Fraction(coefficient).numerator
        if whole < 0:
            return self._then(self._negative(a, ordered(("mul", number(-1), a))))
        if 1 < whole <= _POWERS:
            one = product(coefficient / whole, factors)
            both = ("add", one, product(coefficient - coefficient / whole, factors))
            split = p("cong_exp", p("ring", a, both))
            return self._then(p.chain(split, p("exp_add", *both[1:])) or split)
        if coefficient == 1 and len(factors) == 1 and factors[0][0] == "log":
            try:
                return p("exp_log", self.positive(factors[0][1]))
            except Unproved:
                return None
        return None

    def _negative(self, a: Formula, b: Formula) -> Theorem:
        """exp(a) = 1/exp(b) for b = −a: both are exp(a)·(exp(b)·1/exp(b))."""
        p, (left, right) = self.proof, (("exp", a), ("exp", b))
        one = p("cancel", p.nonzero(right))
        gone = p("trans", p("cong_exp", p("ring", ("add", a, b), ZERO)), p("exp_zero"))
        together = p("trans", p("sym", p("exp_add", a, b)), gone)  # exp(a)·exp(b) = 1
        back = p("cong_mul", p("refl", left), p("sym", one))
        first = p("trans", p("ring", left, ("mul", left, ONE)), back)
        regrouped = p("ring", right_side(back), ("mul", ("mul", left, right), ("inv", right)))
        last = p("cong_mul", together, p("refl", ("inv", right)))
        end = p("ring", ("mul", ONE, ("inv", right)), ("inv", right))
        return p("trans", p("trans", first, regrouped), p("trans", last, end))

    # --- products ---

    def _sum(self, term: Formula) -> Theorem | None:
        found = super()._sum(term)
        return self.proof.chain(found, self._cancelled(right_side(found) if found else term))

    def _cancelled(self, term: Formula) -> Theorem | None:
        """As well: a root to its power, exp(½·log a)·exp(½·log a) = a."""
        found = super()._cancelled(term)
        end = right_side(found) if found else term
        return self.proof.chain(found, self._powers(end) if end[0] != "add" else None)

    def _powers(self, term: Formula) -> Theorem | None:
        p = self.proof
        coefficient, factors = monomial(term) if term != ZERO else (0, [])
        for root in dict.fromkeys(factors):
            share, of = monomial(root[1]) if root[0] == "exp" and root[1][0] != "add" else (Fraction(0), [])
            if len(of) != 1 or of[0][0] != "log" or share.numerator != 1 or factors.count(root) < share.denominator:
                continue
            try:
                last = p("exp_log", self.positive(of[0][1]))
            except Unproved:
                continue
            rest = [*factors]
            for _ in range(share.denominator):
                rest.remove(root)
            left, whole = product(coefficient, rest), p("refl", root)
            for k in range(2, share.denominator + 1):
                more = p("cong_mul", p("refl", root), whole)
                exponents = (root[1], whole.conclusion[2][1])
                added = p("cong_exp", p("ring", ("add", *exponents), product(k * share, of)))
                joined = p("trans", p("sym", p("exp_add", *exponents)), added)
                whole = p("trans", more, joined)
            whole = p("trans", whole, last)
            grouped = p.by_ring(term, ("mul", whole.conclusion[1], left))
            put = p("cong_mul", whole, p("refl", left))
            end = ordered(right_side(put))
            done = p.chain(p.chain(grouped, put), p.by_ring(right_side(put), end))
            return p.chain(done, self._cancelled(end))
        return None

    # --- denominators ---

    def _cleared(self, a: Formula, b: Formula, rounds: int) -> Theorem | None:
        """⊢ a = b from a·ΠD = b·ΠD."""
        p = self.proof
        facts, powers = self._denominators(a, b)
        below = [D for D, power in powers.items() for _ in range(power)]
        if not below or self._large(below, a, b):
            return None
        left, right = (self._times(each, below, facts) for each in (a, b))
        try:
            inner = self._equal(right_side(left), right_side(right), rounds - 1)
        except Unproved:
            return None
        multiplied = p("trans", p("trans", left, inner), p("sym", right))
        divided = p("cong_mul", multiplied, p("refl", product(1, [("inv", D) for D in below])))
        ends = [self._back(each, below, facts) for each in (a, b)]
        return p("trans", p("trans", ends[0], divided), p("sym", ends[1]))

    def _back(self, term: Formula, below: list[Formula], facts: dict[Formula, Theorem]) -> Theorem:
        """term = (term·ΠD)·Π(1/D)."""
        p, M, W = self.proof, product(1, below), product(1, [("inv", D) for D in below])
        one = self._without(("mul", M, W), below, ONE, facts)
        whole = p("trans", p("ring", term, ("mul", term, ONE)), p("cong_mul", p("refl", term), p("sym", one)))
        return p("trans", whole, p("ring", right_side(whole), ("mul", ("mul", term, M), W)))

    def positive_fraction(self, a: Formula, rounds: int = _ROUNDS) -> Theorem:
        """⊢ a > 0, as a·ΠD > 0 and all D > 0: 1 − 1/(1 + exp(x)) > 0. Raises ``Unproved``."""
        p, equation = self.proof, self(a)
        end = right_side(equation) if equation else a
        try:
            found = self.positive(end)
        except Unproved:
            facts, powers = self._denominators(end)
            below = [D for D, power in powers.items() for _ in range(power)]
            if not below or rounds == 0 or self._large(below, end):
                raise
            multiplied, back = self._times(end, below, facts), self._back(end, below, facts)
            numerator = self.positive_fraction(right_side(multiplied), rounds - 1)
            inverse = p.positive(product(1, [("inv", D) for D in below]))
            found = p("pos_mul", p("pos_eq", p("sym", multiplied), numerator), inverse)
            found = p("pos_eq", p("sym", back), found)
        return p("pos_eq", p("sym", equation), found) if equation else found

    @staticmethod
    def _large(below: list[Formula], *terms: Formula) -> bool:
        """Would too many terms come of multiplying out?"""
        return prod(len(polynomial(D)) for D in below) * sum(len(polynomial(each)) for each in terms) > _LARGEST

    def _denominators(self, *terms: Formula) -> tuple[dict[Formula, Theorem], dict[Formula, int]]:
        """Those that are proved not to be 0, each with the largest power in which it occurs."""
        facts: dict[Formula, Theorem] = {}
        most: dict[Formula, int] = {}
        found = [each for term in terms for powers in polynomial(term) for each in powers if each[0][0] == "inv"]
        for (_, D), power in sorted(found, key=repr):
            try:
                facts[D] = facts.get(D) or self.nonzero(D)
            except Unproved:
                continue
            most[D] = max(most.get(D, 0), power)
        return facts, most

    def _times(self, term: Formula, below: list[Formula], facts: dict[Formula, Theorem]) -> Theorem:
        """term·ΠD = the sum of its terms, each without its denominators and times the other ones."""
        p, M, terms = self.proof, product(1, below), _terms(term)
        each = [self._one(one, below, facts) for one in terms]
        spread = _added([("mul", one, M) for one in terms])
        first = p("ring", ("mul", term, M), spread)
        last = each[-1]
        for equation in reversed(each[:-1]):
            last = p("cong_add", equation, last)
        return p("trans", first, last)

    def _one(self, term: Formula, below: list[Formula], facts: dict[Formula, Theorem]) -> Theorem:
        coefficient, factors = monomial(term) if term != ZERO else (Fraction(0), [])
        gone, kept = [], []
        for D in below:
            if ("inv", D) in factors:
                factors.remove(("inv", D))
                gone.append(D)
            else:
                kept.append(D)
        return self._without(("mul", term, product(1, below)), gone, product(coefficient, [*factors, *kept]), facts)

    def _without(self, term: Formula, gone: Iterable[Formula], left: Formula, facts: dict[Formula, Theorem]) -> Theorem:
        """term = D·1/D·(…·left) = left."""
        p = self.proof
        whole, pairs = p("refl", left), left
        for D in gone:
            pairs = ("mul", ("mul", D, ("inv", D)), pairs)
            one = p("cong_mul", p("cancel", facts[D]), whole)
            whole = p("trans", one, p("ring", right_side(one), left))
        return p("trans", p("ring", term, pairs), whole)

    # --- sums ---

    def _termwise(self, a: Formula, b: Formula, rounds: int) -> Theorem:
        """⊢ a = b where what only one of them has are sums over one dimension, and their terms are equal."""
        p = self.proof
        here, there = polynomial(a), polynomial(b)
        apart = [
            ordered(_added([product(c, _factors(powers)) for powers, c in these.items() if those.get(powers) != c]))
            for these, those in ((here, there), (there, here))
        ]
        sums = [self._as_sum(each) for each in apart]
        dims = {right_side(each)[1] for each in sums if each is not None}
        if (
            len(dims) != 1
            or apart == [a, b] == [ZERO, ZERO]
            or any(each is None and rest != ZERO for each, rest in zip(sums, apart, strict=True))
        ):
            msg = "the two sides have different normal forms"
            raise Unproved(msg)
        (i,) = p.fresh(*dims)
        bodies = [open_(right_side(each)[2], (i,)) if each is not None else ZERO for each in sums]
        same = p("cong_sum", i, self._equal(bodies[0], bodies[1], rounds - 1))
        nothing = p("sum_constant", ("sum", i[2], ZERO))
        nothing = p("trans", nothing, p("ring", right_side(nothing), ZERO))
        first, last = (each if each is not None else p("sym", nothing) for each in sums)
        equation = p("trans", p("trans", first, same), p("sym", last))
        common = ordered(("add", a, ("mul", number(-1), apart[0])))
        split = p("ring", a, ("add", apart[0], common))
        put = p("cong_add", equation, p("refl", common))
        return p("trans", p("trans", split, put), p("ring", right_side(put), b))

    def _as_sum(self, term: Formula) -> Theorem | None:
        """c·Σa + d·Σb = Σ(c·a + d·b); None where it is no such thing."""
        p, equations = self.proof, []
        for each in _terms(term):
            coefficient, factors = monomial(each) if each != ZERO else (Fraction(0), [])
            sums = [a for a in factors if a[0] == "sum"]
            if len(sums) != 1:
                return None
            factors.remove(sums[0])
            outside = product(coefficient, factors)
            inside = ("sum", sums[0][1], ("mul", outside, sums[0][2]))
            equations.append(p("trans", p("ring", each, ("mul", outside, sums[0])), p("sym", p("sum_factor", inside))))
        if len({right_side(each)[1] for each in equations}) != 1:
            return None
        whole = equations[-1]
        for equation in reversed(equations[:-1]):
            both = p("cong_add", equation, whole)
            (_, dim, one), (_, _, other) = right_side(both)[1:]
            whole = p("trans", both, p("sym", p("sum_add", ("sum", dim, ("add", one, other)))))
        return whole


def _factors(powers: Iterable[tuple[Formula, int]]) -> list[Formula]:
    return sorted((a for a, power in powers for _ in range(power)), key=repr)


def _terms(term: Formula) -> list[Formula]:
    """a, b, c of a + (b + c)."""
    return [*_terms(term[1]), *_terms(term[2])] if term[0] == "add" else [term]


def _added(terms: list[Formula]) -> Formula:
    found = terms[-1] if terms else ZERO
    for a in reversed(terms[:-1]):
        found = ("add", a, found)
    return found

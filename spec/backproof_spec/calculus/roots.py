"""Square roots in normal forms: √(a·b) = √a·√b, √(1/a) = 1/√a, √a·√a = a, 1/√a·1/√a = 1/a, where a, b ≥ 0 (a ≠ 0).

√(8/9) is 2/3·√2. Untrusted: the kernel checks every step. Each comes of √(c·c) = c and √a·√a = a alone.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.tactics import Proof, Unproved, right_side
from backproof_spec.calculus.terms import ONE, Formula

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
"""Squares of these are taken out of the root of a number."""


def apart(p: Proof, term: Formula) -> Theorem | None:
    """√a = what its parts give, one step; None where that is √a."""
    _, a = term
    try:
        match a:
            case ("mul", b, c):
                return _of_square(p, ("mul", ("sqrt", b), ("sqrt", c)), _product(p, b, c))
            case ("inv", b):
                return _of_square(p, ("inv", ("sqrt", b)), _inverse(p, b))
            case ("num", int(n), int(d)) if n >= 0:
                return _of_number(p, Fraction(n, d))
    except Unproved:
        pass
    return None


def _of_number(p: Proof, a: Fraction) -> Theorem | None:
    """√(n/d) = s/d·√r, for n·d = s²·r; None where that says nothing, as of √2."""
    r, s = a.numerator * a.denominator, 1
    for prime in _PRIMES:
        while r and r % prime**2 == 0:
            r, s = r // prime**2, s * prime
    if isqrt(r) ** 2 == r:
        r, s = 1, s * isqrt(r)
    c = number(Fraction(s, a.denominator))
    squares = p("ring", ("mul", c, c), number(a / r))
    if r == 1:
        return _of_square(p, c, squares)
    if c == ONE:
        return None
    root: Formula = ("mul", c, ("sqrt", number(r)))
    both = p("cong_mul", squares, squared(p, number(r)))
    whole = p("trans", p("ring", ("mul", root, root), both.conclusion[1]), both)
    return _of_square(p, root, p("trans", whole, p("ring", right_side(whole), number(a))))


def _of_square(p: Proof, root: Formula, squared: Theorem) -> Theorem:
    """√a = c, from c·c = a and c ≥ 0."""
    return p("trans", p("cong_sqrt", p("sym", squared)), p("sqrt_square", p.nonnegative(root)))


def _product(p: Proof, b: Formula, c: Formula) -> Theorem:
    """(√b·√c)·(√b·√c) = b·c."""
    both = p("cong_mul", squared(p, b), squared(p, c))
    (_, (_, (_, x, _), (_, y, _)), _) = both.conclusion
    return p("trans", p("ring", ("mul", ("mul", x, y), ("mul", x, y)), both.conclusion[1]), both)


def _inverse(p: Proof, b: Formula) -> Theorem:
    """1/√b·1/√b = 1/b."""
    root = p.nonzero(("sqrt", b))
    return p("trans", p("sym", p("inv_mul", root, root)), p("cong_inv", squared(p, b)))


def squared(p: Proof, a: Formula) -> Theorem:
    """√a·√a = a. Raises ``Unproved``."""
    return p("square_sqrt", p.nonnegative(a))


def as_exponential(p: Proof, a: Formula) -> Theorem:
    """√a = exp(½·log a), where a > 0. Raises ``Unproved``."""
    half: Formula = ("mul", ("num", 1, 2), ("log", a))
    joined = p("trans", p("cong_exp", p("ring", ("add", half, half), ("log", a))), p("exp_log", p.positive(a)))
    return _of_square(p, ("exp", half), p("trans", p("sym", p("exp_add", half, half)), joined))


def pair(p: Proof, factor: Formula) -> Theorem | None:
    """√a·√a = a, or 1/√a·1/√a = 1/a, for a factor that stands twice."""
    try:
        match factor:
            case ("sqrt", a):
                return squared(p, a)
            case ("inv", ("sqrt", a)):
                return _inverse(p, a)
    except Unproved:
        pass
    return None

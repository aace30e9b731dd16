"""Square roots in normal forms: √(a·b) = √a·√b, √(1/a) = 1/√a, √a·√a = a, 1/√a·1/√a = 1/a, where a, b ≥ 0 (a ≠ 0).

Untrusted: the kernel checks every step. Each comes of √(c·c) = c and √a·√a = a alone.
"""

from __future__ import annotations

from math import isqrt

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.tactics import Proof, Unproved, right_side
from backproof_spec.calculus.terms import Formula


def apart(p: Proof, term: Formula) -> Theorem | None:
    """√a = what its parts give, one step; None where that is √a."""
    _, a = term
    try:
        match a:
            case ("mul", b, c):
                return _of_square(p, ("mul", ("sqrt", b), ("sqrt", c)), _product(p, b, c))
            case ("inv", b):
                return _of_square(p, ("inv", ("sqrt", b)), _inverse(p, b))
            case ("num", int(n), int(d)) if n >= 0 and isqrt(n) ** 2 == n and isqrt(d) ** 2 == d:
                root: Formula = ("num", isqrt(n), isqrt(d))
                return _of_square(p, root, p("ring", ("mul", root, root), a))
            case ("num", int(n), int(d)) if n > 0 and d > 1:
                below: Formula = ("inv", ("num", d, 1))
                return p.chain(
                    p("cong_sqrt", p("sym", _fraction(p, n, d))), apart(p, ("sqrt", ("mul", ("num", n, 1), below)))
                )
    except Unproved:
        pass
    return None


def _fraction(p: Proof, n: int, d: int) -> Theorem:
    """n·(1/d) = n/d: as 1/d = (1/d·d)·(1/d)."""
    whole: Formula = ("num", d, 1)
    one = p("cancel", p.nonzero(whole))
    share: Formula = ("num", 1, d)
    first = p("cong_mul", p("refl", share), one)  # 1/d·(d·inv d) = 1/d·1
    left = p("ring", ("inv", whole), ("mul", share, ("mul", whole, ("inv", whole))))
    inverse = p("trans", p("trans", left, first), p("ring", right_side(first), share))
    both = p("cong_mul", p("refl", ("num", n, 1)), inverse)
    return p("trans", both, p("ring", right_side(both), ("num", n, d)))


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

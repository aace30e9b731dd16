"""erf(−a) = −erf a, sin(−a) = −sin a, cos(−a) = cos a. Untrusted: the kernel checks it."""

from __future__ import annotations

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.polynomials import leading, ordered
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import MINUS_ONE, Formula


def negated(p: Proof, term: Formula) -> Theorem | None:
    """f(−a) = ±f(a), where −a starts with a minus sign; else None."""
    f, a = term
    if leading(a)[1] >= 0:
        return None
    other = ordered(("mul", MINUS_ONE, a))
    return p("trans", p(f"cong_{f}", p("ring", a, ("mul", MINUS_ONE, other))), p(f"{f}_negate", other))

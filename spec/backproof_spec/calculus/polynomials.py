"""Polynomials and monomials as terms, in one order. Untrusted: the kernel checks what is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from backproof_spec.calculus.limits import polynomial
from backproof_spec.calculus.notation import number
from backproof_spec.calculus.terms import ONE, Formula

Powers = frozenset[tuple[Formula, int]]
Polynomial = Mapping[Powers, Fraction]
_MOST = 200
"""Terms of a quotient: what has more is no factor that anybody wrote."""


def quotient(a: Polynomial, b: Polynomial) -> Polynomial | None:
    """q where a = b·q; None where there is none, or it is long."""
    atoms = sorted({atom for powers in b for atom, _ in powers}, key=repr)
    others = sorted({atom for powers in a for atom, _ in powers} - set(atoms), key=repr)

    def order(powers: Powers) -> list[int]:
        return [dict(powers).get(atom, 0) for atom in (*atoms, *others)]

    top = max(b, key=order, default=None)
    rest, found = dict(a), dict[Powers, Fraction]()
    while rest and top is not None and len(found) < _MOST:
        lead = max(rest, key=order)
        left = _added(lead, top, -1)
        if any(power < 0 for _, power in left):
            return None
        found[left] = rest[lead] / b[top]
        for powers, coefficient in b.items():
            at = _added(powers, left, 1)
            rest[at] = rest.get(at, Fraction(0)) - found[left] * coefficient
            if not rest[at]:
                del rest[at]
    return found if not rest else None


def _added(p: Powers, q: Powers, sign: int) -> Powers:
    powers = dict(p)
    for atom, power in q:
        powers[atom] = powers.get(atom, 0) + sign * power
    return frozenset((atom, power) for atom, power in powers.items() if power)


def leading(term: Formula) -> tuple[frozenset[tuple[Formula, int]], Fraction]:
    """The powers and the coefficient of the term of a polynomial by which its sign is chosen."""
    nothing: tuple[frozenset[tuple[Formula, int]], Fraction] = frozenset(), Fraction(0)
    return min(polynomial(term).items(), key=lambda one: sorted(map(repr, one[0])), default=nothing)


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
    return written(polynomial(term))


def written(polynomial: Polynomial) -> Formula:
    """A polynomial as such a term."""
    terms = [
        product(coefficient, sorted((a for a, power in powers for _ in range(power)), key=repr))
        for powers, coefficient in polynomial.items()
    ]
    terms.sort(key=repr)
    found = terms[-1] if terms else number(0)
    for a in reversed(terms[:-1]):
        found = ("add", a, found)
    return found

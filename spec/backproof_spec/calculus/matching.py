"""Is one formula another at some indices, or times some number? Untrusted: the kernel checks what is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from backproof_spec.calculus.terms import BINDERS, CHILDREN, Formula, Index, binders, open_


def parts(formula: Formula, depth: int = 0) -> Iterator[tuple[Formula, int]]:
    """The formula and every formula in it, each with the number of binders around it."""
    yield formula, depth
    for child in formula[CHILDREN[formula[0]] :]:
        yield from parts(child, depth + binders(formula))


def ratio_of(a: Mapping[Any, Fraction], b: Mapping[Any, Fraction]) -> Fraction:
    """c where a = c·b, as polynomials; 0 where there is none."""
    if not b or a.keys() != b.keys():
        return Fraction(0)
    ratios = {a[powers] / b[powers] for powers in b}
    return ratios.pop() if len(ratios) == 1 else Fraction(0)


def constant(a: Mapping[Any, Fraction]) -> Fraction | None:
    """The number that a polynomial is; None where it is none."""
    return a.get(frozenset(), Fraction(0)) if not a.keys() - {frozenset()} else None


def places_of(pattern: Formula, term: Formula, count: int) -> tuple[Index, ...] | None:
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
    inner = depth + (binders(pattern) if pattern and pattern[0] in {*BINDERS, "map", "slope"} else 0)
    return all(_like(p, t, count, inner, found) for p, t in zip(pattern, term, strict=True))

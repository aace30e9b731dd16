"""How large a formula is before it is written out, and how long a search may take. Untrusted: it only stops.

Terms share their parts in memory, so that a short text can stand for a tree that nobody could write: (((x^9)^9)^9)^9.
Here parts that are shared are looked at once, and what is too large is refused before anything walks the tree.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from backproof_spec.calculus import terms
from backproof_spec.calculus.terms import CHILDREN, Formula, Theory

PARTS, WRITTEN_OUT, UNFOLDED, TOTAL = 20_000, 50_000, 200_000, 6_000_000
"""The most parts of one formula, of one with its products multiplied out, of one with all definitions unfolded, and of
all formulas that a proof file speaks of together: a million of them are replayed in some four seconds."""
SECONDS, LONG = 60.0, 600.0
"""As long may the proof of a statement take, and a theorem of ours, or its file, where nothing else is said."""
_END: ContextVar[tuple[float, float] | None] = ContextVar("end", default=None)


class Stopped(Exception):
    """It would be too large, or took too long: what, how much, and what to do."""


class OutOfTime(Stopped):
    """It took too long."""


# --- time -------------------------------------------------------------------------------------------------------------


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever ticks inside is stopped after so many seconds, or sooner where somebody around it has said so."""
    ends = [(time.monotonic() + seconds, seconds), _END.get()]
    before = _END.set(min(each for each in ends if each is not None))
    try:
        yield
    finally:
        _END.reset(before)


def tick() -> None:
    """Raise ``OutOfTime`` where the time is over."""
    end = _END.get()
    if end is not None and time.monotonic() > end[0]:
        msg = f"stopped after {end[1]:g} s"
        raise OutOfTime(msg)


def left() -> float:
    """How many seconds are left; no end of them where nobody has said."""
    end = _END.get()
    return math.inf if end is None else max(end[0] - time.monotonic(), 0.0)


# --- sizes ------------------------------------------------------------------------------------------------------------


def own(op: str, head: Sequence[Any], weights: Mapping[str, int] | None = None) -> int:
    """How many parts an operator counts for; a number by its digits, a name by what it stands for."""
    if op == "num":
        bits: int = sum(each.bit_length() for each in head)
        return 1 + bits // 64
    return weights.get(head[0], 1) if weights and op == "entry" else 1


def size(formula: Formula, weights: Mapping[str, int] | None = None) -> int:
    """How many operators and names a formula is made of as a tree; ``weights``: of what a name stands for."""
    known: dict[int, int] = {}

    def of(part: Formula) -> int:
        if id(part) not in known:
            start = CHILDREN[part[0]]
            known[id(part)] = own(part[0], part[1:start], weights) + sum(map(of, part[start:]))
        return known[id(part)]

    return of(formula)


def unfolded(theory: Theory, formula: Formula) -> int:
    """The same with every definition in it unfolded, and those in these."""
    weights: dict[str, int] = {}
    defined = [each for each in theory.depends(formula) if theory.kind(each) == "defined"]
    for name in sorted(defined, key=lambda each: (len(theory.depends(theory.rest(each))), each)):
        weights[name] = size(theory.rest(name), weights)
    return size(formula, weights)


def written_out(term: Formula, theory: Theory | None = None) -> int:
    """No fewer factors than a term has, multiplied out: its terms, of which there are no more than monomials.

    ``theory``: of the definitions that are unfolded first, where any are.
    """
    known: dict[int, tuple[int, int, frozenset[Formula]]] = {}

    def of(part: Formula) -> tuple[int, int, frozenset[Formula]]:
        if id(part) not in known:
            if part[0] in {"add", "mul"}:
                (a, p, x), (b, q, y) = of(part[1]), of(part[2])
                count, degree = (a + b, max(p, q)) if part[0] == "add" else (a * b, p + q)
                atoms = x | y
                known[id(part)] = min(count, math.comb(degree + len(atoms), len(atoms))), degree, atoms
            elif theory and part[0] == "entry" and theory.kind(part[1]) == "defined":
                known[id(part)] = of(theory.rest(part[1]))
            else:
                number = part[0] == "num"
                known[id(part)] = 1, int(not number), frozenset() if number else frozenset({part})
        return known[id(part)]

    count, degree, _ = of(term)
    return count * max(degree, 1)


def polynomial(term: Formula) -> dict[frozenset[tuple[Formula, int]], Fraction]:
    """``terms.polynomial``, unless it would be too large."""
    require(written_out(term), WRITTEN_OUT, "multiplied out, a formula has")
    return terms.polynomial(term)


def require(found: int, most: int, what: str) -> None:
    """Raise ``Stopped`` where there is more than the most."""
    tick()
    if found > most:
        about = f"{found:,}" if found < 10**12 else "more than 10^12"
        msg = f"{what} up to {about} parts, where {most:,} are the most"
        raise Stopped(msg)

"""max_k a = Σ_k w·a for weights w that are 1 where a is largest and 0 elsewhere. Untrusted: the kernel checks it.

What is looked for among the hypotheses is, for an index j,

    ∀ k. a[j] − a[k] + δ[j, k] > 0

or, for weights w[k], which may depend on other indices as a does, as where one entry of each column is the largest,

    ∀ k. Σ_l w[l]·a[l] − a[k] + w[k] > 0,    ∀ k. w[k]·w[k] = w[k],    Σ_k w[k] = 1

in any order of their terms. The first is the second with δ[k, j] for w[k].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from backproof_spec.calculus.facts import Facts, Unproved, right_side
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import polynomial
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.notation import Tensor
from backproof_spec.calculus.terms import MINUS_ONE, ONE, Formula, Index, close, free_indices, open_


@dataclass(frozen=True)
class Winner:
    """Weights that choose where max_i a is attained; a at its indices, i the last one, and max_i a at the others."""

    tensor: Tensor
    one: Formula
    largest: Formula


Won = tuple[Theorem, Theorem, Theorem]
"""w·w = w and Σ_k w·a − a + w > 0 for an arbitrary index, and Σ w = 1: as the rules of max take them."""


def winner(p: Facts, i: Index, a: Formula) -> Won:
    """What is known of the weights of the index at which a, at an arbitrary i, is largest. Raises ``Unproved``."""
    for hypothesis in p.hypotheses:
        for places in _places(hypothesis, i, a):
            h = open_(hypothesis[2][1], places)
            found = _by_index(p, h, i, a) or _by_weights(p, h, i, a)
            if found:
                squares, equation, one = found
                return squares, p("pos_eq", equation, p("assume", hypothesis, places)), one
    msg = f"no hypothesis says for which index {a} is largest: a[j] - a[k] + delta[j,k] > 0 for all k"
    raise Unproved(msg)


def largest(p: Facts, term: Formula) -> Theorem | None:
    """max_k a = Σ_k w·a, where a hypothesis says for which w; else None."""
    (i,) = p.fresh(term[1])
    try:
        return p("max_wins", i, *winner(p, i, open_(term[2], (i,))))
    except Unproved:
        return None


def flipped(p: Facts, delta: Formula) -> Theorem:
    """δ[j, i] = δ[i, j]: both are Σ_k δ[k, i]·δ[k, j]."""
    _, dim, (j, i) = delta
    (k,) = p.fresh(dim)
    pair = [("delta", dim, (k, i)), ("delta", dim, (k, j))]
    sums = [("sum", dim, close(("mul", *two), (k,))) for two in (pair, pair[::-1])]
    swapped = p("cong_sum", k, p("ring", ("mul", *pair), ("mul", *pair[::-1])))
    at_i, at_j = (p("sum_delta", each) for each in sums)  # δ[i, j] and δ[j, i]
    return p("sym", p("trans", p("trans", p("sym", at_i), swapped), at_j))


# --- what is looked for -----------------------------------------------------------------------------------------------


def _places(hypothesis: Formula, i: Index, a: Formula) -> Iterator[tuple[Index, ...]]:
    """Where a hypothesis that something is positive is looked at: i in each of its places, what a has in the others."""
    _, dims, (kind, *_) = hypothesis
    free = sorted(free_indices(a) - {i})
    for place, dim in enumerate(dims if kind == "pos" else ()):
        if dim == i[2]:
            others = [[each for each in free if each[2] == other] for other in dims]
            yield from product(*others[:place], [i], *others[place + 1 :])


def _by_index(p: Facts, h: Formula, i: Index, a: Formula) -> Won | None:
    """The second is h = Σ_k δ[k, j]·a − a + δ[i, j], for h = a[j] − a[i] + δ[i, j]."""
    for delta in dict.fromkeys(part for part, depth in parts(h) if part[0] == "delta" and not depth):
        left, right = delta[2]
        if (left == i) == (right == i):
            continue
        j = left if right == i else right
        at_j = open_(close(a, (i,)), (j,))
        plain = ("add", ("add", delta, ("mul", MINUS_ONE, a)), at_j)
        if polynomial(h) == polynomial(plain):
            w = ("delta", i[2], (i, j))
            same = p("refl", w) if delta == w else flipped(p, delta)
            less = p("cong_add", same, p("refl", ("mul", MINUS_ONE, a)))
            chosen = p("sum_delta", ("sum", i[2], close(("mul", w, a), (i,))))
            whole = p("cong_add", less, p("sym", chosen))
            return _square(p, i, j), p("trans", p("ring", h, plain), whole), _sums_to_one(p, i, j)
    return None


def _square(p: Facts, i: Index, j: Index) -> Theorem:
    """δ[i, j]·δ[i, j] = Σ_k δ[k, i]·δ[k, j]·δ[k, j] = δ[j, i]·δ[j, j] = δ[i, j]."""
    (k,) = p.fresh(i[2])
    by_i, by_j = ("delta", i[2], (k, i)), ("delta", i[2], (k, j))
    first, second = ("mul", by_i, ("mul", by_j, by_j)), ("mul", by_j, ("mul", by_i, by_j))
    at_i, at_j = (p("sum_delta", ("sum", i[2], close(each, (k,)))) for each in (first, second))
    swapped = p("cong_sum", k, p("ring", first, second))
    both = p("trans", p("trans", p("sym", at_i), swapped), at_j)  # = δ[j, i]·δ[j, j]
    single = p("cong_mul", flipped(p, ("delta", i[2], (j, i))), p("delta_same", j))
    whole = p("trans", both, single)
    return p("trans", whole, p("ring", right_side(whole), ("delta", i[2], (i, j))))


def _sums_to_one(p: Facts, i: Index, j: Index) -> Theorem:
    """Σ_i δ[i, j] = Σ_i δ[i, j]·1 = 1."""
    w = ("delta", i[2], (i, j))
    times = p("cong_sum", i, p("ring", w, ("mul", w, ONE)))
    return p("trans", times, p("sum_delta", right_side(times)))


def _by_weights(p: Facts, h: Formula, i: Index, a: Formula) -> Won | None:
    """The second is h = Σ_k w·a − a + w, where that is what h is, in some order."""
    minus_a = ("mul", MINUS_ONE, a)
    for summed in dict.fromkeys(part for part, depth in parts(h) if part[0] == "sum" and not depth):
        rest = polynomial(("add", ("add", h, a), ("mul", MINUS_ONE, summed)))
        w = _single(rest) if summed[1] == i[2] else None
        if w is None or polynomial(open_(summed[2], (i,))) != polynomial(("mul", w, a)):
            continue
        squares, one = p.rewritten(("mul", w, w)), p.rewritten(("sum", i[2], close(w, (i,))))
        if squares and one and (right_side(squares), right_side(one)) == (w, ONE):
            equation = p("ring", h, ("add", ("add", w, minus_a), summed))
            inside = p("cong_sum", i, p("ring", open_(summed[2], (i,)), ("mul", w, a)))
            whole = p("cong_add", p("refl", ("add", w, minus_a)), inside)
            return squares, p("trans", equation, whole), one
    return None


def _single(polynomial_: Mapping[frozenset[tuple[Formula, int]], Fraction]) -> Formula | None:
    """The term of which a polynomial is nothing but that, once."""
    if list(polynomial_.values()) != [1]:
        return None
    ((powers, _),) = polynomial_.items()
    return next((a for a, power in powers if power == 1), None) if len(powers) == 1 else None

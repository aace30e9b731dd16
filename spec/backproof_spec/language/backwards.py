"""A proof back along the names whose cotangents are defined: a line for each, as backpropagation goes.

Of Y = R + F(R), R = X + A(X) the derivative by X, multiplied out, has a term for every way from X to Y: a block of a
transformer takes minutes. But where dR is defined, ∂⟨dY, Y⟩/∂X is Σ dR·∂R/∂X first, and only then goes on to X.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import partial
from itertools import count

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression, Tensor, total
from backproof_spec.calculus.statement import Statement
from backproof_spec.calculus.tactics import right_side
from backproof_spec.calculus.terms import ARITY, BINDERS, FUNCTIONS, ZERO, Formula, close, open_
from backproof_spec.calculus.terms import Index as Letter
from backproof_spec.language.syntax import Add, Definition, Entry, Index, names
from backproof_spec.language.using import forward
from backproof_spec.operation import Operation


def prove(operation: Operation, read: Statement, claimed: Expression, how: type[Normal], words: str) -> Derivation:
    """The claim that was read, by way of every name T that has a cotangent dT, from the last one. Raises ``Unproved``.

    The derivative of T is named JT. What is left of ∂⟨dY, Y⟩/∂X is linear in it: Σ dT·JT, and what does not go through
    T. Then JT is unfolded, in the J of names before T: no line speaks of more than lies between two names.
    """
    d, (_, name, places) = read.derivation, read.by.term
    every = {each.name for each in operation.definitions}
    cotangents = _cotangents(operation)
    slopes = _slopes(d, cotangents, name, places)
    d.begin(d.derivative(read.of.term, name, places), words)
    others = every - {each for pair in cotangents.items() for each in pair}
    passed: tuple[str, ...] = ()
    for T, J in reversed(slopes.items()):
        now = d.last.conclusion[-1]
        for slope in passed[1:]:
            now = _replaced(d, now, slope, partial(open_, d.theory.rest(slope)))
        past = _replaced(d, now, J.name, lambda _: ZERO)
        tidied, at = d.tidy(past), d.fresh(*d.theory.dims(T))
        past = right_side(tidied) if tidied else past
        through = total(Tensor(cotangents[T], ())[at] * J[(*at, *places)], *at)
        wanted = through if past == ZERO else through + Expression(past)
        unfolding = [*others, *passed, cotangents[T]]
        d.then(wanted, f"what goes through {T}, gathered in its cotangent", unfolding=unfolding, how=how)
        passed = T, J.name
    d.then(claimed, "both sides have one normal form", unfolding=[*others, *passed], how=how)
    return d


def _cotangents(operation: Operation) -> dict[str, str]:
    """The name dT of the cotangent of each name T; of an output T that others read, one defined as dT[…] + …."""
    ahead = forward(operation)
    read = frozenset[str]().union(*(names(each.body) for each in ahead))
    added = {name: each.name for each in reversed(operation.definitions) for name in _added(each)}
    found = {each.name: f"d{each.name}" for each in ahead}
    found |= {T: added[dT] for dT, T in operation.cotangents.items() if T in read and dT in added}
    return {T: dT for T, dT in found.items() if operation.definition(dT)}


def _added(each: Definition) -> Iterator[str]:
    """The names of which the same entry is a term of what is defined."""
    places, left = tuple(map(Index, each.indices)), [each.body]
    while left:
        part = left.pop()
        if isinstance(part, Add):
            left += [part.left, part.right]
        elif isinstance(part, Entry) and part.places == places:
            yield part.name


def _slopes(d: Derivation, named: Container[str], by: str, places: tuple[Letter, ...]) -> dict[str, Tensor]:
    """JT of each of these T that rests on what is differentiated by, known as its derivative from then on.

    They stay as the rules give them, which have a value wherever T has one: 1/√size is within the sum over that size.
    Only f(a), where T is defined as f(a), is T.
    """
    found: dict[str, Tensor] = {}
    for T, indices in [each[1:3] for each in d.declarations if each[0] == "define"]:
        entry: Formula = ("entry", T, indices)
        if T in named and by in d.theory.depends(entry):
            to = tuple(_other(each, indices) for each in places)
            raw = d.derivative(entry, by, to)
            folded = _folded(d, raw.conclusion[-1], d("sym", d("unfold", T, indices)))
            tidied = d.chain(folded, d.tidy(right_side(folded) if folded else raw.conclusion[-1]))
            slope = d("d_value", tidied, raw) if tidied else raw
            J = next(each for k in count(1) if d.theory.kind(each := f"{'J' * k}{T}") is None)
            found[T] = d.define(J, (*indices, *to), Expression(slope.conclusion[-1]))
            d.learn(d("d_value", d("sym", d("unfold", J, (*indices, *to))), slope))
    return found


def _folded(d: Derivation, term: Formula, same: Theorem) -> Theorem | None:
    """The term = the term with T for f(a), as T is defined; of a sum or a product nothing is T."""
    a = same.conclusion[1]
    return same if term == a else d.inside(term, lambda each: _folded(d, each, same)) if a[0] in FUNCTIONS else None


def _other(index: Letter, indices: tuple[Letter, ...]) -> Letter:
    """The index, or one of its letter and a number that is none of these."""
    taken = {each[1] for each in indices}
    name = next(each for k in count() if (each := f"{index[1]}{k or ''}") not in taken)
    return (index[0], name, index[2])


def _replaced(d: Derivation, term: Formula, name: str, put: Callable[[tuple[Letter, ...]], Formula]) -> Formula:
    """The term with another one for each entry of a name."""
    if term[0] == "entry" and term[1] == name:
        return put(term[2])
    if term[0] in ARITY:
        return (term[0], *(_replaced(d, each, name, put) for each in term[1:]))
    if term[0] in BINDERS:
        (i,) = d.fresh(term[1])
        return (term[0], term[1], close(_replaced(d, open_(term[2], (i,)), name, put), (i,)))
    return term

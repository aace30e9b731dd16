"""A proof of a claimed gradient, by the names that were defined: a line for each, then one for the gradient.

The derivative of every name by the argument is written in the names before it, tanh′ = 1 − t² where t is what tanh
gave, and known from then on, so that proofs add up along the definitions. Where that does not show the claim, as names
have to be looked into (the mean of X − mean X is 0), those that are but sums are unfolded,
those that are a function of others, then all. What is claimed of many names is proved backwards, from one to the next.
"""

from __future__ import annotations

from contextlib import suppress

from backproof_spec.calculus import statement
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import unfolded
from backproof_spec.calculus.normal import Once
from backproof_spec.calculus.notation import always, number
from backproof_spec.calculus.polynomials import leading, ordered
from backproof_spec.calculus.statement import Statement
from backproof_spec.calculus.tactics import Unproved, right_side
from backproof_spec.calculus.terms import FUNCTIONS, Formula, free_indices
from backproof_spec.calculus.terms import Index as Letter
from backproof_spec.language import backwards
from backproof_spec.language.lowering import Lowering
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Divide,
    Entry,
    Gradient,
    Index,
    Negate,
    Node,
    Number,
    Reduce,
    Size,
    walk,
)
from backproof_spec.language.using import forward
from backproof_spec.operation import Operation

_WORDS = "the rules of differentiation"
_LONG = 1000
"""Parts: up to here one normal form of both sides is found in seconds."""


def prove(operation: Operation, gradient: Gradient) -> Derivation:
    """∂⟨dY, Y⟩/∂X[k] = what is claimed, or what is derived where nothing is. Raises ``Unproved``, ``Beyond``."""
    found = _backwards(operation, gradient)
    if found is not None:
        return found
    for unfolding in ((), _sums(operation), (*_sums(operation), *_functions(operation))):
        try:
            return _by_names(operation, gradient, unfolding)
        except Unproved:
            continue
    return statement.prove(lowered(operation, gradient))


def _backwards(operation: Operation, gradient: Gradient) -> Derivation | None:
    """The proof from one cotangent to the next, where what is claimed is long, all names unfolded."""
    read = lowered(operation, gradient)
    if read.claimed is None or unfolded(read.derivation.theory, read.claimed.term) < _LONG:
        return None
    with suppress(Unproved):
        return backwards.prove(operation, read, read.claimed, Monic, _WORDS)
    return None


def _sums(operation: Operation) -> tuple[str, ...]:
    """The names that are but sums of others, as X − mean X is."""
    return tuple(each.name for each in forward(operation) if all(map(_adds, walk(each.body))))


def _functions(operation: Operation) -> tuple[str, ...]:
    """The names that are a function of others: 1/√(v + ε), whose square is 1/(v + ε)."""
    return tuple(each.name for each in forward(operation) if isinstance(each.body, Apply | Divide))


def _adds(part: Node) -> bool:
    linear = isinstance(part, Reduce) and part.reduction in {"sum", "mean"}
    return linear or isinstance(part, Add | Negate | Entry | Index | Number | Size)


class Monic(Once):
    """Normal forms in which 1/(2·v + 2·ε) is ½·1/(v + ε): before the first term of a denominator stands no number."""

    def _outside(self, term: Formula) -> Theorem | None:
        if term[0] != "inv" or term[1][0] != "add":
            return super()._outside(term)
        p, a = self.proof, term[1]
        c = leading(a)[1]
        if c == 1:
            return None
        try:
            fact = p("nonzero_mul", p.nonzero(number(1 / c)), self.nonzero(a))
        except Unproved:
            return None
        rest = ordered(fact.conclusion[1])
        fact = p("nonzero_eq", p("ring", fact.conclusion[1], rest), fact)
        same = p("cong_inv", p("ring", a, ("mul", number(c), rest)))
        return p.chain(same, self._then(p("inv_mul", p.nonzero(number(c)), fact)))


def lowered(operation: Operation, gradient: Gradient) -> Statement:
    """The claim in the kernel's terms. Raises ``Beyond``, ``Malformed``."""
    d = Derivation(f"{operation.name}.d{gradient.name}", operation.title or operation.name)
    lowering = Lowering(operation, d)
    lowering.declare()
    _suppose_smooth(lowering, gradient.name)
    loss, by = lowering.loss(), lowering.tensors[gradient.name][lowering.letters(gradient.indices)]
    return Statement(d, loss, by, None if gradient.claimed is None else lowering.whole(gradient.claimed))


def _suppose_smooth(lowering: Lowering, by: str) -> None:
    """Suppose that no function of ``by`` that an output rests on is at a kink, where it has no derivative."""
    d = lowering.d
    for kink in dict.fromkeys(each.term for each in lowering.kinks):
        if by in d.theory.depends(kink):
            with suppress(Unproved):
                d.nonzero(kink)
                continue
            d.suppose(always(("nonzero", kink), *sorted(free_indices(kink))))


def _by_names(operation: Operation, gradient: Gradient, unfolding: tuple[str, ...]) -> Derivation:
    """The proof in which but these names, and those that the claim alone is written in, are unfolded."""
    read = lowered(operation, gradient)
    d, (_, name, places) = read.derivation, read.by.term
    ahead = {each.name for each in forward(operation)}
    for defined, indices in [each[1:3] for each in d.declarations if each[0] == "define"]:
        if defined in ahead and name in d.theory.depends(("entry", defined, indices)):
            _learn(d, defined, indices, name)
    d.begin(d.derivative(read.of.term, name, places), _WORDS)
    behind = [each.name for each in operation.definitions if each.name not in ahead]
    if read.claimed is None:
        equation = Monic(d)(d.theorem.conclusion[-1])
        if equation:
            d.follows(equation, "simplified")
    else:
        d.then(read.claimed, "both sides have one normal form", unfolding=[*behind, *unfolding], how=Monic)
    return d


def _learn(d: Derivation, defined: str, indices: tuple[Letter, ...], name: str) -> None:
    """∂T[i]/∂X[k], in the names before T and, where T is a function of these, in T."""
    entry: Formula = ("entry", defined, indices)
    by = d.fresh(*d.theory.dims(name))
    raw = d.derivative(entry, name, by)
    same = _as_itself(d, entry)
    equation = Monic(d, by=(same,) if same else ())(raw.conclusion[-1])
    d.learn(d("d_value", equation, raw) if equation else raw)


def _as_itself(d: Derivation, entry: Formula) -> Theorem | None:
    """f(a) = T, where T is defined as f(a), 1/a or such: its normal form is one factor that is no name."""
    unfolded = d("unfold", entry[1], entry[2])
    normal = Monic(d)(right_side(unfolded))
    whole = d("trans", unfolded, normal) if normal else unfolded
    return d("sym", whole) if right_side(whole)[0] in FUNCTIONS else None

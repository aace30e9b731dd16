"""Another way to compute a name is one only where it gives the same: ⊢ r[s] = exp(−log(v[s] + ε)/2), for all sizes.

What is supposed is what the operation supposes, and no more. An operation's rounding bounds admit every way that it
names (``rounding``): whoever judges by them has proved the ways before.
"""

from __future__ import annotations

from collections.abc import Iterable

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.normal import Once
from backproof_spec.calculus.rational import Rational
from backproof_spec.calculus.statement import otherwise
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Formula, free_indices
from backproof_spec.language.lowering import Lowering
from backproof_spec.language.syntax import Definition, names
from backproof_spec.language.text import line
from backproof_spec.operation import Operation


def stem(operation: Operation, way: Definition) -> str:
    """``layer_norm.r``; of a second way to compute it ``layer_norm.r.2``."""
    number = [each for each in operation.ways if each.name == way.name].index(way) + 1
    return f"{operation.name}.{way.name}" + (f".{number}" if number > 1 else "")


def lowered(operation: Operation, way: Definition) -> tuple[Derivation, Formula]:
    """The names, and what is to be proved. Of the largest of some entries it is not supposed that it is but one."""
    lowering = Lowering(operation, Derivation(stem(operation, way), f"Another way: {line(way)}"))
    lowering.declare()
    term = lowering(way.body)
    d, weights = lowering.d, {each.tensor.name for each in lowering.winners}
    d.hypotheses[:] = [each for each in d.hypotheses if weights.isdisjoint(d.theory.depends(each))]
    return d, ("eq", lowering.tensors[way.name][lowering.letters(way.indices)].term, term.term)


def prove(operation: Operation, way: Definition) -> Derivation:
    """⊢ name = its other way: by names that were defined, with those unfolded that it does without, or with all.

    Raises ``Unproved``.
    """
    failed: list[Unproved] = []
    every = {each.name: names(each.body) for each in operation.definitions}
    for unfolding in dict.fromkeys((frozenset(), (every[way.name] - names(way.body)) & {*every}, frozenset(every))):
        d, wanted = lowered(operation, way)
        try:
            return _proved(d, wanted, unfolding)
        except Unproved as error:
            failed.append(error)
    raise next((each for each in failed if each.missing), failed[0])


def _proved(d: Derivation, wanted: Formula, unfolding: frozenset[str]) -> Derivation:
    _, (_, name, places), b = wanted
    rational = Rational(d, unfolding)
    d.otherwise = rational.positive_fraction
    d.begin(d("unfold", name, places), "its definition")
    a = d.theorem.conclusion[-1]
    try:
        equation, words = Once(d, unfolding).equal(a, b), "both sides have one normal form"
    except Unproved as error:
        needed = _missing(d, (a, b)) or Unproved(str(error), sides=error.sides)
        equation, words = otherwise(d, rational, a, b, needed)
    d.follows(equation, words)
    more = not_supposed(d)
    if more:
        msg = f"no proof found that does without {more}"
        raise Unproved(msg, more)
    return d


def _missing(d: Derivation, sides: Iterable[Formula]) -> Unproved | None:
    """The innermost denominator not shown not to be 0, or logarithm or root not shown to exist."""
    inside = [part for side in sides for part, depth in parts(side) if not depth and part[0] in {"inv", "log", "sqrt"}]
    for op, a in reversed(inside):
        try:
            if op == "sqrt":
                d.nonnegative(a)
            else:
                d.needed("nonzero" if op == "inv" else "pos", a)
        except Unproved as error:
            return Unproved(f"no proof found that {a} > 0", ("pos", a)) if op == "sqrt" else error
    return None


def not_supposed(d: Derivation) -> Formula | None:
    """A hypothesis of the theorem that the operation does not suppose, as that a size is positive."""
    here = {("all", (), ("pos", ("dim", i[2]))) for i in free_indices(d.theorem.conclusion)}
    return next((each[2] for each in d.theorem.hypotheses - {*d.hypotheses} - here), None)

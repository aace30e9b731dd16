"""What is claimed of a derivative: proved, or derived where nothing is claimed; or refuted in numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random

from backproof_spec.calculus import evaluate, values
from backproof_spec.calculus.derivation import Derivation, Line
from backproof_spec.calculus.enclosures import TooLarge, Undecided
from backproof_spec.calculus.exponentials import Exponentials, occur
from backproof_spec.calculus.folding import Folding, positive_first, size
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import UNFOLDED, WRITTEN_OUT, require, unfolded, written_out
from backproof_spec.calculus.normal import Once
from backproof_spec.calculus.notation import Expression
from backproof_spec.calculus.rational import Rational
from backproof_spec.calculus.tactics import Unproved, right_side
from backproof_spec.calculus.terms import ZERO, Formula, Index


@dataclass(frozen=True)
class Statement:
    """∂of/∂by = what is claimed, if anything is, with every name declared, and what is supposed, in a derivation."""

    derivation: Derivation
    of: Expression
    by: Expression
    claimed: Expression | None


def prove(statement: Statement) -> Derivation:
    """∂of/∂by = what is claimed, or its normal form where nothing is. Raises ``Unproved``."""
    d, (_, name, places) = statement.derivation, statement.by.term
    for each in (statement.of, statement.claimed or statement.of):
        require(unfolded(d.theory, each.term), UNFOLDED, "with all definitions unfolded the statement has")
        require(written_out(each.term, d.theory), WRITTEN_OUT, "unfolded and multiplied out the statement has")
    defined = [each for kind, each, *_ in d.declarations if kind == "define"]
    rational = Rational(d, frozenset(defined))
    d.otherwise = rational.positive_fraction
    d.begin(d.derivative(statement.of.term, name, places), _RULES)
    if statement.claimed is not None:
        try:
            d.then(
                statement.claimed,
                "both sides have one normal form, all definitions unfolded",
                unfolding=defined,
                how=Once,
            )
        except Unproved as error:
            last = d.theorem
            equation, words = otherwise(d, rational, last.conclusion[-1], statement.claimed.term, error)
            d.lines.append(Line(d("d_value", equation, last), words))
        return d
    _simplify(d, frozenset(defined))
    return d


def otherwise(d: Derivation, rational: Rational, a: Formula, b: Formula, error: Unproved) -> tuple[Theorem, str]:
    """⊢ a = b, which have not one normal form, and how. Raises the error."""
    with suppress(Unproved):
        return rational.equal(a, b), "both sides multiplied out by their denominators"
    with suppress(Unproved):
        if occur(d.theory, a, b):
            return Exponentials(d, rational.unfolding).equal(a, b), "both sides written by exp and log"
    raise error from None


_RULES, _LONG = "the rules of differentiation", 25
"""Of what rule the first line is; a longer one is not shown where it is not the last."""


def _simplify(d: Derivation, defined: frozenset[str]) -> None:
    """The last line, simplified with what is supposed: in the names that were defined, where it is short in these."""
    raw = d.theorem.conclusion[-1]
    plain, unfolding = Once(d)(raw), Once(d, defined)
    short = min(raw, positive_first(right_side(plain) if plain else raw), key=size)

    def written_out(term: Formula) -> Formula:
        equation = unfolding(term)
        return right_side(equation) if equation else term

    guess = Folding(d, written_out)(written_out(raw))
    words = "simplified"
    try:
        if size(guess) <= size(short) and guess != raw:
            d.then(Expression(guess), words, unfolding=defined, how=Once)
    except Unproved:  # a guess
        pass
    if short != raw and len(d.lines) == 1:
        d.then(Expression(short), words)
    if len(d.lines) > 1 and size(raw) > _LONG:
        d.lines[:] = [Line(d.theorem, f"{_RULES}; {words}")]


def claim(statement: Statement) -> Formula:
    """∂of/∂by = what is claimed, as a judgement that nobody has proved."""
    _, name, places = statement.by.term
    return ("deriv", name, places, statement.of.term, (statement.claimed or statement.of).term)


def counterexample(statement: Statement, attempts: int = 50) -> tuple[evaluate.Model, dict[Index, int]] | None:
    """Sizes and values at which the claimed gradient is not the derivative; None where none were found.

    Raises ``Unsatisfied`` where no values were found that satisfy what is supposed.
    """
    d = statement.derivation
    if statement.claimed is None:
        return None
    random, hypotheses = Random(1), frozenset(d.hypotheses)  # noqa: S311 - examples, no secrets
    satisfied = False
    for attempt in range(attempts):
        try:
            draw = values.drawn if attempt % 3 else values.tied
            model = values.model(d, hypotheses, random, largest=1 + attempt // 10, draw=draw)
            satisfied = True
            free = evaluate.falsified(claim(statement), model)
        except values.Unsatisfied:
            continue
        except ArithmeticError:  # 1/0, log 0: what is differentiated does not exist there
            continue
        if free is not None:
            return model, free
    if not satisfied:
        raise values.Unsatisfied(values.UNSATISFIED)
    return None


def exception(statement: Statement, attempts: int = 40) -> tuple[evaluate.Model, dict[Index, int], str] | None:
    """Sizes and values at which the derivative, or what is claimed, does not exist, and why; None if none are found."""
    d, judgement = statement.derivation, claim(statement)
    random, hypotheses = Random(1), frozenset(d.hypotheses)  # noqa: S311 - examples, no secrets
    for attempt in range(attempts):
        try:
            model = values.model(d, hypotheses, random, largest=1 + attempt // 20, draw=values.tied)
        except values.Unsatisfied:
            continue
        for free in model.assignments(judgement):
            why = _unsaid(model, judgement, free)
            if why:
                return model, free, why
    return None


def _unsaid(model: evaluate.Model, judgement: Formula, free: dict[Index, int]) -> str:
    """Why what is differentiated, its derivative, or what is claimed of that has no value here."""
    try:
        model.deviation(("eq", judgement[3], ZERO), free)
        model.deviation((*judgement[:-1], ZERO), free)
    except (evaluate.Kink, Undecided) as error:
        return str(error)
    except TooLarge:
        return ""
    except ArithmeticError as error:
        return f"what is differentiated has no value there: {str(error) or '1/0'}"
    try:
        model.deviation(("eq", judgement[-1], ZERO), free)
    except ArithmeticError as error:
        return f"what is claimed has no value there: {str(error) or '1/0'}"
    return ""

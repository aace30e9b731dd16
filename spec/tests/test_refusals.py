"""False theorems that the kernel refuses, by the guard that refuses each; beside some, the true one that it accepts."""

from fractions import Fraction

import pytest

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import (
    Expression,
    always,
    delta,
    equal,
    exp,
    indices,
    log,
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.tactics import Proof, Unproved
from backproof_spec.calculus.terms import ONE, ZERO, Refused

i, j, k = indices(i="n", j="n", k="n")
(m,) = indices(m="m")


@pytest.fixture
def p():
    proof = Proof()
    for name in ("X", "Y", "P"):
        proof.variable(name, "n")
    proof.variable("A", "m", "n")
    proof.variable("x")
    proof.define("S", (i,), entry("X", i))
    return proof


def entry(name, *places):
    return Expression(("entry", name, places))


def _assumed(p, judgement, *over, at=()):
    return p("assume", always(judgement, *over), at)


X, Y, P, S, A, x = (lambda *places, name=name: entry(name, *places) for name in ("X", "Y", "P", "S", "A", "x"))


def _capture_by_a_sum(p):
    return p("d_sum", k, p("d_variable", "Y", (k,), (k,)))


def _eigenvariable_in_a_hypothesis(p):
    return p("cong_sum", i, _assumed(p, equal(X(i), 1)))


def _dependent_factor(p):
    return p("sum_factor", total(X(i) * Y(i), i).term)


def _dependent_constant(p):
    return p("sum_constant", total(X(i), i).term)


def _delta_across_dimensions(p):
    return p("refl", ("delta", "n", (i, m)))


def _empty_range(p):
    return p("pos_sum", i, p("pos_exp", X(i).term), p("pos_number", ONE))


def _x_over_x(p):
    return p("cancel", p("pos_exp", x().term))


def _log_of_a_product(p):
    return p("log_mul", _assumed(p, nonzero(x())), _assumed(p, nonzero(x())))


def _derivative_at_the_kink(p):
    return p("d_ind", p("d_variable", "x", (), ()), p("pos_exp", x().term))


def _rewriting_under_a_derivative_at_one_value(p):
    here = _assumed(p, equal(x(), 1))
    return p("d_function", here, p("d_variable", "x", (), ()))


def _a_constant_that_is_not(p):
    return p("d_constant", "X", (k,), S(i).term)


def _tied_variables(p):
    product = p("d_mul", p("d_variable", "X", (i,), (k,)), p("d_constant", "X", (k,), Y(j).term))
    return p("specialise", product, "Y", (j,), X(j).term)


def _a_definition_changed_behind_its_name(p):
    return p("specialise", p("refl", S(i).term), "X", (i,), Y(i).term)


def _dependence_in_another_way(p):
    p.variable("T", "n")
    outer = p("d_mul", p("d_variable", "Y", (i,), (k,)), p("d_constant", "Y", (k,), entry("T", j).term))
    return p("d_chain", outer, (i,), p("d_variable", "T", (i,), (j,)))


def _capture_by_the_chain_rule(p):
    p.variable("T", "n")
    return p("d_chain", p("d_variable", "Y", (i,), (k,)), (j,), p("d_variable", "T", (j,), (k,)))


def _another_polynomial(p):
    return p("ring", (x() * x()).term, x().term)


def _minus_one_is_positive(p):
    return p("pos_number", ("num", -1, 1))


def _a_cut_of_another_lemma(p):
    return p("cut", p("refl", x().term), (), _assumed(p, equal(x(), 1)))


def _an_equation_from_nowhere(p):
    return p("trans", p("refl", x().term), p("refl", X(i).term))


def _a_forged_theorem(p):
    return p("sym", object.__new__(Theorem))


def _a_theorem_of_another_theory(p):
    return p("sym", Proof()("exp_zero"))


def _true_for_one(_):
    return Proof()("refl", ("num", True, 1))


def _a_float(_):
    return Proof()("refl", ("num", 0.5, 1))


def _a_fraction_not_in_lowest_terms(_):
    return Proof()("refl", ("num", 2, 4))


def _a_loose_bound_index(p):
    return p("refl", ("entry", "X", (("bound", 0, "n"),)))


def _a_subclass_of_tuple(p):
    return p("refl", type("Tuple", (tuple,), {"__eq__": lambda *_: True, "__hash__": lambda _: 0})(X(i).term))


def _a_name_that_is_not_declared(p):
    return p("refl", entry("Q", i).term)


def _a_name_declared_twice(p):
    return p.variable("X", "m")


def _an_index_only_on_the_right(p):
    return p.define("Q", (i,), X(j))


ATTACKS = {
    _capture_by_a_sum: "eigenvariable",
    _eigenvariable_in_a_hypothesis: "eigenvariable",
    _dependent_factor: "factor",
    _dependent_constant: "constant term",
    _delta_across_dimensions: "dimensions",
    _empty_range: "empty",
    _x_over_x: "premise",
    _log_of_a_product: "premise",
    _derivative_at_the_kink: "premise",
    _rewriting_under_a_derivative_at_one_value: "neighbourhood",
    _a_constant_that_is_not: "constant",
    _tied_variables: "tied",
    _a_definition_changed_behind_its_name: "hidden",
    _dependence_in_another_way: "tied",
    _capture_by_the_chain_rule: "capture",
    _another_polynomial: "ring",
    _minus_one_is_positive: "positive",
    _a_cut_of_another_lemma: "premise",
    _an_equation_from_nowhere: "premise",
    _a_forged_theorem: "forged",
    _a_theorem_of_another_theory: "theory",
    _true_for_one: "numbers",
    _a_float: "terms",
    _a_fraction_not_in_lowest_terms: "numbers",
    _a_loose_bound_index: "loose",
    _a_subclass_of_tuple: "plain",
    _a_name_that_is_not_declared: "terms",
    _a_name_declared_twice: "names",
    _an_index_only_on_the_right: "definition",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_").replace("_", " "))
def test_a_false_theorem_is_refused_by_its_guard(attack, p):
    with pytest.raises(Refused) as refused:
        attack(p)
    assert refused.value.guard == ATTACKS[attack]


def test_what_is_assumed_of_every_index_of_an_empty_dimension_says_nothing(p):
    """∀i. P[i] = x and ∀i. P[i] = 1 do not give x = 1 where there is no i."""
    first = _assumed(p, equal(x(), P(i)), i, at=(j,))
    second = _assumed(p, equal(P(i), 1), i, at=(j,))
    theorem = p("trans", first, second)
    assert theorem.conclusion == equal(x(), 1)
    assert always(positive(size("n"))) in theorem.hypotheses


def test_a_theorem_cannot_be_changed_or_made(p):
    theorem = p("exp_zero")
    with pytest.raises(AttributeError):
        theorem.conclusion = ("eq", ZERO, ONE)
    with pytest.raises(Refused):
        _ = Theorem().conclusion


FALSE_EQUATIONS = {
    "square root of a square": (exp(Fraction(1, 2) * log(x() * x())), x()),
    "relu at 0": (step(x()), 1),
    "transposed": (total(A(m, i) * X(i), i), total(X(i) * A(m, i) * 2, i)),
    "delta": (delta(i, j), 1),
    "size of a sum": (total(1, i), 1),
}


@pytest.mark.parametrize("name", FALSE_EQUATIONS)
def test_no_tactic_proves_what_is_false(name, p):
    with pytest.raises((Unproved, Refused)):
        p.equal(*(side.term if hasattr(side, "term") else ("num", side, 1) for side in FALSE_EQUATIONS[name]))


TRUE_EQUATIONS = {
    "the factor does not depend on i": (total(X(j) * Y(i), i), X(j) * total(Y(i), i)),
    "delta within one dimension": (total(delta(i, j) * X(i), i), X(j)),
    "a sum over a dimension": (total(x(), i), size("n") * x()),
    "a delta turned round": (total(delta(j, i) * X(i), i), X(j)),
    "sums that change places": (total(A(m, i), m, i), total(A(m, i), i, m)),
}


@pytest.mark.parametrize("name", TRUE_EQUATIONS)
def test_the_true_twin_is_proved(name, p):
    left, right = TRUE_EQUATIONS[name]
    assert p.equal(left.term, right.term).conclusion == equal(left, right)
    assert p.equal(left.term, right.term).hypotheses == frozenset()

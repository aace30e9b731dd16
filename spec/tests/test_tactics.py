"""The tactics prove what is true of sums, δ and functions, and nothing that is false."""

import time
from fractions import Fraction
from itertools import pairwise

import pytest

from backproof_spec.calculus.limits import OutOfTime, within
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import (
    Expression,
    always,
    delta,
    equal,
    exp,
    indices,
    log,
    nonzero,
    pi,
    positive,
    sigmoid,
    size,
    softplus,
    sqrt,
    step,
    total,
)
from backproof_spec.calculus.rational import Rational
from backproof_spec.calculus.tactics import Proof, Unproved
from backproof_spec.calculus.terms import FUNCTIONS, Refused

i, j = indices(i="n", j="n")
(m,) = indices(m="m")


@pytest.fixture
def p():
    proof = Proof()
    for name, dims in (("X", ("n",)), ("Y", ("n",)), ("A", ("m", "n")), ("x", ())):
        proof.variable(name, *dims)
    return proof


X, Y, A, x = (lambda *places, name=name: Expression(("entry", name, places)) for name in ("X", "Y", "A", "x"))

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
        Normal(p).equal(*(side.term if hasattr(side, "term") else ("num", side, 1) for side in FALSE_EQUATIONS[name]))


def test_the_orders_of_many_sums_are_not_all_looked_at_where_there_is_no_time(p):
    """Of ten sums there are 3,628,800."""
    p.variable("B", "n", "n")
    places = indices(**dict.fromkeys("abcdefghij", "n"))
    entries = [("entry", "B", pair) for pair in pairwise(places)]
    body = Expression(entries[0])
    for each in entries[1:]:
        body = body * Expression(each)
    began = time.perf_counter()
    with pytest.raises(OutOfTime, match=r"stopped after 0.2 s"), within(0.2):
        Normal(p)._in_order(total(body, *places).term)
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("name", FALSE_EQUATIONS)
def test_no_multiplying_out_proves_what_is_false(name, p):
    with pytest.raises((Unproved, Refused)):
        Rational(p).equal(*(side.term if hasattr(side, "term") else ("num", side, 1) for side in FALSE_EQUATIONS[name]))


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
    assert Normal(p).equal(left.term, right.term).conclusion == equal(left, right)
    assert Normal(p).equal(left.term, right.term).hypotheses == frozenset()


FRACTIONS = {
    "exp of a difference": (exp(2 * x() - 1), exp(x()) * exp(x()) / exp(1)),
    "exp of 0": (exp(x() - x()), Expression(("num", 1, 1))),
    "log of a quotient": (log(exp(x()) / (1 + exp(x()))), x() - log(1 + exp(x()))),
    "log of 1": (log(exp(x()) / exp(x())), Expression(("num", 0, 1))),
    "partial fractions": (1 / (1 + exp(x())) + 1 / (1 + exp(-x())), Expression(("num", 1, 1))),
    "a fraction in a denominator": (1 / (1 + 1 / (1 + exp(x()))), (1 + exp(x())) / (2 + exp(x()))),
    "in a sum": (total(X(i) / (1 + exp(-Y(i))), i), total(X(i) - X(i) / (1 + exp(Y(i))), i)),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_fractions_are_multiplied_out(name, p):
    left, right = FRACTIONS[name]
    assert Rational(p).equal(left.term, right.term).conclusion == equal(left, right)
    assert Rational(p).equal(left.term, right.term).hypotheses == frozenset()


def test_no_denominator_that_may_be_0_is_multiplied_out(p):
    with pytest.raises(Unproved):
        Rational(p).equal((x() / x()).term, ("num", 1, 1))


def test_roots_are_taken_together(p):
    p.suppose(always(("pos", x().term)))
    root = exp(Fraction(1, 3) * log(x()))
    assert Rational(p).equal((root * root * root).term, x().term).conclusion == equal(root * root * root, x())
    with pytest.raises(Unproved):
        Rational(p).equal((root * root).term, x().term)


POSITIVE = {
    "a square and 1": x() * x() + 1,
    "a square, 1 and another": x() * x() + (1 + X(i) * X(i)),
}


@pytest.mark.parametrize("name", POSITIVE)
def test_one_term_that_is_positive_is_enough(name, p):
    assert p.positive(POSITIVE[name].term).conclusion == ("pos", POSITIVE[name].term)


def test_a_difference_is_positive_where_its_numerator_is(p):
    difference = 1 - 1 / (1 + exp(-x()))
    with pytest.raises(Unproved):
        p.positive(difference.term)
    assert Rational(p).positive_fraction(difference.term).conclusion == ("pos", difference.term)
    with pytest.raises(Unproved):
        Rational(p).positive_fraction((1 / (1 + exp(-x())) - 1).term)


# --- derivatives that are known ---------------------------------------------------------------------------------------


def test_a_function_is_differentiated_where_what_it_needs_is_known(p):
    for f, (_, needed) in FUNCTIONS.items():
        term, by = (f, x().term), ()
        if needed:
            with pytest.raises(Unproved) as found:
                p.derivative(term, "x", by)
            assert found.value.missing == (needed[0][0], x().term)
    p.suppose(always(positive(x())))
    for f, (_, needed) in FUNCTIONS.items():
        assert p.derivative((f, x().term), "x", ()).conclusion[:4] == ("deriv", "x", (), (f, x().term)), needed


SIGNS = {
    "sqrt": (sqrt(1 + x() * x()), True),
    "the root of what may be 0": (sqrt(x() * x()), False),
    "softplus": (softplus(x()), True),
    "sigmoid": (sigmoid(x()), True),
    "pi": (2 / sqrt(pi), True),
}


@pytest.mark.parametrize("name", SIGNS)
def test_a_function_is_positive_or_at_least_0(name, p):
    term, positive_ = SIGNS[name]
    assert p.nonnegative(term.term).conclusion == ("nonneg", term.term)
    if positive_:
        assert p.positive(term.term).conclusion == ("pos", term.term)
    else:
        with pytest.raises(Unproved):
            p.positive(term.term)


def test_a_derivative_that_was_learned_is_used_at_any_indices(p):
    k, o = indices(k="n", o="n")
    p.define("Z", (i, j), X(i) * Y(j))
    Z = Expression(("entry", "Z", (i, j))).term
    known = p.derivative(Z, "X", (k,))
    p.learn(known)
    before = len(p.steps)
    assert p.derivative(Z, "X", (k,)) is known
    for places in ((j, i), (o, j), (k, k)):  # exchanged, one of them new, both the same
        at = p.derivative(("entry", "Z", places), "X", (i,)).conclusion
        assert at[:4] == ("deriv", "X", (i,), ("entry", "Z", places))
        first, second = (("index", *index[1:]) for index in places)
        assert Normal(p).equal(at[4], (delta(first, i) * Y(second)).term)
    assert {rule for rule, *_ in p.steps[before:]}.isdisjoint({"d_mul", "unfold"})


def test_what_is_known_of_a_diagonal_is_not_learned(p):
    p.define("Z", (i, j), X(i) * Y(j))
    with pytest.raises(ValueError, match="an index stands twice"):
        p.learn(p.derivative(("entry", "Z", (i, i)), "X", (j,)))


def test_what_was_learned_of_one_variable_is_not_used_of_another(p):
    p.define("Z", (i,), X(i) * Y(i))
    Z = ("entry", "Z", (i,))
    p.learn(p.derivative(Z, "X", (j,)))
    assert p.derivative(Z, "Y", (j,)).conclusion[1] == "Y"


# --- facts ------------------------------------------------------------------------------------------------------------


def test_squares_of_squares_take_no_steps_that_double(p):
    p.define("B0", (), x())
    for n in range(1, 13):
        below = Expression(("entry", f"B{n - 1}", ()))
        p.define(f"B{n}", (), below * below)
    with pytest.raises(Unproved, match="no proof found"):
        p.positive(("entry", "B12", ()))
    assert len(p.steps) < 100
    p.suppose(always(nonzero(x())))
    assert p.positive(("entry", "B12", ())).conclusion == ("pos", ("entry", "B12", ()))
    assert len(p.steps) < 300

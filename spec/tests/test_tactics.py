"""The tactics prove what is true of sums, δ and functions, and nothing that is false."""

import json
import time
from fractions import Fraction
from itertools import pairwise

import pytest

from backproof_spec.calculus.derivation import Derivation, proof_file, text
from backproof_spec.calculus.evaluate import falsified, worst_deviation
from backproof_spec.calculus.exponentials import Exponentials, by_exponentials
from backproof_spec.calculus.limits import OutOfTime, within
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import (
    Expression,
    always,
    cos,
    delta,
    equal,
    erf,
    exp,
    indices,
    log,
    maximum,
    nonzero,
    pi,
    positive,
    sigmoid,
    sin,
    size,
    softplus,
    sqrt,
    step,
    tanh,
    total,
)
from backproof_spec.calculus.rational import Rational
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.statement import Statement, prove
from backproof_spec.calculus.tactics import Proof, Unproved
from backproof_spec.calculus.terms import FUNCTIONS, ZERO, Refused
from backproof_spec.calculus.values import telling

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


# --- the largest ------------------------------------------------------------------------------------------------------


def by_index(p):
    """A[m, j] is larger than any other entry of its row, for one row m."""
    p.suppose(always(positive(A(m, j) - A(m, i) + delta(j, i)), i))
    return A(m, j)


def by_index_turned(p):
    """The same, said in another order, for the largest of 2·A + X."""
    other = 2 * A(m, i) + X(i)
    p.suppose(always(positive(delta(i, j) + X(j) + A(m, j) * 2 - other), i))
    return 2 * A(m, j) + X(j)


def by_weights(p):
    """Of each row of A the entry is the largest at which B is 1."""
    p.variable("B", "m", "n")
    B, k = (lambda *places: Expression(("entry", "B", places))), ("index", "k", "n")
    p.suppose(
        always(equal(B(m, i) * B(m, i), B(m, i)), m, i),
        always(equal(total(B(m, i), i), 1), m),
        always(positive(total(A(m, k) * B(m, k), k) + B(m, i) - A(m, i)), m, i),
    )
    return total(B(m, i) * A(m, i), i)


LARGEST = {
    "an index": (by_index, A(m, i)),
    "weights": (by_weights, A(m, i)),
    "turned": (by_index_turned, 2 * A(m, i) + X(i)),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_is_what_is_supposed_to_be_and_is_differentiated_there(name, p):
    suppose, body = LARGEST[name]
    value = suppose(p)
    (k,), (l,) = indices(k="n"), indices(l="m")
    assert Normal(p).equal(maximum(body, i).term, value.term).conclusion == equal(maximum(body, i), value)
    found = p.derivative(maximum(body, i).term, "A", (l, k))
    plain = p.derivative(value.term, "A", (l, k))
    assert found.conclusion[:4] == ("deriv", "A", (l, k), maximum(body, i).term)
    assert Normal(p).equal(found.conclusion[4], plain.conclusion[4])


def test_values_are_found_at_which_what_is_supposed_to_be_largest_is(p):
    value = by_weights(p)
    (k,), (l,) = indices(k="n"), indices(l="m")
    found = p.derivative(maximum(A(m, i), i).term, "A", (l, k))
    assert len(found.hypotheses) == 3
    models = list(telling(p, found, 5))
    assert all(worst_deviation(found, each) < 1e-40 for each in models)
    assert any(each.sizes["n"] > 1 and each.sizes["m"] > 1 for each in models)
    assert falsified(("eq", maximum(A(m, i), i).term, value.term), models[0]) is None
    assert any(falsified(equal(maximum(A(m, i), i), total(A(m, i), i)), each) for each in models)


def test_nothing_is_largest_that_is_not_supposed_to_be(p):
    (k,) = indices(k="n")
    p.suppose(always(positive(X(j) - X(i) + delta(i, k)), i), always(("nonneg", (Y(j) - Y(i) + delta(j, i)).term), i))
    for body in (X(i), Y(i), A(m, i)):
        with pytest.raises(Unproved, match="no hypothesis says for which index"):
            p.derivative(maximum(body, i).term, "X" if body == X(i) else "Y" if body == Y(i) else "A", ())


def test_the_largest_of_what_is_equal_is_equal(p):
    assert Normal(p).equal(maximum(X(i) + X(i), i).term, maximum(2 * X(j), j).term)
    with pytest.raises(Unproved):
        Normal(p).equal(maximum(X(i) + X(i), i).term, maximum(X(i), i).term)


# --- functions --------------------------------------------------------------------------------------------------------

SPELLINGS = {
    # the same twice: found by
    "erf is odd": (erf(1 - x()) + erf(x() - 1), Expression(ZERO), Normal),
    "sin and cos": (sin(-x()) * cos(-x()), -sin(x()) * cos(x()), Normal),
    "the root of a product": (sqrt(2 * pi), sqrt(2) * sqrt(pi), Normal),
    "the root of an inverse": (sqrt(1 / pi), 1 / sqrt(pi), Normal),
    "the root of a number": (sqrt(Fraction(9, 4)), Expression(("num", 3, 2)), Normal),
    "the root of a half": (sqrt(Fraction(1, 2)) * 2, sqrt(2), Rational),
    "the root of 0": (sqrt(0), Expression(ZERO), Normal),
    "a root squared": (sqrt(1 + x() * x()) * sqrt(1 + x() * x()), 1 + x() * x(), Normal),
    "a root in a denominator": (1 / sqrt(2), sqrt(2) / 2, Rational),
    "a root that cancels": ((1 + x() * x()) / sqrt(1 + x() * x()), sqrt(1 + x() * x()), Rational),
    "gelu": (Fraction(1, 2) * 2 / sqrt(pi) / sqrt(2), 1 / sqrt(2 * pi), Rational),
    "silu": (x() * sigmoid(x()), x() / (1 + exp(-x())), Exponentials),
    "sigmoid, turned": (sigmoid(-x()), 1 - sigmoid(x()), Exponentials),
    "sigmoid by tanh": (sigmoid(2 * x()), (1 + tanh(x())) / 2, Exponentials),
    "tanh is odd": (tanh(-x()), -tanh(x()), Exponentials),
    "tanh of a double": (tanh(2 * x()), 2 * tanh(x()) / (1 + tanh(x()) * tanh(x())), Exponentials),
    "softplus": (softplus(-x()), log(1 + exp(-x())), Exponentials),
    "a root by exp": (1 / sqrt(1 + x() * x()), exp(-log(1 + x() * x()) / 2), Exponentials),
    "a root by exp, times itself": (sqrt(pi) * exp(log(pi) / 2), pi, Exponentials),
    "within a sum": (total(X(i) * tanh(X(i)), i), total(X(i) * (2 * sigmoid(2 * X(i)) - 1), i), Exponentials),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_two_spellings_of_a_function_have_one_normal_form(name, p):
    one, other, how = SPELLINGS[name]
    theorem = how(p).equal(one.term, other.term)
    assert theorem.conclusion == equal(one, other)
    assert theorem.hypotheses == frozenset()


@pytest.mark.parametrize(
    "sides",
    [
        (sqrt(x() * x()), x()),
        (sqrt(x()) * sqrt(x()), x()),
        (sqrt(X(i) * X(j)), sqrt(X(i)) * sqrt(X(j))),
        (tanh(x()), sigmoid(x())),
        (sin(-x()), sin(x())),
        (cos(-x()), -cos(x())),
        (sqrt(Fraction(1, 2)), Expression(("num", 1, 2))),
    ],
    ids=str,
)
def test_no_two_functions_that_differ_have_one(sides, p):
    for how in (Normal, Rational, Exponentials):
        with pytest.raises(Unproved):
            how(p).equal(*(each.term for each in sides))


def test_a_term_is_written_by_exponentials(p):
    term = (tanh(x()) + sqrt(1 + softplus(X(i)))).term
    equation = by_exponentials(p, term)
    assert equation.conclusion[:2] == ("eq", term)
    assert {part[0] for part, _ in parts(equation.conclusion[2])} == {"add", "mul", "inv", "exp", "log", "num", "entry"}
    assert by_exponentials(p, exp(sqrt(x())).term) is None


half = Fraction(1, 2)
c = sqrt(2 / pi)
inner = c * (x() + Fraction(44715, 1000000) * x() * x() * x())
r = sqrt(total(X(i) * X(i), i) / size("n") + Fraction(1, 100000))
(k,) = indices(k="n")
GRADIENTS = {
    # f: (by what, f', how it is found)
    "gelu": (
        x() * half * (1 + erf(x() / sqrt(2))),
        half * (1 + erf(x() / sqrt(2))) + x() * exp(-(x() * x()) / 2) / sqrt(2 * pi),
        Rational,
    ),
    "gelu by tanh": (
        x() * half * (1 + tanh(inner)),
        half * (1 + tanh(inner))
        + half * x() * (1 - tanh(inner) * tanh(inner)) * c * (1 + 3 * Fraction(44715, 1000000) * x() * x()),
        Normal,
    ),
    "silu": (x() * sigmoid(x()), sigmoid(x()) * (1 + x() * (1 - sigmoid(x()))), Normal),
    "silu, by exp": (
        x() * sigmoid(x()),
        (1 + exp(-x()) + x() * exp(-x())) / (1 + exp(-x())) / (1 + exp(-x())),
        Exponentials,
    ),
    "mish": (
        x() * tanh(softplus(x())),
        tanh(softplus(x())) + x() * sigmoid(x()) * (1 - tanh(softplus(x())) * tanh(softplus(x()))),
        Normal,
    ),
    "log sigmoid": (-softplus(-x()), sigmoid(-x()), Normal),
    "log sigmoid, turned": (-softplus(-x()), 1 - sigmoid(x()), Exponentials),
    "a rotation": (x() * cos(x()) - sin(-x()), 2 * cos(x()) - x() * sin(x()), Normal),
    "rms norm": (
        X(j) / r,
        (delta(j, k) - X(j) * X(k) / (size("n") * r * r)) / r,
        Rational,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_in_another_form_is_proved(name, p):
    f, claimed, how = GRADIENTS[name]
    p.suppose(always(positive(size("n"))))
    by = ("x", ()) if name != "rms norm" else ("X", (k,))
    slope = p.derivative(f.term, *by)
    theorem = p("d_value", how(p).equal(slope.conclusion[-1], claimed.term), slope)
    assert theorem.conclusion == ("deriv", *by, f.term, claimed.term)
    assert theorem.hypotheses <= {always(positive(size("n")))}
    assert all(worst_deviation(theorem, each) < 1e-40 for each in telling(p, theorem, 2))


def test_a_statement_whose_spellings_differ_is_proved_by_exponentials():
    d = Derivation("silu", "a statement")
    z = d.variable("z")[()]
    y = d.define("y", (), z * sigmoid(z))[()]
    claimed = (1 + exp(-z) + z * exp(-z)) / (1 + exp(-z)) / (1 + exp(-z))
    proof = prove(Statement(d, y, z, claimed))
    assert proof.lines[-1].words == "both sides written by exp and log"
    replay(json.loads(text(proof_file(proof))))

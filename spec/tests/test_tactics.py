"""The tactics prove what is true of sums, δ and functions, and nothing that is false."""

from fractions import Fraction

import pytest

from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression, delta, equal, exp, indices, log, size, step, total
from backproof_spec.calculus.tactics import Proof, Unproved
from backproof_spec.calculus.terms import Refused

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

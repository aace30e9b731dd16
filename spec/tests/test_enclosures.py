"""Signs of what is computed: exact, enclosed, or undecided; and what a statement says where there is no derivative."""

from fractions import Fraction
from random import Random

import pytest
from mpmath import mp

from backproof_spec.calculus.enclosures import Arithmetic, Interval, TooLarge, Undecided, fraction, sign
from backproof_spec.calculus.evaluate import _OPERATORS, Kink, shown
from backproof_spec.calculus.statement import claim, counterexample, exception
from backproof_spec.calculus.terms import FUNCTIONS
from backproof_spec.calculus.values import Unsatisfied
from backproof_spec.language.statements import read


def test_a_fraction_is_the_number_of_mpmath():
    for value in (0, 1, -1, 0.375, -2.5, 1e300, -1e-300):
        assert fraction(mp.mpf(value)) == Fraction(value)


def test_an_enclosure_holds_what_is_computed_with_more_digits():
    random = Random(1)
    for _ in range(600):
        coarse, fine = Arithmetic(53), Arithmetic(300)
        values = [Fraction(random.randint(-40, 40), random.randint(1, 9)) for _ in range(3)]
        ends = [(of, of.operators["exp"](values[0])) for of in (coarse, fine)]
        for _ in range(6):
            op, other = random.choice(["add", "mul", *(f for f in FUNCTIONS if f != "ind")]), random.choice(values)
            try:
                ends = [(of, of.operators[op](*((now, other) if op in {"add", "mul"} else (now,)))) for of, now in ends]
            except ArithmeticError:
                break
            wide, narrow = (now for _, now in ends)
            if isinstance(wide, Interval):
                assert wide.low <= (narrow.low if isinstance(narrow, Interval) else narrow) <= wide.high


def test_what_is_rational_is_decided_and_what_may_be_0_is_not():
    of = Arithmetic(64).operators
    third = of["inv"](Fraction(3))
    assert sign(of["add"](of["add"](third, third), Fraction(-2, 3))) == 0
    assert sign(of["add"](of["exp"](third), Fraction(-1))) == 1
    product = of["mul"](of["exp"](third), of["exp"](-third))
    with pytest.raises(Undecided):
        sign(of["add"](product, Fraction(-1)))
    assert of["exp"](Fraction(0)) == of["log"](Fraction(1)) + 1 == 1
    with pytest.raises(TooLarge):
        of["exp"](Fraction(2**5000))
    assert of["exp"](Fraction(-(2**5000))).low == 0


@pytest.mark.no_cover
@pytest.mark.parametrize("f", ["sqrt", "tanh", "sigmoid", "softplus", "erf", "sin", "cos"])
def test_an_enclosure_of_a_function_holds_its_values_and_is_no_wider_than_it_has_to_be(f):
    random = Random(2)
    of = Arithmetic(80)
    for _ in range(200):
        with mp.workprec(400):
            low, width = mp.mpf(random.randint(0, 4000)) / 256, mp.ldexp(1, -random.randint(1, 60))
            ends = (low, low + width) if f == "sqrt" or random.random() < 0.5 else (-low - width, -low)
            found = of.operators[f](Interval(*ends, 80))
            inside = [_OPERATORS[f](ends[0] + width * k / 16) for k in range(17)]
            assert all(found.low <= value <= found.high for value in inside)
            assert (
                found.high - found.low <= (max(inside) - min(inside)) * 2 + 2 * width * (f in {"sin", "cos"}) + 2.0**-70
            )


def test_the_larger_of_two_is_enclosed():
    of, third = Arithmetic(64), Fraction(1, 3)
    wide = Interval(mp.mpf(0), mp.mpf(1), 64)
    assert of.larger(third, Fraction(1, 2)) == Fraction(1, 2)
    found = of.larger(third, wide)
    assert fraction(found.low) <= third <= fraction(found.high)
    assert found.low > 0.3
    assert found.high == 1


def test_what_a_function_is_exactly_is_decided():
    of = Arithmetic(64).operators
    assert of["sqrt"](Fraction(9, 4)) == Fraction(3, 2)
    assert [of[f](Fraction(0)) for f in ("sqrt", "tanh", "erf", "sin", "cos")] == [0, 0, 0, 0, 1]
    assert sign(of["add"](of["pi"](), Fraction(-22, 7))) == -1
    assert of["pi"]().low < of["pi"]().high
    for a in (Fraction(-1), Interval(mp.mpf(-2), mp.mpf(-1), 64)):
        with pytest.raises(ArithmeticError, match="of what is negative"):
            of["sqrt"](a)
    with pytest.raises(Undecided):
        of["sqrt"](Interval(mp.mpf(-1), mp.mpf(1), 64))
    for f in ("sigmoid", "softplus", "sin", "cos"):
        with pytest.raises(TooLarge):
            of[f](Fraction(2**5000))
    assert all(of[f](Fraction(2**5000)).high >= 1 for f in ("tanh", "erf"))


SOFTMAX = "suppose size(k) > 0\nS[i] = exp(Z[i])/sum_k exp(Z[k])\n"
NOWHERE = {
    "what is exactly 0": (f"{SOFTMAX}L = step(1 - sum_i S[i])\ngradient L by Z[j] = 0", "is not decided by"),
    "a kink": ("y = relu(x)\ngradient y by x = step(x)", "it is 0 from below, 1.0 from above"),
    "a jump": ("y = step(x - z)\ngradient y by x = 0", "the derivative does not exist"),
    "a quotient that is claimed": ("p = x*y\ngradient p by y = p/y", "what is claimed has no value there: 1/0"),
    "a logarithm that is claimed": ("p = x*y\ngradient p by y = x*exp(log(y)-log(y))", "no value there: the logarithm"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_where_there_is_no_derivative_is_said_and_nothing_false(name):
    written, why = NOWHERE[name]
    found = read(written)
    assert counterexample(found) is None
    _, _, said = exception(found)
    assert why in said


def test_a_jump_has_no_derivative_however_small_the_step():
    found = read("y = step(x)\ngradient y by x = 0")
    model, free, _ = exception(found)
    with pytest.raises(Kink):
        model.sides(claim(found), free)


def test_what_fails_only_at_0_is_false():
    found = read("y = relu(x)*relu(x)\ngradient y by x = 2*relu(x) + step(x)*step(-x)")
    model, free = counterexample(found)
    assert model.values["x"] == {(): 0}
    assert model.sides(claim(found), free) == (0, 1)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "supposed",
    ["0.0000000000000000000000000000000000000000000000000001*x = 0", "x*x + 1 - x*x = 1 + x*exp(-99)"],
)
def test_a_hypothesis_holds_exactly_or_not_at_all(supposed):
    """To 40 digits these hold of any x; exactly they do of x = 0, where the statement is true."""
    found = read(f"suppose {supposed}\ny = x^2\ngradient y by x = 0")
    try:
        assert counterexample(found, attempts=6) is None
    except Unsatisfied:
        assert supposed.startswith("0")


def test_an_equation_that_no_fraction_satisfies_is_satisfied():
    found = read("suppose s = exp(v/3)\ny = s*x\ngradient y by x = exp(v/3)")
    assert counterexample(found) is None
    assert counterexample(read("suppose s = exp(v/3)\ny = s*x\ngradient y by x = exp(v/2)"))


def test_a_sum_of_softmax_is_1_where_that_is_supposed():
    found = read(f"{SOFTMAX}suppose sum_i S[i] = 1\ny = sum_i S[i]*x\ngradient y by x = 2")
    assert counterexample(found)


def test_numbers_of_any_size_are_shown():
    assert shown(mp.mpf(0)) == "0"
    assert shown(-mp.mpf(1) / 8) == "-0.125"
    assert shown(-mp.ldexp(1, 10**5000)) == "-10^(3.01029995664e+4999)"

"""Rounding bounds read from a definition: what is computed in floats as it is written lies within them."""

import math
from fractions import Fraction
from random import Random

import pytest
from mpmath import mp

from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.exact import Exact
from backproof_spec.language.proving import drawn
from backproof_spec.language.reverse import derived
from backproof_spec.language.rounding import BITS, rounded
from backproof_spec.library import built_in, operation
from backproof_spec.rounding.formats import Arithmetic

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING


class Floats(Exact):
    """Python's floats: every operation is rounded."""

    def number(self, value):
        return float(value)

    def add(self, terms):
        return sum(terms, 0.0)

    def multiply(self, left, right):
        return left * right

    def divide(self, left, right):
        return left / right

    def power(self, base, exponent):
        return float(base) ** exponent

    def apply(self, function, arguments):
        return float(function.value(*(Fraction(each) for each in arguments)))


def _evaluations(of, number):
    for seed in range(number):
        with mp.workprec(BITS):
            given = drawn(of, Random(seed))
        if given is not None:
            yield given


@pytest.mark.parametrize("name", built_in())
def test_floats_lie_within_the_bound(name):
    of, judged, worst = derived(operation(name)), 0, 0.0
    for given in _evaluations(of, 12):
        whole = {each.name for each in of.arguments if each.kind == "index"}
        values = {
            key: tensor if key in whole else {place: float(value) for place, value in tensor.items()}
            for key, tensor in given.values.items()
        }
        with mp.workprec(BITS):
            floats = Evaluation(of, given.sizes, given.parameters, values, Floats())
            bounds = rounded(given, Arithmetic.of("float64"))
            for each in of.gradients:
                sides = floats.compiled(each.claimed), bounds.compiled(each.claimed)
                for place in values[each.name]:
                    at = dict(zip(each.indices, place, strict=True))
                    try:
                        computed, bound = (side(at) for side in sides)
                    except (ArithmeticError, TypeError):
                        continue
                    error = abs(mp.mpf(computed) - bound.value)
                    assert error <= bound.error
                    judged += 1
                    worst = max(worst, float(error / bound.error) if bound.error else 0.0)
    assert judged > 0
    assert worst < 1
    assert math.isfinite(worst)


def test_what_is_flushed_may_be_0_even_where_nothing_is_rounded():
    tiny = {(0, 0): Fraction(2) ** -1074, (1, 0): Fraction(0)}
    for flushed in (False, True):
        of = derived(operation("operation f(E[v,d], c[d]: constant) -> Y\nY[d] = c[d]*sum_v E[v,d]\n"))
        given = Evaluation(of, {"v": 2, "d": 1}, {}, {"E": tiny, "c": {(0,): Fraction(1)}}, Exact())
        with mp.workprec(BITS):
            [bound] = rounded(given, Arithmetic.of("float64", flush_to_zero=flushed)).tensor("Y").values()
            assert (bound.error >= bound.value) is flushed
            assert bound.exactly is not flushed


def test_a_partial_product_may_underflow_before_what_it_is_distributed_over_multiplies_it():
    """The second term of batch normalisation is also g·c·r³·Σ dY·c: of entries of 2⁴²⁷ r³ underflows."""
    of = derived(operation("batch_norm"))
    column, row = [(0, 0), (1, 0)], {(0,): Fraction(1)}
    X = dict(zip(column, (Fraction(-(2**427)), Fraction(0)), strict=True))
    dY = dict(zip(column, (Fraction(0), Fraction(1)), strict=True))
    for scale, lost in ((1, True), (Fraction(1, 2**427), False)):
        values = {"X": {at: x * scale for at, x in X.items()}, "g": row, "b": row, "dY": dY}
        given = Evaluation(of, {"s": 2, "i": 1}, {"eps": Fraction(1, 10**5)}, values, Exact())
        with mp.workprec(BITS):
            bounds = rounded(given, Arithmetic.of("float64"))
            [dX] = [each for each in of.gradients if each.name == "X"]
            bound, r = bounds.compiled(dX.claimed)({"q": 0, "i": 0}), bounds.tensor("r")[(0,)].value
            assert (bound.error > r / 2) is lost

"""Rounding bounds read from a definition: what is computed in floats as it is written lies within them."""

import math
from fractions import Fraction
from random import Random

import pytest
from few import few, telling
from mpmath import mp

from backproof_spec.language import exact
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


@pytest.mark.parametrize("name", few(built_in(), telling))
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


@pytest.mark.parametrize("body", ["max(X[i], 0)", "min(X[i], 1)", "abs(X[i])", "[X[i] > 0]"])
def test_what_flushes_reads_a_subnormal_number_as_0(body):
    op = operation(f"operation f(X[i]) -> Y\nY[i] = {body}\n")
    for value, read in ((Fraction(2) ** -1074, True), (Fraction(2) ** -1022, False)):
        given = exact.evaluation(op, {"X": {(0,): value}, "dY": {(0,): Fraction(1)}}, {})
        for flushed in (False, True):
            [bound] = rounded(given, Arithmetic.of("float64", flush_to_zero=flushed)).tensor("Y").values()
            assert bound.exactly is not (flushed and read)


@pytest.mark.parametrize(("value", "exactly"), [(Fraction(2) ** -1022, True), (Fraction(2) ** -1023, False)])
@pytest.mark.parametrize("body", ["-X[i]", "max_j (-X[j])", "X[i]*[i = 0]"])
def test_what_is_known_to_be_normal_is_not_flushed(body, value, exactly):
    op = operation(f"operation f(X[i]) -> Y\nsuppose size(i) > 0\nY[i] = {body}\n")
    given = exact.evaluation(op, {"X": {(0,): value}, "dY": {(0,): Fraction(1)}}, {})
    with mp.workprec(BITS):
        [bound] = rounded(given, Arithmetic.of("float64", flush_to_zero=True)).tensor("Y").values()
        assert bound.exactly is exactly


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


def _bounds(of, sizes, parameters, values, dtype):
    given = Evaluation(derived(of), sizes, parameters, values, Exact())
    return rounded(given, Arithmetic.of(dtype))


def test_a_sigmoid_may_be_0_where_1_plus_its_exponential_overflows():
    of = operation("operation f(X[s]) -> Y\nY[s] = sigmoid(X[s])\n")
    with mp.workprec(BITS):
        bounds = _bounds(of, {"s": 2}, {}, {"X": {(0,): Fraction(-92), (1,): Fraction(-64)}}, "float32").tensor("Y")
        assert bounds[0,].error > bounds[0,].value
        assert bounds[1,].error < bounds[1,].value / 10**4


def test_an_error_function_has_some_ulp_of_1():
    of = operation("operation f(X[s]) -> Y\nY[s] = erf(X[s])\n")
    with mp.workprec(BITS):
        [bound] = _bounds(of, {"s": 1}, {}, {"X": {(0,): Fraction(1, 100)}}, "float32").tensor("Y").values()
        assert 8 < bound.error * 2**24 < 9


@pytest.mark.parametrize(("size", "fine"), [(1, True), (100, False)])
def test_ordinary_numbers_of_float16_are_judged_and_not_what_overflows_over_one_denominator(size, fine):
    """X·Y·X/(n³·m), with n = m, is one way to write C·X/n²: n⁴ is 16 or 1.6·10⁹."""
    of = derived(operation("cosine_similarity"))
    row = {(0, i): Fraction(size) for i in range(4)}
    values = {"X": row, "Y": row, "dC": {(0,): Fraction(1)}}
    with mp.workprec(BITS):
        bounds = _bounds(of, {"s": 1, "i": 4}, {"eps": Fraction(1, 2**20)}, values, "float16")
        assert bounds.compiled(of.gradients[0].claimed)({"s": 0, "i": 0}).fine is fine


def test_what_is_0_is_not_judged_where_what_it_is_multiplied_by_overflows():
    """0·∞: c·r²·0 of a constant row in float16, where r² = 1/eps overflows."""
    of = operation("operation f(X[s], Y[s]) -> Z\nZ[s] = X[s]/Y[s]\n")
    for small, fine in ((Fraction(1, 2**13), True), (Fraction(1, 2**15), False)):
        with mp.workprec(BITS):
            [bound] = (
                _bounds(of, {"s": 1}, {}, {"X": {(0,): Fraction(0)}, "Y": {(0,): small}}, "float16")
                .tensor("Z")
                .values()
            )
            assert bound.fine is fine


def test_what_sizes_divide_may_be_multiplied_by_them():
    """(n·dY − ΣdY)/n overflows where n·dY does."""
    of = operation("operation f(X[s]) -> Y\nY[s] = X[s] - mean_t X[t]\n")
    for size, fine in ((2**10, True), (2**13, False)):
        values = {name: {(s,): Fraction(size if s == 0 else 0) for s in range(4)} for name in ("X",)}
        with mp.workprec(BITS):
            assert _bounds(of, {"s": 4, "t": 4}, {}, values, "float16").tensor("Y")[0,].fine is fine


@pytest.mark.parametrize("sign", ["+", "-"])
def test_the_terms_of_a_sum_may_be_added_one_by_one_to_what_it_is_added_to(sign):
    of = derived(operation(f"operation f(a[i], X[s,i]) -> Y\nY[i] = a[i] {sign} sum_s X[s,i]\n"))
    many, tiny = 100, 2.0**-54
    values = {"a": {(0,): 1 + 2.0**-52}, "X": {(s, 0): tiny for s in range(many)}}
    with mp.workprec(BITS):
        bound = _bounds(of, {"i": 1, "s": many}, {}, values, "float64").tensor("Y")[0,]
    one_by_one = values["a"][0,]  # each term is lost
    assert abs(one_by_one - bound.value) <= bound.error
    assert bound.error <= 1.01 * many * 2.0**-53


@pytest.mark.parametrize(
    ("logits", "error"), [((1536.25, -88.5), 3 * 1625), ((3e6, 3e6 + 2), 16), ((-746, 4, 1e30), 3e30)]
)
def test_the_logarithm_of_a_softmax_is_that_of_shifted_logits(logits, error):
    """Where the softmax is 0 in floats, or an offset leaves log Σ no digit: the error is in terms of a − largest."""
    of = operation("operation f(Z[i]: logits) -> L\nsuppose size(i) > 0\nL[i] = log(softmax_i Z[i])")
    with mp.workprec(BITS):
        values = {"Z": {(i,): mp.mpf(each) for i, each in enumerate(logits)}}
        bound = _bounds(of, {"i": len(logits)}, {}, values, "float32").tensor("L")
        least = min(range(len(logits)), key=logits.__getitem__)
        assert bound[least,].fine
        assert 0 < bound[least,].error < error * 2.0**-24


@pytest.mark.parametrize(("largest", "fine"), [(100, True), (1000, False)])
def test_what_a_product_with_0_multiplies_may_overflow_before_the_0_is_met(largest, fine):
    of = operation("operation f(a, b, c) -> y\ny = a*b*c")
    with mp.workprec(BITS):
        values = {"a": {(): mp.mpf(0)}, "b": {(): mp.mpf(100)}, "c": {(): mp.mpf(largest)}}
        assert _bounds(of, {}, {}, values, "float16").tensor("y")[()].fine is fine

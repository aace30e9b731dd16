"""judge: within the bound admitted, outside refused with a message that says where and by how much; three values."""

import math
from contextlib import nullcontext

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp

from backproof_properties import judge
from backproof_properties.judge import Refuted
from backproof_properties.results import Observation
from backproof_spec.matrices import as_matrix, from_entries
from backproof_spec.rounding.enclosure import Enclosure

INF, NAN = math.inf, math.nan


def _enclosure(exact, radius):
    """Nested lists as an enclosure; unlike ``as_matrix`` this admits the infinities that encode the three values."""

    def raw(rows):
        entries = {(i, j): mp.mpf(x) for i, row in enumerate(rows) for j, x in enumerate(row)}
        return from_entries(len(rows), len(rows[0]), entries)

    return Enclosure(raw(exact), raw(radius))


def _finding(computed, exact, radius):
    with pytest.raises(Refuted) as raised:
        judge.enclosed("dX", np.asarray(computed), _enclosure(exact, radius))
    assert str(raised.value) == raised.value.finding.message
    return raised.value.finding


# --- enclosed: finite values ----------------------------------------------------------------------------------------


def test_within_the_bound_is_admitted_and_the_worst_is_error_over_bound():
    seen = judge.enclosed("dX", np.array([[1.0, 2.25]]), _enclosure([[1.0, 2.0]], [[0.5, 0.5]]))
    assert (seen.entries, seen.uncertified, seen.worst) == (2, 0, 0.5)


def test_the_edge_of_the_bound_is_admitted_and_one_ulp_further_is_not():
    enclosure = _enclosure([[1.0]], [[0.5]])
    assert judge.enclosed("dX", np.array([[1.5]]), enclosure).worst == 1.0
    with pytest.raises(Refuted):
        judge.enclosed("dX", np.array([[np.nextafter(1.5, 2)]]), enclosure)


def test_outside_the_bound_the_message_says_where_and_by_how_much():
    found = _finding([[1.0, 0.0], [0.0, 4.0]], [[1.0, 0.0], [0.0, 3.0]], [[0.5] * 2, [0.5, 0.25]])
    assert found.message == "dX[1, 1]: got 4.0, expected 3.0: off by 4.0 × the rounding bound 0.25"
    assert (found.output, found.index, found.expected, found.got) == ("dX", (1, 1), "3.0", "4.0")
    assert (found.error_in_bounds, found.inputs) == ("4.0", {})


def test_the_entry_off_by_most_bounds_is_the_one_reported():
    found = _finding([[9.0, 2.0, 9.0]], [[1.0, 1.0, 1.0]], [[4.0, 0.125, 1.0]])
    assert (found.index, found.error_in_bounds) == ((0, 1), "8.0")


def test_an_excess_is_seen_at_any_precision():
    tiny = mp.ldexp(1, -300)
    radius = mp.fsub(1, 2 * tiny, prec=400)
    for exact, refuted in ((tiny, True), (2 * tiny, False)):
        bound, seen = (lambda _, exact=exact: (exact, radius)), Observation()
        with pytest.raises(Refuted) if refuted else nullcontext():
            judge.entries("dX", np.array([1.0]), [(0,)], bound, lambda *_: True, seen)


@pytest.mark.parametrize("computed", [np.zeros((2, 2)), np.zeros((3, 2, 1, 3)), np.zeros(6), np.zeros(())])
def test_bounds_of_another_shape_are_not_taken_for_those_of_an_array(computed):
    with pytest.raises(ValueError, match=r"^dX has the shape \(.*\), its bounds \(3, 2\): expected the same$"):
        judge.enclosed("dX", computed, _enclosure([[0.0, 0.0]] * 3, [[0.0, 0.0]] * 3))


def test_where_nothing_is_rounded_equality_is_demanded():
    assert judge.enclosed("dX", np.array([[0.1]]), _enclosure([[0.1]], [[0.0]])).worst == 0.0
    found = _finding([[5e-324]], [[0.0]], [[0.0]])
    assert found.message == "dX[0, 0]: got 5e-324, expected 0.0: nothing is rounded here: equality is demanded"
    assert found.error_in_bounds == "∞"


def test_minus_zero_is_zero():
    assert judge.enclosed("dX", np.array([[-0.0]]), _enclosure([[0.0]], [[0.0]])).worst == 0.0


def test_exact_values_are_printed_to_twenty_digits():
    assert _finding([[0.5]], [[0.1]], [[0.0]]).expected == "0.10000000000000000555"


def test_a_vector_is_indexed_once_and_a_scalar_not_at_all():
    vector = _finding([1.0, 3.0], [[1.0], [2.0]], [[0.0], [0.5]])
    assert (vector.index, vector.message.partition(":")[0]) == ((1,), "dX[1]")
    scalar = _finding(3.0, [[2.0]], [[0.5]])
    assert (scalar.index, scalar.message.partition(":")[0]) == ((), "dX")


def test_bfloat16_is_judged_by_its_exact_value():
    third = np.array([[1 / 3]]).astype(ml_dtypes.bfloat16)
    assert judge.enclosed("dX", third, _enclosure([[0.333984375]], [[0.0]])).worst == 0.0
    assert _finding(third, [[1 / 3]], [[0.0]]).got == "0.333984"


def test_an_empty_array_shows_nothing():
    seen = judge.enclosed("dX", np.zeros((0, 3)), Enclosure.exactly(mp.matrix(0, 3)))
    assert (seen.entries, seen.uncertified, seen.worst, seen.thresholds) == (0, 0, 0.0, [])


# --- enclosed: the three values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("got", [NAN, INF, -INF])
def test_a_finite_value_demands_a_finite_one(got):
    found = _finding([[got]], [[2.0]], [[0.5]])
    assert found.message.startswith(f"dX[0, 0]: got {got}, expected 2.0: the exact value is finite")
    assert found.error_in_bounds == "∞"


@pytest.mark.parametrize(
    ("exact", "radius", "admitted"),
    [
        (INF, 0.0, [INF]),
        (-INF, 0.0, [-INF]),
        (INF, INF, [INF, NAN]),
        (-INF, INF, [-INF, NAN]),
        (NAN, 0.0, [INF, -INF, NAN]),
        (NAN, INF, [INF, -INF, NAN]),
    ],
)
def test_certified_overflow_admits_what_its_encoding_says(exact, radius, admitted):
    enclosure = _enclosure([[exact]], [[radius]])
    for got in (INF, -INF, NAN, 0.0, 1.7976931348623157e308):
        if any(got == x or (np.isnan(got) and np.isnan(x)) for x in admitted):
            seen = judge.enclosed("dX", np.array([[got]]), enclosure)
            assert (seen.entries, seen.uncertified, seen.worst, seen.thresholds) == (1, 0, 0.0, [])
        else:
            with pytest.raises(Refuted, match="the exact value is infinite, or overflows in every order of evaluation"):
                judge.enclosed("dX", np.array([[got]]), enclosure)


def test_expected_infinities_are_named():
    assert _finding([[1.0]], [[INF]], [[0.0]]).expected == "+inf"
    assert _finding([[1.0]], [[-INF]], [[0.0]]).expected == "-inf"
    assert _finding([[1.0]], [[NAN]], [[INF]]).expected == "a non-finite value"


def test_uncertified_entries_are_counted_and_admit_everything():
    seen = judge.enclosed("dX", np.array([[NAN, 7.0, 1.0]]), _enclosure([[0.0, 2.0, 1.0]], [[INF, INF, 0.0]]))
    assert (seen.entries, seen.uncertified) == (1, 2)


def test_an_infinity_is_reported_before_any_finite_error():
    found = _finding([[99.0, NAN]], [[1.0, 1.0]], [[0.5, 0.5]])
    assert (found.index, found.got) == ((0, 1), "nan")


# --- enclosed: thresholds -------------------------------------------------------------------------------------------


def test_the_threshold_is_the_median_of_twice_the_bound_over_the_value():
    exact, radius = [[1.0, -2.0, 4.0]], [[0.5, 0.25, 0.25]]
    assert judge.enclosed("dX", np.array(exact), _enclosure(exact, radius)).thresholds == [0.25]


def test_subnormal_and_zero_values_have_no_threshold():
    exact, radius = [[0.0, 2.0**-1030, 1.0]], [[0.5, 0.5, 0.125]]
    assert judge.enclosed("dX", np.array(exact), _enclosure(exact, radius)).thresholds == [0.25]
    single = np.array(exact, dtype=np.float32)
    assert judge.enclosed("dX", single[:, :1], _enclosure([[0.0]], [[0.5]])).thresholds == []


# --- agree ----------------------------------------------------------------------------------------------------------


def test_agree_counts_and_measures_the_relative_deviation():
    found, expected = as_matrix("f", [[1.0, 2.5]]), as_matrix("e", [[1.0, 2.0]])
    seen = judge.agree("dW", found, expected, mp.mpf(1))
    assert (seen.entries, seen.worst, seen.thresholds) == (2, 0.25, [])


def test_agree_measures_against_a_scale_where_one_is_given():
    found, expected = as_matrix("f", [[0.5, 3.0]]), as_matrix("e", [[0.0, 2.0]])
    seen = judge.agree("dW", found, expected, mp.mpf(1), as_matrix("s", [[2.0, 100.0]]))
    assert seen.worst == 0.25


def test_agree_demands_equality_by_default_and_says_where_it_fails():
    found, expected = as_matrix("f", [[1.0], [2.5]]), as_matrix("e", [[1.0], [2.0]])
    with pytest.raises(Refuted) as raised:
        judge.agree("dW", found, expected)
    assert str(raised.value) == "dW[1, 0]: 2.5, expected 2.0 to within 0.0"
    where = raised.value.finding
    assert (where.output, where.index, where.expected, where.got) == ("dW", (1, 0), "2.0", "2.5")
    assert where.error_in_bounds == "∞"


def test_agree_takes_a_bound_for_each_entry():
    found, expected = as_matrix("f", [[1.5, 1.5]]), as_matrix("e", [[1.0, 1.0]])
    assert judge.agree("dW", found, expected, as_matrix("b", [[0.5, 0.5]])).worst == 0.5
    with pytest.raises(Refuted) as raised:
        judge.agree("dW", found, expected, as_matrix("b", [[0.5, 0.25]]))
    assert (raised.value.finding.index, raised.value.finding.error_in_bounds) == ((0, 1), "2.0")


def test_agree_refuses_another_shape():
    with pytest.raises(Refuted, match=r"^dW: shape \(1, 2\), expected \(2, 1\)$"):
        judge.agree("dW", as_matrix("f", [[1, 2]]), as_matrix("e", [[1], [2]]))


def test_a_nan_never_agrees():
    with pytest.raises(Refuted):
        judge.agree("dW", from_entries(1, 1, {(0, 0): mp.nan}), as_matrix("e", [[1.0]]), mp.mpf(1))


def test_working_error_bounds_theta_at_four_hundred_bits():
    with mp.workprec(2000):
        u = mp.ldexp(1, -400)
        assert (1 + u) ** 7 - 1 <= judge.working_error(7) <= 7 * u * (1 + 8 * u)

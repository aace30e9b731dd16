"""rounding.enclosure: what every evaluation may return is admitted, and what none can return is refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec.matrices import as_matrix
from backproof_spec.rounding.enclosure import Enclosure, Entries, inner_products
from backproof_spec.rounding.formats import Arithmetic

DOUBLE, SINGLE, HALF = (Arithmetic.of(name) for name in ("float64", "float32", "float16"))
MIXED = Arithmetic.of("float16", "float32")
INFLATION = 1 + Fraction(1, 2**60)
MODERATE = st.floats(min_value=-1e3, max_value=1e3, width=16)


def _dots(w, y):
    """w·y in several orders, every intermediate rounded to their dtype."""
    products = [a * b for a, b in zip(w, y, strict=True)]

    def pairwise(terms):
        return terms[0] if len(terms) == 1 else pairwise(terms[: len(terms) // 2]) + pairwise(terms[len(terms) // 2 :])

    forwards = backwards = w.dtype.type(0)
    for term in products:
        forwards = forwards + term
    for term in reversed(products):
        backwards = backwards + term
    return [forwards, backwards, pairwise(products), w @ y, np.sort(np.array(products)).sum()]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@given(pairs=st.lists(st.tuples(MODERATE, MODERATE), min_size=1, max_size=8))
@example(pairs=[(0.1, 0.2), (0.1, 0.2), (0.1, -0.4)])
@example(pairs=[(6e-8, 6e-8), (6e-8, 0.3)])
def test_every_order_of_summation_is_admitted(refused, known, dtype, pairs):
    w, y = (np.array(column, dtype=dtype) / dtype_scale(dtype) for column in zip(*pairs, strict=True))
    found = inner_products(known(w[None, :]), known(y), Arithmetic.of(dtype), len(pairs))
    with np.errstate(over="ignore", under="ignore"):
        assert [refused(found, [[x]]) for x in _dots(w, y)] == [[]] * 5


def dtype_scale(dtype):
    """Three in the dtype, so that significands fill up; in float16 also out of the way of overflow."""
    return np.dtype(dtype).type(3 if dtype != "float16" else 30)


# --- the number of roundings ---------------------------------------------------------------------------------------


def _rounded_up(terms, u):
    total = terms[0] * (1 + u)
    for term in terms[1:]:
        total = (total + term * (1 + u)) * (1 + u)
    return total


@pytest.mark.parametrize("direction", [1, -1])
def test_an_evaluation_that_always_rounds_the_same_way_is_admitted_but_not_with_one_rounding_fewer(
    fractions, known, direction
):
    w, u = 1 + Fraction(1, 1024), Fraction(direction, 2048)
    worst = _rounded_up([w * w] * 3, u)
    row, column = known([[float(w)] * 3]), known([float(w)] * 3)
    for roundings, admitted in ((3, True), (2, False)):
        found = inner_products(row, column, HALF, roundings)
        (exact,), (radius,) = fractions(found.exact)[0], fractions(found.radius)[0]
        assert exact == 3 * w * w
        assert (abs(worst - exact) <= radius) is admitted


def test_the_radius_is_theta_times_the_sum_of_magnitudes(fractions, known):
    w, v, u = 1 + Fraction(1, 1024), 1 + Fraction(3, 1024), Fraction(1, 2048)
    found = inner_products(known([[float(w), -float(v)]]), known([float(w), float(v)]), HALF, 2)
    magnitude = w * w + v * v
    assert fractions(found.exact) == [[w * w - v * v]]
    assert fractions(found.radius)[0][0] == pytest.approx(((1 + u) ** 2 - 1) * magnitude * INFLATION, rel=1e-15)


def test_uncertain_inputs_enlarge_the_radius_by_the_master_lemma(fractions):
    A = Enclosure(as_matrix("A", [[3.0]]), as_matrix("dA", [[0.25]]))
    B = Enclosure(as_matrix("B", [[5.0]]), as_matrix("dB", [[0.5]]))
    found = inner_products(A, B, HALF, 1)
    u, eta = Fraction(1, 2048), Fraction(1, 2**24)
    expected = (Fraction(13, 4) * Fraction(11, 2) + eta / 2) * (1 + u) - 15
    radius = fractions(found.radius)[0][0]
    assert expected <= radius <= expected * (1 + Fraction(1, 2**50))


# --- sharper cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.0, 2.0**-8, 0.25])
def test_a_factor_that_is_taken_out_of_the_sum_leaves_a_sum_that_may_overflow(factor, known):
    """0·(65504 + 65504) is nan: NumPy's einsum computes it so where the factor has a stride of 0."""
    large, same = known([65504.0] * 2), known([[factor] * 2])
    for found in (
        inner_products(same, large, HALF, 2),
        inner_products(known([[65504.0] * 2]), known([factor] * 2), HALF, 2),
    ):
        assert (found.exact[0, 0], found.radius[0, 0]) == (0, mp.inf)  # nothing is claimed
    assert inner_products(same, known([16376.0] * 2), HALF, 2).radius[0, 0] < mp.inf
    assert inner_products(known([[factor, 0.125]]), large, HALF, 2).radius[0, 0] < mp.inf


def test_what_overflows_certainly_does_so_with_the_factor_taken_out(known):
    found = inner_products(known([[0.75] * 2]), known([65504.0] * 2), HALF, 2)
    assert found.exact[0, 0] == mp.inf


def test_integers_are_exact_until_their_sum_needs_another_bit(known):
    row = known([[1024.0, 1023.0, 1.0]])
    assert inner_products(row, known([1.0, 1.0, 1.0]), HALF, 3).radius.tolist() == [[0]]
    assert inner_products(row, known([1.0, 1.0, 2.0]), HALF, 3).radius[0, 0] > 0


def test_cancellation_on_a_grid_is_exact_only_if_no_partial_sum_needs_another_bit(known):
    assert inner_products(known([[1000.0, -1000.0, 3.0]]), known([1.0] * 3), HALF, 3).radius.tolist() == [[0]]
    assert inner_products(known([[1500.0, -1500.0, 3.0]]), known([1.0] * 3), HALF, 3).radius[0, 0] > 0


def test_zero_monomials_give_exactly_zero(known):
    found = inner_products(known([[0.0, 3.0]]), known([1e-300, 0.0]), DOUBLE, 2)
    assert (found.exact.tolist(), found.radius.tolist()) == ([[0]], [[0]])


def test_underflow_is_admitted_where_it_can_happen_and_nowhere_else(refused, fractions, known):
    w, y = np.array([[1e-200]]), np.array([3e-124])
    computed = w @ y
    found = inner_products(known(w), known(y), DOUBLE, 1)
    exact = Fraction(1e-200) * Fraction(3e-124)
    assert abs(Fraction(float(computed[0])) - exact) > exact * Fraction(1, 2**53), (
        "relative error alone would refuse this"
    )
    assert refused(found, computed) == []
    assert fractions(found.radius)[0][0] >= Fraction(1, 2**1075)
    ordinary = inner_products(known([[0.1]]), known([0.3]), DOUBLE, 1)
    product = Fraction(0.1) * Fraction(0.3)
    assert fractions(ordinary.radius)[0][0] == pytest.approx(product / 2**53 * INFLATION, rel=1e-15)


# --- three values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("w", "y", "expected"),
    [
        ([300.0], [300.0], mp.inf),
        ([300.0], [-300.0], -mp.inf),
        ([300.0, 300.0, -100.0], [300.0, 300.0, 100.0], mp.inf),
    ],
)
def test_certified_overflow_demands_that_infinity(refused, known, w, y, expected):
    found = inner_products(known([w]), known(y), HALF, len(w))
    assert found.exact[0, 0] == expected
    assert refused(found, [[float(expected)]]) == []
    assert refused(found, [[-float(expected)]]) == refused(found, [[65504.0]]) == [(0, 0)]
    assert refused(found, [[np.nan]]) == []  # inf − inf, where a sum is compensated


def test_overflow_of_both_signs_demands_only_a_non_finite_value(refused, known):
    found = inner_products(known([[300.0, 300.0, 300.0, -300.0]]), known([300.0] * 4), HALF, 4)
    assert mp.isnan(found.exact[0, 0])
    assert [refused(found, [[x]]) for x in (np.nan, np.inf, -np.inf)] == [[], [], []]
    assert refused(found, [[65504.0]]) == [(0, 0)]


@pytest.mark.parametrize(
    ("w", "y"),
    [([255.0], [257.0]), ([300.0, -300.0], [300.0, 299.0]), ([200.0, 200.0, -200.0], [200.0, 200.0, 200.0])],
    ids=["on-the-edge", "both-overflow-and-cancel", "only-a-partial-sum-may-overflow"],
)
def test_what_may_or_may_not_overflow_is_uncertified(known, w, y):
    assert inner_products(known([w]), known(y), HALF, len(w)).radius[0, 0] == mp.inf


def test_largest_finite_is_certified_finite(known):
    assert inner_products(known([[65504.0]]), known([1.0]), HALF, 1).radius[0, 0] == 0


def test_uncertified_inputs_spoil_only_their_row_and_column(known):
    A = known([[1.0, 2.0], [3.0, 4.0]])
    spoiled = Enclosure(A.exact, as_matrix("r", [[0.0, 0.0], [0.0, 0.0]]))
    spoiled.radius[0, 1] = mp.inf
    overflowed = Enclosure(as_matrix("A", [[1.0, 0.0], [3.0, 4.0]]), as_matrix("r", [[0.0, 0.0], [0.0, 0.0]]))
    overflowed.exact[0, 1] = -mp.inf
    for bad in (spoiled, overflowed):
        rows = inner_products(bad, A, HALF, 2)
        assert [[r == mp.inf for r in row] for row in rows.radius.tolist()] == [[True, True], [False, False]]
        assert (rows.exact[1, 0], rows.exact[1, 1]) == (15, 22)
        columns = inner_products(A, bad, HALF, 2)
        assert [[r == mp.inf for r in row] for row in columns.radius.tolist()] == [[False, True], [False, True]]
    bias = Enclosure(as_matrix("b", [0.0, 1.0]), as_matrix("r", [0.0, 0.0]))
    bias.radius[1, 0] = mp.inf
    biased = inner_products(A, A, HALF, 3, addend=bias)
    assert [[r == mp.inf for r in row] for row in biased.radius.tolist()] == [[False, False], [True, True]]


def test_operands_that_do_not_fit_are_refused(known):
    with pytest.raises(ValueError, match="shape"):
        inner_products(known([[1.0, 2.0]]), known([[1.0]]), HALF, 2)


# --- a wider accumulator -------------------------------------------------------------------------------------------


def test_the_result_of_a_wider_accumulator_is_rounded_once_to_output(fractions, known):
    a, tiny = 1 + Fraction(1, 1024), Fraction(1, 2**14) * (1 + Fraction(1, 1024))
    found = inner_products(known([[float(a), float(tiny)]]), known([float(a), float(tiny)]), MIXED, 2)
    u, u_out, eta_out, value = Fraction(1, 2**24), Fraction(1, 2**11), Fraction(1, 2**24), a * a + tiny * tiny
    error = ((1 + u) ** 2 - 1) * value
    expected = (error + u_out * (value + error) + eta_out / 2) * INFLATION
    assert fractions(found.exact) == [[value]]
    assert fractions(found.radius)[0][0] == pytest.approx(expected, rel=1e-15)


def test_a_wider_accumulator_admits_its_own_sums_and_refuses_those_of_the_dtype(refused, known):
    w = np.full(64, 1.001, dtype=np.float16)
    wide = np.float16(np.float32(0) + np.sum(w.astype(np.float32) * w.astype(np.float32)))
    narrow = np.float16(0)
    for x in w:
        narrow = narrow + x * x
    mixed = inner_products(known(w[None, :]), known(w), MIXED, 64)
    half = inner_products(known(w[None, :]), known(w), HALF, 64)
    assert refused(mixed, [[wide]]) == refused(half, [[wide]]) == refused(half, [[narrow]]) == []
    assert mixed.radius[0, 0] < half.radius[0, 0] / 20


# --- flush to zero -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("w", "y", "flushed"),
    [
        ([1e-30], [1e-10], 0.0),  # the product is subnormal
        ([1e-40], [1e30], 0.0),  # an operand is
        ([1.5 * 2.0**-126, -(2.0**-126)], [1.0, 1.0], 0.0),  # the sum is
    ],
)
def test_a_flushed_evaluation_is_admitted_only_where_it_is_declared(refused, known, w, y, flushed):
    w, y = np.array([w], dtype=np.float32), np.array(y, dtype=np.float32)
    ieee, declared = (
        inner_products(known(w), known(y), Arithmetic.of("float32", flush_to_zero=flush), len(y))
        for flush in (False, True)
    )
    assert refused(declared, [[flushed]]) == []
    assert refused(ieee, [[flushed]]) == [(0, 0)]
    assert refused(declared, w @ y) == refused(ieee, w @ y) == []


def test_flushing_excuses_nothing_of_ordinary_size(refused, known):
    found = inner_products(known([[0.1, 0.7]]), known([0.3, 0.9]), Arithmetic.of("float32", flush_to_zero=True), 2)
    assert refused(found, [[0.0]]) == refused(found, [[0.66001]]) == [(0, 0)]


# --- the last steps ------------------------------------------------------------------------------------------------


def test_an_enclosure_transposes_its_radius_too():
    E = Enclosure(as_matrix("A", [[1, 2]]), as_matrix("r", [[3, 4]])).transposed()
    assert (E.shape, E.exact.tolist(), E.radius.tolist()) == ((2, 1), [[1], [2]], [[3], [4]])


def test_centres_are_kept_short_and_the_radius_pays(fractions):
    entries = Entries((1, 1), DOUBLE)
    value = mp.ldexp(mp.mpf(-3), -4401)
    entries.put_exactly((0, 0), value, mp.mpf(0))
    kept, radius = fractions(entries.enclosure().exact)[0][0], fractions(entries.enclosure().radius)[0][0]
    assert kept == -Fraction(1, 2**4400)
    assert abs(kept + Fraction(3, 2**4401)) <= radius == Fraction(1, 2**4400)


def test_scaling_admits_a_rounded_factor_and_a_rounded_product(refused, known):
    x = np.array([[0.1, 3.7]])
    found = known(x).scaled(mp.mpf(1) / 3, DOUBLE)
    assert refused(found, x / 3) == refused(found, x * (1 / 3)) == []
    assert refused(found, x / 3 * (1 + 1e-6)) == [(0, 0), (0, 1)]


def test_scaling_admits_a_target_that_scales_before_it_sums(refused, known):
    with mp.workprec(200):
        tenth = mp.mpf(1) / 10
        rescaled = Arithmetic.of("float64", rescaled=True)
        found = inner_products(known([[1.0, 2.0, -3.0]]), known([1.0, 1.0, 1.0]), rescaled, 3).scaled(tenth, rescaled)
    computed = (np.array([1.0, 2.0, -3.0]) / 10).sum()  # 5.6e-17: a mean taken of dZ, as autograd does
    assert refused(found, [[computed]]) == []


def test_a_target_that_scales_to_subnormals_first_is_admitted_by_the_union(refused, known):
    with mp.workprec(200):
        third, rescaled = mp.mpf(1) / 3, Arithmetic.of("float64", rescaled=True)
        dZ, Y = np.array([[5e-324, 1.5e-323]]), np.array([[3e8], [1e8]])
        late = inner_products(known(dZ), known(Y), rescaled, 2).scaled(third, rescaled)
        early = inner_products(known(dZ).scaled(third, rescaled), known(Y), rescaled, 2)
    computed = (dZ / 3) @ Y
    assert refused(late, computed) == [(0, 0)]
    assert refused(late.either(early), computed) == refused(early.either(late), computed) == []
    assert refused(late.either(early), (dZ @ Y) / 3) == []


def test_a_union_is_uncertified_where_only_one_way_overflows(known):
    radius = known([[0.0, 0.0]]).exact
    huge, one = (Enclosure(mp.matrix([[mp.inf, value]]), radius) for value in (mp.inf, mp.mpf(1)))
    found = huge.either(one)
    assert (found.exact[0, 0], found.radius[0, 0]) == (mp.inf, 0)
    assert (found.exact[0, 1], found.radius[0, 1]) == (0, mp.inf)


def test_a_zero_that_is_not_certain_makes_products_uncertain(known):
    # Found by the suite on PyTorch in float32: the two classes' gradients cancel exactly, but not in floating point.
    cancelled = Enclosure(known([[0.0]]).exact, known([[1e-8]]).exact)
    found = inner_products(cancelled, known([[-1.5]]), SINGLE, 1)
    assert found.exact[0, 0] == 0
    assert found.radius[0, 0] >= 1.5e-8


def test_an_overflow_against_the_prevailing_sign_is_seen_at_any_distance(refused, known):
    # Found by the suite on NumPy: with fused multiply-add the smaller overflow comes first, and 1e507 cannot undo it.
    found = inner_products(known([[1e307, -1.5]]), known([1e200, 1.75e308]), DOUBLE, 2)
    assert refused(found, [[-np.inf]]) == refused(found, [[np.inf]]) == []
    assert refused(found, [[1.0]]) == [(0, 0)]

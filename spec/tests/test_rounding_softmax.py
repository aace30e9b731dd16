"""rounding.softmax: every correct evaluation is admitted across logit gaps up to overflow; the unshifted one is not."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec.matrices import as_matrix, from_entries
from backproof_spec.operations import softmax as exact_softmax
from backproof_spec.rounding import softmax
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import Arithmetic

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

DTYPES = ["float64", "float32", "float16"]
GAPS = [0.0, 1e-8, 0.3, 1.0, 5.5, 9.7, 11.1, 17.0, 36.0, 87.3, 103.9, 600.0, 708.4, 745.1, 800.0, 1e4, 6e4]
DOUBLE = Arithmetic.of("float64")


def _shifted(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


def _reciprocal(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E * (Z.dtype.type(1) / E.sum(axis=0))


def _through_log(Z):
    D = Z - Z.max(axis=0)
    return np.exp(D - np.log(np.exp(D).sum(axis=0)))


EVALUATIONS = [_shifted, _reciprocal, _through_log]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_every_evaluation_is_admitted_across_gaps(refused, known, dtype, evaluation):
    Z = np.array([[5.0] * len(GAPS), [5.0 - gap for gap in GAPS], [4.3] * len(GAPS)], dtype=dtype)
    with np.errstate(under="ignore"):
        assert refused(softmax.forward(known(Z), Arithmetic.of(dtype)), evaluation(Z)) == []


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    column=st.lists(st.floats(-120, 120, width=16), min_size=1, max_size=6),
    g=st.lists(st.floats(-8, 8, width=16), min_size=6),
)
@example(column=[40.0, 0.0], g=[1.0, 0.25, 0, 0, 0, 0])
@example(column=[1.0] * 6, g=[1.0, 1.0, 1.0, 1.0, 1.0, -5.0])
def test_values_and_gradients_of_numpy_are_admitted(refused, known, dtype, column, g):
    Z = np.array([column], dtype=dtype).T / np.dtype(dtype).type(3)
    G = np.array([g[: len(column)]], dtype=dtype).T
    ar = Arithmetic.of(dtype)
    value, gradient = softmax.forward(known(Z), ar), softmax.dZ(known(Z), known(G), ar)
    with np.errstate(under="ignore"):
        for evaluation in EVALUATIONS:
            S = evaluation(Z)
            assert refused(value, S) == []
            assert refused(gradient, S * (G - (S * G).sum(axis=0))) == []
            assert refused(gradient, S * G - S * (S.T @ G)) == []
            assert refused(gradient, (np.diagflat(S) - S @ S.T) @ G) == []


def test_the_unshifted_evaluation_is_refused_where_it_overflows_and_admitted_where_it_does_not(refused, known):
    Z = np.array([[1.0, 800.0], [2.0, 799.0]])
    with np.errstate(over="ignore", invalid="ignore"):
        unshifted = np.exp(Z) / np.exp(Z).sum(axis=0)
    assert np.isnan(unshifted[:, 1]).all()
    assert refused(softmax.forward(known(Z), DOUBLE), unshifted) == [(0, 1), (1, 1)]


def test_the_unshifted_evaluation_is_refused_where_it_underflows(refused, known):
    Z = np.array([[-746.0], [-745.0]])
    with np.errstate(under="ignore", invalid="ignore"):
        assert refused(softmax.forward(known(Z), DOUBLE), np.exp(Z) / np.exp(Z).sum(axis=0)) == [(0, 0), (1, 0)]


SHIFTS = {"the mean": lambda Z: Z.mean(axis=0), "the last logit": lambda Z: Z[-1], "the least": lambda Z: Z.min(axis=0)}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_by_any_number_within_the_column_is_admitted_while_nothing_overflows(refused, known, dtype, shift):
    ar = Arithmetic.of(dtype)
    farthest = float(mp.log(ar.output.largest)) - 2  # e^{max − min} and the sum of a few of them are finite
    source = np.random.default_rng(5)
    Z = source.normal(size=(4, 24))
    Z[-1] -= np.linspace(0, max(farthest - 8, 1), 24)
    Z, G = Z.astype(dtype), source.normal(size=(4, 24)).astype(dtype)
    with np.errstate(under="ignore"):
        E = np.exp(Z - SHIFTS[shift](Z))
        S = E / E.sum(axis=0)
        gradient = S * (G - (S * G).sum(axis=0))
    assert refused(softmax.forward(known(Z), ar), S) == []
    assert refused(softmax.dZ(known(Z), known(G), ar), gradient) == []


def test_the_bound_for_any_shift_is_nearly_attained(known):
    # Of −0.3 and 0.4 beside −700, shifted by −700, both arguments are near 700: each is off by up to 700·2⁻⁵³.
    Z = np.array([[-0.3], [0.4], [-700.0]])
    found, E = softmax.forward(known(Z), DOUBLE), np.exp(Z + 700.0)
    with mp.workprec(300):
        error = abs(mp.mpf(float((E / E.sum())[0, 0])) - found.exact[0, 0])
        assert found.radius[0, 0] / 16 < error <= found.radius[0, 0]


@pytest.mark.parametrize("size", [1e20, 1e40, 1e300])
def test_logits_however_large_are_certified_where_they_are_farther_apart_than_uncertain(refused, size):
    Z = size * np.array([[1.0, 2.0, -1.0], [3.0, -2.0, 0.5]])
    spread = as_matrix("r", np.abs(Z) * 1e-15)
    found = softmax.forward(Enclosure(as_matrix("Z", Z), spread), DOUBLE)
    S = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    assert refused(found, S) == []
    assert max(found.radius) < 1e-14
    assert refused(found, S + 1e-13) == [(i, j) for i in (0, 1) for j in (0, 1, 2)]
    tied = softmax.forward(Enclosure(as_matrix("Z", Z[:, :1] * [[3.0], [1.0]]), spread[:, 0]), DOUBLE)
    assert [mp.isfinite(r) for r in tied.radius] == [True, True]  # about either may be the larger
    assert refused(tied, [[0.0], [1.0]]) == refused(tied, [[1.0], [0.0]]) == []
    assert refused(tied, [[np.nan], [3.0]]) == [(0, 0), (1, 0)]


def test_the_gradient_is_not_bounded_by_the_cancelled_jacobian(refused, known):
    Z, G = np.array([[40.0], [0.0]]), np.array([[1.0], [0.3]])
    S = _shifted(Z)
    computed = S * (G - (S * G).sum(axis=0))
    with mp.workprec(200):
        J, exact = exact_softmax.jacobian(Z).value, exact_softmax.dZ(Z, G)
        cancelled = as_matrix("r", [DOUBLE.growth(4) - 1])[0, 0] * sum(
            abs(J[k, 0]) * abs(mp.mpf(G[k, 0])) for k in (0, 1)
        )
        assert abs(computed[0, 0] - exact[0, 0]) > 1e12 * cancelled
    assert refused(softmax.dZ(known(Z), known(G), DOUBLE), computed) == []


def test_one_part_in_a_million_is_refused(refused, known):
    Z, G = np.array([[0.1, 2.0], [-0.7, 1.0], [0.4, -3.0]]), np.array([[1.0, -2.0], [0.5, 3.0], [-3.0, 1.0]])
    S = _shifted(Z)
    value, gradient = softmax.forward(known(Z), DOUBLE), softmax.dZ(known(Z), known(G), DOUBLE)
    assert len(refused(value, S * (1 + 1e-6))) == 6
    assert len(refused(gradient, S * (G - (S * G).sum(axis=0)) * (1 - 1e-6))) == 6


def test_the_diagonal_of_the_jacobian_alone_is_refused(refused, known):
    Z, G = np.array([[0.1], [0.7]]), np.array([[1.0], [2.0]])
    S = _shifted(Z)
    assert refused(softmax.dZ(known(Z), known(G), DOUBLE), S * (1 - S) * G) == [(0, 0), (1, 0)]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("member", [0, 1, 2])
def test_uncertain_logits_admit_every_logit_within_their_radius(refused, sign, member):
    Z, spread = np.array([[0.3], [-1.0], [0.9]]), np.array([[0.01], [0.001], [0.02]])
    enclosure = softmax.forward(Enclosure(as_matrix("Z", Z), as_matrix("r", spread)), DOUBLE)
    moved = Z - sign * spread
    moved[member] += 2 * sign * spread[member]
    assert refused(enclosure, _shifted(moved)) == []
    assert refused(enclosure, _shifted(Z + np.array([[0.2], [0.0], [0.0]]))) != []


def test_an_uncertain_logit_spoils_only_its_column(known):
    Z, r = as_matrix("Z", [[1.0, 2.0], [3.0, 4.0]]), as_matrix("r", [[0, 0], [0, 0]])
    r[0, 1] = mp.inf
    for found in (
        softmax.forward(Enclosure(Z, r), DOUBLE),
        softmax.dZ(Enclosure(Z, r), known([[1.0, 1.0], [1.0, 2.0]]), DOUBLE),
        softmax.dZ(Enclosure.exactly(Z), Enclosure(Z, r), DOUBLE),
    ):
        assert [[x == mp.inf for x in row] for row in found.radius.tolist()] == [[False, True], [False, True]]


def test_where_the_sum_is_lost_a_probability_is_still_bounded(refused, known):
    found = softmax.forward(known(np.zeros((400, 1))), Arithmetic.of("bfloat16"))
    stagnated = np.full((400, 1), 1 / 256)  # in bfloat16 a running sum of ones stops at 256
    assert refused(found, stagnated) == []
    assert len(refused(found, np.full((400, 1), 60.0))) == len(refused(found, np.full((400, 1), np.nan))) == 400


def test_an_exp_that_flushes_to_zero_is_admitted_only_as_zero_or_subnormal(refused, known):
    Z = np.array([[0.0], [-100.0]], dtype="float32")
    for flush in (False, True):
        found = softmax.forward(known(Z), Arithmetic.of("float32", flush_to_zero=flush))
        assert refused(found, [[1.0], [0.0]]) == refused(found, [[1.0], [3.783506e-44]]) == []
        assert refused(found, [[1.0], [1e-37]]) == [(1, 0)]


def test_a_float16_result_accumulated_in_float32_is_sharper(refused, known):
    Z = np.linspace(-2, 2, 32, dtype="float16")[:, None]
    wide = _shifted(Z.astype("float32")).astype("float16")
    mixed = softmax.forward(known(Z), Arithmetic.of("float16", "float32"))
    half = softmax.forward(known(Z), Arithmetic.of("float16"))
    assert refused(mixed, wide) == refused(half, wide) == refused(half, _shifted(Z)) == []
    assert all(a < b / 20 for a, b in zip(mixed.radius, half.radius, strict=True))


def test_an_empty_batch_and_one_class(refused, known):
    assert softmax.forward(known(np.zeros((3, 0))), DOUBLE).shape == (3, 0)
    assert refused(softmax.forward(known([[7.0]]), DOUBLE), [[1.0]]) == []
    assert refused(softmax.dZ(known([[7.0]]), known([[5.0]]), DOUBLE), [[0.0]]) == []


def test_a_gradient_from_probabilities_saved_in_the_dtype_is_admitted(refused, known):
    # What PyTorch's autograd does in float16: softmax saves its rounded output, the backward pass sums in float32.
    Z = np.array([[0.377197265625], [-0.396240234375], [1.921875], [0.314697265625], [-1.607421875]], dtype="float16")
    G = np.array([[0.361572265625], [1.3037109375], [0.947265625], [-0.70361328125], [-1.265625]], dtype="float16")
    S, g = _shifted(Z.astype("float32")).astype("float16").astype("float32"), G.astype("float32")
    computed = (S * (g - (S * g).sum(axis=0))).astype("float16")
    assert refused(softmax.dZ(known(Z), known(G), Arithmetic.of("float16", "float32")), computed) == []


def test_a_flushed_float16_logit_is_admitted_beside_a_wider_accumulator(refused, known):
    Z = np.array([[6.0439109802246094e-05], [2.154296875]], dtype="float16")  # the first is subnormal
    read_as = np.array([[0.0], [2.154296875]], dtype="float32")
    found = softmax.forward(known(Z), Arithmetic.of("float16", "float32", flush_to_zero=True))
    assert refused(found, _shifted(read_as).astype("float16")) == []


def _masks(Z):
    return Enclosure.exactly(as_matrix("Z", Z, masked=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_masked_classes_are_0_exactly_and_the_others_are_bounded_as_without_them(refused, known, dtype, evaluation):
    Z = np.array([[-np.inf, 0.3], [-np.inf, -np.inf], [1.7, -2.5], [-9.0, 4.25]], dtype=dtype)
    G, ar = np.array([[9.0, 0.25], [-7.0, 8.0], [0.5, -3.0], [2.0, 1.0]], dtype=dtype), Arithmetic.of(dtype)
    S = evaluation(Z)
    value, gradient = softmax.forward(_masks(Z), ar), softmax.dZ(_masks(Z), known(G), ar)
    assert refused(value, S) == refused(gradient, S * (G - (S * G).sum(axis=0))) == []
    masked = [(0, 0), (1, 0), (1, 1)]
    assert refused(value, np.where(np.isinf(Z), 1e-7, S)) == masked
    assert refused(gradient, np.where(np.isinf(Z), np.nan, S * (G - (S * G).sum(axis=0)))) == masked
    for j, kept in enumerate(([2, 3], [0, 2, 3])):
        alone = softmax.forward(known(Z[kept, j : j + 1]), ar)
        assert [value.exact[i, j] for i in kept] == list(alone.exact)
        assert [value.radius[i, j] for i in kept] == list(alone.radius)


def test_a_masked_class_is_uncertain_where_the_sum_it_is_multiplied_with_overflows(refused, known):
    Z, huge = _masks([[-np.inf], [0.0], [0.0]]), np.array([[-1.7e308], [1.7e308], [1.7e308]])
    assert softmax.dZ(Z, known(huge), DOUBLE).radius[0, 0] == mp.inf
    assert refused(softmax.dZ(Z, known(huge / 4), DOUBLE), [[1e-300], [0.0], [0.0]]) == [(0, 0)]


def test_minus_infinity_by_overflow_and_a_column_of_nothing_else_are_uncertain():
    Z = _masks([[-np.inf, -np.inf], [0.0, -np.inf]])
    overflown = Enclosure(Z.exact, from_entries(2, 2, {(0, 0): mp.inf}))
    assert softmax.forward(Z, DOUBLE).radius.tolist()[0] == [0, mp.inf]
    assert softmax.forward(overflown, DOUBLE).radius.tolist() == [[mp.inf, mp.inf]] * 2


@pytest.mark.parametrize("bits", [-300, -60, -41, -40, -39, 0, 6])
def test_what_is_taken_of_small_exponents_and_logarithms_near_1_is_little_more(bits):
    with mp.workprec(400):
        t = mp.ldexp(mp.mpf("1.7"), bits)
        for taken, exact in ((softmax._grown(t) - 1, mp.expm1(t)), (softmax._logarithm(1 + t), mp.log1p(t))):
            assert exact * (1 - mp.ldexp(1, -90)) <= taken <= exact * (1 + mp.ldexp(1, -39))
        assert softmax._grown(mp.zero) == 1
        assert softmax._logarithm(mp.one) == 0

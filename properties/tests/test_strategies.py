"""strategies: what is drawn is valid, within the declared limits, and confusing enough."""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from few import few
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backproof_impl.conventions import Conventions, Limits
from backproof_properties import inputs
from backproof_properties import regimes as R
from backproof_properties import strategies as S
from backproof_properties.arrays import NUMPY_DTYPES
from backproof_properties.results import Link
from backproof_properties.source import Seed, Unfit
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES
from backproof_spec.library import operation
from backproof_spec.rounding.formats import FORMATS

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

DTYPES = list(NUMPY_DTYPES)
OF_TWO = few(DTYPES, {"float16", "float64"}.__contains__)


def _domain(dtype="float64", largest=70, **declared):
    return Domain(dtype, Conventions(**declared), largest=largest)


def _drawn(of: Callable, *args, count: int = 300):
    """Examples of seeds, independent of each other."""
    found = []
    for number in range(count):
        with suppress(Unfit):
            found.append(of(Seed(f"1/{number}"), *args))
    return found


# --- values ---------------------------------------------------------------------------------------------------------

REGIMES: dict[str, Callable] = {
    name: getattr(R, name)
    for name in ("small", "dense", "special", "wide", "huge", "tiny", "gap", "probability", "rare_probability")
}
CODES = [*range(200), *(k * 0x9E3779B97F4A7C15F39C % 2**77 for k in range(1, 800)), 2**77 - 1]


@pytest.mark.parametrize("regime", list(REGIMES))
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_regime_decodes_every_code_to_a_finite_number_of_the_format(regime, dtype):
    values = [REGIMES[regime](code, FORMATS[dtype]) for code in CODES]
    stored = np.array(values).astype(NUMPY_DTYPES[dtype]).astype(np.float64)
    assert np.isfinite(stored).all()
    if regime not in {"dense", "tiny", "gap"}:  # those have more digits than some formats, and are rounded
        assert stored.tolist() == values


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_codes_are_simple_numbers(dtype):
    form = FORMATS[dtype]
    assert [R.small(code, form) for code in range(6)] == [0.0, -0.0, 0.25, -0.25, 0.5, -0.5]
    assert [regime(0, form) for regime in (R.dense, R.special, R.wide, R.tiny, R.gap)] == [0.0] * 5
    assert [R.special(code, form) for code in (0, 2, 3)] == [0.0, 1.0, -1.0]
    assert math.copysign(1, R.small(1, form)) == -1


@pytest.mark.parametrize("dtype", DTYPES)
def test_regimes_reach_where_they_say(dtype):
    form = FORMATS[dtype]
    assert {R.huge(code, form) for code in (0, 1)} == {float(form.largest), -float(form.largest)}
    assert R.tiny(2, form) == float(form.smallest_subnormal)
    special = {R.special(code, form) for code in range(0, 20, 2)}
    assert {float(form.smallest_normal), float(form.smallest_subnormal), 1.0, 0.5} <= special
    assert all(0 < R.probability(code, form) <= 1 for code in CODES)
    assert all(0 <= R.rare_probability(code, form) <= 1 for code in CODES)
    assert {math.copysign(1, R.small(code, form)) for code in (0, 1)} == {1.0, -1.0}


@pytest.mark.parametrize("dtype", OF_TWO)
@pytest.mark.parametrize("shape", [(0, 3), (), (4,), (4, 4), (3, 67)])
def test_arrays_are_finite_and_of_their_shape_and_dtype(dtype, shape):
    for A in _drawn(S.arrays, _domain(dtype), shape, count=30):
        assert (A.shape, A.dtype) == (shape, NUMPY_DTYPES[dtype])
        assert np.isfinite(A.astype(np.float64)).all()


@pytest.mark.parametrize("dtype", OF_TWO)
@pytest.mark.parametrize("limit", [80, 0.1, 1e6, 0])
def test_logits_stay_within_the_declared_limit(dtype, limit):
    for Z in _drawn(S.logits, _domain(dtype, limits=Limits(logit=limit)), (3, 2), count=60):
        assert Z.dtype == NUMPY_DTYPES[dtype]
        assert np.abs(Z.astype(np.float64)).max() <= limit


def test_logits_reach_past_the_underflow_of_exp():
    gaps = [np.ptp(Z.astype(np.float64), axis=0).max() for Z in _drawn(S.logits, _domain("float32"), (3, 2))]
    assert sum(104 < gap < 1e6 for gap in gaps) > 20


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_shapes_are_chosen_to_confuse():
    shapes = _drawn(S.dimensions, _domain(), (0, 0, 0), count=500)
    m, n, p = (np.array(column) for column in zip(*shapes, strict=True))
    for tie in (m == n, m == p, n == p, (m == n) & (n == p), m == 0, n == 0, p == 0, m == 1, n == 1, p == 1):
        assert tie.sum() > 10
    for size in (m, n, p):
        assert (size > 64).sum() > 5
    assert ((m != n) & (n != p) & (m != p)).sum() > 50
    assert max(m.max(), n.max(), p.max()) == 70


@pytest.mark.parametrize("largest", [1, 2, 3, 5])
def test_a_small_domain_has_small_shapes(largest):
    shapes = _drawn(S.dimensions, _domain(largest=largest), (1, 0))
    assert max(map(max, shapes)) == largest
    assert min(n for n, _ in shapes) == 1


@pytest.mark.parametrize("largest", [2, 70])
def test_shapes_respect_the_limits(largest):
    limits = Limits(width=3, batch=4)
    shapes = _drawn(S.dimensions, _domain(largest=largest, limits=limits), (1, 0))
    assert {n for n, _ in shapes} <= {1, 2, 3}
    assert min(p for _, p in shapes) >= 4


@pytest.mark.parametrize("declared", [{"reduction": "mean"}, {"scale": {"dW": "1/batch"}}])
def test_a_mean_is_never_taken_over_an_empty_batch(declared):
    assert min(p for _, p in _drawn(S.dimensions, _domain(**declared), (0, 0))) == 1
    assert min(case["X"].shape[1] for case in _drawn(S.networks, _domain(**declared), count=50)) >= 1


# --- labels ---------------------------------------------------------------------------------------------------------


def _kinds(P):
    sums = P.astype(np.float64).sum(axis=0)
    one_hot = bool(((P == 1).sum(axis=0) == 1).all() and ((P == 0) | (P == 1)).all())
    if one_hot:
        return "one-hot"
    if (P == 0).all():
        return "none"
    if (sums == 1).all():
        return "exact"
    return "rounded" if np.allclose(sums, 1, rtol=0, atol=3 * float(FORMATS[P.dtype.name].u)) else "unnormalised"


@pytest.mark.parametrize("dtype", OF_TWO)
def test_labels_of_every_kind_are_drawn(dtype):
    drawn = _drawn(S.labels, _domain(dtype), (3, 2), count=400)
    counted = {kind: sum(_kinds(P) == kind for P in drawn) for kind in ("one-hot", "none", "exact", "unnormalised")}
    assert min(counted.values()) > 20
    assert {P.dtype for P in drawn} == {NUMPY_DTYPES[dtype]}
    assert min(P.astype(np.float64).min() for P in drawn) >= 0


@pytest.mark.parametrize("kind", ["one-hot", "index"])
def test_declared_one_hot_or_index_labels_are_one_hot(kind):
    for P in _drawn(S.labels, _domain(labels=kind), (4, 3), count=60):
        assert _kinds(P) == "one-hot"


def test_without_unnormalised_labels_every_column_sums_to_one():
    drawn = _drawn(S.labels, _domain(unnormalised_labels="unsupported"), (4, 3))
    assert {_kinds(P) for P in drawn} == {"one-hot", "exact"}


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 70))
@settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
def test_soft_labels_sum_to_one_exactly_in_every_format(dtype, seed, n):
    column = S._soft(S.random.Random(seed), n, _domain(dtype))
    stored = np.array(column).astype(NUMPY_DTYPES[dtype])
    total = stored.dtype.type(0)
    for mass in stored:
        total = total + mass
    assert (float(total), len(column), min(column) >= 0) == (1.0, n, True)


def test_labels_of_an_empty_batch_have_no_column():
    assert {P.shape for P in _drawn(S.labels, _domain(), (3, 0), count=10)} == {(3, 0)}


# --- networks -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_networks_fit_together_and_vary_in_depth_and_width():
    drawn = _drawn(S.networks, _domain(), count=600)
    depths, widths = set(), set()
    for case in drawn:
        sizes = [case["X"].shape[0], *(len(b) for b in case["biases"])]
        assert [W.shape for W in case["weights"]] == list(zip(sizes[1:], sizes, strict=False))
        assert case["P"].shape == (sizes[-1], case["X"].shape[1])
        depths.add(len(case["weights"]))
        widths.add(len(set(sizes)))
    assert depths == {1, 2, 3, 4, 5, 6}
    assert any(max(W.shape) > 64 for case in drawn for W in case["weights"])
    assert {1, 2, 3} <= widths
    assert any(case["X"].shape[1] > 64 for case in drawn)
    assert any(case["X"].shape[1] == 0 for case in drawn)


@pytest.mark.parametrize("largest", [1, 2, 5, 70])
def test_networks_respect_the_limits(largest):
    limits = Limits(depth=2, width=3, batch=4)
    for case in _drawn(S.networks, _domain(largest=largest, limits=limits), count=100):
        assert len(case["weights"]) <= 2
        assert max(max(W.shape) for W in case["weights"]) <= 3
        assert case["X"].shape[1] >= 4


def test_logits_that_overflow_are_brought_within_the_limit():
    weights, biases, X = [np.array([[2.0**1000]])], [np.array([2.0**1000])], np.array([[2.0**1000]])
    S.limit_logits(weights, biases, X, 80.0)
    assert abs(Fraction(weights[0][0, 0]) * 2**1000 + Fraction(biases[0][0])) <= 80


@pytest.mark.parametrize("regimes", [R.ORDINARY, R.VALUES], ids=["ordinary", "values"])
@pytest.mark.parametrize("dtype", OF_TWO)
def test_the_logits_of_networks_stay_within_the_declared_limit(regimes, dtype):
    for case in _drawn(S.networks, _domain(dtype, limits=Limits(logit=80, width=3)), regimes, count=60):
        Y = case["X"].astype(np.longdouble)
        for W, b in zip(case["weights"], case["biases"], strict=True):
            Z = W.astype(np.longdouble) @ Y + b.astype(np.longdouble)[:, None]
            Y = np.maximum(Z, 0)
        assert np.abs(Z).max(initial=0) <= 80 * (1 + 1e-12)


def test_a_logit_limit_of_zero_leaves_zero_logits():
    for case in _drawn(S.networks, _domain(limits=Limits(logit=0)), count=30):
        Y = case["X"]
        for W, b in zip(case["weights"], case["biases"], strict=True):
            Z = W @ Y + b[:, None]
            Y = np.maximum(Z, 0)
        assert not Z.any()


# --- declared limits --------------------------------------------------------------------------------------------------


def _sizes(case):
    shapes = [A.shape for value in case.values() for A in (value if isinstance(value, list) else [value])]
    return [size for shape in shapes for size in shape]


@pytest.mark.parametrize("limits", [Limits(depth=(3, 3), batch=(8, 8), empty=False), Limits(depth=(2, None), width=4)])
def test_networks_have_the_declared_depth_width_and_batch(limits):
    cases = _drawn(S.networks, _domain(limits=limits), count=100)
    depths, batches = {len(case["weights"]) for case in cases}, {case["X"].shape[1] for case in cases}
    if limits.width is None:
        assert (depths, batches) == ({3}, {8})
        assert all(min(_sizes(case)) >= 1 for case in cases)
    else:
        assert min(depths) == 2
        assert all(max(W.shape) <= 4 for case in cases for W in case["weights"])


def test_sizes_are_within_the_declared_ranges():
    drawn = _drawn(S.dimensions, _domain(limits=Limits(width=(2, 5), batch=(3, 70))), (0, 0, 0))
    assert {size for *sizes, _ in drawn for size in sizes} == {2, 3, 4, 5}
    assert {min(batch for *_, batch in drawn), max(batch for *_, batch in drawn)} == {3, 70}
    assert all(min(sizes) >= 1 for sizes in _drawn(S.dimensions, _domain(limits=Limits(empty=False)), (0, 0, 0)))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_entries_that_are_not_0_have_the_declared_magnitude(dtype):
    domain = _domain(dtype, limits=Limits(magnitude=(0.25, 8)))
    cases = [
        *_drawn(S.networks, domain, R.VALUES, count=60),
        *({"Z": Z} for Z in _drawn(S.logits, domain, (3, 4), count=60)),
    ]
    arrays = [A for case in cases for name, A in case.items() if name != "P"]
    values = np.concatenate(
        [np.abs(A.astype(float)).ravel() for each in arrays for A in (each if isinstance(each, list) else [each])]
    )
    assert {0.0, 0.25, 8.0} <= set(values.tolist())
    assert ((values == 0) | ((values >= 0.25) & (values <= 8))).all()


def test_a_target_without_biases_gets_zeros():
    cases = _drawn(S.networks, _domain(limits=Limits(biases=False)), count=60)
    assert not any(b.any() for case in cases for b in case["biases"])


def test_labels_may_be_normalised_up_to_rounding():
    domain = _domain(unnormalised_labels="rounding")
    sums = np.concatenate([P.sum(axis=0) for P in _drawn(S.labels, domain, (3, 4))])
    assert np.abs(sums - 1).max() <= 3 * 2.0**-53
    assert (sums != 1).any()


# --- masks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", OF_TWO)
def test_masks_leave_each_sample_a_class_and_spare_the_labels(dtype):
    Z, P = np.ones((4, 3), NUMPY_DTYPES[dtype]), np.eye(4)[:, :3]
    drawn = _drawn(S.masked, _domain(dtype), Z, P)
    absent = [np.isinf(A.astype(np.float64)) for A in drawn]
    assert 20 < sum(mask.any() for mask in absent) < 100
    assert {A.dtype for A in drawn} == {Z.dtype}
    assert not any(mask.all(axis=0).any() or (mask & (P != 0)).any() for mask in absent)
    assert any(mask[:2, 2].all() for mask in absent)  # a run at the top, of more classes than one
    assert all((A[~mask] == 1).all() for A, mask in zip(drawn, absent, strict=True))


def test_of_one_class_none_is_masked_nor_of_no_sample():
    for shape in ((1, 4), (0, 2), (3, 0)):
        assert not any(np.isinf(A).any() for A in _drawn(S.masked, _domain(), np.ones(shape), count=60))


def test_nothing_masked_is_sent_where_the_formula_evaluates_0_times_infinity():
    claims = {"relu.forward", "relu.dZ", "softmax_cross_entropy.forward"}
    for each in PROPERTIES:
        if each.claim in claims and each.link is Link.IMPLEMENTATION:
            assert not any(np.isinf(case["Z"]).any() for case in _drawn(each.cases, _domain(), count=80))


@pytest.mark.parametrize(
    "limits", few([Limits(infinite=False), Limits(logit=80), Limits(magnitude=(0.1, 10))], Limits(logit=80).__eq__)
)
@pytest.mark.parametrize("function", ["softmax", "softmax_vjp", "softmax_cross_entropy_vjp"])
def test_within_declared_limits_nothing_is_masked(function, limits):
    (each,) = (each for each in PROPERTIES if each.functions == (function,))
    for unmasked in (False, True):
        cases = _drawn(each.cases, _domain(limits=limits if unmasked else Limits()), count=80)
        assert any(np.isinf(case["Z"]).any() for case in cases) is not unmasked


# --- operations in files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swept", [None, *range(0, 60, 7)])
@pytest.mark.parametrize("name", ["conv2d", "max_pool"])
def test_who_takes_no_empty_arrays_need_not_make_any(name, swept):
    """No window fits into an input that is too small: there is nothing in the output."""
    of = operation(name)
    domain = replace(_domain(limits=Limits(empty=False)), swept=swept)
    for case in _drawn(inputs.Inputs(of, f"{name}_vjp"), domain, count=40):
        assert all(np.size(each) for each in case.values())


def test_of_many_arguments_few_are_so_large_that_nothing_is_certain():
    drawn = _drawn(inputs.Inputs(operation("lstm_cell"), "lstm_cell_vjp"), _domain(largest=5))
    large = [sum(np.abs(each).max(initial=0) > 2**64 for each in case.values()) for case in drawn]
    assert 1 < sum(number > 0 for number in large) < len(drawn) / 2
    assert max(large) <= 2

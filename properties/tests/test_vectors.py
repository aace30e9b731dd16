"""Test vectors: what their bounds admit the judge admits, and nothing more; few of them show what all drawn ones do."""

from dataclasses import replace
from decimal import Context, Decimal
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from few import few
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_impl.target import Target
from backproof_properties import certified, contract, telling, vectors
from backproof_properties.arrays import NUMPY_DTYPES, arrays_of
from backproof_properties.certified import ACCUMULATORS, below, outputs
from backproof_properties.judge import Refuted
from backproof_properties.subject import Subject
from backproof_properties.suspected import Mutated
from backproof_properties.vectors import functions_of
from backproof_spec.claims import NOTES
from backproof_spec.language.numpy_source import source
from backproof_spec.library import operation
from backproof_spec.rounding.formats import FORMATS

FLOAT16 = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float64)
FLOAT16 = np.unique(FLOAT16[np.isfinite(FLOAT16)])


def _of(name):
    return functions_of(name if name in NOTES else operation(name))


# --- floats within a bound --------------------------------------------------------------------------------------------


@given(st.fractions(min_value=-70000, max_value=70000) | st.sampled_from(FLOAT16.tolist()).map(Fraction))
def test_the_largest_float_below_a_number_is_the_one_a_list_of_all_of_them_has(x):
    place = np.searchsorted(FLOAT16, float(x))
    smaller = [each for each in FLOAT16[max(place - 2, 0) : place + 2].tolist() if Fraction(each) <= x]
    assert below(x, FORMATS["float16"]) == (smaller[-1] if smaller else -np.inf)


@pytest.mark.parametrize("name", FORMATS)
def test_a_float_is_the_largest_below_itself_and_the_next_one_is_above_what_is_less(name):
    form = FORMATS[name]
    largest, least, one = (float(x) for x in (form.largest, form.smallest_subnormal, 1))
    for x in (largest, least, one, -largest, -least, -one, 0.0, float(form.smallest_normal)):
        assert below(Fraction(x), form) == x
        assert below(Fraction(x) - Fraction(1, 10**400), form) < x
        assert below(Fraction(x) + Fraction(1, 10**400), form) == x


def test_what_is_smaller_than_any_float_has_digits_and_no_effect_but_its_sign():
    with mp.workprec(400):
        tiny, eta = mp.exp(-(mp.mpf(10) ** 30)), mp.mpf(2) ** -1074
        assert certified._decimal(tiny).endswith("e-434294481903251827651128918917")
    bound = certified._bound((tiny, eta), FORMATS["float64"])
    assert (bound.low, bound.high) == (0.0, 5e-324)
    bound = certified._bound((-tiny, eta), FORMATS["float64"])
    assert (bound.low, bound.high) == (-5e-324, 0.0)


def _returning(each, arrays):
    """A target that gives these outputs, whatever it is given."""
    signature = each.signatures[each.functions[0]]
    found = [arrays.get(name) for name in signature.outputs]
    answer = found[0] if len(found) == 1 else tuple(found)
    return {each.functions[0]: lambda *_, **__: answer}


def _results(each, case, written=None):
    """Of the NumPy that is written from a definition, which is the library's own if none is given."""
    function, code = each.functions[0], {}
    signature = each.signatures[function]
    exec(source(written or operation(function.removesuffix("_vjp"))), code)  # noqa: S102 - written from the definition
    options = {name: contract._option(case[name]) for name in signature.options}
    with np.errstate(all="ignore"):
        found = code[function](*(case[name] for name in signature.arguments), **options)
    return dict(zip(signature.outputs, found if isinstance(found, tuple) else (found,), strict=True))


def _judged(each, case, dtype, accumulator, found, side, beyond=None):
    """Judge the least or the largest numbers within the bounds, one of them moved to the next one beyond."""
    kind, arrays = NUMPY_DTYPES[dtype], {}
    for output in found:
        bounds = output.bounds[accumulator]
        entries = np.array([np.nan if b is None else getattr(b, side) for b in bounds], kind).reshape(output.shape)
        if "max_pool" in each.functions[0]:  # what tie share is judged, though no one's bound is known
            unknown = np.array([b is None for b in bounds], bool).reshape(output.shape)
            entries[unknown] = _results(each, case)[output.name][unknown] if unknown.any() else 0
        if beyond is not None and beyond < entries.size:
            with np.errstate(all="ignore"):
                entries.flat[beyond] = np.nextafter(
                    entries.flat[beyond], kind.type({"low": -np.inf, "high": np.inf}[side])
                )
        arrays[output.name] = entries
    rest = {name: np.zeros((), kind) for name in each.signatures[each.functions[0]].outputs}
    declared = Conventions(accumulator="dtype" if accumulator == dtype else accumulator)
    target = Target("any", _returning(each, rest | arrays), declared, signatures=each.signatures)
    each.check(case, Subject(target, dtype))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "dtype"),
    few(
        [
            *((name, "float64") for name in ("linear", "relu", "softmax", "cross_entropy", "gelu", "max_pool")),
            *((name, "float32") for name in ("linear", "softmax", "softmax_cross_entropy", "rms_norm")),
            *((name, "float16") for name in ("linear", "softmax", "layer_norm", "embedding")),
        ],
        lambda row: row[0] in {"relu", "cross_entropy"} or row == ("linear", "float64"),
    ),
)
def test_the_judge_admits_what_the_bounds_do_and_refutes_the_next_float(name, dtype):
    tried = 0
    for group in _of(name).properties.values():
        for each in group:
            for case in islice(vectors._drawn(each, dtype, 3, (7,)), 12):
                found = outputs(each, case, dtype)
                for accumulator in ACCUMULATORS[dtype]:
                    for side in ("low", "high"):
                        _judged(each, case, dtype, accumulator, found, side)
                        entries = found[0].bounds[accumulator]
                        for k in [k for k, b in enumerate(entries) if b is not None and np.isfinite(b.low)][:3]:
                            with pytest.raises(Refuted):
                                _judged(each, case, dtype, accumulator, found, side, k)
                            tried += 1
    assert tried > 50


def test_digits_are_those_of_exact_arithmetic():
    (each,) = (each for each in _of("linear").properties["linear"])
    for case in islice(vectors._drawn(each, "float64", 1, ()), 20):
        (found,) = certified.with_digits(each, case, "float64", outputs(each, case, "float64"))
        W, Y, b = (
            [[Fraction(x) for x in np.atleast_1d(row)] for row in case[name].tolist()] for name in ("W", "Y", "b")
        )
        for k, digits in enumerate(found.digits):
            i, j = np.unravel_index(k, found.shape)
            exact = sum((W[i][n] * Y[n][j] for n in range(len(Y))), Fraction(0)) + b[i][0]
            rounded = Context(prec=40).divide(Decimal(exact.numerator), Decimal(exact.denominator))
            assert digits is None or Decimal(digits) == rounded, case


# --- which of them are kept -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def relu():
    return vectors.vectors(_of("relu"), "relu_vjp", "float32", 1, sized=False)


@pytest.mark.no_cover
def test_the_same_seed_gives_the_same_vectors_and_another_one_others(relu):
    again, other = (vectors.vectors(_of("relu"), "relu_vjp", "float32", seed, sized=False) for seed in (1, 2))
    of = lambda found: [(str(each.case), each.flags, each.catches, each.outputs) for each in found]  # noqa: E731
    assert of(again) == of(relu) != of(other)


@pytest.mark.slow
def test_what_any_drawn_example_shows_one_that_is_kept_shows(relu):
    of = _of("relu")
    rows = list(vectors._rows(of, of.properties["relu_vjp"][0]))
    candidates = list(vectors._candidates(of, "relu_vjp", "float32", 1, sized=False))
    mistakes = {rows[k][0] for each in candidates for k in each.caught(rows, range(len(rows)))}
    assert mistakes == {mistake for each in relu for mistake in each.catches}
    assert {flag for each in candidates for flag in each.vector.flags} == {flag for each in relu for flag in each.flags}
    assert {
        "the mask is Z > 0: ReLU′(0) is 0",
        "the mask is missing, or taken from the output, which is never negative",
    } <= {mistake.words for mistake in mistakes}
    assert len(relu) < len(candidates) / 3


@pytest.mark.slow
def test_of_every_dimension_there_is_one_of_each_size():
    found = vectors.vectors(_of("linear"), "linear", "float64", 1)
    shapes = [(*each.case["W"].shape, each.case["Y"].shape[1]) for each in found]
    for axis in range(3):
        assert {*vectors.SIZES} <= {shape[axis] for shape in shapes}


def test_what_has_no_value_is_not_there():
    of = functions_of(operation("operation inverse(X[i]) -> Y\nY[i] = 1/X[i]\n"))
    found = vectors.vectors(of, "inverse", "float64", 1, sized=False)
    assert found
    for each in found:
        [output] = each.outputs
        assert all(output.exact[k] is None for k in np.flatnonzero(each.case["X"] == 0))


def test_of_a_kink_of_which_nothing_is_claimed_nothing_is_said():
    of = functions_of(operation("operation size(X[i]) -> Y\nY[i] = abs(X[i])\n"))
    found = vectors.vectors(of, "size_vjp", "float64", 1, sized=False)
    assert any((each.case["X"] == 0).any() for each in found)
    for each in found:
        [output] = each.outputs
        assert [entry is None for entry in output.exact] == (each.case["X"] == 0).tolist()
    assert all({mistake.claim for mistake in each.catches} <= {"size.dX"} for each in found)


def test_what_is_infinite_must_be():
    each = _of("cross_entropy").properties["cross_entropy_vjp"][0]
    case = {"S": np.array([[0.0], [1.0]]), "P": np.array([[1.0], [0.0]])}
    (found,) = certified.with_digits(each, case, "float64", outputs(each, case, "float64"))
    assert found.digits == ("-inf", "0")
    assert (found.own[0].low, found.own[0].high) == (-np.inf, -np.inf)


# --- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("Z", "expected"),
    [
        (np.zeros((0, 2)), {"empty"}),
        (np.full((1, 9), 2.0) + np.arange(9), {"large shape"}),
        ([[1.0], [-0.0]], {"negative zero"}),
        ([[1.0], [5e-324]], {"subnormal"}),
        ([[1.0], [-np.inf]], {"masked"}),
        ([[1.0], [1.0], [0.5]], {"tie"}),
        ([[1.0, 1.0], [2.0, 2.0]], {"tie", "repeated"}),
        ([[700.0], [-46.0]], {"gap"}),
        ([[710.0]], {"far"}),
        ([[0.5], [0.25]], set()),
    ],
)
def test_flags_say_what_is_unusual(Z, expected):
    assert {*telling.flags({"Z": np.array(Z)}, [], "float64", ["Z"], kink=False)} == expected


def test_an_example_too_large_is_not_kept():
    assert all(
        sum(A.size for A in arrays_of(each.case)) <= vectors.MOST
        for each in vectors.vectors(_of("relu"), "relu", "float32", 1)
    )


def test_of_the_notes_those_without_a_function_of_their_own_have_none():
    assert [name for name in NOTES if not functions_of(name).properties] == ["chain", "kron"]
    of = functions_of("network")
    (found, *_) = vectors._candidates(of, "network_gradients", "float64", 1, sized=False)
    assert [output.name.partition("[")[0] for output in found.vector.outputs][:2] == ["loss", "dX"]
    assert replace(found, sized=False) == found


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(["silu", "rms_norm", "linear", "gelu", "max_pool"], {"silu"}.__contains__))
def test_what_a_mistake_gives_in_numpy_is_beyond_a_bound_of_every_case_that_catches_it(name):
    of, tried = functions_of(operation(name)), 0
    for function, group in of.properties.items():
        rows = [row for each in group for row in vectors._rows(of, each) if isinstance(row[1], Mutated)]
        for candidate in islice(vectors._candidates(of, function, "float64", 1, sized=False), 12):
            for k in candidate.caught(rows, range(0, len(rows), 3)):
                each, bounded = next(pair for pair in candidate.judged if pair[0].claim == rows[k][0].claim)
                arrays = _results(each, candidate.vector.case, rows[k][1].mutant.operation)
                assert any(
                    bound is not None and not bound.low <= y <= bound.high
                    for output in bounded
                    for bound, y in zip(output.own, np.ravel(arrays[output.name]), strict=True)
                ), rows[k][0]
                tried += 1
    assert tried > 20

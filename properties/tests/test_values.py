"""values: wrong values that no formula gives are called a narrower format, or cut off, only where they are that."""

import ml_dtypes
import numpy as np
import pytest

from backproof_impl.loading import as_target
from backproof_properties.contract import PLAIN
from backproof_properties.diagnosis import diagnose, of_contract
from backproof_properties.results import Finding, Link
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES
from backproof_properties.values import _bits

LINKS = {each.claim: each for each in PROPERTIES if each.link is Link.IMPLEMENTATION}
SHAPES = {"W": (2, 3), "Y": (3, 2), "b": (2,), "dZ": (2, 2)}
CASES = 8


def _diagnosis(dY):
    """What is said of ``linear.dY`` = dY(W, dZ), on dense numbers."""
    draws = np.random.default_rng(0)
    cases = [{name: draws.uniform(-8, 8, shape) for name, shape in SHAPES.items()} for _ in range(CASES)]
    subject = Subject(as_target({"linear_vjp": lambda W, Y, _, dZ: (dZ @ Y.T, dY(W, dZ), dZ.sum(axis=1))}), "float64")
    found = diagnose(LINKS["linear.dY"], subject, (cases[0], PLAIN), lambda _: iter(cases[1:]))
    return found and (found.cause, found.sentence)


def _through(dtype):
    return lambda A: A.astype(dtype).astype(A.dtype)


def _grid(A):
    return np.round(A * 256) / 256


NARROW = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


@pytest.mark.parametrize("name", NARROW)
def test_the_format_that_arguments_or_results_pass_through_is_the_narrowest_that_changes_nothing(name):
    held = _through(NARROW[name])
    passed = f"rounding the arguments to {name} changes nothing: they pass through {name}"
    assert _diagnosis(lambda W, dZ: held(W).T @ held(dZ)) == ("narrow-precision", passed)
    passed = f"every entry is a number of {name}: the result passes through {name}"
    assert _diagnosis(lambda W, dZ: held(W.T @ dZ)) == ("narrow-precision", passed)


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (_through(np.int64), "cut off to whole numbers"),
        (_through(np.int32), "cut off to whole numbers"),
        (np.floor, "rounded down to whole numbers"),
        (np.rint, "rounded to whole numbers"),
    ],
)
def test_what_passes_through_integers_is_called_that(whole, words):
    assert _diagnosis(lambda W, dZ: whole(W.T @ dZ)) == ("whole-numbers", f"all entries are {words}")
    assert _diagnosis(lambda W, dZ: whole(W).T @ whole(dZ)) == ("whole-numbers", f"the arguments are {words}")


@pytest.mark.parametrize(
    "dY",
    [
        lambda W, dZ: np.full((W.shape[1], dZ.shape[1]), 3.0),
        lambda W, dZ: np.sign(W.T @ dZ),
        lambda W, dZ: np.full((W.shape[1], dZ.shape[1]), np.float64(np.float32(0.1))),
    ],
    ids=["constant", "signs", "constant of float32"],
)
def test_coarse_values_that_no_narrower_format_makes_are_not_called_that(dY):
    assert _diagnosis(dY) is None


@pytest.mark.parametrize("dY", [lambda W, dZ: _grid(W.T @ dZ), lambda W, dZ: _grid(W).T @ _grid(dZ)])
def test_of_fixed_point_the_size_of_its_errors_is_told_and_no_more(dY):
    cause, words = _diagnosis(dY)
    assert (cause, words[:33]) == ("narrow-precision", "errors as large as roundings of f")
    assert words.endswith(": something may be computed in it")


@pytest.mark.parametrize(
    ("returned", "expected", "cause"),
    [
        ("float32", "float64", "narrow-precision"),
        ("float16", "float32", "narrow-precision"),
        ("bfloat16", "float32", "narrow-precision"),
        ("float64", "float32", "other-dtype"),
        ("bfloat16", "float16", "narrow-precision"),
        ("float16", "bfloat16", "other-dtype"),
        ("float128", "float64", "other-dtype"),
        ("complex128", "float64", "other-dtype"),
        ("int64", "float64", "whole-numbers"),
        ("bool", "float32", "whole-numbers"),
    ],
)
def test_a_result_of_another_dtype_is_called_narrow_only_where_it_is(returned, expected, cause):
    message = f"relu.Y: dtype {returned}, expected {expected}, that of the inputs"
    found = of_contract(Finding(message, "Y", {}))
    assert (found.cause, found.sentence) == (cause, f"the result is returned as {returned}")


def test_a_result_of_integers_for_an_argument_of_integers_is_a_matter_of_these():
    message = "relu_vjp.dZ: dtype int64, expected float64, that of the inputs"
    found = of_contract(Finding(message, "dZ", {}, usage="Z as int64"))
    assert (found.cause, found.sentence) == ("integers", "the result is returned as int64 where an argument is int64")


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_the_largest_numbers_of_a_format_are_not_rounded_to_infinity(name):
    largest = np.array([np.finfo(name).max, -np.finfo(name).max, -np.inf, 0.0, 1.5], dtype=name)
    assert np.array_equal(_bits(4)(largest), largest)

"""doubts: what the bounds would let pass is said, and is a verdict where it is half of everything."""

from dataclasses import replace

import pytest

from backproof_impl import reference
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties.doubts import FEW, of_thresholds
from backproof_properties.subject import Subject

SUBJECT = Subject(as_target(reference), "float64")


@pytest.mark.parametrize(
    ("dtype", "threshold", "blind", "said"),
    [
        ("float64", 1e-3, False, False),
        ("float64", 2e-3, False, True),
        ("float64", 0.6, True, True),
        ("bfloat16", 2**-4, False, False),
        ("bfloat16", 2**-2, False, True),
    ],
)
def test_what_detects_little_says_what_to_declare(dtype, threshold, blind, said):
    found, words = of_thresholds([threshold] * FEW, replace(SUBJECT, dtype=dtype))
    assert (found, words is not None) == (blind, said)
    assert not said or f"within which {dtype} suffices" in words


def test_a_declared_accumulator_is_not_asked_for():
    target = as_target({"CONVENTIONS": Conventions(accumulator="float32"), "relu": reference.relu})
    assert "accumulator" not in of_thresholds([0.3] * FEW, Subject(target, "bfloat16"))[1]


def test_of_a_few_arrays_all_must_be_blind():
    assert of_thresholds([0.9, 1e-9], SUBJECT) == (False, None)
    assert of_thresholds([], SUBJECT) == (False, None)

"""kept: what was computed is found again for the very same numbers, arithmetic and precision, while there is room."""

import numpy as np
import pytest
from mpmath import mp

from backproof_properties import kept
from backproof_properties.inputs import evaluation
from backproof_spec import library
from backproof_spec.language import exact
from backproof_spec.language.rounding import rounded
from backproof_spec.rounding.formats import Arithmetic

GELU, SILU = map(library.operation, ("gelu", "silu"))
FLOAT64 = Arithmetic.of("float64")


def _case(value, shape=(1, 2)):
    return {"X": np.full(shape, value), "dY": np.ones(shape)}


@pytest.fixture
def at():
    return kept.Kept(lambda operation, case, arithmetic: rounded(evaluation(operation, case), arithmetic))


def test_the_same_is_found_again_and_nothing_else(at):
    found = at(GELU, _case(0.5), FLOAT64)
    assert at(GELU, _case(0.5), FLOAT64) is found
    others = [
        at(SILU, _case(0.5), FLOAT64),
        at(GELU, _case(0.25), FLOAT64),
        at(GELU, _case(0.5, (2, 1)), FLOAT64),
        at(GELU, _case(np.float32(0.5)), FLOAT64),
        at(GELU, _case(0.5), Arithmetic.of("float32")),
    ]
    assert len({id(each) for each in (found, *others)}) == len(others) + 1


def test_minus_zero_is_another_number(at):
    assert at(GELU, _case(0.0), FLOAT64) is not at(GELU, _case(-0.0), FLOAT64)


def test_more_digits_are_computed_anew(at):
    with mp.workprec(100):
        coarse = at(GELU, _case(0.5), FLOAT64).tensor("Y")[0, 0].value
    with mp.workprec(1000):
        fine = at(GELU, _case(0.5), FLOAT64).tensor("Y")[0, 0].value
        assert 0 < abs(coarse - fine) < mp.ldexp(1, -95)


def test_the_latest_are_kept(at, monkeypatch):
    monkeypatch.setattr(kept, "_MOST", 1000)
    first, second = at(GELU, _case(0.5), FLOAT64), at(GELU, _case(0.25), FLOAT64)
    assert at(GELU, _case(0.25), FLOAT64) is second
    assert at(GELU, _case(0.5), FLOAT64) is not first


def test_what_holds_its_derivatives_takes_as_much_room_as_there_are(monkeypatch):
    monkeypatch.setattr(kept, "_MOST", 700)  # X, dY and Y are 30 numbers, and 20 of them are given
    at = kept.Kept(lambda operation, case, _: exact.jets(evaluation(operation, case)), slopes=True)
    first, second = at(GELU, _case(0.5, (1, 10))), at(GELU, _case(0.25, (1, 10)))
    assert at(GELU, _case(0.25, (1, 10))) is second
    assert at(GELU, _case(0.5, (1, 10))) is not first

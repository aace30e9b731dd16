"""Mistakes that were reported in public against real libraries, as statements: see the first lines of the files."""

from pathlib import Path

import pytest

from backproof_spec.calculus.statement import counterexample, exception, prove
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.language.statements import read

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

REPORTED = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("reported/*.txt"))
}
NOWHERE = {
    "cumprod.faulty": ("y", "what is claimed has no value there: 1/0"),
    "points_and_infinities.norm": ("x", "what is differentiated has no value there: the logarithm of what is not pos"),
    "points_and_infinities.norm_squared": ("x", "what is differentiated has no value there: the logarithm of what is"),
    "points_and_infinities.where": ("x", "what is differentiated has no value there: the logarithm of what is not po"),
}
"""What is neither proved nor false: it, or what is claimed of it, is nothing where this variable is 0 or negative."""
RIGHT = {"cumprod.faulty_where_nonzero"}
"""Faulty elsewhere."""
FAULTY = [name for name in REPORTED if "faulty" in name and name not in {*NOWHERE, *RIGHT}]
TRUE = [name for name in REPORTED if name not in {*NOWHERE, *FAULTY}]


@pytest.mark.parametrize("name", TRUE)
def test_what_is_right_is_proved(name):
    assert prove(read(REPORTED[name])).lines


@pytest.mark.parametrize("name", FAULTY)
def test_what_was_wrong_has_a_counterexample(name):
    found = read(REPORTED[name])
    with pytest.raises(Unproved):
        prove(found)
    assert counterexample(found) is not None


@pytest.mark.parametrize("name", NOWHERE)
def test_the_value_at_which_it_fails_is_named(name):
    variable, why = NOWHERE[name]
    found = read(REPORTED[name])
    with pytest.raises(Unproved):
        prove(found)
    model, _, said = exception(found)
    assert said.startswith(why)
    assert min(model.values[variable].values()) <= 0


def test_there_are_some_of_each():
    assert len(FAULTY) >= 10
    assert len(TRUE) >= 12

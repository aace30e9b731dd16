"""docs/mutants.py: its record is of today's definitions and rules, a sample comes out again, the page shows it."""

import importlib.util
import sys
from pathlib import Path

import pytest
from few import few

from backproof_properties.mutations import Mutant
from backproof_spec.language.reverse import derived
from backproof_spec.library import built_in, operation

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

_SPEC = importlib.util.spec_from_file_location("mutants", Path(__file__).parents[1] / "mutants.py")
mutants = sys.modules.setdefault("mutants", importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(mutants)

SAMPLE = ("relu", "linear", "dropout", "embedding", "rms_norm")
QUICK = {"relu"}


def test_the_record_is_up_to_date():
    assert list(mutants.stale(mutants.recorded())) == [], "run python docs/mutants.py"
    assert list(mutants.recorded()) == list(built_in())


@pytest.mark.parametrize("name", few(SAMPLE, QUICK.__contains__))
def test_a_sample_comes_out_again(name):
    assert mutants.score(name) == mutants.recorded()[name]


@pytest.mark.parametrize("name", few([*SAMPLE, "softmax", "cross_entropy"], QUICK.__contains__))
def test_what_is_not_mutated_is_not_refuted(name):
    given = operation(name)
    right = Mutant("", "", derived(given))
    rounded = name not in SAMPLE
    assert all(mutants.survives(given, claim, right, rounded=rounded) for claim in mutants.claims(given))


def test_the_page_shows_the_record():
    page = mutants.PAGE.read_text(encoding="utf-8")
    assert mutants.with_section(page, mutants.recorded()) == page


def test_what_has_changed_is_stale():
    record = {**mutants.recorded(), "relu": {"digest": "another"}}
    assert list(mutants.stale(record)) == ["relu"]

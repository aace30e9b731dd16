"""Every property of the suite, on the reference implementation and on PyTorch: the definitions the command line runs.

Two operations by default, all with ``-m slow``. The number of examples is the Hypothesis profile's:
``--hypothesis-profile deep`` runs 5000 of each, in every dtype.
"""

import secrets

import pytest
from few import few
from hypothesis import settings

from backproof_impl.conventions import DTYPES
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS
from backproof_properties import runner, sharper
from backproof_properties.results import Link, Verdict
from backproof_properties.suite import PROPERTIES
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.matrices import scale
from backproof_spec.rounding.enclosure import Enclosure

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

INSIDE = [place for place, each in enumerate(PROPERTIES) if each.link is not Link.IMPLEMENTATION]
COMPUTED = [place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION]


def _name(place):
    return PROPERTIES[place].id


def _quick(place):
    return PROPERTIES[place].claim.startswith(("relu", "cross_entropy"))


def _outcome(place, dtype, target):
    seed = 0 if settings.default.derandomize else secrets.randbelow(2**32)
    return runner.run(runner.Task(place, dtype, settings.default.max_examples, seed), target), seed


def _require_right(outcome, seed):
    """It holds; where sums are kept in bfloat16 the bounds may be wider than the values, and then it says so."""
    blind = outcome.dtype == "bfloat16" and (outcome.reason or "").startswith("half of the entries could be wrong by")
    assert outcome.verdict is (Verdict.UNCERTIFIED if blind else Verdict.HOLDS), (seed, outcome.finding, outcome.reason)


@pytest.mark.parametrize("place", few(INSIDE, _quick), ids=_name)
def test_a_link_inside_the_spec_holds(place):
    outcome, seed = _outcome(place, None, as_target("reference"))
    assert outcome.verdict is Verdict.HOLDS, (seed, outcome.finding)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", few(COMPUTED, _quick), ids=_name)
def test_the_reference_implementation_holds(place, dtype):
    _require_right(*_outcome(place, dtype, as_target("reference")))


@pytest.mark.pytorch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", COMPUTED, ids=_name)
def test_pytorch_holds(place, dtype):
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    _require_right(*_outcome(place, dtype, as_target("pytorch")))


def test_every_claim_has_a_property_and_every_property_a_claim():
    assert {each.claim for each in PROPERTIES} == set(CLAIM_IDS)


def test_no_claim_has_two_properties_for_one_link():
    links = [(each.claim, each.link) for each in PROPERTIES]
    assert len(links) == len(set(links))


def test_every_function_of_a_target_is_needed_by_some_property():
    assert {name for each in PROPERTIES for name in each.functions} == set(FUNCTIONS)


def test_the_suite_stands_in_the_order_of_the_claims():
    assert list(dict.fromkeys(each.claim for each in PROPERTIES)) == list(CLAIM_IDS)


def test_the_links_of_a_claim_stand_in_the_order_of_the_chain_of_trust():
    for claim in CLAIM_IDS:
        links = [each.link for each in PROPERTIES if each.claim == claim]
        assert links == [link for link in Link if link in links]


def test_a_bound_around_another_formula_is_refuted(monkeypatch):
    # Otherwise the same mistake in the bounds and in an implementation would agree, whatever the formula says.
    right, operands = sharper.PRODUCTS["dW"]
    wrong = lambda *args: Enclosure(scale(2, right(*args).exact), right(*args).radius)  # noqa: E731 - a formula
    monkeypatch.setitem(sharper.PRODUCTS, "dW", (wrong, operands))
    place = next(k for k, each in enumerate(PROPERTIES) if (each.claim, each.link) == ("linear.dW", Link.FORMULA))
    outcome = runner.run(runner.Task(place, None, 20, 0), as_target("reference"))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.finding.message.startswith("centre of dW[")

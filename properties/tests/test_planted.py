"""The suite tests itself: every planted mistake is refused where it should be, nothing correct but unusual is."""

import pytest

from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.planted import Plant
from backproof_properties.planted.mistakes import MISTAKES
from backproof_properties.planted.unusual import UNUSUAL
from backproof_properties.results import PASSING, Link, Verdict
from backproof_spec.claims import CLAIM_IDS

SEED = 1
LARGEST_COUNTEREXAMPLE = 16
"""Numbers in the inputs of a shrunk counterexample, labels and zeros included."""


def _outcomes(plant, claims, examples, folder):
    path = folder / f"{plant.name}.py"
    path.write_text(plant.source(), encoding="utf-8")
    target = as_target(path)
    dtypes = runner.supported_dtypes(target, None)
    planned = runner.tasks(claims, dtypes, examples, SEED)
    return [runner.run(task, target) for task in planned if task.property.link is Link.IMPLEMENTATION]


def _entries(inputs):
    arrays = [a for value in inputs.values() for a in (value if isinstance(value, list) else [value])]
    return sum(len(a["data"]) for a in arrays)


@pytest.mark.parametrize(
    ("plant", "claim"),
    [(plant, claim) for plant in MISTAKES for claim in plant.refused],
    ids=lambda x: getattr(x, "name", x),
)
def test_a_mistake_is_refused_with_a_small_counterexample(plant, claim, tmp_path):
    (outcome,) = _outcomes(plant, (claim,), 60, tmp_path)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.finding.message.count(":") >= 1
    assert 0 < _entries(outcome.finding.inputs) <= LARGEST_COUNTEREXAMPLE


def test_a_strict_mask_is_refuted_at_exactly_zero(tmp_path):
    plant = next(plant for plant in MISTAKES if plant.name == "mask_strict")
    (outcome,) = _outcomes(plant, ("relu.dZ",), 100, tmp_path)
    assert outcome.finding.inputs["Z"] == {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]}


@pytest.mark.parametrize("plant", UNUSUAL, ids=lambda plant: plant.name)
def test_what_is_correct_though_unusual_is_accepted(plant, tmp_path):
    outcomes = _outcomes(plant, CLAIM_IDS, 10, tmp_path)
    refused = [outcome for outcome in outcomes if outcome.verdict not in PASSING]
    assert refused == []


def test_a_plant_that_no_longer_fits_the_reference_says_so():
    with pytest.raises(
        ValueError, match=r"planted stale: 'no such text' stands 0 times in reference\.py, expected once"
    ):
        Plant("stale", "", (("no such text", ""),)).source()


def test_names_are_distinct():
    names = [plant.name for plant in (*MISTAKES, *UNUSUAL)]
    assert len(names) == len(set(names))


def test_every_mistake_names_claims_that_exist():
    assert all(plant.refused and set(plant.refused) <= set(CLAIM_IDS) for plant in MISTAKES)

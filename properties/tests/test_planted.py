"""The suite tests itself: every planted mistake is refused where it should be, nothing correct but unusual is.

A few mistakes are tried, and shrunk by Hypothesis; with ``-m slow`` the first of every claim, and, not shrunk, all but
the slow ones, each at the first claim that must refuse it; with ``--hypothesis-profile deep`` all mistakes at all their
claims, shrunk, and more of what is unusual.
"""

import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from few import DEEP, few
from plants import Plant
from plants.mistakes import MISTAKES
from plants.unusual import UNUSUAL

from backproof_docs.report import Report
from backproof_docs.reproducer import to_script
from backproof_impl.loading import as_target
from backproof_properties import choices, runner
from backproof_properties.results import Link, Verdict
from backproof_properties.suite import PROPERTIES
from backproof_spec.claims import CLAIM_IDS

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

SEED = 1
AGAIN = {"network.forward", "network.dX", "network.db"}
"""What these claims say of an unusual variant ``network.dW`` says too: they are for the deep run."""
SHRUNK = {plant.refused[0]: plant.name for plant in reversed(MISTAKES) if not plant.slow}
"""The first mistake of each claim: other counterexamples are as small as sizes and our own reduction make them."""
QUICK = {
    "linear.forward", "relu.forward", "relu.dZ", "softmax.forward", "softmax.dZ", "cross_entropy.forward",
    "cross_entropy.dS", "softmax_cross_entropy.dZ",
}  # fmt: skip
"""Claims of which the first mistake is found and shrunk within two seconds: the others are for a run of the slow."""
FEW = {
    "fsum_raises", "float32_declared", "cache_of_the_last_call", "loss_and_dx_left_out", "softmax_online",
}  # fmt: skip
"""What is unusual, one of each kind."""
LINKS = tuple(each for each in PROPERTIES if each.link is Link.IMPLEMENTATION)


def _outcomes(plant, claims, examples, folder, dtypes=None):
    path = folder / f"{plant.name}.py"
    path.write_text(plant.source(), encoding="utf-8")
    target = as_target(path)
    planned = runner.tasks(claims, choices.supported_dtypes(target, dtypes), examples, SEED)
    return [runner.run(task, target) for task in planned if task.property.link is Link.IMPLEMENTATION]


def _entries(inputs):
    arrays = [a for value in inputs.values() for a in (value if isinstance(value, list) else [value])]
    return sum(len(a["data"]) for a in arrays)


def _planted(name, among=MISTAKES):
    return next(plant for plant in among if plant.name == name)


def _require_reproducer(plant, outcome, folder, monkeypatch):
    """A script that exits 1 while the mistake is there, and 0 once it is mended: from another folder, here."""
    monkeypatch.chdir(folder)
    path = folder / f"{plant.name}.py"
    declared = as_target(path).conventions.declared()
    report = Report(path.name, declared, (plant.dtype,), plant.examples, SEED, 0.0, (outcome,))
    script = folder / "scripts" / "script.py"
    script.parent.mkdir()
    script.write_text(to_script(report, outcome, script.parent), encoding="utf-8")
    monkeypatch.chdir("/")
    assert _exit(script) == 1
    right = _planted("class_numbers_declared", UNUSUAL) if declared.get("labels") == "index" else plant
    edits = [edit for edit in right.edits if right is not plant or "CONVENTIONS" in "".join(edit)]
    path.write_text(replace(plant, edits=tuple(edits)).source(), encoding="utf-8")
    assert _exit(script) == 0


def _exit(script):
    """Of the script, in this process: a process of its own for each would take minutes."""
    found = list(sys.path)
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(script), run_name="__main__")
    sys.path[:] = found
    return left.value.code


def _marks(plant, claim):
    if plant.slow or claim != plant.refused[0]:
        return [pytest.mark.deep]
    return [] if SHRUNK.get(claim) == plant.name and claim in QUICK else [pytest.mark.slow]


REFUSALS = [
    pytest.param(
        plant,
        claim,
        id=f"{plant.name}-{claim}",
        marks=_marks(plant, claim),
    )
    for plant in MISTAKES
    for claim in plant.refused
]


@pytest.mark.parametrize(("plant", "claim"), REFUSALS)
def test_a_mistake_is_refused_with_a_small_counterexample_and_named(plant, claim, tmp_path, monkeypatch):
    first = claim == plant.refused[0]
    if not DEEP and SHRUNK.get(claim) != plant.name:
        monkeypatch.setattr(runner.Search, "shrunk", runner.Search.searched)
    (outcome,) = _outcomes(plant, (claim,), plant.examples if first else 100, tmp_path, (plant.dtype,))
    assert outcome.verdict in {Verdict.REFUTED, Verdict.ERROR}
    assert outcome.finding.message.count(":") >= 1
    assert _entries(outcome.finding.inputs) <= plant.largest
    assert outcome.finding.inputs
    _require_reproducer(plant, outcome, tmp_path, monkeypatch)
    if first and plant.cause:
        assert outcome.finding.diagnosis.cause == plant.cause


def test_a_strict_mask_is_refuted_at_exactly_zero(tmp_path):
    (outcome,) = _outcomes(_planted("mask_strict"), ("relu.dZ",), 100, tmp_path)
    assert outcome.finding.inputs["Z"] == {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]}


@pytest.mark.parametrize("plant", few(UNUSUAL, lambda plant: plant.name in FEW), ids=lambda plant: plant.name)
def test_what_is_correct_though_unusual_is_accepted(plant, tmp_path):
    claims = tuple(each.claim for each in LINKS if plant.touched() & set(each.functions) and each.claim not in AGAIN)
    outcomes = _outcomes(plant, claims or tuple(AGAIN), 3, tmp_path)
    assert outcomes
    assert [outcome for outcome in outcomes if outcome.verdict not in {Verdict.HOLDS, Verdict.UNSUPPORTED}] == []


@pytest.mark.deep
@pytest.mark.parametrize("plant", UNUSUAL, ids=lambda plant: plant.name)
def test_what_is_correct_though_unusual_is_accepted_at_every_claim(plant, tmp_path):
    outcomes = _outcomes(plant, CLAIM_IDS, 100, tmp_path)
    assert [outcome for outcome in outcomes if outcome.verdict not in {Verdict.HOLDS, Verdict.UNSUPPORTED}] == []


# --- the plants themselves ------------------------------------------------------------------------------------------


def test_there_are_mistakes_at_every_claim_that_looks_at_an_implementation():
    assert {claim for plant in MISTAKES for claim in plant.refused} == {each.claim for each in LINKS}


def test_a_mistake_has_a_cause_that_the_diagnosis_names_or_says_why_not():
    assert [plant.name for plant in MISTAKES if (plant.cause == "") == (plant.unnamed == "")] == []


def test_the_page_lists_what_is_planted_and_wants_nothing():
    page = (Path(__file__).parents[2] / "docs" / "guide" / "planted.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` ", page, re.MULTILINE)
    assert sorted(listed) == sorted(plant.name for plant in (*MISTAKES, *UNUSUAL)), "run python docs/planted.py"
    assert "a mistake is wanted" not in page


def test_a_plant_that_no_longer_fits_the_reference_says_so():
    with pytest.raises(
        ValueError, match=r"planted stale: 'no such text' stands 0 times in reference\.py, expected once"
    ):
        Plant("stale", "", (("no such text", ""),)).source()


def test_a_plant_knows_which_functions_it_touches():
    assert _planted("mask_strict").touched() == {"relu_vjp", "network_gradients"}
    assert _planted("softmax_diagonal_only").touched() == {"softmax_vjp"}
    assert Plant("none", "", ()).touched() == frozenset()


def test_names_are_distinct():
    names = [plant.name for plant in (*MISTAKES, *UNUSUAL)]
    assert len(names) == len(set(names))


def test_every_mistake_names_claims_that_exist():
    assert all(plant.refused and set(plant.refused) <= set(CLAIM_IDS) for plant in MISTAKES)

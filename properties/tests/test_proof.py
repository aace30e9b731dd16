"""proof: every claim with a formula is proved, and what is wrong with a proof refutes it by its theorem's name."""

import pytest
from few import few

from backproof_impl.loading import as_target
from backproof_properties import proof, runner
from backproof_properties.results import Link, Verdict
from backproof_properties.suite import PROPERTIES
from backproof_spec.calculus import evaluate, theorems, values
from backproof_spec.calculus.derivation import proof_file
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.claims import CLAIM_IDS

PROVED = [claim for claim in CLAIM_IDS if not claim.endswith(".forward")]
THEOREMS = ["linear.dW", "linear.dW.sample"]
"""Those of ``linear.dW``: each is wrong in turn."""


@pytest.fixture(autouse=True)
def _prove_again(monkeypatch):
    """What this process knows of a proof is not used, and not forgotten."""
    monkeypatch.setattr(proof, "proved", proof.proved.__wrapped__)


def _run(claim, target="reference", examples=7):
    (task,) = (task for task in runner.tasks((claim,), (), examples, 3) if task.property.link is Link.PROOF)
    return runner.run(task, as_target(target))


def _refusal(stem):
    """What is said of ``linear.dW``, refuted by this theorem: the message without its name."""
    outcome = _run("linear.dW")
    assert (outcome.verdict, outcome.dtype) == (Verdict.REFUTED, None)
    assert (outcome.finding.output, outcome.finding.inputs) == (stem, {})
    name, _, said = outcome.finding.message.partition(": ")
    assert name == stem
    return said


# --- what holds -----------------------------------------------------------------------------------------------------


def test_every_claim_but_the_forward_ones_is_proved():
    assert [each.claim for each in PROPERTIES if each.link is Link.PROOF] == PROVED


@pytest.mark.no_cover
@pytest.mark.parametrize("claim", few(PROVED, lambda claim: not claim.startswith("network")))
def test_a_proof_holds_and_has_one_example_whatever_was_asked(claim):
    outcome = _run(claim)
    assert (outcome.verdict, outcome.dtype, outcome.examples) == (Verdict.HOLDS, None, 1)
    assert (outcome.reason, outcome.finding) == (None, None)
    assert outcome.observation.entries > 10  # the steps that were replayed
    assert evaluate.agrees(outcome.observation.worst)
    assert outcome.observation.coq == "8.16.1"  # as spec/coq/checked.json has it


def test_a_proof_that_coq_has_not_seen_holds_without_it(monkeypatch):
    monkeypatch.setattr(proof, "recorded", lambda _: {})
    assert proof.proved("relu.dZ").coq is None


@pytest.mark.no_cover
@pytest.mark.parametrize("offered", ["softmax", "linear_vjp"])
def test_what_a_target_offers_does_not_matter(offered):
    calls = []
    assert _run("linear.dW", {offered: lambda *_: calls.append(1)}) == _run("linear.dW")
    assert calls == []


# --- what does not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unproved("no proof found"), Refused("binder", "not so")], ids=repr)
@pytest.mark.parametrize("stem", THEOREMS)
def test_a_theorem_that_is_not_derived_is_refuted(monkeypatch, stem, error):
    def derive():
        raise error

    monkeypatch.setitem(theorems.THEOREMS, stem, derive)
    assert _refusal(stem) == str(error)


@pytest.mark.parametrize("stem", THEOREMS)
def test_a_proof_that_does_not_replay_is_refuted(monkeypatch, stem):
    def torn(derivation):
        found = proof_file(derivation)
        if derivation.stem == stem:
            found["steps"][3]["digest"] = "0" * 16
        return found

    monkeypatch.setattr(proof, "proof_file", torn)
    rule = proof_file(theorems.THEOREMS[stem]())["steps"][3]["rule"]
    assert _refusal(stem) == f"step 3: ValueError: {rule} gives another theorem than the file says"


@pytest.mark.parametrize("stem", THEOREMS)
def test_a_theorem_whose_numbers_disagree_is_refuted(monkeypatch, stem):
    wrong, right = theorems.THEOREMS[stem]().theorem.conclusion, evaluate.worst_deviation

    def worst(theorem, model):
        return 0.5 if theorem.conclusion == wrong else right(theorem, model)

    monkeypatch.setattr(evaluate, "worst_deviation", worst)
    assert _refusal(stem) == "the two sides differ by 0.5 in numbers"


@pytest.mark.no_cover
@pytest.mark.parametrize("stem", theorems.THEOREMS)
def test_the_numbers_that_are_compared_are_some_and_not_all_0(stem):
    derivation = theorems.THEOREMS[stem]()
    said, model = derivation.theorem.conclusion, values.example(derivation, derivation.theorem)
    assert any(model.sides(said, free)[1] for free in model.assignments(said))


def test_hypotheses_that_cannot_be_met_refute(monkeypatch):
    def unmet(*_, **__):
        raise values.Unsatisfied(values.UNSATISFIED)

    monkeypatch.setattr(values, "model", unmet)
    assert _refusal("linear.dW") == values.UNSATISFIED

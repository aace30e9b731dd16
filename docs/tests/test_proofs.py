"""What came of checking a proof is computed, and said; its text and its file show what was proved."""

import json
from dataclasses import replace

import pytest

from backproof_docs import proofs
from backproof_docs.proofs import Checked, checked, status, to_json, to_text
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.theorems import THEOREMS

GOOD = Checked(steps=12, replay="", shapes=4, digits=60)


@pytest.fixture(scope="module")
def linear():
    return THEOREMS["linear.db"]()


def test_the_text_shows_definitions_each_line_with_its_reason_and_the_status(linear):
    assert to_text(linear, GOOD) == (
        "linear.db   δb = δZ·1\n"
        "\n"
        "  for all  W (m × n): the weights\n"
        "           Y (n × p): the inputs, one column for each sample\n"
        "           b (m): the bias\n"
        "           f: any differentiable function of m × p numbers\n"
        "  where    Z[i,s] := Σ_{j=1..n} W[i,j]·Y[j,s] + b[i]\n"
        "           δZ[i,s] := (∂f/∂Z[i,s])(Z)\n"
        "           K[s,i,a] := δ[i,a]\n"
        "\n"
        "  ∂Z[i,s]/∂b[a]\n"
        "    = K[s,i,a]\n"
        "          the rules for sums and products; the Jacobian is 1⊗I\n"
        "\n"
        "  ∂f(Z)/∂b[a]\n"
        "    = Σ_{s=1..p} Σ_{i=1..m} K[s,i,a]·δZ[i,s]\n"
        "          the chain rule: L depends on b through all entries of Z; the\n"
        "          definition of δZ\n"
        "    = Σ_{s=1..p} δZ[a,s]\n"
        "          the definition of K: δ is contracted\n"
        "\n"
        "  checked: kernel, 12 steps;\n"
        "           replayed in a fresh process;\n"
        "           every line agrees in numbers to 60 digits, at 4 random shapes\n"
    )


def test_the_shapes_that_were_tried_are_counted():
    assert "at 4 random shapes" in status(GOOD)
    assert "at 4 random points, of 3 shapes" in status(replace(GOOD, shapes=3))
    assert status(replace(GOOD, shapes=1)).endswith("at 4 random points")


def test_what_is_assumed_is_shown():
    text = to_text(THEOREMS["softmax_cross_entropy.dZ.normalised"](), GOOD)
    assert "  assuming for all s: Σ_{i=1..n} P[i,s] = 1\n           n > 0\n" in text


def test_the_proof_file_replays(linear):
    assert replay(json.loads(to_json(linear))).conclusion == linear.theorem.conclusion


def test_checks_are_made(linear):
    found = checked([linear, THEOREMS["relu.dZ"]()])
    assert set(found) == {"linear.db", "relu.dZ"}
    assert all(each.passed and each.steps > 10 and each.digits >= 40 for each in found.values())


def test_a_proof_that_does_not_replay_does_not_pass(linear, monkeypatch):
    torn = {**proofs.proof_file(linear), "steps": []}
    monkeypatch.setattr(proofs, "proof_file", lambda _: torn)
    found = checked([linear])["linear.db"]
    assert not found.passed
    assert found.replay.startswith("REJECTED at line 0: ")
    assert "NOT replayed: REJECTED" in proofs.status(found)


def test_a_proof_whose_numbers_disagree_does_not_pass():
    assert GOOD.passed
    assert not replace(GOOD, digits=3).passed

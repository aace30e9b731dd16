"""Every theorem: proved, replayed from its file, true in numbers, at any depth, and what it uses."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from random import Random

import pytest
from mpmath import mp

from backproof_spec.calculus import evaluate, values
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.evaluate import AGREEMENT, DIGITS, worst_deviation
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.replay import replay, says
from backproof_spec.calculus.terms import Theory, open_
from backproof_spec.calculus.theorems import DEEPEST, THEOREMS, named
from backproof_spec.calculus.theorems.network import gradient
from backproof_spec.claims import CLAIM_IDS

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

SMALL = mp.mpf(10) ** -AGREEMENT
every_theorem = pytest.mark.parametrize("stem", THEOREMS)


# --- proved -----------------------------------------------------------------------------------------------------------


def test_every_backward_claim_has_a_theorem():
    backward = {claim for claim in CLAIM_IDS if not claim.endswith(".forward")}
    missing = [claim for claim in backward if claim not in THEOREMS and not claim.startswith("network.")]
    assert missing == []
    for claim in (each for each in backward if each.startswith("network.")):
        output = claim.partition(".")[2]
        assert [stem for stem in THEOREMS if re.fullmatch(rf"network\.\d\.{output}\d*", stem)]


@every_theorem
def test_a_proof_file_replays_to_its_statement(stem, derived, files):
    theorem = replay(files(stem))
    assert theorem.conclusion == derived(stem).theorem.conclusion
    assert theorem.hypotheses == derived(stem).theorem.hypotheses


# --- what uses what ---------------------------------------------------------------------------------------------------


def _alike(pattern, term, same):
    """Is a term the pattern, but for the names of tensors, dimensions and indices? ``same``: which stands for which."""
    if isinstance(pattern, tuple) != isinstance(term, tuple):
        return False
    if not isinstance(pattern, tuple):
        if isinstance(pattern, int) or pattern in HEADS:
            return pattern == term
        return same.setdefault(pattern, term) == term
    return len(pattern) == len(term) and all(_alike(*pair, same) for pair in zip(pattern, term, strict=True))


def _rowwise(formula):
    """The formula with all tensors transposed: attention has its softmax along rows."""
    if not isinstance(formula, tuple):
        return formula
    if formula[:1] == ("entry",):
        return (*formula[:2], formula[2][::-1])
    return tuple(map(_rowwise, formula))


HEADS = {
    "num",
    "eq",
    "entry",
    "index",
    "bound",
    "dim",
    "delta",
    "add",
    "mul",
    "inv",
    "sum",
    "exp",
    "log",
    "ind",
    "slope",
}


@pytest.mark.parametrize("stem", THEOREMS)
def test_the_formula_of_a_theorem_that_is_used_occurs(stem, derived):
    derivation = derived(stem)
    shown = [line.theorem.conclusion[-1] for line in derivation.lines]
    for kind, name, *rest in derivation.declarations:
        if kind == "define":
            shown.append(open_(derivation.theory.rest(name), rest[0]))
    everywhere = [part for each in shown for part, _ in parts(each)]
    for used in derivation.uses:
        formula = derived(used).theorem.conclusion[-1]
        assert any(_alike(each, part, {}) for each in (formula, _rowwise(formula)) for part in everywhere)
        assert not any(_alike(("add", formula, formula), part, {}) for part in everywhere)


VECTORISED = {"linear.dW", "linear.dY", "network.step"} | {
    f"network.{depth}.{of}" for depth in (1, 2, 3) for of in ("dX", *(f"dW{k + 1}" for k in range(depth)))
}


def test_the_linear_layer_and_the_networks_use_the_kronecker_product(derived):
    assert {stem for stem in THEOREMS if "kron.vec" in derived(stem).uses} == VECTORISED


@pytest.mark.parametrize("stem", sorted(VECTORISED))
def test_kron_vec_is_a_theorem_in_the_proof_and_taken_at_its_matrices_forwards_and_back(stem, derived, files):
    """The steps of a file are those that its lines rest on: without kron.vec there is no such proof."""
    (_, *vec), *_ = (line.theorem.conclusion for line in derived("kron.vec").lines)
    steps, terms = files(stem)["steps"], []
    proved = [says(terms, step)["conclusion"] for step in steps]
    taken = [step["arguments"] for step in steps if step["rule"] == "specialise"]
    lemmas = [proved[theorem["step"]] for theorem, name, *_ in taken if name.startswith("A")]
    assert [_alike(("eq", *vec), each, {}) for each in lemmas] == [True, True]
    assert len(taken) == 3 * len(lemmas)


# --- proved, again ----------------------------------------------------------------------------------------------------


def test_a_proof_is_the_same_in_every_process():
    code = (
        "from backproof_spec.calculus.derivation import proof_file, text\n"
        "from backproof_spec.calculus.theorems import THEOREMS\n"
        "print(text(proof_file(THEOREMS['softmax_cross_entropy.dZ']())))"
    )
    files = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(files) == 1


ASSUMED = {
    "relu.dZ": {"nonzero"},
    "network.step": {"nonzero"},
    "cross_entropy.dS": {"pos"},
    "softmax.dZ": {"pos"},
    "softmax_cross_entropy.dZ": {"pos"},
    "softmax_cross_entropy.dZ.normalised": {"pos", "eq"},
    "layer_norm.dZ": {"pos"},
}


@pytest.mark.parametrize("stem", [stem for stem in THEOREMS if not re.match(r"network\.\d", stem)])
def test_nothing_more_is_assumed_than_is_needed(stem, derived):
    assert {judgement[0] for _, _, judgement in derived(stem).theorem.hypotheses} == ASSUMED.get(stem, set())


def test_a_network_assumes_no_zero_at_the_hidden_layers_it_passes():
    counts = {stem: len(THEOREMS[stem]().theorem.hypotheses) for stem in ("network.3.dW1", "network.3.dW3")}
    assert counts == {"network.3.dW1": 4, "network.3.dW3": 2}


# --- in numbers -------------------------------------------------------------------------------------------------------


@every_theorem
def test_every_line_is_true_in_numbers(stem, derived):
    derivation = derived(stem)
    for model in values.telling(derivation, derivation.theorem, 2):
        for line in derivation.lines:
            assert worst_deviation(line.theorem, model) < SMALL, line.words


@every_theorem
@pytest.mark.parametrize("size", [0, 1])
def test_every_line_holds_where_dimensions_are_0_or_1(stem, size, derived):
    derivation = derived(stem)
    theorem = derivation.theorem
    needed = {judgement[1][1] for _, _, judgement in theorem.hypotheses if judgement[1][0] == "dim"}
    dims = {dim for _, name, *_ in derivation.declarations for dim in derivation.theory.dims(name)}
    sizes = {dim: max(size, int(dim in needed)) for dim in dims}
    model = values.model(derivation, theorem.hypotheses, Random(3), sizes)
    assert all(worst_deviation(line.theorem, model) < SMALL for line in derivation.lines)


def test_a_false_statement_shows_in_numbers(derived):
    derivation = derived("linear.dW")
    kind, name, by, e, d = derivation.theorem.conclusion
    wrong = derivation("d_value", derivation("ring", d, d), derivation.theorem)
    model = values.model(derivation, frozenset(), Random(1), {"m": 2, "n": 2, "p": 2})
    with mp.workdps(DIGITS):
        free = {("index", "a", "m"): 0, ("index", "c", "n"): 1}
        assert model.deviation(wrong.conclusion, free) < SMALL
        assert model.deviation((kind, name, by, e, ("mul", ("num", -1, 1), d)), free) > SMALL


@every_theorem
def test_the_witness_in_the_file_satisfies_the_hypotheses(stem, derived, files):
    derivation, witness = derived(stem), files(stem)["witness"]

    def flat(values, place=()):
        return (
            {k: v for i, row in enumerate(values) for k, v in flat(row, (*place, i)).items()}
            if isinstance(values, list)
            else {place: mp.mpf(values)}
        )

    values = {name: flat(nested) for name, nested in witness["values"].items()}
    model = evaluate.Model(derivation.theory, witness["sizes"], values, {})
    with mp.workdps(DIGITS):
        assert all(model.satisfies(each) for each in derivation.theorem.hypotheses)


# --- depth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["dX", "dW1", "db1"])
def test_a_layer_more_is_as_many_steps_more_at_any_depth(output):
    """No proof grows faster than its network: a step forward and a step back for each layer."""
    lengths = [len(proof_file(gradient(k, output))["steps"]) for k in range(2, 5)]
    assert len({more - less for less, more in pairwise(lengths)}) == 1


@pytest.mark.slow
def test_a_network_of_forty_layers_is_proved_and_replayed(monkeypatch):
    """Its numbers are left out: of so many layers of ReLU hardly one network at random has a unit that stays active."""
    monkeypatch.setattr(values, "example", lambda *_: evaluate.Model(Theory(), {}, {}, {}))
    (derive,) = named("network.40.dW1").values()
    theorem = replay(json.loads(text(proof_file(derive()))))
    assert len(theorem.hypotheses) == 39 + 2  # no zero at a hidden layer, ΣP = 1, a class
    assert theorem.conclusion[:2] == ("deriv", "W1")


def test_the_numbers_of_a_deep_network_are_not_all_0():
    derivation = gradient(20, "dW1")
    (model,) = values.telling(derivation, derivation.theorem, 1)
    assert model.somewhere(derivation.theorem.conclusion)


@pytest.mark.slow
def test_a_value_of_the_deepest_network_is_computed():
    """Definitions of definitions, 99 layers of them, are not computed by recursion."""
    derivation = gradient(DEEPEST, f"db{DEEPEST}")
    (model,) = values.telling(derivation, derivation.theorem, 1)
    assert evaluate.agrees(worst_deviation(derivation.theorem, model))

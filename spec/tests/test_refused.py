"""The gallery of refused theorems: every entry is refused, false in numbers, and has a twin that is true in numbers."""

import re
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from itertools import islice

import pytest
from mpmath import mp

from backproof_spec.calculus import evaluate, kernel, terms
from backproof_spec.calculus.falsehoods import REFUSERS, Accepted, Total, cases, declared, examine, refusal
from backproof_spec.calculus.forged import FORGED
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import equal
from backproof_spec.calculus.refused import REFUSED, x
from backproof_spec.calculus.terms import free_indices, require

SMALL = mp.mpf(10) ** -evaluate.AGREEMENT
ENTRIES = {entry.stem: entry for entry in REFUSED}
FORGERIES = {entry.stem: entry for entry in FORGED}
every_entry = pytest.mark.parametrize("stem", ENTRIES)

ITEMS = {
    "capture: ∂Σ_iY[i]/∂Y[i] = n": {"index-captured-by-a-derivative"},
    "capture: substituting j := i under Σ_i": {"index-captured-by-a-sum"},
    "an eigenvariable in the hypotheses": {"one-index-for-all"},
    "moving an index-dependent factor out of a sum": {"factor-with-the-index"},
    "contracting a delta across dimensions": {"delta-across-dimensions"},
    "empty ranges": {"sum-over-nothing"},
    "x/x = 1": {"x-over-x"},
    "cancelling without ≠ 0": {"divided-by-zero"},
    "log(ab) = log a + log b without positivity": {"logarithm-of-a-product"},
    "√(x²) = x": {"root-of-a-square"},
    "any value for relu′(0)": {"relu-at-zero"},
    "∂1[x ≥ 0] = 0 unconditionally": {"step-is-flat"},
    "a gradient of the largest where two are": {"gradient-shared-at-a-tie"},
    "a total product rule": {"product-rule-for-everything"},
    "rewriting under ∂ with an inequality": {"rewritten-by-an-inequality", "rewritten-by-a-constraint"},
    "constants that are not constant": {"constant-that-is-none"},
    "tied variables": {"tied-variables"},
    "dropped hypotheses (S − P without ΣP = 1)": {"labels-that-do-not-sum-to-one"},
    "transposed results: δW = YδZᵀ": {"weight-gradient-transposed"},
    "transposed results: vec(AXB) = (A⊗Bᵀ)vec X": {"kronecker-factors-exchanged"},
    "contradictory hypotheses": {"contradictory-hypotheses"},
    "forged theorem objects": {"theorem-made-by-hand", "theorem-of-another-theory"},
    "mutated theorem objects": {"theorem-changed-afterwards"},
    "hostile __eq__": {"equal-to-everything"},
    "subclassed tuples": {"subclass-of-tuple"},
    "bool or float as numbers": {"truth-for-a-number", "float-for-a-number"},
    "loose bound indices": {"index-bound-by-nothing"},
    "an edited proof file": {"edited-proof-file"},
}
"""What design §7.4 says must be refused, and what shows it."""


@pytest.fixture(scope="module")
def examined():
    """Each entry, examined once."""
    return cache(lambda stem: examine(ENTRIES[stem]))


def test_every_item_of_the_design_has_an_entry_and_every_entry_an_item():
    stems = [entry.stem for entry in (*REFUSED, *FORGED)]
    assert len(stems) == len(set(stems))
    assert set().union(*ITEMS.values()) == set(stems)


# --- refused ----------------------------------------------------------------------------------------------------------


@every_entry
def test_a_false_theorem_is_refused_in_words(stem, examined):
    found = examined(stem).refusal
    assert found.message
    assert found.by in {"the kernel", "the tactics", "the check in numbers"}
    assert (found.by == "the tactics") == (ENTRIES[stem].attempt is None)


@pytest.mark.parametrize("stem", FORGERIES)
def test_a_forgery_is_refused_in_words(stem):
    found = refusal(FORGERIES[stem])
    assert found.message
    assert found.by in {"the kernel", "the replayer", "Python"}
    assert " at 0x" not in found.message


GUARDED = {
    "index-captured-by-a-derivative": "eigenvariable",
    "index-captured-by-a-sum": "loose",
    "one-index-for-all": "eigenvariable",
    "delta-across-dimensions": "dimensions",
    "sum-over-nothing": "premise",
    "x-over-x": "ring",
    "rewritten-by-an-inequality": "neighbourhood",
    "rewritten-by-a-constraint": "neighbourhood",
    "constant-that-is-none": "constant",
    "tied-variables": "tied",
}
"""The guards between an attempt and the false statement; where a premise is wrong, nothing would come of it anyway."""


@pytest.mark.parametrize("stem", GUARDED)
def test_without_the_guard_the_attempt_proves_the_false_statement(stem, examined, monkeypatch):
    entry, guard = ENTRIES[stem], GUARDED[stem]
    assert examined(stem).refusal.message.startswith(f"{guard}: ")
    for module in (terms, kernel):
        monkeypatch.setattr(module, "require", lambda name, *rest: require(name, *rest) if name != guard else None)
    if guard == "loose":  # what an index is bound by is looked up next, and there is nothing
        monkeypatch.setattr(kernel, "check_places", lambda *_: None)
    theorem = entry.attempt(entry.names())
    assert theorem.conclusion == entry.statement
    assert theorem.hypotheses == frozenset(entry.assuming)


# --- false in numbers -------------------------------------------------------------------------------------------------


@every_entry
def test_the_statement_is_false_in_numbers(stem, examined):
    entry, found = ENTRIES[stem], examined(stem).counterexample
    if found.torn:
        with pytest.raises(evaluate.Kink, match=re.escape(found.torn)):
            evaluate.falsified(entry.statement, found.model)
        return
    assert evaluate.falsified(entry.statement, found.model) is not None
    assert abs(found.left - found.right) > SMALL


@every_entry
def test_what_is_assumed_is_true_where_the_statement_is_false(stem, examined):
    found = examined(stem).counterexample
    for hypothesis in ENTRIES[stem].assuming:
        if free_indices(hypothesis):
            assert len(set(found.model.sides(hypothesis[2], found.free))) == 1
        else:
            assert found.model.satisfies(hypothesis)


@every_entry
def test_it_is_false_whatever_is_taken_for_what_has_no_value(stem, examined, monkeypatch):
    entry, found = ENTRIES[stem], examined(stem).counterexample
    for beyond in (-1, 7):
        monkeypatch.setattr(Total, "beyond", mp.mpf(beyond))
        found.model.known.clear()
        with pytest.raises(evaluate.Kink) if found.torn else nullcontext():
            assert found.model.deviation(entry.statement, found.free) > SMALL


@every_entry
def test_a_counterexample_holds_at_most_12_numbers(stem, examined):
    assert sum(len(values) for values in examined(stem).counterexample.model.values.values()) <= 12


# --- the twin is true -------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@every_entry
@pytest.mark.parametrize("sizes", [{}, {"n": 3, "m": 3, "p": 2}, {"n": 1, "p": 1}], ids=["2", "3", "1"])
def test_the_twin_is_a_theorem_and_true_in_numbers(stem, sizes, examined):
    entry, twin = ENTRIES[stem], examined(stem).twin
    assert type(twin) is Theorem
    assert (twin.conclusion, twin.hypotheses) != (entry.statement, frozenset(entry.assuming))
    found = list(islice(cases(entry.names(), twin.conclusion, twin.hypotheses, sizes), 4))
    assert len(found) == 4
    for model, _ in found:
        assert evaluate.worst_deviation(twin, model) < SMALL


# --- what would not be ------------------------------------------------------------------------------------------------


def test_what_is_not_refused_is_said_so():
    accepted = replace(REFUSED[0], attempt=REFUSED[0].twin)
    with pytest.raises(Accepted, match="index-captured-by-a-derivative: this was not refused"):
        examine(accepted)


def test_what_the_tactics_prove_is_said_so():
    accepted = replace(REFUSED[0], attempt=None, statement=REFUSED[0].twin(declared()).conclusion)
    with pytest.raises(Accepted, match="this was not refused"):
        refusal(accepted)


def test_what_is_not_false_is_said_so():
    true = replace(ENTRIES["x-over-x"], statement=equal(x, x))
    with pytest.raises(Accepted, match="x-over-x: no values were found at which this is false"):
        examine(true)


def test_every_refuser_is_met():
    found = {refusal(entry).by for entry in (*REFUSED, *FORGED)}
    assert found == set(REFUSERS.values())

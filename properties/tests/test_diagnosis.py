"""diagnosis: it names the mistake that reproduces the wrong numbers, or the line that declares them; else nothing."""

import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.calling import Kept, call
from backproof_impl.conventions import Conventions, declare
from backproof_impl.loading import as_target
from backproof_impl.target import Target
from backproof_properties import runner
from backproof_properties.contract import PLAIN, Usage
from backproof_properties.diagnosis import diagnose, of_contract
from backproof_properties.results import Finding, Link, Verdict
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES
from backproof_properties.suspects import BY_CLAIM, EVERYWHERE
from backproof_spec.claims import CLAIM_IDS

LOGITS = {"Z": np.array([[0.0, 1.0], [0.5, -2.0], [0.25, 4.0]]), "dS": np.ones((3, 2))}
LAYER = {
    "W": np.eye(2, 3),
    "Y": np.arange(6.0).reshape(3, 2),
    "b": np.ones(2),
    "dZ": np.array([[1.0, 2.0], [-4.0, 8.0]]),
}
LINKS = {each.claim: place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION}


def _run(target, claim, examples=20, conventions=None):
    return runner.run(runner.Task(LINKS[claim], "float64", examples, 1), as_target(target, conventions))


def _diagnosis(target, claim, examples=20):
    outcome = _run(target, claim, examples)
    assert outcome.verdict is Verdict.REFUTED
    return outcome.finding.diagnosis


def _vjp(**outputs):
    """``linear_vjp`` with another formula for some outputs, each of dZ, Y and W."""
    formulas = {
        "dW": lambda dZ, Y, _: dZ @ Y.T,
        "dY": lambda dZ, _, W: W.T @ dZ,
        "db": lambda dZ, *_: dZ.sum(axis=1),
        **outputs,
    }
    return {"linear_vjp": lambda W, Y, b, dZ: tuple(formulas[name](dZ, Y, W) for name in ("dW", "dY", "db"))}  # noqa: ARG005 - the contract


# --- conventions: the line to declare -------------------------------------------------------------------------------

TINY = np.finfo(np.float64).smallest_normal
MEANT = [
    ("relu.dZ", {"relu_vjp": lambda Z, dY: dY * (Z > 0)}, "mask-strict", "relu_at_zero=0"),
    ("relu.dZ", {"relu_vjp": lambda Z, dY: dY * np.heaviside(Z, 0.5)}, "kink", "relu_at_zero=0.5"),
    (
        "relu.forward",
        {"relu": lambda Z: np.where(Z >= TINY, Z, 0)},
        "subnormals",
        "arithmetic=flush-to-zero",
    ),
    ("linear.dW", _vjp(dW=lambda dZ, Y, _: -dZ @ Y.T), "sign", "scale=dW=-1"),
    (
        "linear.db",
        _vjp(db=lambda dZ, *_: dZ.sum(axis=1) / max(1, dZ.shape[1])),
        "mean-for-sum",
        "scale=db=1/batch",
    ),
    (
        "linear.dY",
        _vjp(dY=lambda dZ, _, W: W.T @ dZ * dZ.shape[1]),
        "sum-for-mean",
        "scale=dY=batch",
    ),
    (
        "softmax_cross_entropy.forward",
        {"softmax_cross_entropy": lambda Z, P: R.softmax_cross_entropy(Z, P) / max(1, Z.shape[1])},
        "mean-for-sum",
        "reduction=mean",
    ),
    (
        "softmax_cross_entropy.dZ",
        {"softmax_cross_entropy_vjp": lambda Z, P: R.softmax(Z) - P},
        "unnormalised-labels",
        "unnormalised_labels=fused",
    ),
    ("softmax.forward", {"softmax": lambda Z: R.softmax(Z.T).T.copy()}, "layout", "layout=batch-first"),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("claim", "target", "cause", "line"), MEANT, ids=[row[3] for row in MEANT])
def test_what_another_convention_explains_carries_the_line_to_declare(claim, target, cause, line):
    found = _diagnosis(target, claim)
    assert (found.cause, found.declare) == (cause, line)
    declared = declare(Conventions(), [line])
    assert _run(target, claim, conventions=declared).verdict is Verdict.HOLDS


# --- mistakes, and where they are made ------------------------------------------------------------------------------


def test_a_mistake_made_always_is_named_without_a_condition():
    found = _diagnosis(_vjp(dY=lambda dZ, _, W: 2 * (W.T @ dZ)), "linear.dY")
    assert (found.cause, found.sentence, found.declare) == ("factor", "twice what it should be", None)


def test_a_mistake_made_only_where_a_shape_admits_it_says_where():
    def transposed(Z):
        return R.softmax(Z.T).T if Z.shape[0] == Z.shape[1] else R.softmax(Z)

    found = _diagnosis({"softmax": transposed}, "softmax.forward")
    assert found.sentence == "softmax is taken over the samples, only where Z is square"


def test_a_mistake_made_only_beyond_64_says_so():
    def doubled(Z, dY):
        return R.relu_vjp(Z, dY) * (2 if max(Z.shape) > 64 else 1)

    found = _diagnosis({"relu_vjp": doubled}, "relu.dZ", 60)
    assert found.sentence == "twice what it should be, only where a size of Z exceeds 64"


def test_an_error_in_one_entry_is_placed():
    def last(dZ, Y, _):
        dW = dZ @ Y.T
        dW[-1:, -1:] *= 1 + 1e-6
        return dW

    found = _diagnosis(_vjp(dW=last), "linear.dW")
    assert (found.cause, found.sentence) == ("one-part", "only the last entry is wrong")


def test_overflow_is_named_by_its_formula():
    def unshifted(Z):
        return np.exp(Z) / np.exp(Z).sum(axis=0)

    found = _diagnosis({"softmax": unshifted}, "softmax.forward")
    assert (found.cause, found.sentence) == ("overflow", "exp of Z itself: overflows for want of a shift")


def test_overflow_is_named_by_its_values_where_no_formula_fits():
    found = _diagnosis({"relu": lambda Z: np.where(Z > 1e150, np.nan, R.relu(Z))}, "relu.forward")
    assert (found.cause, found.sentence[:40]) == ("overflow", "inf or nan where the exact value is fini")


def test_a_narrower_format_on_the_way_is_named_by_its_roundings():
    def narrow(dZ, *_):
        return dZ.astype(np.float32).sum(axis=1).astype(dZ.dtype)

    draws = np.random.default_rng(0)
    cases = [{name: draws.uniform(1, 2, A.shape) for name, A in LAYER.items()} for _ in range(4)]
    subject = Subject(as_target(_vjp(db=narrow)), "float64")
    found = diagnose(PROPERTIES[LINKS["linear.db"]], subject, (cases[0], PLAIN), cases[1:])
    assert found.cause == "narrow-precision"
    assert found.sentence.startswith("errors as large as roundings of float32")


def test_a_mistake_nobody_thought_of_has_no_name():
    assert _diagnosis(_vjp(dW=lambda dZ, Y, _: np.sin(dZ @ Y.T)), "linear.dW") is None


# --- usage and history ----------------------------------------------------------------------------------------------


def test_what_is_right_for_contiguous_arguments_is_a_matter_of_memory():
    def in_memory_order(Z):
        return R.relu(Z.ravel(order="K").reshape(Z.shape))

    found = _diagnosis({"relu": in_memory_order}, "relu.forward", 60)
    assert found.cause == "memory-layout"
    assert found.sentence.endswith("wrong with Z in Fortran order")


def _restarted(make):
    """A target started anew for each example: what it keeps, it keeps within one."""
    started = {}

    def elsewhere(each, *, keep):
        if not keep:
            started.update(functions=make(), kept=Kept())
        return call(started["functions"][each.function], each, started["kept"])

    return Target("restarted", make(), Conventions(), elsewhere=elsewhere)


def _of_history(make, claim, case):
    subject = Subject(_restarted(make), "float64", Usage(history=True))
    return diagnose(PROPERTIES[LINKS[claim]], subject, (case, Usage(history=True)), [])


def test_an_answer_to_earlier_inputs_is_a_stale_cache():
    def make():
        kept = []

        def late(Z):
            kept.append(R.softmax(Z))
            return kept[-2:][0].copy()

        return {"softmax": late}

    assert _of_history(make, "softmax.forward", LOGITS).cause == "stale-cache"


def test_answers_that_add_up_are_an_accumulation():
    def make():
        total = []

        def accumulated(W, Y, b, dZ):  # noqa: ARG001 - the contract
            total.append(dZ @ Y.T)
            return sum(total), W.T @ dZ, dZ.sum(axis=1)

        return {"linear_vjp": accumulated}

    assert _of_history(make, "linear.dW", LAYER).cause == "accumulation"


def test_another_trace_of_earlier_calls_is_a_matter_of_history():
    def make():
        calls = []

        def tired(Z):
            calls.append(1)
            return R.softmax(Z) / len(calls)

        return {"softmax": tired}

    assert _of_history(make, "softmax.forward", LOGITS).cause == "history"


# --- breaches of the contract ---------------------------------------------------------------------------------------

BREACHES = [
    ({"relu": lambda Z: np.maximum(Z, 0, out=Z).copy()}, "changes-input"),
    ({"relu": lambda Z: np.maximum(Z, 0).astype(np.float32)}, "narrow-precision"),
    ({"relu": lambda Z: Z if (Z >= 0).all() else np.maximum(Z, 0)}, "aliasing"),
    ({"relu": lambda Z: np.maximum(Z, 0).T.copy()}, "transposed"),
]


@pytest.mark.parametrize(("target", "cause"), BREACHES, ids=[row[1] for row in BREACHES])
def test_a_breach_of_the_contract_names_itself(target, cause):
    def without_read_only(Z):  # where the argument cannot be written to a change in place raises instead
        return target["relu"](Z if Z.flags.writeable else Z.copy())

    assert _diagnosis({"relu": without_read_only}, "relu.forward").cause == cause


def test_a_breach_without_a_row_has_no_diagnosis():
    assert of_contract(Finding("relu.Y: shape (1,), expected (1, 1)", "Y", {})) is None


# --- what is right, and what is not judged --------------------------------------------------------------------------


@pytest.mark.parametrize("claim", LINKS)
def test_what_holds_is_not_diagnosed(claim):
    outcome = _run("reference", claim, 4)
    assert (outcome.verdict, outcome.finding) == (Verdict.HOLDS, None)


def test_what_raises_is_not_diagnosed():
    def broken(Z):
        raise ZeroDivisionError(Z.shape)

    outcome = _run({"relu": broken}, "relu.forward")
    assert (outcome.verdict, outcome.finding.diagnosis) == (Verdict.ERROR, None)


def test_a_right_answer_is_not_diagnosed():
    subject = Subject(as_target("reference"), "float64")
    assert diagnose(PROPERTIES[LINKS["softmax.forward"]], subject, (LOGITS, PLAIN), [LOGITS]) is None


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_row_belongs_to_a_claim_and_says_what_it_means():
    assert set(BY_CLAIM) == set(LINKS)
    assert set(BY_CLAIM) <= set(CLAIM_IDS)
    rows = [row for rows in (*BY_CLAIM.values(), EVERYWHERE) for row in rows]
    assert all(cause and words and callable(formula) for cause, words, formula in rows)

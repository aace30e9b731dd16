"""diagnosis: it names the mistake that reproduces the wrong numbers, or the line that declares them; else nothing."""

import numpy as np
import pytest
from few import few
from mpmath import mp
from plants.noise import PLACES, ULPS, noisy

from backproof_impl import reference as R
from backproof_impl.calling import call
from backproof_impl.conventions import Conventions, declare
from backproof_impl.loading import as_target
from backproof_impl.seen import Kept, Ledger
from backproof_impl.target import Target
from backproof_properties import runner
from backproof_properties.contract import PLAIN, Usage
from backproof_properties.diagnosis import diagnose, of_contract
from backproof_properties.evidence import of_bounds, record
from backproof_properties.judge import Refuted
from backproof_properties.numbers import softmax
from backproof_properties.results import Finding, Link, Verdict
from backproof_properties.running import Rounding, Running
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES
from backproof_properties.suspects import OF_INPUTS, OF_TRUTH
from backproof_properties.values import precision
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.language.rounding import Rounded

pytestmark = pytest.mark.usefixtures("unshrunk")
SHRUNK = runner.Search.shrunk

LOGITS = {"Z": np.array([[0.0, 1.0], [0.5, -2.0], [0.25, 4.0]]), "dS": np.ones((3, 2))}
LAYER = {
    "W": np.eye(2, 3),
    "Y": np.arange(6.0).reshape(3, 2),
    "b": np.ones(2),
    "dZ": np.array([[1.0, 2.0], [-4.0, 8.0]]),
}
LINKS = {each.claim: place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION}


def _none(_):
    return iter(())


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
@pytest.mark.parametrize(
    ("claim", "target", "cause", "line"),
    few(MEANT, lambda row: row[0].startswith(("relu", "softmax_cross_entropy.dZ"))),
    ids=[row[3] for row in MEANT],
)
def test_what_another_convention_explains_carries_the_line_to_declare(claim, target, cause, line):
    found = _diagnosis(target, claim)
    assert (found.cause, found.declare) == (cause, line)
    declared = declare(Conventions(), [line])
    assert _run(target, claim, conventions=declared).verdict is Verdict.HOLDS


@pytest.mark.parametrize("size", [1e300, np.finfo(np.float64).max])
def test_examples_that_overflow_do_not_speak_against_a_convention(size):
    # Where the declared factor may overflow on the way nothing is claimed; else the other infinity is right.
    over = {**LAYER, "dZ": size * np.eye(2), "Y": np.full((3, 2), 1e300)}
    subject = Subject(as_target(_vjp(dW=lambda dZ, Y, _: -dZ @ Y.T)), "float64")
    found = diagnose(PROPERTIES[LINKS["linear.dW"]], subject, (LAYER, PLAIN), lambda _: iter([over]))
    assert (found.cause, found.declare) == ("sign", "scale=dW=-1")


# --- mistakes, and where they are made ------------------------------------------------------------------------------


def test_a_mistake_made_always_is_named_without_a_condition():
    found = _diagnosis(_vjp(dY=lambda dZ, _, W: 2 * (W.T @ dZ)), "linear.dY")
    assert (found.cause, found.sentence, found.declare) == ("factor", "twice what it should be", None)


def test_a_mistake_made_only_where_a_shape_admits_it_says_where():
    def transposed(Z):
        return R.softmax(Z.T).T if Z.shape[0] == Z.shape[1] else R.softmax(Z)

    found = _diagnosis({"softmax": transposed}, "softmax.forward")
    assert found.sentence == "softmax is taken over the samples, only where Z is square"


@pytest.mark.no_cover
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


@pytest.mark.no_cover
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
    found = diagnose(PROPERTIES[LINKS["linear.db"]], subject, (cases[0], PLAIN), lambda _: iter(cases[1:]))
    assert found.cause == "narrow-precision"
    assert found.sentence == "rounding the arguments to float32 changes nothing: they pass through float32"


@pytest.mark.parametrize(("others", "cause"), [(2, None), (3, "norm-clipped")])
def test_a_counterexample_that_rounding_makes_one_hides_nothing_that_enough_others_show(others, cause):
    # At the norm of 1 itself, where right and clipped are a rounding apart.
    def clipped(weights, biases, X, P):
        found = R.network_gradients(weights, biases, X, P)
        norm = np.sqrt(sum((dW**2).sum() for dW in found["dW"]))
        return {**found, "dW": [dW / max(norm, 1) for dW in found["dW"]]}

    draws, P = np.random.default_rng(0), np.array([[0.0, 0.0], [1.0, 1.0]])
    layer = {"weights": [np.zeros((2, 2))], "biases": [np.zeros(2)], "P": P}
    marginal = {**layer, "X": np.array([[0.0, 0.0], [0.0, 1.4142135623731011]])}
    cases = [{**layer, "X": draws.uniform(3, 4, (2, 2))} for _ in range(others)]
    subject = Subject(as_target({"network_gradients": clipped}), "float64")
    found = diagnose(PROPERTIES[LINKS["network.dW"]], subject, (marginal, PLAIN), lambda _: iter(cases))
    assert (found and found.cause) == cause


def test_a_mistake_nobody_thought_of_has_no_name():
    assert _diagnosis(_vjp(dW=lambda dZ, Y, _: np.sin(dZ @ Y.T)), "linear.dW") is None


# --- usage and history ----------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_what_is_right_for_contiguous_arguments_is_a_matter_of_memory(monkeypatch):
    monkeypatch.setattr(runner.Search, "shrunk", SHRUNK)  # to the one argument that it depends on

    def in_memory_order(Z):
        return R.relu(Z.ravel(order="K").reshape(Z.shape))

    found = _diagnosis({"relu": in_memory_order}, "relu.forward", 60)
    assert found.cause == "memory-layout"
    assert found.sentence.endswith("wrong with Z in Fortran order")


@pytest.mark.parametrize(
    ("refuses", "message", "expected"),
    [
        (lambda Z: not Z.flags.writeable, "assignment destination is read-only", ("changes-input", None)),
        (lambda Z: not Z.flags.writeable, "output array is read-only", ("changes-input", None)),
        (lambda Z: not Z.flags.writeable, "buffer source array is read-only", None),
        (
            lambda Z: min(Z.strides, default=0) < 0,
            "negative strides",
            ("memory-layout", "limits=memory=contiguous,fortran,strided,read-only,broadcast,shared"),
        ),
        (lambda _: True, "assignment destination is read-only", None),
    ],
)
def test_who_raises_for_what_is_read_only_writes_to_it_and_who_raises_for_a_layout_declares_it(
    refuses, message, expected
):
    def relu(Z):
        if refuses(Z):
            raise ValueError(message)
        return R.relu(Z)

    outcome = _run({"relu": relu}, "relu.forward", 100)
    assert outcome.verdict is Verdict.ERROR
    found = outcome.finding.diagnosis
    assert (found and (found.cause, found.declare)) == expected


def _restarted(make):
    """A target started anew for each example: what it keeps, it keeps within one."""
    started = {}

    def elsewhere(each, *, keep):
        if not keep:
            started.update(functions=make(), kept=Kept(), ledger=Ledger())
        answer = call(Target("anew", started["functions"], Conventions()), each, started["kept"])
        return answer.judged(each, started["ledger"])

    return Target("restarted", make(), Conventions(), elsewhere=elsewhere)


def _of_history(make, claim, case):
    subject = Subject(_restarted(make), "float64", Usage(history=True))
    return diagnose(PROPERTIES[LINKS[claim]], subject, (case, Usage(history=True)), _none)


def test_what_is_off_by_a_part_of_the_smallest_number_is_wrong_each_time():
    """dW = 2·(δZ·(Y/2)ᵀ), where Y/2 is rounded to 0: beyond the bound by a quarter of what float64 can tell apart."""

    def linear_vjp(W, Y, _, dZ):
        return 2 * (dZ @ (Y / 2).T), W.T @ dZ, dZ.sum(axis=1)

    case = {"W": np.zeros((1, 1)), "Y": np.array([[5e-324, 5e-324]]), "b": np.zeros(1), "dZ": np.array([[0.5, 0.75]])}
    each = PROPERTIES[LINKS["linear.dW"]]
    subject = Subject(as_target({"linear_vjp": linear_vjp}), "float64")
    with pytest.raises(Refuted):
        each.check(case, subject)
    found = diagnose(each, subject, (case, PLAIN), _none)
    assert found is None or found.cause != "nondeterministic"


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


@pytest.mark.parametrize(
    ("claim", "said"), [("linear.dW", "dY stands"), ("linear.dY", "dW stands"), ("linear.db", None)]
)
def test_gradients_in_another_order_are_named(claim, said):
    def linear_vjp(W, Y, b, dZ):
        dW, dY, db = R.linear_vjp(W, Y, b, dZ)
        return dY, dW, db

    if said is None:
        assert _run({"linear_vjp": linear_vjp}, claim).verdict is Verdict.HOLDS
        return
    found = _diagnosis({"linear_vjp": linear_vjp}, claim)
    assert found.cause == "order"
    assert found.sentence == f"{said} in its place: the gradients are expected in the order dW, dY, db"


def test_a_breach_without_a_row_has_no_diagnosis():
    assert of_contract(Finding("relu.Y: shape (1,), expected (1, 1)", "Y", {})) is None


# --- what is right, and what is not judged --------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.parametrize("claim", few(LINKS, lambda claim: claim.endswith("dZ")))
def test_what_holds_is_not_diagnosed(claim):
    outcome = _run("reference", claim, 4)
    assert (outcome.verdict, outcome.finding) == (Verdict.HOLDS, None)


def test_what_raises_is_not_diagnosed():
    def broken(Z):
        raise ZeroDivisionError(Z.shape)

    outcome = _run({"relu": broken}, "relu.forward")
    assert (outcome.verdict, outcome.finding.diagnosis) == (Verdict.ERROR, None)


def test_what_was_wrong_and_is_right_now_differs_for_equal_inputs():
    subject = Subject(as_target("reference"), "float64")
    found = diagnose(PROPERTIES[LINKS["softmax.forward"]], subject, (LOGITS, PLAIN), _none)
    assert (found.cause, found.sentence[:34]) == ("nondeterministic", "right when it is called again with")


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_row_belongs_to_a_claim_and_says_what_it_means():
    assert set(OF_INPUTS) == set(OF_TRUTH) == set(LINKS)
    assert set(LINKS) <= set(CLAIM_IDS)
    rows = [row for table in (OF_INPUTS, OF_TRUTH) for rows in table.values() for row in rows]
    assert all(cause and words and callable(formula) for cause, words, formula in rows)


FLOAT64 = Rounding.of(Subject(as_target("reference"), "float64").arithmetic)


@pytest.mark.parametrize(("low", "certain"), [(0.0, True), (1e100, False)])
def test_the_largest_of_saturated_logits_is_certain_however_large_its_error(low, certain):
    with np.errstate(all="ignore"):
        S = softmax(Running([[1e100], [low]], [[1e84], [1e84]], FLOAT64))
    assert np.array_equal(S.value, [[1], [0]] if certain else [[0.5], [0.5]])
    assert bool((S.error < 1e-14).all()) is certain


def test_what_is_surely_negative_leaves_no_error_behind_relu():
    with np.errstate(all="ignore"):
        found = np.maximum(Running([-1e100, 1e100, -1.0], [1e84, 1e84, 2.0], FLOAT64), 0)
    assert np.array_equal(found.value, [0, 1e100, 0])
    assert np.array_equal(found.error, [0, 1e84, 2])


# --- noise ----------------------------------------------------------------------------------------------------------

HOW = [(ulps, place) for place in PLACES for ulps in ULPS]
NOISE = [(claim, *HOW[k]) for k, claim in enumerate(sorted(LINKS) * len(HOW)) if k < len(HOW)]
"""Every amount in every place once, whatever the claim; ``benchmarks/diagnoses.py --noise`` tries them all in each."""


def _searched(target, claim, conventions=None, largest=3, examples=20):
    """What a search says that does not shrink."""
    each, task = PROPERTIES[LINKS[claim]], runner.Task(LINKS[claim], "float64", examples, 1)
    subject = Subject(as_target(target, conventions), "float64")
    search = runner.Search(each, subject, task, least=1, largest=largest).searched()
    search.diagnose()
    return search.outcome()


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("claim", "ulps", "place"), few(NOISE, lambda row: not row[0].startswith(("network", "chain")))
)
def test_noise_of_a_few_roundings_is_never_called_anything_else(claim, ulps, place):
    outcome = _searched(noisy(PROPERTIES[LINKS[claim]].functions, ulps, place), claim)
    found = outcome.finding and outcome.finding.diagnosis
    assert found is None or found.cause == "precision"


def test_noise_is_counted_in_roundings():
    found = _searched(noisy(("relu",), 8, "all"), "relu.forward").finding.diagnosis
    assert (found.cause, found.sentence[:45]) == (
        "precision",
        "errors of up to 17 roundings of float64: prec",
    )  # and the rounding of the factor


def test_noise_that_overflows_next_to_the_largest_number_is_noise():
    """Examples in which there is only that say nothing else either."""
    each, largest = PROPERTIES[LINKS["linear.db"]], np.finfo(np.float64).max
    subject = Subject(as_target(noisy(("linear_vjp",), 1000, "one")), "float64")
    cases = (
        {"W": np.ones((1, 1)), "Y": np.ones((1, 1)), "b": np.ones(1), "dZ": np.full((1, 1), x)} for x in (largest, 3.0)
    )
    overflown, off = (record(each, subject, case, PLAIN) for case in cases)
    assert np.isinf(overflown.got).all()
    assert precision([overflown]) is None
    assert precision([overflown, off]).cause == "precision"


# --- equal inputs ---------------------------------------------------------------------------------------------------


def test_answers_that_differ_for_equal_inputs_are_called_that():
    draws = np.random.default_rng(0)

    def racing(dZ, Y, _):
        kept = dZ * (draws.uniform(size=dZ.shape) < 0.9)  # a write of another thread is lost now and then
        return kept @ Y.T

    case = {name: np.random.default_rng(1).uniform(1, 2, A.shape) for name, A in LAYER.items()}
    subject = Subject(as_target(_vjp(dW=racing)), "float64")
    found = diagnose(PROPERTIES[LINKS["linear.dW"]], subject, (case, Usage(memory="fortran")), _none)
    assert found.cause == "nondeterministic"


@pytest.mark.parametrize(("share", "words"), [(1, "adds the answer"), (0.5, "adds 0.5 times the answer")])
def test_what_is_not_reset_between_calls_is_an_accumulation(share, words):
    total = []

    def accumulated(dZ, Y, _):
        total.append(dZ @ Y.T + share * (total[-1] if total else 0))
        return total[-1].copy()

    subject = Subject(as_target(_vjp(dW=accumulated)), "float64")
    found = diagnose(PROPERTIES[LINKS["linear.dW"]], subject, (LAYER, PLAIN), _none)
    assert (found.cause, found.sentence[: len(words)]) == ("accumulation", words)


# --- conventions declared by mistake, advice that would hide a mistake ----------------------------------------------

DECLARED = [
    ("linear.dW", "scale=dW=-1", _vjp(), "scale", "scale=dW=1", "scale=dW=-1 is declared, but the gradient itself"),
    (
        "softmax_cross_entropy.forward",
        "reduction=mean",
        {"softmax_cross_entropy": R.softmax_cross_entropy},
        "sum-for-mean",
        "reduction=sum",
        "reduction=mean is declared, but the loss is the sum over the samples",
    ),
    (
        "relu.dZ",
        "relu_at_zero=0",
        {"relu_vjp": R.relu_vjp},
        "kink",
        "relu_at_zero=1",
        "relu_at_zero=0 is declared, but",
    ),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("claim", "line", "target", "cause", "declare_", "words"), DECLARED)
def test_a_convention_declared_by_mistake_is_named(claim, line, target, cause, declare_, words):
    found = _searched(target, claim, declare(Conventions(), [line])).finding.diagnosis
    assert (found.cause, found.declare, found.sentence[: len(words)]) == (cause, declare_, words)


@pytest.mark.no_cover
def test_advice_to_declare_says_what_is_no_longer_checked():
    target = {"softmax_cross_entropy_vjp": lambda Z, P: R.softmax(Z) - P}
    found = _searched(target, "softmax_cross_entropy.dZ").finding.diagnosis
    assert found.sentence.endswith("declared, where ΣP is not 1 gradients are only checked against S − P")


@pytest.mark.no_cover
def test_no_convention_is_advised_under_which_something_is_still_wrong():
    def nearly(Z, P):  # S − P, but for labels without mass
        return np.where((P == 0).all(axis=0), 1, R.softmax(Z) - P)

    found = _searched({"softmax_cross_entropy_vjp": nearly}, "softmax_cross_entropy.dZ", examples=60).finding.diagnosis
    assert found is None or found.declare is None


# --- causes that reports of users showed to be missing --------------------------------------------------------------


def _clipped_loss(weights, biases, X, P):
    Y = X
    for W, b in zip(weights, biases, strict=True):
        Z = W @ Y + b[:, None]
        Y = np.maximum(Z, 0)
    return {"loss": R.cross_entropy(np.clip(R.softmax(Z), 1e-7, 1), P), "dW": [], "db": []}


MISSING = [
    ("network.forward", None, {"network_gradients": _clipped_loss}, "log-guard"),
    (
        "softmax_cross_entropy.forward",
        "reduction=mean",
        {"softmax_cross_entropy": lambda Z, P: R.cross_entropy(R.softmax(Z) + 1e-9, P) / Z.shape[1]},
        "log-guard",
    ),
    (
        "cross_entropy.forward",
        "scale=L=2",
        {"cross_entropy": lambda S, P: 2 * R.cross_entropy(np.clip(S, 1e-7, 1), P)},
        "log-guard",
    ),
    ("linear.dY", None, _vjp(dY=lambda _, Y, W: W.T @ np.ones((len(W), Y.shape[1]))), "cotangent-ignored"),
    ("linear.db", None, _vjp(db=lambda dZ, *_: np.full(len(dZ), dZ.sum())), "batch-sum-extra"),
    ("relu.dZ", None, {"relu_vjp": lambda Z, _: (Z >= 0).astype(Z.dtype)}, "cotangent-ignored"),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("claim", "line", "target", "cause"), few(MISSING, lambda row: not row[0].startswith("network"))
)
def test_a_cause_that_users_met_is_named(claim, line, target, cause):
    found = _searched(target, claim, declare(Conventions(), [line] if line else []), largest=5).finding.diagnosis
    assert found.cause == cause


def test_a_bound_far_below_every_float_is_taken_for_0():
    tiny = Rounded(mp.ldexp(1, -(10**16)), mp.mpf(0), mp.ldexp(1, -(10**20)))
    assert of_bounds({(): tiny}, (), FLOAT64).value == 0

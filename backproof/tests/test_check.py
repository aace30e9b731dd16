"""backproof.check: what it runs, what it refuses with what message, and that a seed repeats a run."""

import doctest
import shlex

import pytest
from few import few

import backproof
from backproof import Conventions, Limits, UsageError, checking, progress
from backproof_impl import reference as R
from backproof_properties.results import Link, Outcome, Verdict

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("unshrunk")]  # see CONTRIBUTING


def _strict(Z, dY):
    return dY * (Z > 0)


def _check(target, *claims, **options):
    return backproof.check(target, operations=claims, **{"examples": 5, "seed": 1, **options})


def _refusal(target="reference", **options):
    with pytest.raises(UsageError) as raised:
        backproof.check(target, **{"examples": 1, **options})
    return str(raised.value)


# --- what runs ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_reference_passes_everything():
    report = backproof.check("reference", examples=3, seed=2)
    report.raise_if_refuted()
    assert len(report.results) == 56
    assert {outcome.verdict for outcome in report.results} == {Verdict.HOLDS}
    assert len(report.rows) == 19


def test_a_dict_with_a_mistake_is_refuted():
    report = _check({"relu": R.relu, "relu_vjp": _strict}, "relu", examples=20)
    assert not report.passed
    assert [(o.claim, o.link, o.verdict) for o in report.failures] == [
        ("relu.dZ", Link.IMPLEMENTATION, Verdict.REFUTED)
    ]
    with pytest.raises(backproof.Refutation, match=r"(?s)^REFUTED relu\.dZ .*declare   --declare relu_at_zero=0\n"):
        report.raise_if_refuted()


def test_operations_and_claims_choose_what_runs_in_the_order_of_the_claims():
    def claims(*names):
        return [row.claim.id for row in _check(R, *names, examples=1).rows]

    assert claims("relu") == ["relu.forward", "relu.dZ"]
    assert claims("linear.dW") == ["linear.dW"]
    assert claims("relu.dZ", "kron", "relu.dZ") == ["kron.vec", "relu.dZ"]


def test_one_name_may_be_given_as_it_is():
    assert backproof.check(R, operations="relu.forward", dtypes="float32", examples=1).dtypes == ("float32",)


def test_dtypes_are_run_as_asked_and_once_each():
    report = _check(R, "relu.dZ", dtypes=iter(["float16", "bfloat16", "float16"]))
    assert report.dtypes == ("float16", "bfloat16")
    assert [outcome.dtype for outcome in report.results] == [None, None, None, "float16", "bfloat16"]


def test_conventions_replace_those_of_the_target():
    declared = {"relu_vjp": _strict, "CONVENTIONS": Conventions(relu_at_zero=0)}
    report = _check(declared, "relu.dZ")
    assert (report.passed, report.conventions) == (True, {"relu_at_zero": 0})
    report = _check(declared, "relu.dZ", conventions=Conventions(), examples=20)
    assert (report.passed, report.conventions) == (False, {})


def test_a_seed_repeats_a_run_and_is_chosen_where_none_is_given():
    target = {"relu_vjp": _strict}
    first, again = (_check(target, "relu.dZ", seed=11) for _ in range(2))
    assert first.results == again.results
    assert (first.seed, first.examples, first.target) == (11, 5, "dict")
    seeds = {_check(target, "relu.forward", seed=None, examples=1).seed for _ in range(3)}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_progress_hears_the_total_first_and_then_every_outcome():
    heard = []
    report = _check(R, "relu.dZ", progress=lambda total, outcome: heard.append((total, outcome)))
    assert heard[0] == (4, None)
    assert sorted(map(repr, heard[1:])) == sorted(repr((4, outcome)) for outcome in report.results)


def test_a_report_names_only_commands_that_can_be_run(tmp_path):
    path = tmp_path / "my layers.py"
    path.write_text("def relu(Z):\n    return Z\n", encoding="utf-8")
    words = shlex.split(_check(path, "relu.forward", examples=1).command)
    assert words == ["backproof", "validate", str(path)]
    assert "validate dict" not in _check({"relu": R.relu}, "relu.forward", examples=1).command


def test_who_asks_for_what_is_not_offered_is_told_what_is():
    report = backproof.check({"relu": abs, "linear_vjp": abs}, operations=["silu"], examples=1)
    assert "choose with --claim what is offered: linear, relu" in " ".join(str(report).split())


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(checking) == (0, 3)


# --- what is refused ------------------------------------------------------------------------------------------------

_DTYPES = "float16, bfloat16, float32, float64"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"examples": 0}, "examples is 0, expected a whole number of at least 1"),
        ({"examples": 2.5}, "examples is 2.5, expected a whole number of at least 1"),
        ({"examples": True}, "examples is True, expected a whole number of at least 1"),
        ({"seed": -1}, "seed is -1, expected a whole number of at least 0"),
        ({"seed": "1"}, "seed is '1', expected a whole number of at least 0"),
        ({"dtypes": ["float8"]}, f"dtype 'float8' is not known, expected some of {_DTYPES}"),
        ({"dtypes": []}, "dtypes is [], expected one name or several"),
        ({"require": []}, "require is [], expected one name or several"),
        (
            {"operations": ["relu"], "require": ["linear.dW"]},
            "required claim linear.dW is not run: expected some of relu.forward, relu.dZ, or all",
        ),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_run_says_what_is_accepted(options, message):
    assert _refusal(**options) == message


def test_an_unknown_claim_is_told_the_close_ones_or_the_operations():
    assert _refusal(operations=["linear.dw"]).startswith("claim 'linear.dw' is not known: did you mean linear.dW")
    assert _refusal(operations=["relu.dz"]).startswith("claim 'relu.dz' is not known: did you mean relu.dZ")
    expected = (
        "claim 'xyzzy' is not known: expected one of linear, relu, softmax, cross_entropy, softmax_cross_entropy, "
    )
    assert _refusal(operations=["xyzzy"]).startswith(expected)


def test_a_missing_target_is_a_usage_error():
    assert _refusal("no_such_module").startswith("target no_such_module: no module named 'no_such_module'; expected")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"operations": []}, "operations"),
        ({"operations": [3]}, "3"),
        ({"workers": 0}, "workers is 0, expected"),
        ({"conventions": {"layout": "batch-first"}}, "conventions is"),
        ({"target": {"relu": lambda Z: Z}, "operations": ["relu"], "workers": 2}, "path or a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_other_requests_that_cannot_be_run_are_usage_errors(options, named):
    assert named in _refusal(**options)


def test_nothing_is_run_before_the_request_is_understood():
    calls = []
    for options in ({"examples": 0}, {"seed": -1}, {"dtypes": ["float8"]}, {"operations": ["xyzzy"]}):
        _refusal({"relu": calls.append}, **options)
    assert calls == []


# --- hostile targets ------------------------------------------------------------------------------------------------


def _exits(_):
    raise SystemExit(0)


def _spoils(weights, *_):
    weights[0] = weights[0].tolist()
    return {}


@pytest.mark.parametrize(
    ("target", "claim"),
    [
        ({"relu": _exits}, "relu.forward"),
        ({"cross_entropy": lambda *_: [[1.0], [1.0, 2.0]]}, "cross_entropy.forward"),
        ({"network_gradients": _spoils}, "network.dW"),
        ({"linear": lambda *_: None}, "linear.forward"),
        ({"linear_vjp": lambda *_: (None, None, None)}, "linear.db"),
    ],
    ids=["exits", "ragged-loss", "spoils-its-arguments", "none", "tuple-of-none"],
)
def test_whatever_a_target_does_there_is_a_verdict(target, claim):
    assert _check(target, claim).failures[-1].link is Link.IMPLEMENTATION


@pytest.mark.parametrize("limits", [Limits(logit=0), Limits(logit=1e6), Limits(width=1, depth=1, batch=3)], ids=str)
@pytest.mark.parametrize("dtype", few(["float16", "float64"], "float64".__eq__))
def test_the_reference_passes_within_any_limits(limits, dtype):
    claims = ("softmax", "softmax_cross_entropy.dZ", "network.dW")
    report = _check(R, *claims, conventions=Conventions(limits=limits), dtypes=[dtype])
    report.raise_if_refuted()
    assert {outcome.verdict for outcome in report.results} == {Verdict.HOLDS}


@pytest.mark.parametrize(("seconds", "said"), [(0, [1, 2]), (1000, [])])
def test_a_log_that_is_no_terminal_says_at_times_how_far_a_run_is(monkeypatch, capsys, seconds, said):
    monkeypatch.setattr(progress, "SECONDS", seconds)
    with progress.Progress() as update:
        update(3, None)
        for verdict in (Verdict.HOLDS, Verdict.REFUTED):
            update(3, Outcome("relu.dZ", Link.IMPLEMENTATION, "float64", verdict))
    lines = [f"backproof: {done} of 3 done, {done - 1} failed\n" for done in said]
    assert capsys.readouterr().err == "".join(lines)

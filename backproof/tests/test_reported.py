"""Public reports of wrong gradients as a user would have them judged: targets, operations and statements in files.

The first line of each says what it does, and where that was reported; ``correct`` files hold under the same command.
"""

from pathlib import Path

import pytest
from few import few
from hypothesis import settings

from backproof.cli import main

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("unshrunk")]  # see CONTRIBUTING

DEEP = 1000
SEEDS = ("1", "2", "3") if settings.default.max_examples >= DEEP else ("1",)
REPORTED = Path(__file__).parent / "reported"
BUILT_IN = {
    "15_rmsnorm": "rms_norm", "17_batchnorm": "batch_norm", "20_dropout": "dropout", "21_embedding": "embedding",
    "19_cumprod/correct_positive": "cumprod",
    "24_points_and_infinities/correct_log_softmax": "sparse_cross_entropy",
    "24_points_and_infinities/faulty_log_softmax": "sparse_cross_entropy",
}  # fmt: skip
"""The operation of the files that name none."""
NO_VALUE = "inf or nan where the exact value is finite: something on the way overflows, or is log 0, 0/0 or √−1"
FAULTY = {
    "08_upstream_gradient/faulty": ("sample_losses.dZ", None),
    "08_upstream_gradient/faulty_forgotten": ("sample_losses.dZ", "the factor dL[s] is left out"),
    "09_ignore_index/faulty": ("kept_losses.dZ", "the factor keep[s] is left out"),
    "09_ignore_index/faulty_mean": ("mean_kept_loss.dZ", "keep[q] is ignored: it is taken as 1"),
    "15_rmsnorm/faulty_no_dependence": (
        "rms_norm.dX",
        "the term X[s,k]*r[s]^2*mean_i g[i]*dY[s,i]*X[s,i] is left out",
    ),
    "15_rmsnorm/faulty_no_weight": ("rms_norm.dX", "the factor g[i] is left out"),
    "15_rmsnorm/faulty_prenorm": ("prenorm.dX", "in R[s,i], Y[s,i] stands for X[s,i], in what is differentiated"),
    "17_batchnorm/faulty": ("batch_norm.dX", None),
    "17_batchnorm/faulty_sign": (
        "batch_norm.dX",
        "the sign of the term c[q,i]*r[i]^2*mean_s dY[s,i]*c[s,i] is wrong",
    ),
    "17_batchnorm/faulty_sum": ("batch_norm.dX", "mean_s dY[s,i] is taken as a sum, not a mean"),
    "19_cumprod/faulty": ("products.dy", NO_VALUE),
    "20_dropout/faulty": ("dropout.dX", "the factor M[s,i] is left out"),
    "21_embedding/faulty": (
        "embedding.dE",
        "of several s that fall on one place the last one counts alone in sum_s dY[s,d]*[v = t[s]]",
    ),
    "21_embedding/faulty_mean": ("embedding.dE", None),
    "23_sigmoid_precision/faulty": ("logistic.dX", None),
    "24_points_and_infinities/faulty_log_softmax": ("sparse_cross_entropy.forward", NO_VALUE),
    "24_points_and_infinities/faulty_root": ("root.dX", NO_VALUE),
}
"""The claim that is refuted, and the diagnosis, if any is made."""
CORRECT = sorted(str(path.relative_to(REPORTED).with_suffix("")) for path in REPORTED.glob("*/correct*.py"))
STATEMENTS = {"17_batchnorm/correct": 0, "17_batchnorm/correct_zero_term": 0, "17_batchnorm/faulty": 1}
"""Others are in ``spec/tests/reported``: their exit status."""
QUICK = {"21_embedding/faulty", "21_embedding/correct"}


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run the command among the reports: (status, standard output)."""
    monkeypatch.chdir(REPORTED)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert not err
        return raised.value.code, out

    return run


def _validate(name, *options, seed="1"):
    operation = BUILT_IN.get(name, BUILT_IN.get(name.partition("/")[0]))
    named = "OPERATIONS = " in (REPORTED / f"{name}.py").read_text(encoding="utf-8")
    chosen = () if named else ("--operation", operation)
    return ("validate", f"{name}.py", *chosen, *options, "--examples", "20", "--seed", seed, "-n", "1")


def _verdicts(out):
    return {line.split()[1]: line[0] for line in out.splitlines() if line[:2] in {"✓ ", "✗ ", "? ", "– "}}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", few(FAULTY, QUICK.__contains__))
def test_what_was_reported_is_refuted_and_its_diagnosis_is_true(cli, name, seed):
    claim, diagnosis = FAULTY[name]
    status, out = cli(*_validate(name, "--claim", claim, seed=seed))
    assert (status, _verdicts(out)) == (1, {claim: "✗"})
    said = [" ".join(line.split()[1:]) for line in out.splitlines() if line.startswith("  diagnosis ")]
    assert said == ([] if diagnosis is None else [diagnosis])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", few(CORRECT, QUICK.__contains__))
def test_what_it_should_have_been_holds(cli, name, seed):
    status, out = cli(*_validate(name, seed=seed))
    assert status == 0
    assert {*_verdicts(out).values()} == {"✓"}
    assert "declare" not in out


@pytest.mark.slow
def test_a_difference_that_cancels_where_the_logistic_function_saturates_is_refuted_in_float32(cli):
    status, out = cli(*_validate("23_sigmoid_precision/faulty", "--claim", "logistic.dX", "--dtype", "float32"))
    assert (status, _verdicts(out)) == (1, {"logistic.dX": "✗"})


@pytest.mark.slow
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_proved_or_false(cli, name):
    assert cli("prove", "--statement", f"{name}.txt")[0] == STATEMENTS[name]


def test_no_report_is_left_out():
    faulty = {str(path.relative_to(REPORTED).with_suffix("")) for path in REPORTED.glob("*/faulty*.py")}
    assert faulty == {*FAULTY}

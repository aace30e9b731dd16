"""The pytest plugin: one test for each claim of the target, in a run that otherwise stays as it was."""

import pytest

pytest_plugins = ["pytester"]

LAYERS = """
def relu(Z):
    return Z * (Z >= 0)

def relu_vjp(Z, dY):
    return dY * (Z > 0)
"""


@pytest.fixture
def run(pytester):
    pytester.makepyfile(my_layers=LAYERS)
    return lambda *options: pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "--backproof-target", "my_layers.py", *options
    )


def test_each_claim_is_a_test_that_passes_fails_or_is_skipped(run):
    result = run("--backproof-claim", "relu", "--backproof-claim", "linear.dW", "--backproof-examples", "30")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*REFUTED relu.dZ  (formula → implementation, float64)",
            "  diagnosis the mask is Z > 0: ReLU′(0) is 0; declared, at Z = 0*",
            "  again     backproof validate my_layers.py --claim relu.dZ --seed 0 --examples 30",
        ]
    )


def test_conventions_and_formats_are_options(run):
    options = ("--backproof-claim", "relu.dZ", "--backproof-declare", "relu_at_zero=0", "--backproof-examples", "10")
    run(*options, "--backproof-dtype", "float32", "--backproof-dtype", "float16").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--backproof-claim", "frob", "claim 'frob' is not known"),
        ("--backproof-declare", "frob", "--declare 'frob': expected FIELD=VALUE"),
        ("--backproof-dtype", "float8", "dtype 'float8' is not known, expected some of"),
        ("--backproof-examples", "0", "examples is 0, expected a whole number of at least 1"),
    ],
)
def test_a_request_that_cannot_be_run_is_one_line(run, option, value, said):
    result = run(option, value)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{said}*"])


def test_without_the_option_nothing_is_added(pytester):
    pytester.makepyfile("def test_nothing():\n    pass\n")
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov").assert_outcomes(passed=1)

"""[tool.backproof]: what a run takes from it, what the command line overrides, and one line for what is wrong."""

import pytest

import backproof
from backproof.cli import main
from backproof.configured import Settings, settings

pytestmark = pytest.mark.usefixtures("unshrunk")

STRICT = "def relu(Z):\n    return Z * (Z > 0)\n\ndef relu_vjp(Z, dY):\n    return dY * (Z > 0)\n"
TABLE = """
[tool.backproof]
target = "layers.py"
operations = ["relu.dZ", "own.op"]
dtypes = ["float32"]
examples = 7
known = "known.toml"

[tool.backproof.conventions]
relu_at_zero = 0
limits = {logit = 50, integers = false, dtypes = ["float32", "float64"]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with settings, and one in it where we are."""
    (tmp_path / "layers.py").write_text(STRICT)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.setenv("COLUMNS", "200")

    def write(text):
        (tmp_path / "pyproject.toml").write_text(text)
        return tmp_path

    return write


def _run(capsys, *arguments):
    with pytest.raises(SystemExit) as raised:
        main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return raised.value.code, out, err


def test_files_are_found_from_the_folder_of_the_settings(project, monkeypatch):
    root = project(TABLE)
    expected = Settings(
        target=str(root / "layers.py"),
        operation=(str(root / "own.op"),),
        claim=("relu.dZ",),
        declared=("relu_at_zero=0", "limits=logit=50", "limits=integers=no", "limits=dtypes=float32,float64"),
        known=root / "known.toml",
        dtype=("float32",),
        examples=7,
    )
    assert settings(root / "sub") == settings(root / "nowhere" / "at all") == expected
    monkeypatch.chdir(root)
    assert settings(root).target == "layers.py"


def test_without_settings_nothing_is_set(tmp_path):
    assert settings(tmp_path) == Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert settings(tmp_path) == Settings()


def test_a_run_takes_them_and_the_command_line_overrides(project, capsys):
    project(
        '[tool.backproof]\ntarget = "layers.py"\noperations = ["relu.dZ"]\nexamples = 7\n'
        "conventions = {relu_at_zero = 0}\n"
    )
    status, out, _ = _run(capsys, "validate", "--seed", "1", "-n", "1")
    assert status == 0
    assert "relu.dZ" in out
    assert "relu.forward" not in out
    assert "7 examples a link" in out
    assert "declared: relu_at_zero=0" in out
    status, out, _ = _run(capsys, "validate", "--seed", "1", "-n", "1", "--claim", "relu.forward", "--examples", "3")
    assert status == 0
    assert "relu.forward" in out
    assert "3 examples a link" in out


def test_what_is_set_of_the_target_is_that_of_no_other(project, capsys, tmp_path):
    project('[tool.backproof]\ntarget = "layers.py"\nexamples = 7\nconventions = {relu_at_zero = 0}\n')
    status, out, _ = _run(capsys, "validate", tmp_path / "layers.py", "--claim", "relu.dZ", "--seed", "1", "-n", "1")
    assert status == 1
    assert "declare   --declare relu_at_zero=0" in out
    assert "7 examples a link" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.backproof]\nexmples = 3\n", "[tool.backproof] has no exmples, expected some of target, operations"),
        ("[tool.backproof]\nexamples = true\n", "[tool.backproof] examples is True, expected a whole number"),
        ("[tool.backproof]\nexamples = 0\n", "examples is 0, expected a whole number of at least 1"),
        ("[tool.backproof]\ndtypes = 'float32'\n", "dtypes is 'float32', expected a list of strings"),
        ("[tool.backproof]\noperations = [1]\n", "operations is [1], expected a list of strings"),
        ("[tool]\nbackproof = 3\n", "tool.backproof is 3, expected a table: [tool.backproof]"),
        ("[tool.backproof\n", "expected a file in TOML"),
        (
            "[tool.backproof]\nconventions = {relu_at_nought = 0}\ntarget = 'layers.py'\n",
            "--declare 'relu_at_nought=0'",
        ),
        ("", "neither given, expected TARGET"),
    ],
)
def test_what_is_wrong_is_one_line(project, capsys, text, said):
    root = project(text)
    status, out, err = _run(capsys, "validate")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert str(root / "pyproject.toml") in err or "declare" in err or not text
    assert _run(capsys, "list", "adapters")[0] == 0


def test_a_run_stops_at_the_first_failure(tmp_path):
    (tmp_path / "layers.py").write_text(STRICT)
    seen = []
    report = backproof.check(
        str(tmp_path / "layers.py"),
        operations=["relu", "linear"],
        examples=5,
        seed=1,
        fail_fast=True,
        progress=lambda _, outcome: seen.append(outcome),
    )
    assert [each.claim for each in report.failures] == ["relu.dZ"]
    assert not report.passed
    assert not report.interrupted
    assert {each.reason for each in report.not_run} <= {"the run stopped at the first failure"}
    assert seen[-1].claim == "relu.dZ"


def test_a_failure_that_is_known_stops_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers.py").write_text(STRICT.replace("return Z * (Z > 0)", "return abs(Z)"))
    (tmp_path / "known.toml").write_text('[[known]]\nclaim = "relu.forward"\nreason = "an exercise"\n')
    run = ("layers.py", "--claim", "relu", "--examples", "5", "--seed", "1", "-n", "1", "--fail-fast")
    status, out, _ = _run(capsys, "validate", *run, "--known", "known.toml")
    assert status == 1
    assert "REFUTED relu.dZ" in out

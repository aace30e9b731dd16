"""The command ``vectors``: a file for each operation, and one line for what cannot be written."""

import json

import jsonschema
import pytest

from backproof import certifying, cli
from backproof_docs.vectors import SCHEMA_PATH
from backproof_properties import vectors

SQUARE = "# The square, scaled.\noperation square(X[i], t[i]: index(i); c = 0.1, 2) -> Y\nY[i] = c*X[i]^2 + X[t[i]]\n"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder, on few examples: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vectors, "EXAMPLES", 4)
    monkeypatch.setattr(vectors, "SIZES", (7,))

    def command(*arguments):
        with pytest.raises(SystemExit) as raised:
            cli.main(["vectors", *arguments])
        out, err = capsys.readouterr()
        return raised.value.code, out, err

    return command


def _read(path):
    file = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))).validate(file)
    return file


def test_a_file_is_written_of_each_operation_and_of_ones_own(run, tmp_path):
    (tmp_path / "mine.op").write_text(SQUARE, encoding="utf-8")
    status, out, err = run("relu,mine.op", "cumsum", "--dtype", "float32", "--out", "new/folder")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"new/folder/{name}.json" for name in ("relu", "square", "cumsum")
    ]
    relu, square, cumsum = (_read(tmp_path / line.partition(":")[0]) for line in lines)
    assert (relu["conventions"]["relu_at_zero"], cumsum["conventions"]) == (1, {})
    assert square["definition"].startswith("# The square, scaled.\noperation square(")
    assert square["functions"][1] == {
        "name": "square_vjp",
        "arguments": ["X", "t", "dY"],
        "parameters": ["c"],
        "outputs": ["dX"],
    }
    assert {case["parameters"]["c"] for case in square["cases"]} == {"0x1.999999999999ap-4", "0x1p+1"}
    assert {case["arguments"]["t"]["dtype"] for case in square["cases"]} == {"int64"}
    assert {tuple(case["outputs"][name]["bounds"]) for case in square["cases"] for name in case["outputs"]} == {
        ("float32", "float64")
    }


@pytest.mark.slow
def test_the_same_seed_writes_the_same_file(run, tmp_path):
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("relu", "--dtype", "bfloat16", "--seed", seed, "--out", folder)[0] == 0
    texts = [(tmp_path / folder / "relu.json").read_text(encoding="utf-8") for folder in "abc"]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.slow
def test_every_format_is_there_and_sizes_are_gone_through_in_the_first(run, tmp_path):
    assert run("relu")[0] == 0
    cases = _read(tmp_path / "vectors" / "relu.json")["cases"]
    assert list(dict.fromkeys(case["dtype"] for case in cases)) == ["float64", "float32", "bfloat16", "float16"]
    assert {1, 0} <= {
        case["arguments"]["Z"]["shape"].index(7) for case in cases if 7 in case["arguments"]["Z"]["shape"]
    }


def test_the_notes_are_the_default():
    names = [of.name for of in certifying.of_names([])]
    assert names == ["linear", "relu", "softmax", "cross_entropy", "softmax_cross_entropy", "network"]


@pytest.mark.slow
def test_all_is_everything():
    names = [of.name for of in certifying.of_names([])]
    every = [of.name for of in certifying.of_names(["all"])]
    assert every[: len(names)] == names
    assert len(every) > 100
    assert "gelu" in every


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rellu",), "there is no operation rellu: did you mean relu"),
        (("chain",), "vectors chain: it has no function of its own; of the notes expected linear, relu, softmax,"),
        (("absent.op",), "absent.op: cannot be read: No such file or directory"),
        (("relu", "--dtype", "float8"), "dtype 'float8' is not known, expected some of"),
        (("relu", "--seed", "-1"), "--seed is -1, expected a whole number of at least 0"),
        (("relu", "--out", "taken"), "--out taken: File exists: expected a place that can be written to"),
        (("relu.op",), "operation relu: the suite has that name already: give it another one"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, tmp_path, arguments, said):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    (tmp_path / "relu.op").write_text("operation relu(X[i]) -> Y\nY[i] = X[i]\n", encoding="utf-8")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"backproof: {said}")
    assert err.count("\n") == 1


def test_an_operation_without_a_value_has_none_and_the_others_are_written(run, tmp_path):
    (tmp_path / "nowhere.op").write_text("operation nowhere(X) -> Y\nY = X/0\n", encoding="utf-8")
    status, out, err = run("relu", "nowhere.op", "--dtype", "float16")
    assert (status, out.partition(":")[0]) == (2, "vectors/relu.json")
    assert err == "backproof: vectors nowhere: no example that was drawn has a value: nothing to write\n"

"""grade: every submission is a row, whatever it does; names, points, pages, time; what cannot be run is one line."""

import csv
import json
from itertools import count

import pytest

import backproof
from backproof import grading
from backproof.cli import main

pytestmark = pytest.mark.usefixtures("unshrunk")

RIGHT = "import numpy as np\n\n\ndef relu(Z):\n    return np.maximum(Z, 0)\n"
SUBMISSIONS = {
    "ada.py": RIGHT,
    "ben.py": RIGHT.replace("np.maximum(Z, 0)", "np.maximum(Z, 0.01 * Z)"),
    "cy/layers.py": RIGHT.replace("np.maximum(Z, 0)", "np.maximum(Z, 0.01 * Z) + 0"),
    "dan.py": "def relu(Z)\n    return Z\n",
    "eve.py": RIGHT.replace("    return", "    import os\n    os._exit(3)\n    return"),
    "fay.py": 'OPERATIONS = ["nowhere.op"]\n' + RIGHT,
    "_shared.py": "raise SystemExit\n",
    "test_layers.py": "raise SystemExit\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name, text in SUBMISSIONS.items():
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "class"


def _cli(capsys, *arguments):
    with pytest.raises(SystemExit) as raised:
        main(["grade", *map(str, arguments)])
    out, err = capsys.readouterr()
    return raised.value.code, out, err


def _rows(path):
    return {row["submission"]: row for row in csv.DictReader(path.read_text().splitlines())}


def test_a_class_is_graded_and_no_submission_stops_the_others(folder, capsys):
    chosen = ("--claim", "relu.forward", "--points", "relu=2", "--seed", "1", "--examples", "10", "-n", "1")
    status, out, err = _cli(capsys, folder, *chosen)
    assert (status, err) == (0, "")
    rows = _rows(folder.parent / "gradebook" / "gradebook.csv")
    assert list(rows) == ["ada", "ben", "cy/layers", "dan", "eve", "fay"]
    assert [row["points"] for row in rows.values()] == ["2", "0", "0", "0", "0", "0"]
    assert [rows[each]["relu.forward"] for each in ("ada", "ben", "cy/layers", "eve")] == [
        "holds",
        "leaky",
        "leaky",
        "crashes",
    ]
    assert "SyntaxError: expected ':'" in rows["dan"]["problem"]
    assert "nowhere.op" in rows["fay"]["problem"]
    leaks = next(line for line in out.splitlines() if line.startswith("    2  "))
    assert "(relu.forward)" in leaks
    book = json.loads((folder.parent / "gradebook" / "gradebook.json").read_text())
    assert book["mistakes"][0]["submissions"] == ["ben", "cy/layers"]
    pages = {path.name for path in (folder.parent / "gradebook").glob("*.html")}
    assert {"gradebook.html", "ada.html", "cy.layers.html"} <= pages
    assert (folder.parent / "gradebook" / "reproducers" / "ben" / "relu.forward.float64.py").is_file()


def test_only_what_some_submission_offers_is_a_column(folder):
    book = backproof.grade([folder / "ada.py", folder / "ben.py"], seed=1, examples=3)
    assert book.points == {"relu.forward": 1.0}
    assert [book.score(each) for each in book.submissions] == [1, 0]


@pytest.mark.slow
def test_who_takes_too_long_is_graded_by_what_was_found(folder):
    slow = folder / "slow.py"
    slow.write_text("import time\n" + RIGHT.replace("    return", "    time.sleep(0.2)\n    return"))
    book = backproof.grade([slow, folder / "ada.py"], operations=["relu.forward"], seed=1, seconds=4)
    late, ada = book.submissions
    assert late.problem == "stopped after 4 s (--seconds gives more)"
    assert late.marks["relu.forward"].word == "not run"
    assert ada.problem is None
    assert [book.score(each) for each in book.submissions] == [0, 1]


def test_an_interrupt_keeps_what_was_graded(folder, monkeypatch):
    judged = []

    def once(name, path, *_, **__):
        if judged:
            raise backproof.Interrupted(None)
        judged.append(name)
        return grading.Submission(name, path, problem="none")

    monkeypatch.setattr(grading, "_judged", once)
    book = backproof.grade([folder], seed=1)
    assert book.interrupted
    assert [each.name for each in book.submissions] == ["ada"]


def test_a_campaign_of_a_class_goes_on_and_what_was_handed_in_again_is_judged_anew(folder, capsys, monkeypatch):
    fresh = count(1)
    monkeypatch.setattr(grading.secrets, "randbelow", lambda _: next(fresh))
    run = ("--claim", "relu.forward", "--examples", "3", "-n", "1", "--campaign", "c.db")
    first = _cli(capsys, folder / "ada.py", folder / "ben.py", *run)[1]
    seed = first.partition("seed ")[2].split()[0]
    assert _cli(capsys, folder / "ada.py", folder / "ben.py", *run)[1].partition("seed ")[2].split()[0] == seed
    (folder / "ben.py").write_text(RIGHT)
    assert _cli(capsys, folder / "ada.py", folder / "ben.py", *run)[0] == 0
    assert [row["points"] for row in _rows(folder.parent / "gradebook" / "gradebook.csv").values()] == ["1", "1"]
    status, out, err = _cli(capsys, folder / "ada.py", *run, "--dtype", "float32")
    assert (status, out) == (2, "")
    assert "dtypes was None, now it is ['float32']" in err


def test_a_link_has_its_own_name_and_one_file_is_one_row(folder):
    (folder / "zoe.py").symlink_to(folder / "ada.py")
    found = grading.submissions([folder / "zoe.py", folder / "ben.py", str(folder / ".." / "class" / "ben.py")])
    assert [name for name, _ in found] == ["zoe", "ben"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "grade nowhere: no such file or folder"),
        (["empty"], "grade empty: no Python files there, expected a submission each (name.py or name/layers.py)"),
        (["ada.py", "--points", "relu"], "--points relu: expected CLAIM=N or OPERATION=N, such as linear.dW=2"),
        (["ada.py", "--points", "relu=-1"], "--points relu=-1: expected CLAIM=N or OPERATION=N, such as linear.dW=2"),
        (["ada.py", "--points", "rleu=1"], "claim 'rleu' is not known: did you mean relu"),
        (["ada.py", "--claim", "rleu"], "claim 'rleu' is not known: did you mean relu"),
        (["ada.py", "--seconds", "0"], "grade --seconds 0: expected a number above 0"),
        (["ada.py", "--dtype", "float8"], "float8"),
        (["ada.py", "--examples", "0"], "examples"),
        (["ada.py", "-n", "0"], "-n 0: expected at least 1 process"),
        (["ada.py", "--seed", "-1"], "seed is -1, expected a whole number of at least 0"),
    ],
)
def test_what_cannot_be_run_is_one_line(folder, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    status, out, err = _cli(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1

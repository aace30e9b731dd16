"""gradebook: points, what is wrong alike in several, and its forms; nothing of a submission is markup or a formula."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from backproof_docs.gradebook import SCHEMA_PATH, Gradebook, Submission, print_gradebook
from backproof_docs.report import Report
from backproof_properties.results import Diagnosis, Finding, Link, Outcome, Verdict

SCHEMA = json.loads(SCHEMA_PATH.read_text())
AXIS = Diagnosis("batch-axis", "summed over the features instead of the batch")


def _outcome(claim, verdict=Verdict.HOLDS, diagnosis=None, message="Z[0]: got 1, expected 2", dtype="float64"):
    finding = Finding(message, "Z", {}, diagnosis=diagnosis) if verdict is Verdict.REFUTED else None
    reason = message if verdict is Verdict.ERROR else None
    return Outcome(claim, Link.IMPLEMENTATION, dtype, verdict, 5, finding=finding, reason=reason)


def _submission(name, *outcomes, problem=None, unloadable=None):
    report = Report(f"{name}.py", {}, ("float64",), 5, 1, 0.5, outcomes, unloadable=unloadable, withheld=True)
    return Submission(name, Path(f"{name}.py"), report, problem)


@pytest.fixture
def book():
    return Gradebook(
        (
            _submission("ada", _outcome("linear.dW"), _outcome("linear.db")),
            _submission("ben", _outcome("linear.dW"), _outcome("linear.db", Verdict.REFUTED, AXIS)),
            _submission(
                "cy",
                _outcome("linear.dW", Verdict.ERROR, message="relu: no answer within 10 s: stopped"),
                _outcome("linear.db", Verdict.REFUTED, AXIS),
            ),
            _submission("=cmd|'/c calc'!A1", _outcome("linear.dW", Verdict.UNSUPPORTED)),
            Submission("<b>eve</b>", Path("eve.py"), problem="target eve.py: <script>alert(1)</script>"),
        ),
        {"linear.dW": 2.0, "linear.db": 1.0},
        5,
        1,
    )


def test_what_holds_is_worth_its_points_and_nothing_else_is(book):
    assert [book.score(each) for each in book.submissions] == [3, 2, 0, 0, 0]
    assert book.total == 3


def test_what_is_wrong_alike_stands_once_and_the_most_frequent_first(book):
    assert [(each.sentence, each.claims, each.submissions) for each in book.mistakes] == [
        (AXIS.sentence, ("linear.db",), ("ben", "cy")),
        ("linear.dW: hangs", ("linear.dW",), ("cy",)),
    ]


def test_the_worst_of_several_formats_counts():
    either = _submission("fay", _outcome("relu.dZ"), _outcome("relu.dZ", Verdict.REFUTED, AXIS, dtype="float32"))
    assert either.marks["relu.dZ"].word == "batch-axis"


@pytest.mark.parametrize(
    ("verdict", "message", "word"),
    [
        (Verdict.REFUTED, "linear_vjp.db: shape (2,), expected (1,) = shape of b", "shape"),
        (Verdict.REFUTED, "Z[0]: got 1, expected 2", "wrong values"),
        (Verdict.ERROR, "relu: raised TypeError: no", "raises"),
        (Verdict.ERROR, "relu: the process was killed by SIGSEGV", "crashes"),
        (Verdict.ERROR, "relu: it took more than 4.0 GiB of memory: stopped", "memory"),
        (Verdict.UNSUPPORTED, "", "absent"),
        (Verdict.NOT_RUN, "", "not run"),
    ],
)
def test_a_failure_without_a_diagnosis_has_a_word_too(verdict, message, word):
    assert _submission("gus", _outcome("relu.dZ", verdict, message=message)).marks["relu.dZ"].word == word


def test_the_json_satisfies_its_schema(book):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    data = json.loads(book.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert [each["points"] for each in data["submissions"]] == [3, 2, 0, 0, 0]


def test_no_cell_of_the_csv_is_a_formula(book):
    rows = list(csv.reader(io.StringIO(book.to_csv())))
    assert rows[0] == ["submission", "points", "of", "linear.dW", "linear.db", "declares", "problem"]
    assert rows[2] == ["ben", "2", "3", "holds", "batch-axis", "", ""]
    assert rows[4][0] == "'=cmd|'/c calc'!A1"


def test_the_pages_escape_every_word_and_lead_to_each_other(book):
    files = {path.name: text for path, text in book.files(Path("out"))}
    page = files["gradebook.html"]
    assert "<script>alert" not in page
    assert "<b>eve" not in page
    assert all(f'href="{each}.html"' in page for each in ("ada", "ben", "cy"))
    assert {"gradebook.csv", "gradebook.json", "ada.html", "cmd.c.calc.A1.html"} <= files.keys()


def test_no_two_submissions_share_a_file_and_none_has_that_of_the_book():
    names = ["a b", "a.b", "A.B", "gradebook", "ada", "ada.html", "x/b", "x.b", "n" * 300, "n" * 301, "\udcff", "ä"]
    book = Gradebook(tuple(_submission(name, _outcome("relu.dZ", Verdict.REFUTED, AXIS)) for name in names), {}, 5, 1)
    paths = [str(path).lower() for path, _ in book.files(Path("out"))]
    assert len(set(paths)) == len(paths) == 3 + len(names)
    assert max(map(len, paths)) < 200


def test_what_a_submission_declares_stands_beside_its_name():
    report = Report("a.py", {"scale": {"dW": -3}}, ("float64",), 5, 1, 0.5, (_outcome("linear.dW"),), withheld=True)
    book = Gradebook((Submission("ada", Path("a.py"), report),), {"linear.dW": 1.0}, 5, 1)
    for _, text in zip(range(3), (text for _, text in book.files(Path("out"))), strict=False):
        assert "scale=" in text


def test_a_page_shows_the_counterexample_and_no_solution(book):
    page = next(text for path, text in book.files(Path("out")) if path.name == "ben.html")
    assert AXIS.sentence in page
    for solution in ("δb", "δZ·1", "∂vec", "backproof prove linear"):
        assert solution not in page


@pytest.mark.parametrize("width", [60, 80, 140])
def test_in_a_terminal_no_line_is_longer_than_it(book, width):
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as captured:
        print_gradebook(book, console)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.split() == ["2", *f"{AXIS.sentence} (linear.db)".split()] for line in lines) or width < 80
    assert "5 submissions · 4 judged · 2 claims" in captured.get()

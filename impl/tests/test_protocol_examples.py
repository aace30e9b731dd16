"""The examples in C and JavaScript hold every claim they offer, and what is said on the way satisfies the schema.

Every step of docs/guide/any-language.md prints the line that stands below it.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from few import few

import backproof
from backproof import cli
from backproof_impl import calling, protocol, reference
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.loading import as_target
from backproof_impl.seen import Kept
from backproof_impl.target import FUNCTIONS, Target
from backproof_properties import runner
from backproof_properties.results import Link, Verdict

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "protocol" / "examples"
PAGE = ROOT / "docs" / "guide" / "any-language.md"
SCHEMA = json.loads((ROOT / "docs" / "protocol" / "protocol.schema.json").read_text(encoding="utf-8"))
CLAIMS = ("linear", "relu", "softmax", "softmax_cross_entropy")


def validator(definition):
    schema = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    return jsonschema.Draft202012Validator(schema)


QUESTION, ANSWER = validator("question"), validator("answer")


@pytest.fixture
def backproof_prints(capsys, monkeypatch):
    """What a command line prints, on standard output and standard error, and its exit status."""

    def run(*words):
        monkeypatch.setenv("COLUMNS", "500")
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "-n", "1", "--seed", "1"])
        said = capsys.readouterr()
        return said.out, said.err, ended.value.code

    return run


# --- the examples -----------------------------------------------------------------------------------------------------


def in_c(folder):
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        pytest.skip("no C compiler is installed: cc, gcc or clang")
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run([compiler, *flags, "-o", folder / "backprop", EXAMPLES / "c" / "backprop.c", "-lm"], check=True)
    return str(folder / "backprop")


def in_javascript(folder):  # noqa: ARG001 - as in_c
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    return f"node {EXAMPLES / 'js' / 'backprop.js'}"


@pytest.mark.skipif(shutil.which("tee") is None, reason="tee is not installed: it writes down what is said")
@pytest.mark.parametrize(("example", "examples"), few([(in_c, "2"), (in_javascript, "2")], (in_c, "2").__eq__))
def test_an_example_holds_what_it_offers_and_both_sides_keep_to_the_schema(
    example, examples, tmp_path, backproof_prints
):
    questions, answers, report = (tmp_path / name for name in ("questions", "answers", "report.json"))
    program = f"sh -c 'tee -a {questions} | {example(tmp_path)} | tee -a {answers}'"
    options = ("--claim", ",".join(CLAIMS), "--examples", examples, "--json", str(report))
    out, _, status = backproof_prints("validate", "--exec", program, *options)
    assert status == 0, out
    assert {claim["verdict"] for claim in json.loads(report.read_text(encoding="utf-8"))["claims"]} == {"holds"}

    asked, answered = (path.read_bytes().splitlines() for path in (questions, answers))
    assert len(answered) >= 20 * int(examples)
    assert len(asked) in {len(answered), len(answered) + 1}  # stop is not answered
    assert not [line for line in asked if b'"memory"' in line]
    for which, lines in ((QUESTION, asked), (ANSWER, answered)):
        for message in map(json.loads, lines):
            which.validate(message)


def test_an_example_says_what_it_does_not_support(tmp_path):
    for example in (in_c, in_javascript):
        lines = [
            {"type": "start", "protocol": 1},
            {"type": "call", "seq": 1, "function": "relu", "arrays": {"Z": _array("float32", [1], ["1.0"])}},
            {"type": "call", "seq": 2, "function": "relu", "arrays": {"Z": _array("float64", [1, 4], SPECIAL)}},
            {"type": "stop"},
        ]
        text = "".join(f"{json.dumps(message)}\n" for message in lines)  # with blanks: no program may depend on them
        words = example(tmp_path).split()
        done = subprocess.run(words, input=text, capture_output=True, text=True, check=True, timeout=60)
        started, unsupported, result = map(json.loads, done.stdout.splitlines())
        assert started["conventions"] == {"limits": {"dtypes": ["float64"]}}
        assert (unsupported["type"], unsupported["seq"]) == ("unsupported", 1)
        assert unsupported["reason"].startswith("only float64 is offered")
        assert protocol.read_answer(2, "relu", result).outputs["Y"].tolist() == [[5e-324, 0.1, float("inf"), 0.0]]
        for message in (started, unsupported, result):
            ANSWER.validate(message)


SPECIAL = ["5e-324", "0.1", "inf", "-inf"]


def _array(dtype, shape, data):
    return {"dtype": dtype, "shape": shape, "data": data}


def test_the_example_in_c_is_built_by_its_makefile(tmp_path):
    make = shutil.which("make")
    if make is None or shutil.which("cc") is None:
        pytest.skip("make or cc is not installed")
    for path in (EXAMPLES / "c").iterdir():
        if path.suffix == ".c" or path.name == "Makefile":
            shutil.copy(path, tmp_path)
    done = subprocess.run([make, "--silent"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "backprop").exists()


# --- everything the suite says, under every convention that changes it ------------------------------------------------

INDEXED = Conventions(labels="index", layout="batch-first", weights="in-out", reduction="mean", limits=Limits(batch=1))


@pytest.mark.parametrize(
    ("dtype", "conventions"),
    few([("float64", Conventions()), ("bfloat16", Conventions()), ("float32", INDEXED)], lambda row: row[1] == INDEXED),
)
def test_every_call_of_the_suite_satisfies_the_schema(dtype, conventions, monkeypatch):
    asked = Counter()

    def answer(call, *, keep):
        question = protocol.read(protocol.line(protocol.call_message(len(asked) + 1, call, keep=keep)))
        QUESTION.validate(question)
        asked[call.function, keep] += 1
        read = protocol.read_call(question)
        if conventions == INDEXED:  # the reference would be wrong, and refuting that takes long
            return calling.Answer(declined="only asked, not answered")
        message = protocol.answer_message(1, replace(calling.call(as_target(reference), read, Kept()), seen=None))
        ANSWER.validate(message)
        return protocol.read_answer(1, read.function, message)

    planned = runner.tasks
    ours = lambda *these: [task for task in planned(*these) if task.property.link is Link.IMPLEMENTATION]  # noqa: E731
    monkeypatch.setattr(runner, "tasks", ours)
    target = Target("the reference, asked in writing", dict.fromkeys(FUNCTIONS, answer), conventions, answer)
    report = backproof.check(target, dtypes=[dtype], examples=5, seed=1)
    assert {function for function, _ in asked} == set(FUNCTIONS)
    assert not {outcome.verdict for outcome in report.results} & {Verdict.REFUTED, Verdict.ERROR}


# --- the tutorial -----------------------------------------------------------------------------------------------------

_BLOCK = re.compile(r"^```(py|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MOST_NEW_LINES = 15


def _steps():
    """The program and the line it gets, of each step of the tutorial; the first program is empty."""
    program = ""
    for kind, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8").partition("## After that")[0]):
        if kind == "py":
            program = text
        else:
            yield program, text


STEPS = list(_steps())


def _in_one_line(text):
    return " ".join(text.split())


def _line(out, err):
    """The one line that says it: the refusal, what was found, or that it passed."""
    found = [line for line in out.splitlines() if line.split()[:1] in (["found"], ["PASSED"])]
    return _in_one_line(err or found[0])


def test_the_tutorial_has_seven_steps_and_then_holds():
    assert len(STEPS) == 8
    for (before, _), (program, _) in itertools.pairwise(STEPS):
        new = Counter(program.splitlines()) - Counter(before.splitlines())
        assert 0 < sum(count for line, count in new.items() if line.strip()) <= MOST_NEW_LINES


@pytest.mark.skipif(os.name != "posix", reason="the program starts with #!")
@pytest.mark.parametrize("step", range(8))
def test_every_step_of_the_tutorial_prints_the_line_it_shows(step, tmp_path, monkeypatch, backproof_prints):
    program, shown = STEPS[step]
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    Path("my_backprop").write_text(program, encoding="utf-8")
    Path("my_backprop").chmod(0o755)
    command = ("validate", "--exec", "./my_backprop", "--claim", "relu.dZ")
    assert _in_one_line(" ".join(("backproof", *command))) in PAGE.read_text(encoding="utf-8")
    out, err, status = backproof_prints(*command, "--examples", "5")
    assert _line(out, err) == _in_one_line(shown)
    unusable = err and "expected the line that answers start" not in err
    assert status == (2 if unusable else 0 if "PASSED" in out else 1)

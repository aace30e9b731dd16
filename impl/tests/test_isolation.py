"""isolation: whatever a program does, the caller gets an answer in one line, and the next call starts anew."""

import os
import signal
import sys
from typing import NamedTuple

import numpy as np
import pytest

from backproof_impl import isolation
from backproof_impl.calling import Answer, Call
from backproof_impl.conventions import Conventions, Limits, UsageError
from backproof_impl.isolation import Program, Session
from backproof_impl.memory import MEMORY
from backproof_impl.target import FUNCTIONS

PYTHON = (sys.executable, "-I", "-S", "-c")  # starts in a few milliseconds
HEAD = """
import json, os, signal, subprocess, sys, time

def say(**message):
    print(json.dumps(message), flush=True)

def answer(seq, number):
    say(type="result", seq=seq, arrays={"Y": {"dtype": "float64", "shape": [], "data": [str(float(number))]}})
"""
STARTED = HEAD + 'input()\nsay(type="started", protocol=1, name="mine", functions=["relu"])\n'
COUNTING = """
for calls, line in enumerate(sys.stdin, start=1):
    seq = json.loads(line)["seq"]
    if json.loads(line)["arrays"]["Z"]["data"] == ["0.0"]:
        DEED
    answer(seq, calls)
"""


def counting(deed):
    """A program that answers with the number of calls its process has had, and does the deed when Z is 0."""
    return STARTED + COUNTING.replace("DEED", deed)


def python(script):
    """The words of a program that starts another one."""
    return repr((*PYTHON, script))


HANGS = "time.sleep(60)"
ENDLESS_LINE = "while True: sys.stdout.write('x' * 2**16)"
ENDLESS_ERRORS = "while True: sys.stderr.write('x' * 2**10 + '\\n')"
HOARDS = "import time; hoard = b'x' * {} * 10**6; time.sleep(60)"
BETWEEN_THEM = f"{{subprocess.Popen({python(HOARDS.format(70))}) for _ in range(2)}}; time.sleep(60)"


class Bad(NamedTuple):
    deed: str
    line: str


BAD = {
    "ends": Bad("sys.exit(0)", "the process ended with exit status 0"),
    "ends with a status": Bad("sys.exit(3)", "the process ended with exit status 3"),
    "ends with words": Bad(
        "sys.exit('no\\n  GPU\\tat\\rall \\n\\n')", "the process ended with exit status 1; it said: GPU at all"
    ),
    "is killed": Bad("os.kill(os.getpid(), signal.SIGSEGV)", "the process was killed by SIGSEGV"),
    "hangs": Bad(HANGS, "no answer within 0.3 s: stopped (limits.seconds declares more)"),
    "hangs and complains": Bad(ENDLESS_ERRORS, "no answer within 0.3 s: stopped (limits.seconds declares more)"),
    "closes its output": Bad("os.close(1); time.sleep(60)", "it closed its output and went on: stopped"),
    "endless line": Bad(ENDLESS_LINE, "malformed answer: a line of more than 1 MiB"),
    "half a line": Bad(
        "os.write(1, b'{'); sys.exit('no GPU')",
        "malformed answer: half a line; the process ended with exit status 1; it said: no GPU",
    ),
    "killed in the middle of a line": Bad(
        "os.write(1, b'{'); os.kill(os.getpid(), signal.SIGSEGV)",
        "malformed answer: half a line; the process was killed by SIGSEGV",
    ),
    "memory": Bad(HOARDS.format(200), "it took more than 0.1 GiB of memory: stopped"),
    "memory of two that it has started": Bad(BETWEEN_THEM, "it took more than 0.1 GiB of memory: stopped"),
    "wrong seq": Bad("answer(seq + 7, 0)", "malformed answer: seq is 10, expected 3, that of the call"),
    "no seq": Bad("answer(None, 0)", "malformed answer: seq is null, expected 3, that of the call"),
    "not JSON": Bad("print('Z is', 0, flush=True)", "malformed answer: 'Z is 0' is not a JSON object on one line"),
    "not text": Bad("os.write(1, b'\\xff\\n')", "malformed answer: '�' is not a JSON object on one line"),
    "blank line": Bad("print(flush=True)", "malformed answer: '' is not a JSON object on one line"),
    "no object": Bad("print(3, flush=True)", "malformed answer: 3: expected an object with a type, such as result"),
    "no type": Bad("say(seq=seq)", 'malformed answer: {"seq": 3}: expected an object with a type, such as result'),
    "wrong type": Bad(
        "say(type='start', seq=seq)",
        "malformed answer: answer of type 'start': expected result with arrays, unsupported with reason, or error with "
        "message",
    ),
}


@pytest.fixture
def session():
    """Make sessions with a program; each is closed at the end."""
    made = []

    def make(script, **limits):
        made.append(Session(Program("mine", (*PYTHON, script))))
        for name, value in limits.items():
            setattr(made[-1], name, value)
        return made[-1]

    yield make
    for each in made:
        each.close()


def relu(of, z, *, keep=False):
    """The answer to a call; of one that succeeds the number of calls its process has had."""
    answer = of.call(Call("relu", {"Z": np.full((), float(z))}), keep=keep)
    return int(answer.outputs["Y"]) if answer.outputs else answer


# --- a call -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_is_one_line_and_the_next_call_starts_anew(session, monkeypatch, name):
    monkeypatch.setattr(isolation, "LARGEST_LINE", 2**20)
    of = session(counting(BAD[name].deed))
    assert of.start() == ("mine", ["relu"], Conventions())
    assert [relu(of, 1), relu(of, 1)] == [1, 2]
    of.seconds, of.memory = (0.3 if "hangs" in name else 10), (10**8 if "memory" in name else 10**10)
    assert relu(of, 0) == Answer(raised=BAD[name].line, died=True)
    of.seconds = 10
    assert relu(of, 1) == 1


def test_a_signal_without_a_name_is_a_number():
    assert [isolation._name(number) for number in (9, 99)] == ["SIGKILL", "signal 99"]


def test_the_second_of_two_answers_is_not_taken_for_the_next_one(session):
    of = session(counting("answer(seq, 0)"))
    assert [relu(of, 1), relu(of, 0)] == [1, 0]
    assert relu(of, 1) == Answer(raised="malformed answer: seq is 2, expected 3, that of the call", died=True)
    assert relu(of, 1) == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('type="error", message="no  such\\nGPU"', Answer(raised="no such GPU")),
        ('type="error"', Answer(raised="no message given")),
        ('type="unsupported", reason="only square W"', Answer(declined="only square W")),
        ('type="unsupported"', Answer(declined="no reason given")),
    ],
)
def test_error_and_unsupported_are_answers_and_the_program_lives_on(session, said, answer):
    of = session(counting(f"say(seq=seq, {said}); continue"))
    assert [relu(of, 1), relu(of, 0), relu(of, 1)] == [1, answer, 3]


def test_much_on_standard_error_blocks_nothing(session):
    of = session(counting("sys.stderr.write('x' * 10**6 + '\\n' + 'y' * 10**6)"))
    assert [relu(of, 0), relu(of, 0)] == [1, 2]


def test_a_program_that_does_not_read_a_long_question_is_stopped(session):
    of = session(STARTED + HANGS, seconds=0.3)
    answer = of.call(Call("relu", {"Z": np.zeros(10**5)}), keep=False)
    assert answer == Answer(raised="no answer within 0.3 s: stopped (limits.seconds declares more)", died=True)


def test_a_program_that_ended_between_two_calls_is_an_answer(session):
    of = session(STARTED + "answer(json.loads(input())['seq'], 5)")
    assert relu(of, 1) == 5
    assert relu(of, 1) == Answer(raised="the process ended with exit status 0", died=True)
    assert relu(of, 1) == 5


def test_a_program_that_cannot_be_started_again_is_an_answer(session, tmp_path):
    once = f"\nif os.path.exists({str(tmp_path / 'mark')!r}): sys.exit('once is enough')\n"
    mark = f"\nopen({str(tmp_path / 'mark')!r}, 'w').close()\n"
    of = session(HEAD + once + mark + STARTED + "sys.exit(4)")
    of.start()
    assert relu(of, 1) == Answer(raised="the process ended with exit status 4", died=True)
    raised = (
        "it could not be started again: target mine: starting it: the process ended with exit status 1; it said: "
        "once is enough"
    )
    assert [relu(of, 1), relu(of, 1)] == [Answer(raised=raised, died=True)] * 2


# --- processes left behind --------------------------------------------------------------------------------------------

SLEEPS = "import time; time.sleep(60)"
LEAVES_A_CHILD = f"subprocess.Popen({python(SLEEPS)})"


@pytest.mark.parametrize("ending", ["close", "hang", "exit"])
def test_what_a_program_has_started_ends_with_it(session, ending):
    then = {"close": "pass", "hang": HANGS, "exit": "sys.exit(3)"}[ending]
    of = session(counting(f"{LEAVES_A_CHILD}; {then}"), seconds=10)
    assert relu(of, 1) == 1
    ears, of.seconds = of._ears, 0.3
    relu(of, 0)
    of.close()
    ears.join(timeout=5)
    assert not ears.is_alive()  # its child, which holds standard error too, has gone


def test_a_program_that_ends_is_noticed_though_its_child_keeps_the_output_open(session):
    of = session(counting(f"{LEAVES_A_CHILD}; sys.exit(3)"), seconds=50)
    assert relu(of, 0) == Answer(raised="the process ended with exit status 3", died=True)
    of = session(HEAD + f"input(); {LEAVES_A_CHILD}; sys.exit(4)")
    with pytest.raises(UsageError, match=r"^target mine: starting it: the process ended with exit status 4$"):
        of.start()


SECLUDED = f"""
import subprocess, time
subprocess.Popen({python("import time; print(flush=True); time.sleep(60)")}, start_new_session=True)
time.sleep(60)
"""
"""A child whose own child has a session of its own, and says when it has begun."""


def test_a_grandchild_in_a_session_of_its_own_ends_with_a_program_that_hangs(session):
    begun = f"subprocess.Popen({python(SECLUDED)}, stdout=subprocess.PIPE)"
    of = session(
        counting(f"calls > 1 and {HANGS}; child = {begun}; child.stdout.readline(); answer(seq, calls); continue"),
        seconds=50,
    )
    assert relu(of, 0) == 1
    ears, of.seconds = of._ears, 0.3
    assert relu(of, 0).died
    ears.join(timeout=5)
    assert not ears.is_alive()  # the grandchild, which holds standard error too, has gone


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_program_is_told_to_stop_and_may_clear_up(session, monkeypatch, tmp_path):
    monkeypatch.setattr(isolation, "_STOP_SECONDS", 50)
    heard = tmp_path / "heard"
    of = session(STARTED + f"words = sys.stdin.read(); open({str(heard)!r}, 'w').write(words); sys.exit(7)")
    of.start()
    process = of._process
    of.close()
    assert heard.read_text(encoding="utf-8") == '{"type":"stop"}\n'
    assert process.returncode == 7


def test_a_program_that_does_not_stop_is_killed(session, monkeypatch):
    monkeypatch.setattr(isolation, "_STOP_SECONDS", 0.1)
    of = session(STARTED + f"sys.stdin.read(); {HANGS}")
    of.start()
    process = of._process
    of.close()
    assert process.returncode == -signal.SIGKILL


def test_closing_twice_or_before_the_start_does_nothing(session):
    of = session(STARTED)
    of.close()
    of = session(counting("pass"))
    of.start()
    of.close()
    of.close()
    assert relu(of, 1) == 1


# --- the start --------------------------------------------------------------------------------------------------------

ASKED = HEAD + "input()\n"
NAMES = ", ".join(FUNCTIONS)
STARTS = {
    "exits at once": ("", "starting it: the process ended with exit status 0"),
    "fails at once": (
        "import nothing_of_that_name",
        "it said: ModuleNotFoundError: No module named 'nothing_of_that_name'",
    ),
    "is killed": (ASKED + "os.kill(os.getpid(), 9)", "starting it: the process was killed by SIGKILL"),
    "hangs": (ASKED + HANGS, "starting it: no answer within 0.3 s: stopped"),
    "prints something": (
        ASKED + "print('hello')",
        "'hello' is not a JSON object on one line; expected the line that answers start",
    ),
    "endless line": (ENDLESS_LINE.replace("sys", "__import__('sys')"), "a line of more than 1 MiB; expected the line"),
    "another message": (ASKED + "say(type='result')", "the first answer is of type 'result', expected started"),
    "no protocol": (ASKED + "say(type='started')", "speaks protocol null, expected 1"),
    "another protocol": (ASKED + "say(type='started', protocol=2)", "speaks protocol 2, expected 1"),
    "half a line": (
        ASKED + "os.write(1, b'{'); sys.exit('no GPU')",
        "half a line; the process ended with exit status 1; it said: no GPU; expected the line that answers start",
    ),
    "no functions": (ASKED + "say(type='started', protocol=1)", f"offers no functions, expected some of {NAMES}"),
    "an unknown function": (
        ASKED + "say(type='started', protocol=1, functions=['relu', 'relux'])",
        f"offers 'relux', expected some of {NAMES}",
    ),
    "unknown convention": (
        ASKED + "say(type='started', protocol=1, functions=['relu'], conventions={'loss': 'mean'})",
        "'loss' is no convention; expected some of layout, weights, ",
    ),
    "unusable convention": (
        ASKED + "say(type='started', protocol=1, functions=['relu'], conventions={'relu_at_zero': 2})",
        "conventions: relu_at_zero is 2, expected a number in Clarke's [0, 1]",
    ),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_bad_start_is_a_usage_error_of_one_line(session, monkeypatch, name):
    monkeypatch.setattr(isolation, "LARGEST_LINE", 2**20)
    monkeypatch.setattr(isolation, "START_SECONDS", 0.3 if name == "hangs" else 60)
    script, part = STARTS[name]
    of = session(script)
    with pytest.raises(UsageError) as caught:
        of.start()
    message = str(caught.value)
    assert message.startswith("target mine: ")
    assert part in message
    assert "\n" not in message
    assert "limits.seconds" not in message  # declared in the answer that did not come
    assert of._process is None


def test_a_program_may_be_started_while_an_exception_is_handled(session):
    of = session(STARTED + "answer(json.loads(input())['seq'], 5)")
    try:
        int("no number")
    except ValueError:
        of.start()
    assert of._process is not None


def test_an_answer_given_before_the_question_is_read(session, monkeypatch):
    of = session(HEAD + "say(type='result')")
    ask = of._ask

    def late(*message):
        of._process.wait()
        return ask(*message)

    monkeypatch.setattr(of, "_ask", late)
    with pytest.raises(UsageError, match="the first answer is of type 'result', expected started"):
        of.start()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: None, "No such file or directory"),
        (lambda path: path.write_text("#!/bin/sh\n"), "Permission denied"),
        (lambda path: (path.write_text(""), path.chmod(0o755)), "Exec format error"),
        (lambda path: (path.write_text("#!/no/such/interpreter\n"), path.chmod(0o755)), "No such file or directory"),
        (lambda path: path.mkdir(), "Permission denied"),
    ],
    ids=["absent", "not executable", "empty", "without its interpreter", "a folder"],
)
def test_a_program_that_cannot_be_started(tmp_path, make, reason):
    path = tmp_path / "program"
    make(path)
    with pytest.raises(UsageError) as caught:
        Session(Program("mine", (str(path), "option"))).start()
    assert str(caught.value) == f"target mine: cannot be started: {reason}: {path}"


def test_what_a_program_declares_is_read(session):
    declared = {"relu_at_zero": 0, "scale": {"dW": "batch"}, "limits": {"dtypes": ["float64"], "seconds": 3}}
    script = (
        ASKED + f"say(type='started', protocol=1, functions=['softmax', 'relu'], conventions={declared!r}); input()"
    )
    of = session(script)
    name, functions, conventions = of.start()
    assert name == "mine"
    assert functions == ["softmax", "relu"]
    limits = Limits(dtypes=("float64",), seconds=3)
    assert conventions == Conventions(relu_at_zero=0, scale={"dW": "batch"}, limits=limits)


def test_the_target_of_a_session_calls_it(session):
    of = session(counting("pass"))
    target = of.target()
    assert (target.name, set(target.functions)) == ("mine", {"relu"})
    assert target.elsewhere == of.call


def test_a_program_in_another_language_lays_out_its_memory_itself(session):
    assert session(counting("pass")).target().conventions == Conventions(
        limits=Limits(memory=("contiguous",), integers=False)
    )
    declared = {"layout": "batch-first", "limits": {"batch": 1}}
    of = session(ASKED + f"say(type='started', protocol=1, functions=['relu'], conventions={declared!r}); input()")
    limits = Limits(batch=1, memory=("contiguous",), integers=False)
    assert of.target().conventions == Conventions(layout="batch-first", limits=limits)


def test_a_target_in_python_gets_every_memory_layout(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def relu(Z):\n    return Z\n", encoding="utf-8")
    of = Session(Program.of_python(path))
    try:
        assert of.target().conventions.limits.memory == tuple(MEMORY)
    finally:
        of.close()


def test_an_environment_variable_reaches_the_program(session, monkeypatch):
    monkeypatch.setenv("LIMIT_OF_RELU", "17")
    of = session(STARTED + "answer(json.loads(input())['seq'], os.environ['LIMIT_OF_RELU'])")
    assert os.environ["LIMIT_OF_RELU"] == "17"
    assert relu(of, 1) == 17


ALONE = f"subprocess.Popen({python('import time; time.sleep(60)')}, start_new_session=True)"


def test_a_child_in_a_session_of_its_own_ends_with_a_program_that_obeys_stop(session):
    of = session(STARTED + f"{ALONE}; seq = json.loads(input())['seq']; answer(seq, 5); input()")
    assert relu(of, 1) == 5
    ears = of._ears
    of.close()
    ears.join(timeout=5)
    assert not ears.is_alive()


def test_a_child_in_a_session_of_its_own_that_keeps_the_output_open_ends_a_call(session):
    of = session(counting(f"{ALONE}; time.sleep(0.2); sys.exit(3)"), seconds=50)
    assert relu(of, 0) == Answer(raised="the process ended with exit status 3", died=True)

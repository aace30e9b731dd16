"""What a target's functions take is data: arguments, options, a cotangent that may be left out; wherever they run."""

import json
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from backproof_impl import protocol
from backproof_impl.calling import Call, perform
from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.isolation import Program, Session
from backproof_impl.loading import as_target
from backproof_impl.named import operations_named
from backproof_impl.target import FUNCTIONS, Signature

LOSS = Signature(("Y", "T"), ("L",), ("k",), numbers=("L",), own=True)
VJP = Signature(("Y", "T", "dL"), ("dY",), ("k",), optional=("dL",), numbers=(), own=True)
FURTHER = {"error": LOSS, "error_vjp": VJP}


def _without(Y, T):
    return Y - T


def _with(Y, T, dL):
    return dL * (Y - T)


def _default(Y, T, k=2):
    return k * (Y - T)


def _keyword(y, t, d, *, k):
    return k * d * (y - t)


def _any(*given):
    return given


@pytest.mark.parametrize(
    ("function", "arguments", "options"),
    [
        (_without, ("Y", "T"), ()),
        (_with, ("Y", "T", "dL"), ()),
        (_default, ("Y", "T"), ("k",)),
        (_keyword, ("Y", "T", "dL"), ("k",)),
        (_any, ("Y", "T", "dL"), ()),
        (max, ("Y", "T", "dL"), ()),
    ],
)
def test_a_function_is_handed_what_it_takes(function, arguments, options):
    found = VJP.of(function)
    assert (found.arguments, found.options) == (arguments, options)


SOURCE = """\
def error(Y, T, k=1):
    return k * ((Y - T) ** 2).sum() / 2

def error_vjp(Y, T, *, k):
    return k * (Y - T)
"""


@pytest.fixture(params=["here", "elsewhere"])
def target(request, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SOURCE, encoding="utf-8")
    if request.param == "here":
        yield as_target(path, further=FURTHER)
        return
    session = Session(Program.of_python(path), FURTHER)
    yield session.target()
    session.close()


def test_options_reach_a_function_wherever_it_runs(target):
    assert target.signatures["error_vjp"] == VJP.taken({"k"})
    given = {"Y": np.array([3.0, 1.0]), "T": np.array([1.0, 1.0])}
    _, answer = perform(target, [Call("error", given, options={"k": 3})])
    assert answer.outputs["L"].shape == ()
    assert answer.outputs["L"] == 6.0
    _, answer = perform(target, [Call("error_vjp", given, options={"k": 0.5})])
    assert answer.outputs["dY"].tolist() == [1.0, 0.0]


def test_start_names_functions_and_started_what_they_take():
    message = protocol.read(protocol.line(protocol.start_message(None, FURTHER)))
    assert message["operations"]["error_vjp"]["optional"] == ["dL"]
    assert protocol.read_further(message) == FURTHER
    assert "operations" not in protocol.start_message(None, {})
    takes = {"takes": {"error_vjp": ["Y", "T", "k"]}}
    assert protocol.read_takes("it", takes, FURTHER) == {"error": LOSS.taken(()), "error_vjp": VJP.taken({"k"})}
    for wrong in ({"error": "k"}, {"other": []}, []):
        with pytest.raises(UsageError, match="takes is"):
            protocol.read_takes("it", {"takes": wrong}, FURTHER)


def _satisfies(definition, message):
    schema = json.loads((Path(__file__).parents[2] / "docs/protocol/protocol.schema.json").read_text(encoding="utf-8"))
    part = {"$schema": schema["$schema"], "$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return jsonschema.Draft202012Validator(part).is_valid(json.loads(protocol.line(message)))


def test_the_messages_satisfy_the_schema():
    given = {"Y": np.zeros((1, 2, 3)), "T": np.array(1), "dL": np.array(0.5, np.float32)}
    call = Call("error_vjp", given, options={"k": 1e-6})
    message = protocol.call_message(1, call, keep=True)
    assert _satisfies("own-call", message)
    read = protocol.read_call(message, {**FURTHER, **FUNCTIONS})
    assert (read.options, read.arguments["T"].dtype) == ({"k": 1e-6}, np.int64)
    assert _satisfies("own-start", protocol.start_message(None, FURTHER))
    signatures = {**FURTHER, **FUNCTIONS}
    assert _satisfies("own-started", protocol.started_message("it", ["error", "relu"], Conventions(), signatures))
    assert _satisfies("own-result", {"type": "result", "seq": 1, "arrays": {"dY": protocol.encoded(given["Y"])}})


PROGRAM = """\
import json
question = json.loads(input())
takes = {"error": ["Y", "T", "k"]}
print(json.dumps({"type": "started", "protocol": 1, "functions": ["error"], "takes": takes}), flush=True)
call = json.loads(input())
k, (y,) = float(call["options"]["k"]), map(float, call["arrays"]["Y"]["data"])
L = {"dtype": "float64", "shape": [], "data": [repr(k * y)]}
print(json.dumps({"type": "result", "seq": call["seq"], "arrays": {"L": L}}), flush=True)
"""


def test_a_program_of_any_language_may_offer_them(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    session = Session(Program("mine", (sys.executable, str(tmp_path / "program.py"))), FURTHER)
    target = session.target()
    assert set(target.functions) == {"error"}
    given = {"Y": np.array([1.5]), "T": np.array([0.0])}
    assert perform(target, [Call("error", given, options={"k": 4})])[1].outputs["L"] == 6.0
    session.close()


def test_the_notes_functions_take_what_they_took():
    target = as_target({"relu": lambda Z, extra=1: Z * extra})
    assert target.signatures["relu"] == FUNCTIONS["relu"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('OPERATIONS = ["a.op", "gelu"]', ["{}/a.op", "gelu"]),
        ('OPERATIONS: list = ("a.op",)', ["{}/a.op"]),
        ("raise SystemExit", []),
        ("this is not Python", []),
    ],
)
def test_operations_are_read_from_a_file_that_is_not_run(tmp_path, monkeypatch, text, found):
    (tmp_path / "named.py").write_text(text, encoding="utf-8")
    expected = [each.format(tmp_path) for each in found]
    assert operations_named(str(tmp_path / "named.py")) == expected
    monkeypatch.chdir(tmp_path)
    assert operations_named("named:object") == expected
    assert operations_named("pytorch") == operations_named("no.such.module") == []


@pytest.mark.parametrize("listed", ["5", '"a.op"', "made()"])
def test_operations_are_written_out(tmp_path, listed):
    (tmp_path / "mine.py").write_text(f"OPERATIONS = {listed}", encoding="utf-8")
    with pytest.raises(UsageError, match="expected a list of names or files"):
        operations_named(tmp_path / "mine.py")

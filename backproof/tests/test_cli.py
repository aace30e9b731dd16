"""The command line: exit statuses, one line for every refusal, the files it writes, the lists it prints."""

import gc
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from importlib.metadata import version

import psutil
import pytest
from few import few

from backproof.__main__ import COMMANDS
from backproof.cli import main
from backproof.output import leave
from backproof_spec.claims import CLAIM_IDS

pytestmark = pytest.mark.usefixtures("unshrunk")

STRICT = "def relu(Z):\n    return Z * (Z > 0)\n\ndef relu_vjp(Z, dY):\n    return dY * (Z > 0)\n"
FEW = ("--examples", "5", "--seed", "1", "-n", "1")


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(list(arguments))
        out, err = capsys.readouterr()
        return raised.value.code, out, err

    return run


@pytest.fixture
def strict(tmp_path):
    (tmp_path / "strict.py").write_text(STRICT, encoding="utf-8")
    return "strict.py"


def _process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "backproof", *arguments],
        capture_output=True, check=False, encoding="utf-8", env={**os.environ, **environment}, timeout=120,
    )  # fmt: skip


# --- what holds, what does not --------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_verify_exits_0_where_everything_holds(cli):
    status, out, err = cli("verify", "--claim", "relu,kron.vec", *FEW)
    assert (status, err) == (0, "")
    assert "\nPASSED  3 holds · target reference · float64\n5 examples a link · seed 1 · " in out


def test_verify_takes_operations_and_claims(cli):
    status, out, err = cli("verify", "cumsum", "dropout.dX,relu.forward", *FEW)
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:5]] == [
        ["✓", "relu.forward"], ["✓", "cumsum.forward"], ["✓", "cumsum.dX"], ["✓", "dropout.dX"],
    ]  # fmt: skip
    assert "\nPASSED  4 holds · target reference · float64\n" in out


def test_the_isolated_reference_has_the_operations_of_files(cli):
    assert "PASSED  1 holds · target reference" in cli("validate", "reference", "--claim", "dropout.dX", *FEW)[1]


@pytest.mark.no_cover
def test_validate_exits_1_where_something_is_refuted(cli, strict):
    status, out, err = cli("validate", strict, "--claim", "relu", "--examples", "20", "--seed", "1", "-n", "1")
    assert (status, err) == (1, "")
    assert "\nREFUTED relu.dZ  (formula → implementation, float64)\n" in out
    assert "backproof validate strict.py --claim relu.dZ --seed 1 --examples 20\n" in out
    assert "\nFAILED  1 holds, 1 refuted · target strict.py · float64\n" in out


def test_a_declaration_makes_it_hold(cli, strict):
    status, out, _ = cli("validate", strict, "--claim", "relu", "--declare", "relu_at_zero=0", *FEW)
    assert (status, out.splitlines()[-3]) == (0, "declared: relu_at_zero=0")


def test_a_target_that_declines_everything_or_offers_nothing_that_is_asked_judges_nothing(cli, tmp_path):
    declining = "def relu(Z):\n    raise NotImplementedError\n\ndef relu_vjp(Z, dY):\n    raise NotImplementedError\n"
    (tmp_path / "declining.py").write_text(declining, encoding="utf-8")
    all_declined = "2 of 2 claims, 100.0% of the inputs drawn (declined)"
    for claims, counted in (("relu", all_declined), ("linear.db,softmax", "3 of 3 claims")):
        status, out, _ = cli("validate", "declining.py", "--claim", claims, *FEW)
        assert status == 1
        assert "\nWHAT TO DO\n  nothing of the target was judged: offer a function under its name (linear," in out
        assert "\nNOTHING OF THE TARGET WAS JUDGED  " in out
        assert out.splitlines()[-1] == f"not judged: {counted}"


def test_what_is_required_must_be_judged_and_the_rest_need_not(cli, strict):
    command = ("validate", strict, "--claim", "relu.forward,linear.db", *FEW)
    status, out, _ = cli(*command)
    assert (status, out.splitlines()[-1]) == (0, "not judged: 1 of 2 claims")
    assert cli(*command, "--require", "relu")[0] == 2  # relu.dZ is not run
    assert cli(*command, "--require", "relu.forward")[0] == 0
    for required in ("all", "relu.forward,linear.db"):
        status, out, _ = cli(*command, "--require", required)
        assert status == 1
        assert "\nREQUIRED AND NOT JUDGED\n  the target offers no linear_vjp: linear.db\n" in out
        assert "\nFAILED  1 holds, 1 unsupported, 1 required and not judged · target strict.py" in out


@pytest.mark.no_cover
def test_the_command_that_repeats_a_failure_carries_the_declaration(cli, strict):
    declared = ("--declare", "relu_at_zero=0.5", "--declare", "scale=dW=-1")
    status, out, _ = cli("validate", strict, "--claim", "relu.dZ", "--examples", "20", *FEW[2:], *declared)
    assert status == 1
    again = next(line for line in out.splitlines() if line.startswith("  again "))
    assert "--declare relu_at_zero=0.5" in again
    assert "--declare scale=dW=-1" in again


@pytest.mark.no_cover
def test_claims_and_dtypes_may_be_repeated_or_joined(cli):
    status, out, _ = cli("verify", "--claim", "relu.dZ, linear.db", "--claim", "relu.forward",
                         "--dtype", "float16,float32", "--dtype", "bfloat16", *FEW)  # fmt: skip
    assert status == 0
    assert "PASSED  9 holds · target reference · float16, float32, bfloat16" in out


@pytest.mark.pytorch
def test_pytorch_is_refuted_under_the_notes_convention_at_exactly_zero(cli, tmp_path):
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    options = ("--claim", "relu.dZ", "--examples", "20", "--seed", "1", "-n", "1", "--json", "report.json")
    assert cli("validate", "pytorch", *options)[0] == 0
    status, out, _ = cli("validate", "pytorch", "--declare", "relu_at_zero=1", *options)
    assert status == 1
    assert re.search(r"inputs +Z = \[\[-?0\.0\]\]  float64 \(1, 1\)", out)
    assert "relu_at_zero=0" in out
    link = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["claims"][0]["links"][-1]
    assert link["counterexample"]["inputs"]["Z"]["data"] in (["0.0"], ["-0.0"])


# --- requests that cannot be run ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "--examples", "0"), "examples is 0, expected a whole number of at least 1"),
        (("verify", "--examples", "many"), "'--examples'"),
        (("verify", "--seed", "-1"), "seed is -1, expected a whole number of at least 0"),
        (("verify", "-n", "0"), "-n 0: expected at least 1 process"),
        (("verify", "--dtype", "float8"), "dtype 'float8' is not known, expected some of float16, bfloat16,"),
        (("verify", "--claim", "linear.dw"), "claim 'linear.dw' is not known: did you mean linear."),
        (("verify", "--claim", ""), "claim '' is not known"),
        (("verify", "layer_nrm"), "claim 'layer_nrm' is not known: did you mean layer_norm"),
        (("verify", "layer_norm.dY"), "claim 'layer_norm.dY' is not known: did you mean layer_norm.d"),
        (("verify", "--json", "raising.py/r.json"), "report raising.py/r.json: Not a directory: expected a place that"),
        (("verify", "--junit", "/proc/no/r.xml"), "report /proc/no: No such file or directory: its folder has gone"),
        (("verify", "--html", "."), "report .: Is a directory: expected the name of a file"),
        (("verify", "--markdown", "x" * 300), "File name too long: expected a place that can be written to"),
        (("verify", "--reproducers", "raising.py"), "--reproducers raising.py: File exists: expected a place"),
        (("verify", "--frob"), "No such option: --frob"),
        (("validate",), "validate: neither given, expected TARGET (my_layers.py, a module, an adapter) or --exec CMD"),
        (("validate", "reference", "--exec", "./a"), "validate: both given, expected TARGET"),
        (("validate", "--exec", ""), "--exec is empty, expected a command such as ./my_backprop"),
        (("validate", "--exec", "'"), "No closing quotation"),
        (("validate", "--exec", "./no_such_program"), "target ./no_such_program: cannot be started: No such file"),
        (("validate", "nowhere.py"), "target nowhere.py: no such file; expected a Python file"),
        (("validate", "no_such_module"), "target no_such_module: no module named 'no_such_module'; expected"),
        (("validate", "reference", "--declare", "layout"), "--declare 'layout': expected FIELD=VALUE with FIELD one"),
        (("validate", "reference", "--declare", "layout=x"), "layout is 'x', expected one of features-first"),
        (("validate", "reference", "--declare", "limits=depth=inf"), "depth"),
        (("list", "frob"), "list 'frob': expected one of claims, operations, adapters, conventions"),
        (("list",), "list '': expected one of claims, operations, adapters, conventions"),
        (("frob",), "No such command 'frob'; expected one of verify, validate, grade, vectors, campaign, prove, list"),
        (("--frob",), "No such option: --frob"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_cannot_be_run_is_one_line_and_status_2(cli, tmp_path, arguments, said):
    (tmp_path / "raising.py").write_text("raise ValueError('one\\ntwo')\n", encoding="utf-8")
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("backproof: ")
    assert said in err
    assert err.index("\n") == len(err) - 1


def test_a_report_that_cannot_be_written_is_refused_before_the_run(cli, tmp_path):
    (tmp_path / "marks.py").write_text(
        "from pathlib import Path\n\ndef relu(Z):\n    Path('called').touch()\n    return Z\n", encoding="utf-8"
    )
    status, _, _ = cli("validate", "marks.py", "--claim", "relu.forward", "--json", "marks.py/report.json", *FEW)
    assert status == 2
    assert not (tmp_path / "called").exists()


@pytest.mark.no_cover
def test_a_target_that_exits_is_an_error_not_a_pass(cli, tmp_path):
    (tmp_path / "leaves.py").write_text("import sys\n\ndef relu(Z):\n    sys.exit(0)\n", encoding="utf-8")
    status, out, _ = cli("validate", "leaves.py", "--claim", "relu.forward", *FEW)
    assert status == 1
    assert "ERROR relu.forward" in out


# --- what is written ------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_json_and_junit_are_written(cli, strict, tmp_path):
    status, _, _ = cli("validate", strict, "--claim", "relu", "--json", "r.json", "--junit", "r.xml",
                       "--examples", "20", "--seed", "1", "-n", "1")  # fmt: skip
    assert status == 1
    data = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (data["target"], data["passed"], data["seed"], data["examples"]) == ("strict.py", False, 1, 20)
    suite = ET.parse(tmp_path / "r.xml").getroot()  # noqa: S314 - our own output
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("backproof strict.py", "5", "1")
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"strict.py", "r.json", "r.xml"}


# --- lists, help, version -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "headers", "shown"),
    [
        ("claims", "claim formula notes", (*CLAIM_IDS, "rms_norm.dg", "dX[s,i] = dY[s,i]*M[s,i]/keep")),
        (
            "operations",
            "operation definition shapes family libraries",
            ("linear", "kron", "Z = W·Y + b·1ᵀ", "rms_norm", "E[v,d], t[s]", "normalisation", "pytorch, jax"),
        ),
        (
            "adapters",
            "adapter library install variants (name:variant)",
            ("built in", "pip install 'backproof[pytorch]'", "clamp"),
        ),
        ("conventions", "field values (default first) meaning", ("relu_at_zero", "features-first, batch-first")),
    ],
)
def test_each_list(cli, what, headers, shown):
    status, out, err = cli("list", what)
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == headers.split()
    assert [text for text in shown if text not in out] == []


def test_a_list_may_be_of_some_names(cli):
    assert [row.split()[0] for row in cli("list", "claims", "dropout", "relu.dZ")[1].splitlines()] == [
        "claim", "relu.dZ", "dropout.forward", "dropout.dX"
    ]  # fmt: skip
    said = "backproof: list operations dropuot: there is no such row: did you mean dropout or dpo?\n"
    assert cli("list", "operations", "dropuot") == (2, "", said)


@pytest.mark.parametrize("arguments", [("--version",), (), ("-h",), ("--help",)])
def test_version_and_help_are_answered_before_any_library_is_imported(arguments):
    code = (
        f"import sys; sys.argv[1:] = {arguments}; from backproof.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    print(end.code, {'numpy', 'mpmath', 'hypothesis', 'typer', 'importlib.metadata'} & {*sys.modules})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8").stdout
    assert out.endswith("0 set()\n")
    names = (*COMMANDS, "--version") if arguments != ("--version",) else (version("backproof"),)
    assert [name for name in names if name not in out] == []
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_that_begins_with_what_it_does(cli, command):
    status, out, err = cli(command, "-h")
    assert (status, err) == (0, "")
    assert COMMANDS[command] in " ".join(out.split())


# --- as a process ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_process_runs_in_several_workers_and_is_plain_where_it_is_piped(tmp_path):
    (tmp_path / "strict.py").write_text(STRICT, encoding="utf-8")
    path = str(tmp_path / "strict.py")
    done = _process("validate", path, "--claim", "relu.forward,relu.dZ", "--examples", "20", "--seed", "1", "-n", "2")
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout
    assert "REFUTED relu.dZ" in done.stdout


@pytest.mark.parametrize(("other", "many"), few([("plain.py", "2"), ("busy.py", "1")], ("plain.py", "2").__eq__))
def test_the_seed_repeats_the_run_whatever_the_workers_and_the_constants_of_the_target(other, many, tmp_path):
    plain, busy = tmp_path / "plain.py", tmp_path / "busy.py"
    plain.write_text("from backproof_impl.reference import relu, relu_vjp\n", encoding="utf-8")
    busy.write_text(plain.read_text(encoding="utf-8") + "NUMBERS = [12345, 777, 3.25, 65, 66]\n", encoding="utf-8")
    found = []
    for name, workers in ((plain, "1"), (tmp_path / other, many)):
        report = tmp_path / "report.json"
        options = ("--claim", "relu", "--examples", "4", "--seed", "1", "-n", workers, "--json", str(report))
        cache = str(tmp_path / f"cache-{len(found)}")  # what another run remembered is said to be
        assert _process("validate", str(name), *options, XDG_CACHE_HOME=cache).returncode == 0
        found.append(json.loads(report.read_text(encoding="utf-8"))["claims"])
    assert found[0] == found[1]


@pytest.mark.slow
def test_an_output_that_cannot_encode_a_formula_is_no_crash(tmp_path):
    (tmp_path / "strict.py").write_text(STRICT, encoding="utf-8")
    arguments = ("validate", str(tmp_path / "strict.py"), "--claim", "relu.dZ", "--examples", "20", *FEW[2:])
    done = _process(*arguments, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "relu.dZ" in done.stdout


@pytest.mark.parametrize(("arguments", "status"), [(("--version",), 0), (("frob",), 2)])
def test_the_process_exits_as_the_command_does(arguments, status):
    done = _process(*arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


_FULL = "standard output: No space left on device: make room there, or send it elsewhere"
_CLOSED = "standard output is closed: expected it open, or sent to a file (> report.txt)"
_GONE = "standard output: Broken pipe: what read it has gone, and the rest was not said (--json FILE keeps a report)"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("command", few(["--version", "list claims"], "--version".__eq__))
@pytest.mark.parametrize(("sent", "said"), [(">/dev/full", _FULL), (">&-", _CLOSED), ("| true", _GONE)])
def test_output_that_cannot_be_written_is_one_line(tmp_path, command, sent, said):
    slow = "sleep 0.1; " if sent == "| true" else ""  # until its reader has gone
    shell = f"({slow}{shlex.quote(sys.executable)} -m backproof {command} 2>err; echo $? >status) {sent}"
    subprocess.run(shell, shell=True, cwd=tmp_path, check=True, timeout=60)  # noqa: S602 - our own words
    assert (tmp_path / "err").read_text(encoding="utf-8") == f"backproof: {said}\n"
    assert (tmp_path / "status").read_text(encoding="utf-8") == "2\n"


def test_a_report_that_is_lost_after_the_run_leaves_the_others_and_the_terminal(cli, tmp_path):
    removes = "from pathlib import Path\n\ndef relu(Z):\n    Path('gone').exists() and Path('gone').rmdir()\n"
    (tmp_path / "removes.py").write_text(removes + "    return Z * (Z > 0)\n", encoding="utf-8")
    reports = ("--json", "gone/r.json", "--markdown", "kept/r.md")
    status, out, err = cli("validate", "removes.py", "--claim", "relu.forward", *reports, *FEW)
    assert status == 2
    assert "PASSED  1 holds" in out
    assert err == (
        "backproof: report gone/r.json: No such file or directory: its folder has gone; make it again, or write "
        "elsewhere\n"
    )
    assert (tmp_path / "kept" / "r.md").exists()


# --- every report, interruption -------------------------------------------------------------------------------------


def test_every_form_of_report_is_written(cli, tmp_path):
    (tmp_path / "wrong.py").write_text("def relu_vjp(Z, dY):\n    return dY * (Z > 0)\n", encoding="utf-8")
    (tmp_path / "scripts").mkdir()
    files = [f"--{kind}={kind}" for kind in ("json", "junit", "html", "markdown")]
    options = ("--claim", "relu.dZ", "--examples", "20", "--seed", "1", "-n", "1", "--reproducers", "scripts")
    assert cli("validate", "wrong.py", *options, *files)[0] == 1
    starts = {name: (tmp_path / name).read_text(encoding="utf-8")[:2] for name in ("json", "junit", "html", "markdown")}
    assert starts == {"json": "{\n", "junit": "<?", "html": "<!", "markdown": "❌ "}
    assert [path.name for path in (tmp_path / "scripts").iterdir()] == ["relu.dZ.float64.py"]


@pytest.mark.no_cover
def test_a_known_failure_passes_until_it_no_longer_fails(cli, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def relu_vjp(Z, dY):\n    return dY * (Z > 0)\n", encoding="utf-8")
    (tmp_path / "known.toml").write_text(
        "[[known]]\nclaim = 'relu.dZ'\nreason = 'mask'\ndiagnosis = 'mask-strict'\n", encoding="utf-8"
    )
    options = ("--claim", "relu.dZ", "--examples", "20", "--seed", "1", "-n", "1", "--known", "known.toml")
    assert cli("validate", "wrong.py", *options)[0] == 0
    wrong.write_text("def relu_vjp(Z, dY):\n    return dY * (Z >= 0)\n", encoding="utf-8")
    status, out, _ = cli("validate", "wrong.py", *options)
    assert status == 1
    assert "now holds" in out


def test_a_current_folder_that_has_gone_is_one_line(tmp_path):
    words = [f"mkdir {tmp_path}/x; cd {tmp_path}/x; rmdir ../x", f"{shlex.quote(sys.executable)} -P -m backproof list"]
    done = subprocess.run("; ".join(words), shell=True, capture_output=True, check=False, timeout=60)  # noqa: S602
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"backproof: the current folder has gone: expected to be run in one that exists (cd)\n"


def test_an_interrupt_before_anything_has_run_is_one_line(capsys):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as left:
        leave(interrupted)
    assert (left.value.code, capsys.readouterr().err) == (130, "backproof: interrupted\n")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm clock")
def test_an_interrupt_that_python_loses_in_a_callback_is_heard_all_the_same(capsys):
    sent = []

    def collecting(*_):
        if not sent:
            sent.append(os.kill(os.getpid(), signal.SIGINT))

    def collects():
        gc.callbacks.append(collecting)
        gc.collect()
        time.sleep(20)

    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    try:
        with pytest.raises(SystemExit) as left:
            leave(collects)
    finally:
        signal.signal(signal.SIGINT, inherited)
        gc.callbacks.remove(collecting)
    assert (left.value.code, capsys.readouterr().err) == (130, "backproof: interrupted\n")


SLOW = """
from pathlib import Path
import time

def relu(Z):
    return Z * (Z > 0)

def relu_vjp(Z, dY):
    Path("called").touch()
    time.sleep(99)
"""
FILES = ("--json=r/json", "--junit=r/junit", "--html=r/html", "--markdown=r/markdown")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize(
    ("sent", "workers"), few([("SIGINT", "1"), ("SIGTERM", "2"), ("SIGKILL", "2")], ("SIGTERM", "2").__eq__)
)
def test_a_stopped_run_reports_what_it_has_and_leaves_no_process_behind(sent, workers, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    options = ["validate", "slow.py", "--claim", "relu,kron", "--examples", "5", "--seed", "1", "-n", workers, *FILES]
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a background job ignores it
    command = [sys.executable, "-c", f"{heard}; from backproof.cli import main; main({options})"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (tmp_path / "called").exists():
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.Signals[sent])
    out, err = process.communicate(timeout=60)
    assert psutil.wait_procs(children, timeout=5)[1] == []
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "r").iterdir()}
    if sent == "SIGKILL":
        assert (process.returncode, out, err, written) == (-signal.SIGKILL, "", "", {})
        return
    assert (process.returncode, err) == (130, "backproof: interrupted\n")
    assert "\nINTERRUPTED  " in out
    assert re.search(r" [12] not run · target slow\.py", out)
    data = json.loads(written["json"])
    assert (data["interrupted"], data["passed"]) == (True, False)
    verdicts = {claim["id"]: claim["verdict"] for claim in data["claims"]}
    assert verdicts["relu.dZ"] == "not run"
    assert data["claims"][-1]["links"][-1]["reason"] == "the run was interrupted"
    assert ET.fromstring(written["junit"]).find("testcase/skipped[@type='not run']") is not None  # noqa: S314
    assert ["INTERRUPTED" in written[name] for name in ("html", "markdown")] == [True, True]


# --- targets that cannot be loaded ----------------------------------------------------------------------------------

BROKEN = {
    "raises": ("raise ValueError('one\\ntwo')", "importing it raised ValueError: one two"),
    "does not parse": ("def relu(Z:", "importing it raised SyntaxError: '(' was never closed (broken.py, line 1)"),
    "asks": ("input('name? ')", "importing it raised EOFError: EOF when reading a line"),
    "needs": ("import no_such_library", "importing it raised ModuleNotFoundError: No module named 'no_such_library'"),
    "exits": ("raise SystemExit(0)", "importing it raised SystemExit: 0"),
    "ends": ("import os; os._exit(0)", "importing it: the process ended with exit status 0"),
    "declares": ("import backproof; backproof.Conventions(layout=3)", "conventions: layout is 3, expected one of"),
    "cannot say": (
        "class E(Exception):\n    def __str__(self): raise E\nraise E",
        "importing it raised E: (what it says cannot be read)",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_target_that_cannot_be_loaded_is_an_error_in_every_report(cli, tmp_path, name):
    source, said = BROKEN[name]
    (tmp_path / "broken.py").write_text(source, encoding="utf-8")
    status, out, err = cli("validate", "broken.py", "--claim", "relu", *FEW, *FILES)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("backproof: ")
    assert said in err
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "r").iterdir()}
    data = json.loads(written["json"])
    assert (data["target"], data["passed"], data["interrupted"]) == ("broken.py", False, False)
    assert [(claim["id"], claim["verdict"]) for claim in data["claims"]] == [
        ("relu.forward", "error"),
        ("relu.dZ", "error"),
    ]
    assert f"backproof: {data['claims'][0]['links'][-1]['reason']}\n" == err
    assert len(ET.fromstring(written["junit"]).findall("testcase/error")) == 2  # noqa: S314 - our own output
    assert ["FAILED" in written[name] for name in ("html", "markdown")] == [True, True]

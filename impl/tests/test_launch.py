"""launch: programs of ours are apart from the folder and the environment, and none outlives the one that started it."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from few import few

from backproof_impl import apart, launch, reaper

HOSTILE = ("json", "runpy", "psutil", "numpy", "mpmath", "ml_dtypes", "gmpy2", "backproof", "backproof_spec", "pickle")


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A folder whose modules bear the names of others, and everything that could have them imported."""
    user = tmp_path / "base" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for folder in (tmp_path, user):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*HOSTILE, "sitecustomize", "usercustomize"):
            (folder / f"{name}.py").write_text(f"raise SystemError('{name} of the folder')\n", encoding="utf-8")
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "base"))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(command, text=""):
    return subprocess.run(command, input=text, capture_output=True, check=False, encoding="utf-8", timeout=60)


def test_the_replayer_imports_nothing_of_the_folder_and_the_environment(hostile):
    (hostile / "proof.json").write_text("{}", encoding="utf-8")
    done = _run(launch.command("backproof_spec.calculus.replay", "proof.json", alone=True))
    expected = "proof.json: cannot be read: expected a proof file: an object with format "
    assert (done.returncode, done.stdout, done.stderr[: len(expected)]) == (2, "", expected)


@pytest.mark.no_cover
@pytest.mark.parametrize("module", ["backproof_impl.reaper", "backproof_impl.host", "backproof_properties.worker"])
@pytest.mark.usefixtures("hostile")
def test_no_program_of_ours_imports_anything_of_the_folder_and_the_environment(module):
    done = _run(launch.program(module))  # what it is asked ends at once
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_our_packages_are_the_ones_that_run_here(tmp_path):
    (tmp_path / "backproof_impl").mkdir()
    (tmp_path / "backproof_impl" / "__init__.py").write_text("raise SystemError\n", encoding="utf-8")
    ask = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import backproof_impl; print(backproof_impl.__file__)"
    first, *rest = launch.command("runpy")
    script = rest[rest.index(next(word for word in rest if word.endswith("apart.py")))]
    started = f"import sys; sys.argv = {['apart', rest[-1]]}; exec(open({script!r}).read()); {ask}"
    assert _run((first, "-I", "-c", started)).stdout == f"{os.path.dirname(launch.__file__)}/__init__.py\n"  # noqa: PTH120


def test_only_our_packages_are_found_apart_from_the_path():
    ours = apart.Ours({"backproof_impl": "/somewhere/backproof_impl"})
    found = ours.find_spec("backproof_impl", None, None)
    assert (found.origin, found.submodule_search_locations) == (
        "/somewhere/backproof_impl/__init__.py",
        ["/somewhere/backproof_impl"],
    )
    assert ours.find_spec("backproof_impl.launch") is ours.find_spec("json") is None


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_the_reaper_ends_what_is_watched_with_its_children_and_nothing_else(monkeypatch):
    script = f"import subprocess, sys, time; {CHILD}; print(flush=True); time.sleep(60)"
    watched, forgotten, other = (
        subprocess.Popen([sys.executable, "-I", "-S", "-c", script], stdout=subprocess.PIPE, start_new_session=own)
        for own in (True, True, False)
    )
    families = []
    for each in (watched, forgotten, other):
        each.stdout.readline()
        families.append([psutil.Process(each.pid), *psutil.Process(each.pid).children()])
    heard = f"+{watched.pid}\n+{forgotten.pid}\n+{other.pid}\n-{forgotten.pid}\n"  # the last leads no session
    monkeypatch.setattr("sys.stdin", io.StringIO(heard))
    try:
        reaper.main()
        assert watched.wait(timeout=5) == -signal.SIGKILL
        assert psutil.wait_procs(families[0], timeout=5)[1] == []
        assert [[each.is_running() for each in family] for family in families[1:]] == [[True, True]] * 2
    finally:
        for each in [each for family in families for each in family]:
            with contextlib.suppress(psutil.Error):
                each.kill()
        for each in (watched, forgotten, other):
            each.communicate()


# --- none outlives the one that started it ----------------------------------------------------------------------------

PARENT = """
import sys, time
from backproof_impl.calling import Call
from backproof_impl.isolation import Program, Session
import numpy as np
program = Program.of_python("target.py") if {python} else Program("program", (sys.executable, "-I", "program.py"))
session = Session(program)
session.start()
session.call(Call("relu", {{"Z": np.zeros((1, 1))}}), keep=False)
"""
CHILD = "subprocess.Popen([sys.executable, '-I', '-S', '-c', 'import time; time.sleep(60)'], start_new_session=True)"
BUSY = "ctypes.PyDLL(None).sleep(60)"
"""Foreign code that lets no other thread run."""
MARK = "Path('called').touch()"
DEEDS = {"sleeps": f"{CHILD}; {MARK}; time.sleep(60)", "is busy": f"{CHILD}; {MARK}; {BUSY}"}
HEAD = "import ctypes, json, subprocess, sys, time\nfrom pathlib import Path\n\ndef relu(Z):\n    "
PROGRAM = """
input()
print('{"type": "started", "protocol": 1, "functions": ["relu"]}', flush=True)
input()
relu(0)
"""
"""It does not hear that its input ends."""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("python", [True, False], ids=["target", "program"])
@pytest.mark.parametrize(
    ("sent", "deed"),
    few(
        [("SIGKILL", "sleeps"), ("SIGKILL", "is busy"), ("SIGTERM", "is busy"), ("SIGINT", "is busy")],
        ("SIGKILL", "is busy").__eq__,
    ),
)
def test_no_process_outlives_its_parent(tmp_path, sent, deed, python):
    relu = f"{HEAD}{DEEDS[deed]}\n"
    (tmp_path / "target.py").write_text(relu, encoding="utf-8")
    (tmp_path / "program.py").write_text(relu + PROGRAM, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(python=python)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "called").exists():
        time.sleep(0.02)
    family = psutil.Process(parent.pid).children(recursive=True)
    assert len(family) == 3  # the host, its child, the reaper
    parent.send_signal(signal.Signals[sent])
    parent.wait(timeout=20)
    assert psutil.wait_procs(family, timeout=5)[1] == []

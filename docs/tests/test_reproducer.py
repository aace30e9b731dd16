"""A reproducer runs without Backproof, exits 1 while the failure is there, and 0 once the target is mended."""

import contextlib
import io
import runpy
import subprocess
import sys

import numpy as np
import pytest
from few import few

import backproof
from backproof_docs import replay
from backproof_docs.report import Report
from backproof_docs.reproducer import reproducers, to_script
from backproof_impl.calling import Call
from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.results import Finding, Link, Outcome, Verdict

pytestmark = pytest.mark.usefixtures("unshrunk")

RIGHT = """
import numpy as np
import backproof

CONVENTIONS = backproof.Conventions(layout="batch-first", labels="index")

def linear(W, Y, b):
    return Y @ W.T + b

def linear_vjp(W, Y, b, dZ):
    return dZ.T @ Y, dZ @ W, dZ.sum(axis=0)

def relu(Z):
    return np.maximum(Z, 0)

def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)

def cross_entropy(S, P):
    with np.errstate(divide="ignore"):
        return -np.log(S[np.arange(len(P)), P]).sum()
"""
WRONG = {
    "value": ("dZ.T @ Y", "2 * dZ.T @ Y", "linear.dW"),
    "shape": ("dZ.sum(axis=0)", "dZ.sum(axis=0, keepdims=True)", "linear.db"),
    "dtype": ("dZ @ W,", "(dZ @ W).astype(np.float32),", "linear.dY"),
    "no array": ("return Y @ W.T + b", "return (Y @ W.T + b).tolist()", "linear.forward"),
    "raises": ("return Y @ W.T + b", "raise ValueError('no')", "linear.forward"),
    "in place": ("return np.maximum(Z, 0)", "Z *= Z > 0; return Z.copy()", "relu.forward"),
    "aliasing": ("return np.maximum(Z, 0)", "return Z if (Z >= 0).all() else np.maximum(Z, 0)", "relu.forward"),
    "buffer": ("return np.maximum(Z, 0)", "return np.maximum(Z, 0, out=K.setdefault(Z.shape, 0 * Z))", "relu.forward"),
    "memory": ("return np.maximum(Z, 0)", "return np.maximum(Z, 0) + (Z.size and Z.strides[0] < 0)", "relu.forward"),
    "overflow": ("np.exp(Z - Z.max(axis=1, keepdims=True))", "np.exp(Z)", "softmax.forward"),
    "loss": ("[np.arange(len(P)), P]).sum()", "[np.arange(len(P)), P]).sum() + 1", "cross_entropy.forward"),
}


def _exit(script, folder, monkeypatch):
    """Of the script, elsewhere, where there is no backproof: in this process, for a process of its own takes longer."""
    path, found = folder / "scripts" / "script.py", list(sys.path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(script, encoding="utf-8")
    said = io.StringIO()
    with monkeypatch.context() as patch:
        for name in ("backproof", "backproof_impl"):
            patch.setitem(sys.modules, name, None)
        patch.chdir("/")
        with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as left:
            runpy.run_path(str(path), run_name="__main__")
    sys.path[:] = found
    return left.value.code, said.getvalue()


def _judged(path, claim, examples=20):
    """A report of the last link alone: the others are of no interest here, and take long."""
    planned, target = runner.tasks((claim,), ("float64",), examples, 1), as_target(path)
    (task,) = (each for each in planned if each.property.link is Link.IMPLEMENTATION)
    declared = target.conventions.declared()
    return Report(path, declared, ("float64",), examples, 1, 0.0, (runner.run(task, target),))


@pytest.mark.parametrize(("old", "new", "claim"), WRONG.values(), ids=WRONG)
def test_it_exits_1_while_the_mistake_is_there_and_0_once_it_is_mended(old, new, claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RIGHT.count(old) == 1
    layers = tmp_path / "my_layers.py"
    layers.write_text("K = {}\n" + RIGHT.replace(old, new), encoding="utf-8")
    report = _judged("my_layers.py", claim, examples=60)
    (script,) = reproducers(report, tmp_path / "scripts").values()
    status, said = _exit(script, tmp_path, monkeypatch)
    assert status == 1, said
    layers.write_text(RIGHT, encoding="utf-8")
    assert _exit(script, tmp_path, monkeypatch) == (0, f"{claim}: as it should be\n")


NETWORK = """
from backproof_impl import reference as R

def network_gradients(*a):
    found = R.network_gradients(*a)
    found["dW"] = [2 * A for A in found["dW"]]
    return found
"""
CHAIN = """
from backproof_impl.reference import linear, relu, softmax_vjp, linear_vjp

def relu_vjp(Z, dY):
    return 2 * dY * (Z >= 0)
"""


def _process(script, *flags):
    command = [sys.executable, *flags, str(script)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.no_cover
def test_it_runs_as_a_program_from_any_folder_and_wherever_it_is_moved(tmp_path, monkeypatch):
    """A network's layer is named; where a claim joins several functions, calls take what earlier ones gave."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scripts").mkdir()
    for name, text, claim, judged in (
        ("net", NETWORK, "network.dW", "OUTPUT = 'dW'\nLAYER = "),
        ("chain", CHAIN, "chain.rule", "'dZ': (3, 'dZ')"),
    ):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        report = _judged(f"{name}.py", claim)
        (script,) = reproducers(report, tmp_path / "scripts").values()
        assert judged in script
        path = tmp_path / "scripts" / f"{name}_fails.py"
        path.write_text(script, encoding="utf-8")
        status, said = _process(path)
        assert status == 1, said
        (tmp_path / f"{name}.py").write_text(text.replace("2 * ", ""), encoding="utf-8")
        moved = path.rename(tmp_path.parent / f"{tmp_path.name}.py")
        assert _process(moved) == (0, f"{claim}: as it should be\n")


OPERATION = """\
operation scaled(X[s,i], t[s]: index(i), c: constant; k in 2, 3) -> Y, L
Y[s,i] = k*c*X[s,i]
L = sum_s X[s,t[s]]^2
gradient by X[s,i] = k*c*dY[s,i] + 2*dL*X[s,i]*[i = t[s]]
"""
OWN = """
import numpy as np

OPERATIONS = ["scaled.op"]

def scaled(X, t, c, k=2):
    return X.dtype.type(k) * c * X, (X[np.arange(len(t)), t] ** 2).sum()

def scaled_vjp(X, t, c, dY, dL, k=2):
    dX = X.dtype.type(k) * c * dY
    dX[np.arange(len(t)), t] += 2 * dL * X[np.arange(len(t)), t]
    return dX
"""
WRONG_OWN = {
    "value": ("k) * c * dY", "k) * dY", "scaled.dX"),
    "a parameter's": ("k) * c * dY", "2) * c * dY", "scaled.dX"),
    "number": ("t] ** 2).sum()", "t] ** 2).mean()", "scaled.forward"),
    "shape": ("return dX", "return dX.T.copy()", "scaled.dX"),
    "dtype": ("return dX", "return dX.astype(np.float32)", "scaled.dX"),
    "breach": ("k) * c * X, (X", "k) * c * X; (X", "scaled.forward"),
    "raises": ("return dX", "raise ValueError(dX)", "scaled.dX"),
    "in place": ("    dX = ", "    X *= 2; X /= 4\n    dX = ", "scaled.dX"),
    "accumulates": ("return dX", "K.append(dX); return sum(K[:-1][-1:], dX)", "scaled.dX"),
}


@pytest.mark.parametrize(
    ("old", "new", "claim"),
    few(WRONG_OWN.values(), {WRONG_OWN[name] for name in ("number", "breach", "in place")}.__contains__),
    ids=WRONG_OWN,
)
def test_so_it_does_for_an_operation_of_ones_own(old, new, claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert OWN.count(old) == 1
    (tmp_path / "scaled.op").write_text(OPERATION, encoding="utf-8")
    layers = tmp_path / "mine.py"
    layers.write_text("K = []\n" + OWN.replace(old, new), encoding="utf-8")
    found = backproof.check("mine.py", operations=["scaled.op", claim], examples=20, seed=1, dtypes=["float64"])
    (script,) = reproducers(found, tmp_path / "scripts").values()
    status, said = _exit(script, tmp_path, monkeypatch)
    assert status == 1, said
    layers.write_text("K = []\n" + OWN, encoding="utf-8")
    assert _exit(script, tmp_path, monkeypatch) == (0, f"{claim}: as it should be\n")


@pytest.mark.no_cover
def test_a_module_is_found_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "pkg_strict").mkdir()
    layers = tmp_path / "pkg_strict" / "layers.py"
    wrong = "class Layers:\n    @staticmethod\n    def relu_vjp(Z, dY):\n        return dY * (Z > 0)\n"
    layers.write_text(wrong, encoding="utf-8")
    report = backproof.check("pkg_strict.layers:Layers", operations=["relu.dZ"], examples=20, seed=1)
    (script,) = reproducers(report, tmp_path / "scripts").values()
    assert _exit(script, tmp_path, monkeypatch)[0] == 1
    monkeypatch.delitem(sys.modules, "pkg_strict.layers")
    layers.write_text(wrong.replace("Z >", "Z >= "), encoding="utf-8")
    assert _exit(script, tmp_path, monkeypatch)[0] == 0


def test_of_an_output_too_large_to_be_shown_the_worst_entry_is_judged():
    call = Call("relu", {"Z": np.zeros((40, 40))})
    finding = Finding("wrong", "relu.Y", {}, (3, 5), "0.5", "1.0", calls=(call,), bound="1e-16")
    outcome = Outcome("relu.forward", Link.IMPLEMENTATION, "float64", Verdict.REFUTED, finding=finding)
    report = Report("reference", {"layout": "batch-first"}, ("float64",), 1, 1, 0.0, (outcome,))
    assert "EXPECTED = {(5, 3): ('0.5', '1e-16')}" in to_script(report, outcome)


@pytest.mark.no_cover
def test_what_holds_has_none_nor_what_a_script_cannot_load():
    report = backproof.check("reference", operations=["relu.dZ"], examples=5, seed=1)
    assert reproducers(report) == {}
    assert to_script(report, report.results[-1]) is None
    report = backproof.check({"relu_vjp": lambda Z, dY: 2 * dY * (Z >= 0)}, operations=["relu.dZ"], examples=9, seed=1)
    assert [outcome.verdict for outcome in report.failures] == [Verdict.REFUTED]
    assert reproducers(report) == {}


def test_the_program_that_scripts_are_made_of_is_a_reproducer_itself():
    assert replay.problem() is None

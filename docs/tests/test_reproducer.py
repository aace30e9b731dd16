"""A reproducer runs without Backproof, exits 1 while the failure is there, and 0 once the target is mended."""

import subprocess
import sys

import pytest

import backproof
from backproof_docs.reproducer import reproducers, to_script
from backproof_impl import reference as R
from backproof_properties.results import Link

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


def _exit(script, folder):
    """Of the script, in a Python that has no backproof: the folder of the packages is hidden from it."""
    (folder / "reproducer.py").write_text(script, encoding="utf-8")
    hide = "import sys, runpy; sys.modules['backproof'] = None; runpy.run_path('reproducer.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", hide], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("old", "new", "claim"), WRONG.values(), ids=WRONG)
def test_it_exits_1_while_the_mistake_is_there_and_0_once_it_is_mended(old, new, claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RIGHT.count(old) == 1
    layers = tmp_path / "my_layers.py"
    layers.write_text("K = {}\n" + RIGHT.replace(old, new), encoding="utf-8")
    report = backproof.check("my_layers.py", operations=[claim], examples=60, seed=1)
    (script,) = reproducers(report).values()
    status, said = _exit(script, tmp_path)
    assert status == 1, said
    layers.write_text(RIGHT, encoding="utf-8")
    assert _exit(script, tmp_path) == (0, f"{claim}: as it should be\n")


@pytest.mark.no_cover
def test_a_network_and_its_layer_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from backproof_impl import reference as R\n\ndef network_gradients(*a):\n    found = R.network_gradients(*a)\n"
        "    found['dW'] = [2 * A for A in found['dW']]\n    return found\n",
        encoding="utf-8",
    )
    report = backproof.check("net.py", operations=["network.dW"], examples=30, seed=1)
    (outcome,) = report.failures
    script = to_script(report, outcome)
    assert "OUTPUT = 'dW'\nLAYER = " in script
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False).returncode == 1
    )


@pytest.mark.no_cover
def test_what_holds_and_what_joins_several_functions_has_none():
    report = backproof.check("reference", operations=["relu.dZ"], examples=5, seed=1)
    assert reproducers(report) == {}
    assert to_script(report, report.results[-1]) is None
    wrong = {name: getattr(R, name) for name in ("linear", "relu", "softmax_vjp", "linear_vjp")}
    wrong["relu_vjp"] = lambda Z, dY: 2 * dY * (Z >= 0)
    report = backproof.check(wrong, operations=["chain.rule"], examples=20, seed=1)
    assert [outcome.link for outcome in report.failures] == [Link.IMPLEMENTATION]
    assert reproducers(report) == {}

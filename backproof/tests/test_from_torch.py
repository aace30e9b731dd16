"""Functions that PyTorch or JAX differentiates, in processes of their own, and reproduced."""

import importlib.util
import subprocess
import sys

import pytest

import backproof
from backproof_docs.reproducer import reproducers

pytestmark = pytest.mark.pytorch

EMBEDDING = {
    "torch": "import backproof\nembedding = backproof.from_torch(lambda E, t: E[t])\nOPERATIONS = ['embedding']\n",
    "jax": "import backproof\nembedding = backproof.from_jax(lambda E, t: E[t])\nOPERATIONS = ['embedding']\n",
}
WRONG = """\
import torch

import backproof


class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, Z):
        S = Z.softmax(0)
        ctx.save_for_backward(S)
        return S

    @staticmethod
    def backward(ctx, dS):
        (S,) = ctx.saved_tensors
        return S * dS


softmax = backproof.from_torch(Softmax)
"""
IN_PLACE = "import backproof\ngelu = backproof.from_torch(lambda X: X.mul_(2))\nOPERATIONS = ['gelu']\n"


@pytest.fixture
def target(tmp_path):
    """A target file of this text."""

    def write(text):
        for library in ("torch", "jax"):
            if f"from_{library}" in text and importlib.util.find_spec(library) is None:
                pytest.skip(f"pip install {library}")
        (tmp_path / "my.py").write_text(text, encoding="utf-8")
        return tmp_path / "my.py"

    return write


@pytest.mark.parametrize("library", EMBEDDING)
def test_in_processes_of_its_own_in_every_format(target, library):
    dtypes = ["float32", "bfloat16"]
    report = backproof.check(
        target(EMBEDDING[library]),
        operations=["embedding.forward", "embedding.dE"],
        dtypes=dtypes,
        examples=10,
        seed=1,
        isolate=True,
        workers=2,
    )
    found = {(each.claim, each.dtype): str(each.verdict) for each in report.results if each.dtype}
    assert set(found) == {(f"embedding.{what}", dtype) for what in ("forward", "dE") for dtype in dtypes}
    assert set(found.values()) <= {"uncertified", "holds"}
    assert ("reversed" in report.conventions.get("limits", {}).get("memory", ["reversed"])) is (library == "jax")


def test_a_change_in_place_is_seen(target):
    report = backproof.check(target(IN_PLACE), operations=["gelu.forward"], examples=10, seed=1)
    [outcome] = report.failures
    assert outcome.finding.message.startswith("gelu: changed its argument X in place")


def test_what_is_wrong_is_reproduced(target, tmp_path):
    path = target(WRONG)
    report = backproof.check(str(path), operations=["softmax.dZ"], examples=20, seed=1)
    [outcome] = report.failures
    assert str(outcome.verdict) == "refuted"
    [(name, script)] = reproducers(report, tmp_path).items()
    (tmp_path / name).write_text(script, encoding="utf-8")
    assert _status(tmp_path / name) == 1
    path.write_text(WRONG.replace("return S * dS", "return S * (dS - (S * dS).sum(0))"), encoding="utf-8")
    assert _status(tmp_path / name) == 0


def _status(script):
    return subprocess.run([sys.executable, str(script)], check=False, capture_output=True).returncode

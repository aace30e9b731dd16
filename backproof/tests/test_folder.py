"""A verdict does not depend on the folder in which it is asked for, whatever lies there."""

import os
import re
import subprocess
import sys

import pytest

from backproof.__main__ import COMMANDS
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.theorems import THEOREMS

NAMES = (
    "json", "numpy", "mpmath", "backproof", "backproof_docs", "backproof_impl", "backproof_spec", "pickle", "typing",
    "gmpy2", "hypothesis", "psutil", "typer", "rich", "lark", "fpdf", "numbers", "random", "sitecustomize",
)  # fmt: skip
LAYERS = "import neighbour\nimport numpy as np\n\ndef relu(Z):\n    return np.maximum(Z, neighbour.ZERO)\n"
SPEAKS = """\
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["type"] == "stop":
        break
    said = {"type": "started", "protocol": 1, "functions": ["relu"]}
    if asked["type"] == "call":
        Z = asked["arrays"]["Z"]
        Y = {**Z, "data": [text if float(text) > 0 or text == "nan" else "0.0" for text in Z["data"]]}
        said = {"type": "result", "seq": asked["seq"], "arrays": {"Y": Y}}
    print(json.dumps(said), flush=True)
"""
STATEMENT = "y = x*x\ngradient y by x = 2*x\n"
OPERATION = "operation squares(x[i]) -> Y\nY[i] = x[i]^2\ngradient by x[k] = 2*x[k]*dY[k]\n"
FEW = ("--examples", "5", "--seed", "1")
VALIDATE = ("--claim", "relu.forward,kron.vec", *FEW)
COMMAND = ("-P", "-m", "backproof")
REPLAYER = ("-I", "-m", "backproof_spec.calculus.replay")
EXEC = f"{sys.executable} -I speaks.py"
ASKED = [
    (*COMMAND, "--version"),
    (*COMMAND, "--help"),
    (*COMMAND, "frob"),
    *((*COMMAND, command, "--help") for command in COMMANDS),
    *((*COMMAND, "list", what) for what in ("claims", "operations", "adapters", "conventions")),
    (*COMMAND, "verify", "--claim", "relu.forward", *FEW, "-n", "2"),
    (*COMMAND, "validate", "layers.py", *VALIDATE, "-n", "2"),
    (*COMMAND, "validate", "layers.py", "--claim", "relu", *FEW, "--json", "r", "--html", "h", "--junit", "j"),
    (*COMMAND, "validate", "layers", *VALIDATE, "-n", "1", "--no-isolate"),
    (*COMMAND, "validate", "--exec", EXEC, "--claim", "relu.forward", *FEW, "-n", "1"),
    (*COMMAND, "prove", "linear.db"),
    (*COMMAND, "prove", "relu", "--format", "html,pdf,json,coq", "--out", "pages"),
    (*COMMAND, "prove", "--statement", "mine.txt"),
    (*COMMAND, "prove", "mine.op"),
    (*COMMAND, "prove", "logsumexp"),
    (*REPLAYER, "proof.json"),
]
REFUSED = {"frob": 2}
"""The status of those that are not 0."""


@pytest.fixture(scope="module")
def proof():
    return text(proof_file(THEOREMS["linear.db"]()))


def _printed(folder, hostile, arguments, proof):
    folder.mkdir()
    files = {"layers.py": LAYERS, "neighbour.py": "ZERO = 0.0\n", "speaks.py": SPEAKS, "mine.txt": STATEMENT}
    files["mine.op"] = OPERATION
    files |= {"proof.json": proof, **{f"{name}.py": f"raise SystemError('{name} of the folder')\n" for name in hostile}}
    for name, written in files.items():
        (folder / name).write_text(written, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, check=False,
        encoding="utf-8", timeout=300, env={**os.environ, "COLUMNS": "80", "XDG_CACHE_HOME": str(folder)},
    )  # fmt: skip
    return done.returncode, re.sub(r"\d+\.\d s", "… s", done.stdout), done.stderr


def _param(words):
    """Most commands are for a run of the slow ones: each starts four processes and more."""
    quick = words[-1] == "proof.json" or (*words[3:5], words[-1]) == ("validate", "layers.py", "2")
    marks = [] if quick else [pytest.mark.slow]
    return pytest.param(words, id=" ".join(words).replace(sys.executable, "python"), marks=marks)


@pytest.mark.no_cover
@pytest.mark.parametrize("arguments", [_param(words) for words in ASKED])
def test_a_command_says_the_same_in_a_folder_of_modules_that_bear_the_names_of_others(tmp_path, arguments, proof):
    hostile = _printed(tmp_path / "hostile", NAMES, arguments, proof)
    assert hostile == _printed(tmp_path / "quiet", (), arguments, proof)
    assert hostile[0] == REFUSED.get(arguments[-1], 0), hostile
    assert (hostile[2] == "") == (hostile[0] == 0)


def test_every_command_is_asked():
    assert {words[3] for words in ASKED if words[:3] == COMMAND} >= {*COMMANDS, "--version", "--help"}

"""A verdict does not depend on the folder in which it is asked for, whatever lies there."""

import os
import re
import subprocess
import sys

import pytest

NAMES = ("json", "numpy", "mpmath", "backproof", "backproof_spec", "pickle", "typing", "gmpy2", "hypothesis", "psutil")
LAYERS = "import neighbour\nimport numpy as np\n\ndef relu(Z):\n    return np.maximum(Z, neighbour.ZERO)\n"
VALIDATE = ("--claim", "relu.forward,kron.vec", "--examples", "5", "--seed", "1")


def _printed(folder, hostile, arguments):
    folder.mkdir()
    (folder / "layers.py").write_text(LAYERS, encoding="utf-8")
    (folder / "neighbour.py").write_text("ZERO = 0.0\n", encoding="utf-8")
    for name in hostile:
        (folder / f"{name}.py").write_text(f"raise SystemError('{name} of the folder')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "backproof", *arguments], cwd=folder, capture_output=True, check=False,
        encoding="utf-8", timeout=120, env={**os.environ, "COLUMNS": "80", "XDG_CACHE_HOME": str(folder)},
    )  # fmt: skip
    return done.returncode, re.sub(r"\d+\.\d s", "… s", done.stdout), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "layers.py", *VALIDATE, "-n", "2"),
        ("validate", "layers", *VALIDATE, "-n", "1", "--no-isolate"),
        ("prove", "linear.db"),
    ],
    ids=" ".join,
)
def test_a_command_says_the_same_in_a_folder_of_modules_that_bear_the_names_of_others(tmp_path, arguments):
    hostile = _printed(tmp_path / "hostile", NAMES, arguments)
    assert hostile == _printed(tmp_path / "quiet", (), arguments)
    assert (hostile[0], hostile[2]) == (0, "")

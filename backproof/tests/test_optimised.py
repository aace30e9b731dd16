"""Under ``python -O``, which removes every ``assert``, mistakes are still refused."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from few import few
from plants.mistakes import MISTAKES

import backproof_impl

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

PLANTS = {plant.name: plant for plant in MISTAKES}
OPTIONS = ("--examples", "8", "--seed", "1", "-n", "1")


def _optimised(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-O", "-m", "backproof", *arguments],
        capture_output=True, check=False, encoding="utf-8", env={**os.environ, **environment}, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_the_reference_still_passes():
    done = _optimised("verify", "--claim", "relu", *OPTIONS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "claim"),
    [("mask_strict", "relu.dZ"), ("gradient_averaged_over_the_batch", "linear.dW")],
)
def test_a_planted_mistake_is_refuted(tmp_path, name, claim):
    path = tmp_path / "planted.py"
    path.write_text(PLANTS[name].source(), encoding="utf-8")
    done = _optimised("validate", str(path), "--claim", claim, *OPTIONS)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"REFUTED {claim}" in done.stdout


@pytest.mark.parametrize(
    ("name", "claim"),
    few(
        [("mask_strict", "relu.dZ"), ("one_entry_off_by_1e_6", "linear.dW")],
        ("one_entry_off_by_1e_6", "linear.dW").__eq__,
    ),
)
def test_verify_refutes_a_reference_with_the_mistake_planted_in_it(tmp_path, name, claim):
    package = tmp_path / "backproof_impl"
    shutil.copytree(Path(backproof_impl.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "reference.py").write_text(PLANTS[name].source(), encoding="utf-8")
    done = _optimised("verify", "--claim", claim, *OPTIONS, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert f"REFUTED {claim}" in done.stdout

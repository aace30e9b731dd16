"""True statements at random are mostly proved, false ones never: a few from benchmarks/random_statements.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "random_statements.py"


@pytest.mark.no_cover
def test_a_few_statements_at_random():
    command = [sys.executable, str(SCRIPT), "--count", "6", "--seed", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"(\d+) of 6 = .* %   0 of (\d+)", done.stdout)
    assert len(rows) == 4
    assert all(int(missed) <= 1 and int(twins) > 0 for missed, twins in rows)

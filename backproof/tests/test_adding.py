"""Adding an operation: a file that defines it and one with its two functions, nothing else, as CONTRIBUTING says."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "backproof",
    "spec/backproof_spec",
    "impl/backproof_impl",
    "properties/backproof_properties",
    "docs/backproof_docs",
)
FILES = {
    "spec/backproof_spec/operations/activations/snake.op": "text",
    "impl/backproof_impl/operations/snake.py": "python",
}
INDEX = """
from backproof_docs import book
from backproof_docs.document import to_markdown
from backproof_docs.formulas import Notation
from backproof_docs.proofs import Checked
from backproof_spec import proved
from backproof_spec.calculus.derivation import Derivation

found = {stem: Checked(1, "", 4, 60) for stem in proved.of_operations()}
derivations = [Derivation(stem, stem) for stem in found]
print(to_markdown(book.index(derivations, found, Notation.LATEX, proved.operations()), list(found)))
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Run Python in a copy of the packages with the two files of CONTRIBUTING: (status, what it printed)."""
    root = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("tests"))
    shutil.copytree(ROOT / "spec/coq", root / "spec/coq")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path, language in FILES.items():
        named = text.index(f"`{path}`")
        block = re.search(rf"^ *```{language}\n(.*?)^ *```$", text[named:], re.DOTALL | re.MULTILINE)
        (root / path).write_text(textwrap.dedent(block[1]), encoding="utf-8")
    folders = (root, *(root / package for package in ("spec", "impl", "properties", "docs")))
    places = {"PYTHONPATH": os.pathsep.join(map(str, folders)), "COLUMNS": "80", "XDG_CACHE_HOME": str(root / "cache")}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-P", *arguments], cwd=root, env={**os.environ, **places},
            capture_output=True, check=False, encoding="utf-8", timeout=300,
        )  # fmt: skip
        assert str(ROOT) not in done.stderr
        return done.returncode, done.stdout

    return run


def test_it_is_listed(added):
    assert added("-m", "backproof", "list", "operations", "snake")[1].splitlines()[1].split()[0] == "snake"
    rows = added("-m", "backproof", "list", "claims", "snake")[1].splitlines()[1:]
    assert [row.split()[0] for row in rows if row[0] != " "] == ["snake.forward", "snake.dX"]


@pytest.mark.slow
def test_it_is_verified_in_a_process_of_its_own_too(added):
    few = ("--examples", "5", "--seed", "1", "-n", "1")
    status, said = added("-m", "backproof", "verify", "snake", *few)
    assert status == 0
    assert "PASSED  2 holds · target reference" in said
    row = next(line for line in said.splitlines() if " snake.dX " in line)
    assert "∎" in row
    assert "PASSED  1 holds" in added("-m", "backproof", "validate", "reference", "--claim", "snake.dX", *few)[1]


def test_it_is_proved_and_has_a_page(added, tmp_path):
    assert "PROVED  for all sizes and values" in added("-m", "backproof", "prove", "snake")[1]
    assert added("-m", "backproof", "prove", "snake", "--format", "md,html", "--out", str(tmp_path))[0] == 0
    page = (tmp_path / "snake.dX.md").read_text(encoding="utf-8")
    assert "# The snake activation, which learns what is periodic.\noperation snake(X[s,i]) -> Y" in page
    assert "def snake_vjp(X, dY):" in page
    assert "`backproof verify snake.dX`" in page
    assert (tmp_path / "snake.dX.html").is_file()
    assert "1 of 1 theorems about it check" in (tmp_path / "snake.html").read_text(encoding="utf-8")  # of the atlas


@pytest.mark.slow
def test_it_is_in_the_index(added):
    status, said = added("-c", INDEX)
    assert status == 0
    assert "| `snake`: The snake activation, which learns what is periodic | [snake.dX](snake.dX.md) |" in said

"""spec/coq: what exported proofs are made of, theorems proved by hand, and for which Coq all of it is written."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import backproof_spec

PRELUDE, THEORY = "Prelude", ("Frechet", "Chain", "Linear", "Relu", "Softmax", "Network")
"""The files of spec/coq: what exported proofs are made of, and theorems proved by hand, each after what it uses."""
WRITTEN_FOR = ("8.16",)
"""The lines of Coq by which the theory and the export are compiled."""


def theory_folder() -> Path:
    """spec/coq; a wheel carries it inside the package."""
    package = Path(backproof_spec.__file__).parent
    return next(each for each in (package / "coq", package.parent / "coq") if each.is_dir())


def theory() -> dict[str, str]:
    """The files of spec/coq, by name."""
    return {name: source(name) for name in (PRELUDE, *THEORY)}


def source(name: str) -> str:
    """A file of spec/coq."""
    return (theory_folder() / f"{name}.v").read_text(encoding="utf-8")


@cache
def lemmas() -> frozenset[str]:
    """What the prelude defines and proves, by name."""
    return frozenset(re.findall(r"^(?:Lemma|Definition|Fixpoint) (\w+)", source(PRELUDE), re.MULTILINE))

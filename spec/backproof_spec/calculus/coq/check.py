"""Proofs given to Coq: exported, compiled over spec/coq, re-checked by coqchk; and the axioms that each rests on.

Coq is a program of its own, looked for on the path: ``coqc`` and ``coqchk``, with the library Coquelicot.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import backproof_spec
from backproof_spec.calculus.coq.export import Exported

PRELUDE, THEORY = "Prelude", ("Frechet", "Chain", "Linear", "Relu", "Softmax", "Network")
"""The files of spec/coq: what exported proofs are made of, and theorems proved by hand, each after what it uses."""
STANDARD = frozenset({"functional_extensionality_dep", "sig_forall_dec", "sig_not_dec", "classic"})
"""The axioms of Coq's real numbers, functional extensionality and classical logic. A proof may rest on no others."""
INSTALL = "apt-get install coq libcoq-coquelicot (Debian), or opam install coq coq-coquelicot"


class Unavailable(Exception):
    """There is no Coq here that could check anything."""


@dataclass(frozen=True)
class Judgement:
    """What Coq said of a theorem: which Coq, the axioms that it rests on, or where it was refused and why."""

    coq: str
    axioms: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def passed(self) -> bool:
        """Is it accepted, on no other axioms than the standard ones?"""
        return not self.refusal and STANDARD.issuperset(self.axioms)


@dataclass(frozen=True)
class Checked:
    """What Coq said of each exported theorem, and of the theorems of each file of spec/coq."""

    coq: str
    exported: dict[str, Judgement]
    by_hand: dict[str, Judgement]

    @property
    def passed(self) -> bool:
        """Are all accepted?"""
        return all(each.passed for each in (*self.exported.values(), *self.by_hand.values()))


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


def project(exported: Iterable[Exported]) -> dict[str, str]:
    """Exported proofs and the theory, as the files of a project that coq_makefile reads."""
    sources = {**theory(), **{each.theorem: each.text for each in exported}}
    named = "\n".join(["-Q . Backproof", *(f"{module}.v" for module in sources), ""])
    return {**{f"{module}.v": text for module, text in sources.items()}, "_CoqProject": named}


def installed() -> str:
    """The version of Coq. Raises ``Unavailable``."""
    missing = [program for program in ("coqc", "coqchk") if shutil.which(program) is None]
    if missing:
        msg = f"{missing[0]} is not installed: {INSTALL}"
        raise Unavailable(msg)
    return _run(["coqc", "--print-version"], Path.cwd()).stdout.split()[0]


def check(exports: Mapping[str, Exported | None], cores: int | None = None) -> Checked:
    """Everything compiled in a folder that is thrown away, and re-checked. Raises ``Unavailable``."""
    coq, given = installed(), [each for each in exports.values() if each]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in project(given).items():
            (folder / file).write_text(text, encoding="utf-8")
        said = {PRELUDE: _compiled(PRELUDE, folder)}
        if said[PRELUDE].returncode:
            _, message = _refusal(said[PRELUDE])
            msg = f"Coq {coq} does not compile spec/coq/{PRELUDE}.v, written for Coq 8.16 and Coquelicot 3.2: {message}"
            raise Unavailable(msg)
        with ThreadPoolExecutor(cores or os.cpu_count()) as pool:
            theory_said = pool.submit(lambda: [_compiled(module, folder) for module in THEORY])
            longest_first = sorted(given, key=lambda each: -len(each.text))
            waiting = {each.theorem: pool.submit(_compiled, each.theorem, folder) for each in longest_first}
            said |= {module: future.result() for module, future in waiting.items()}
            said |= dict(zip(THEORY, theory_said.result(), strict=True))
        compiled = [module for module, done in said.items() if not done.returncode]
        again = _rechecked(compiled, folder)
    unwritten = Judgement(coq, refusal="a step has no Coq term here")
    exported = {
        stem: _judged(coq, said[each.theorem], each.places, again) if each else unwritten
        for stem, each in exports.items()
    }
    by_hand = {module: _judged(coq, said[module], [], again) for module in THEORY}
    return Checked(coq, exported, by_hand)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - Coq


def _compiled(module: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return _run(["coqc", "-q", "-Q", ".", "Backproof", f"{module}.v"], folder)


def _rechecked(modules: list[str], folder: Path) -> str:
    """What coqchk has against the compiled files and all that they rest on; nothing where it accepts them."""
    done = _run(["coqchk", "-silent", "-o", "-Q", ".", "Backproof", *(f"Backproof.{each}" for each in modules)], folder)
    said = done.stderr + done.stdout
    summary = dict(re.findall(r"^\* ([^:\n]+):(.*(?:\n(?!\*).*)*)", said, re.MULTILINE))
    if done.returncode or "Axioms" not in summary:
        return f"coqchk: {' '.join(said.split())}"
    odd = [each for each in summary.pop("Axioms").split() if each != "<none>" and not _is_standard(each)]
    odd += [each for each in summary.values() if each.strip() not in {"<none>", "Set is predicative"}]
    return f"coqchk: rests on {', '.join(' '.join(each.split()) for each in odd)}" if odd else ""


def _is_standard(axiom: str) -> bool:
    library, _, name = axiom.partition(".")
    return library in {"Coq", "Stdlib"} and name.rpartition(".")[2] in STANDARD


def _judged(coq: str, done: subprocess.CompletedProcess[str], places: Sequence[str], again: str) -> Judgement:
    """What was said of a file, whose last line asks for the axioms."""
    if done.returncode:
        line, message = _refusal(done)
        where = places[line - 1] if 0 < line <= len(places) else f"line {line}"
        return Judgement(coq, refusal=f"{where}: {message}")
    _, *printed = re.split(r"^(?=Closed under the global context|Axioms:$)", done.stdout, flags=re.MULTILINE)
    if len(printed) != 1:
        return Judgement(coq, refusal="its axioms were not printed")
    return Judgement(coq, tuple(sorted(_names(printed[0]))), again)


def _names(block: str) -> list[str]:
    """The axioms in what Print Assumptions prints: a name, and what it says, on this line or on indented ones."""
    return [line.split()[0].rpartition(".")[2] for line in block.splitlines()[1:] if line[:1].strip()]


def _refusal(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """The line of the first error, and what it says."""
    found = re.search(r"line (\d+), characters [^\n]*:\s*Error:\s*(.*)", done.stderr, re.DOTALL)
    line, message = (int(found[1]), found[2]) if found else (0, done.stderr)
    return line, " ".join(message.split())

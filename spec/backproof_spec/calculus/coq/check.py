"""Proofs given to Coq: exported, compiled over spec/coq, re-checked by coqchk; and the axioms that each rests on.

Coq is a program of its own, looked for on the path: ``coqc`` and ``coqchk``, with the library Coquelicot.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from backproof_spec.calculus.coq.export import Exported
from backproof_spec.calculus.coq.theory import PRELUDE, THEORY, theory
from backproof_spec.calculus.limits import LONG

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
    done = _run(["coqc", "--print-version"], Path.cwd())
    if done.returncode or not done.stdout.strip():
        msg = f"coqc does not say which Coq it is ({_ended(done)}): {INSTALL}"
        raise Unavailable(msg)
    return done.stdout.split()[0]


def check(
    exports: Mapping[str, Exported | str],
    progress: Callable[[int, int], object] = lambda *_: None,
    seconds: float = LONG,
) -> Checked:
    """Everything compiled in a folder that is thrown away, and re-checked. Raises ``Unavailable``.

    ``exports``: by their stems; instead of one that could not be written, why. ``progress`` is called with the number
    of files done, and of all. ``seconds``: in which each export is compiled; what is ours has ``LONG`` where that is
    more, and so has, for each of its files, what is re-checked together.
    """
    coq, given = installed(), [each for each in exports.values() if isinstance(each, Exported)]
    files, done = len(given) + len(THEORY) + 1, count(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in project(given).items():
            (folder / file).write_text(text, encoding="utf-8")

        exported_ones = {each.theorem for each in given}

        def compiled(module: str) -> subprocess.CompletedProcess[str]:
            said = _compiled(module, folder, seconds if module in exported_ones else max(seconds, LONG))
            progress(next(done), files)
            return said

        said = _all_compiled(coq, [each.theorem for each in sorted(given, key=lambda it: -len(it.text))], compiled)
        again = _rechecked([module for module, each in said.items() if not each.returncode], folder, max(seconds, LONG))

    def judged(module: str, places: Sequence[str] = ()) -> Judgement:
        return _judged(coq, said[module], places, again.get(module, ""))

    exported = {
        stem: judged(each.theorem, each.places) if isinstance(each, Exported) else Judgement(coq, refusal=each)
        for stem, each in exports.items()
    }
    by_hand = {module: judged(module) for module in THEORY}
    return Checked(coq, exported, by_hand)


_Compile = Callable[[str], subprocess.CompletedProcess[str]]


def _all_compiled(coq: str, proofs: list[str], compiled: _Compile) -> dict[str, subprocess.CompletedProcess[str]]:
    """What Coq said of each file: of the prelude first, then of the theory, one after the other, beside the proofs."""
    prelude = compiled(PRELUDE)
    if prelude.returncode:
        _, message = _refusal(prelude)
        wanted = f"spec/coq/{PRELUDE}.v, written for Coq 8.16 and Coquelicot 3.2"
        msg = f"Coq {coq} does not compile {wanted}: {message} To install them: {INSTALL}"
        raise Unavailable(msg)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_hand = pool.submit(lambda: {module: compiled(module) for module in THEORY})
        exported = dict(zip(proofs, pool.map(compiled, proofs), strict=True))
        return {PRELUDE: prelude, **by_hand.result(), **exported}


def _run(command: list[str], folder: Path, seconds: float = LONG) -> subprocess.CompletedProcess[str]:
    """What a program of Coq says in so many seconds."""
    try:
        return subprocess.run(  # noqa: S603 - Coq
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, _LATE, "", f"stopped after {seconds:g} s: allow more --seconds")


_LATE = 124
"""The exit status of a program that was stopped, as ``timeout`` has it."""


def _compiled(module: str, folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    return _run(["coqc", "-q", "-Q", ".", "Backproof", f"{module}.v"], folder, seconds)


def _rechecked(modules: list[str], folder: Path, seconds: float) -> dict[str, str]:
    """What coqchk has against each compiled file, so many seconds for each: on every core a share of them."""
    shares = min(os.cpu_count() or 1, -(-len(modules) // _SHARE))
    together = [modules[k::shares] for k in range(shares)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda share: _objection(share, folder, seconds * len(share)), together)
        return {module: each for share, each in zip(together, said, strict=True) for module in share}


_SHARE = 8
"""Of fewer files coqchk re-checks none apart: Coquelicot and the real numbers, on which all rest, take it longer."""


def _objection(modules: list[str], folder: Path, seconds: float) -> str:
    """What coqchk has against files and all that they rest on; nothing where it accepts them."""
    named = [f"Backproof.{each}" for each in modules]
    done = _run(["coqchk", "-silent", "-o", "-Q", ".", "Backproof", *named], folder, seconds)
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
        where = places[line - 1] if 0 < line <= len(places) else f"line {line}" if line else "coqc"
        return Judgement(coq, refusal=f"{where}: {message}")
    _, *printed = re.split(r"^(?=Closed under the global context|Axioms:$)", done.stdout, flags=re.MULTILINE)
    if len(printed) != 1:
        return Judgement(coq, refusal="its axioms were not printed")
    return Judgement(coq, tuple(sorted(_names(printed[0]))), again)


def _names(block: str) -> list[str]:
    """The axioms in what Print Assumptions prints: a name, and what it says, on this line or on indented ones."""
    return [line.split()[0].rpartition(".")[2] for line in block.splitlines()[1:] if line[:1].strip()]


def _refusal(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """The line of the first error, and what it says; line 0 where there is none, as where the program was killed."""
    found = re.search(r"line (\d+), characters [^\n]*:\s*Error:\s*(.*)", done.stderr, re.DOTALL)
    return (int(found[1]), " ".join(found[2].split())) if found else (0, _ended(done))


def _ended(done: subprocess.CompletedProcess[str]) -> str:
    """How a program ended of which no more is known."""
    ended = [] if done.returncode == _LATE else [f"it ended with status {done.returncode}"]
    return " ".join([*ended, *done.stderr.split()])

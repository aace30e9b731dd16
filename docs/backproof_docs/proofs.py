"""Pages of proofs: what is proved, from what, line by line, and what came of checking it again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mpmath import mp

from backproof_docs.formulas import Notation, Writer
from backproof_spec.calculus import evaluate
from backproof_spec.calculus.derivation import Derivation, proof_file
from backproof_spec.calculus.derivation import text as file_text
from backproof_spec.calculus.terms import ZERO

NAMES = {
    **{f"d{name}": f"δ{name}" for name in ("Z", "Y", "S", "U", "X", "O", "A", "y")},
    **{f"d{name}{layer}": f"δ{name}^{{({layer})}}" for name in "ZY" for layer in range(1, 100)},
    **{f"{name}'": f"{name}^{{T}}" for name in "AB"},
}
"""What names of tensors look like."""
SHAPES = 4
"""Random shapes at which every line is evaluated."""


@dataclass(frozen=True)
class Checked:
    """What came of checking a derivation again."""

    steps: int
    replay: str
    shapes: int
    digits: int

    @property
    def passed(self) -> bool:
        """Did the proof replay, and did every line agree in numbers?"""
        return not self.replay and self.digits >= evaluate.AGREEMENT


def checked(derivations: Iterable[Derivation]) -> dict[str, Checked]:
    """Each derivation replayed from its file in one fresh process, and every line of it evaluated."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for each in derivations:
            paths[each] = Path(folder, f"{each.stem}.json")
            paths[each].write_text(file_text(proof_file(each)), encoding="utf-8")
        command = [sys.executable, "-m", "backproof_spec.calculus.replay", *map(str, paths.values())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        said = dict(line.split(": ", 1) for line in (done.stdout + done.stderr).splitlines())
        for each, path in paths.items():
            replay = said.get(str(path), "the replayer said nothing of it")
            steps = len(proof_file(each)["steps"])
            found[each.stem] = Checked(steps, "" if replay.startswith("proved") else replay, SHAPES, _digits(each))
    return found


def _digits(derivation: Derivation) -> int:
    """To how many digits the two sides of every line agree, at random shapes; as many as are computed where exactly."""
    models = evaluate.telling(derivation, derivation.theorem, SHAPES)
    worst = max(evaluate.worst_deviation(line.theorem, each) for each in models for line in derivation.lines)
    return evaluate.DIGITS if worst == 0 else int(mp.floor(-mp.log10(worst)))


# --- what is on a page ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A derivation in one notation: every formula as text."""

    stem: str
    title: str
    given: list[str]
    assumed: list[str]
    left: str
    lines: list[tuple[str, str]]


def page(derivation: Derivation, notation: Notation) -> Page:
    """The page of a derivation."""
    letters: dict[str, list[str]] = {}
    for what, _, *rest in derivation.declarations:
        for _, letter, dim in rest[0] if what == "define" else ():
            letters.setdefault(dim, []).append(letter.rstrip("0123456789"))
    write = Writer(notation, NAMES, letters)
    theorems = [line.theorem.conclusion for line in derivation.lines]
    free = write.free(*theorems)
    kind, *parts = theorems[-1]
    if kind == "deriv":
        name, by, e, _ = parts
        left = write(("deriv", name, by, e, ZERO), free)
        zero = write(ZERO)
        left = left.removesuffix(f" = {zero}")
    else:
        left = write(parts[0], free)
    given = []
    for what, name, *rest in derivation.declarations:
        if what == "define":
            given.append(write.definition(name, rest[0], rest[1]))
    lines = [(write(theorem[-1], free), line.words) for theorem, line in zip(theorems, derivation.lines, strict=True)]
    assumed = [write(each) for each in sorted(derivation.theorem.hypotheses, key=repr)]
    return Page(derivation.stem, derivation.title, given, assumed, left, lines)


def to_text(derivation: Derivation, found: Checked) -> str:
    """For a terminal."""
    shown = page(derivation, Notation.TEXT)
    out = [f"{shown.stem}   {shown.title}", ""]
    out += [f"  where    {shown.given[0]}"] if shown.given else []
    out += [f"           {each}" for each in shown.given[1:]]
    out += [f"  assuming {shown.assumed[0]}"] if shown.assumed else []
    out += [f"           {each}" for each in shown.assumed[1:]]
    out += ["", f"  {shown.left}"]
    for formula, words in shown.lines:
        out += [f"    = {formula}", f"          {words}"]
    checks = status(found).replace("; ", ";\n           ")
    return "\n".join([*out, "", f"  {checks}", ""])


def status(found: Checked) -> str:
    """One line: kernel, replay, numbers."""
    replay = "replayed in a fresh process" if not found.replay else f"NOT replayed: {found.replay}"
    numbers = f"every line agrees in numbers to {found.digits} digits, at {found.shapes} random shapes"
    return f"checked: kernel, {found.steps} steps; {replay}; {numbers}"


def to_markdown(derivation: Derivation, found: Checked) -> str:
    """For GitHub: formulas in LaTeX, fenced so that Markdown leaves their underscores and backslashes alone."""
    shown = page(derivation, Notation.LATEX)
    out = [f"# {shown.stem}: {shown.title}", "", f"*{status(found)}*", ""]
    if shown.given:
        out += ["where", "", *(f"- {_inline(each)}" for each in shown.given), ""]
    out += [f"Assumed: {', '.join(map(_inline, shown.assumed)) or 'nothing'}.", "", "```math", shown.left, "```", ""]
    for number, (formula, words) in enumerate(shown.lines, 1):
        out += [f"{number}. {words}:", "", "   ```math", f"   = {formula}", "   ```", ""]
    return "\n".join(out)


def _inline(formula: str) -> str:
    return f"$`{formula}`$"


def to_json(derivation: Derivation, _: Checked) -> str:
    """The proof file, which ``python -m backproof_spec.calculus.replay`` checks."""
    return file_text(proof_file(derivation))

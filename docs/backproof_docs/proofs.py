"""A proof and what came of checking it again: its formulas in a notation, its status, its text and its file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from backproof_docs.files import write
from backproof_docs.folding import folded
from backproof_docs.formulas import Notation, Writer
from backproof_docs.glossary import NAMES, as_text, variables
from backproof_impl import launch
from backproof_spec.calculus import evaluate, limits, values
from backproof_spec.calculus.coq.check import Judgement
from backproof_spec.calculus.coq.export import Exported, exports
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation, proof_file
from backproof_spec.calculus.derivation import text as file_text
from backproof_spec.calculus.replay import MORE, NOT_REPLAYED
from backproof_spec.calculus.terms import ZERO, Formula, Index

_WIDTH = 80
"""Columns of a text in a file."""
POINTS = 4
"""Random sizes and values at which every line is evaluated."""


@dataclass(frozen=True)
class Checked:
    """What came of checking the file of a derivation. ``export``: writes it for Coq; ``coq``: what Coq said of that.

    ``file``: what was checked. ``shapes``: how many of the points were of different sizes; ``stopped``: what took too
    long, if anything did.
    """

    steps: int
    replay: str
    shapes: int
    digits: int
    coq: Judgement | None = None
    stopped: str = ""
    file: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    export: Callable[[], Exported | str] | None = field(default=None, compare=False, repr=False)

    @property
    def exported(self) -> Exported | str | None:
        """What Coq is given of it, or why that could not be written; None of what was not written."""
        return self.export() if self.export else None

    @property
    def passed(self) -> bool:
        """Did the proof replay, did every line agree in numbers, and did Coq, if it was asked, accept it?"""
        accepted = self.coq is None or self.coq.passed
        return not self.stopped and not self.replay and self.digits >= evaluate.AGREEMENT and accepted


Judge = Callable[[Mapping[str, Any]], Mapping[str, Judgement]]
"""Coq, or the record of what it said, of proof files by their stems."""


def checked(
    derivations: Iterable[Derivation], judge: Judge = recorded, seconds: float = limits.LONG
) -> dict[str, Checked]:
    """Each derivation replayed from its file in one fresh process, evaluated line by line, and given to ``judge``.

    ``seconds``: for the replay of each, and for its numbers; where whoever asks has less time left, ``OutOfTime``.
    """
    return exported(examined(derivations, judge, seconds), seconds)


def exported(found: Mapping[str, Checked], seconds: float = limits.LONG) -> dict[str, Checked]:
    """The same, each of which knows how it is written for Coq: as one project, once that of any is asked for."""
    files = {stem: each.file for stem, each in found.items() if each.file}
    written = cache(lambda: exports(files.values(), seconds))
    known = {stem: replace(found[stem], export=partial(_of, written, stem)) for stem in files}
    return dict(found) | known


def examined(
    derivations: Iterable[Derivation], judge: Judge = recorded, seconds: float = limits.LONG
) -> dict[str, Checked]:
    """As ``checked``, of which none knows yet how it is written for Coq: all of it can be sent to another process."""
    found = dict[str, Checked]()
    with tempfile.TemporaryDirectory() as folder:
        files = dict(_timed(derivations, proof_file, seconds, found))
        paths = {each: Path(folder, f"{each.stem}.json") for each in files}
        for each, path in paths.items():
            write("proof file", path, file_text(files[each]))
        with _replaying(paths.values(), min(seconds, limits.left())) as replayed:  # beside the numbers
            numbers: dict[Derivation, tuple[int, int]] = dict(_timed(files, _agreement, seconds, found))
            said = replayed()
        paths = {each: paths[each] for each in numbers}
        files = {each: files[each] for each in numbers}
        judged = judge({each.stem: data for each, data in files.items()})
        for each, path in paths.items():
            replay = said.get(str(path), "the replayer said nothing of it")
            _, late, where = replay.removesuffix(MORE).partition(NOT_REPLAYED)
            stopped = f"its replay:{where}" if late else ""
            if stopped:
                limits.tick()
            replay = "" if stopped or replay.startswith("proved") else replay
            steps, coq = len(files[each]["steps"]), judged.get(each.stem)
            found[each.stem] = Checked(steps, replay, *numbers[each], coq, stopped, files[each])
    return found


def _timed(
    derivations: Iterable[Derivation], make: Callable[[Derivation], Any], seconds: float, found: dict[str, Checked]
) -> Iterator[tuple[Derivation, Any]]:
    """What is made of each in so many seconds; of those of which it is not, that joins what was found."""
    for each in derivations:
        try:
            with limits.within(seconds):
                made = make(each)
        except limits.OutOfTime as over:
            limits.tick()
            found[each.stem] = Checked(len(each.steps), "", 0, 0, stopped=f"its numbers: {over}")
        else:
            yield each, made


def _of(exported: Callable[[], Mapping[str, Exported | str]], stem: str) -> Exported | str:
    return exported()[stem]


@contextmanager
def _replaying(paths: Iterable[Path], seconds: float) -> Iterator[Callable[[], dict[str, str]]]:
    """The replayer at work; what is yielded waits for what it says of each file, in so many seconds each."""
    files = [str(path) for path in paths]
    words = ("--seconds", str(max(seconds, _LEAST)), *files)
    if not files:
        yield dict
        return
    with launch.saying(launch.command("backproof_spec.calculus.replay", *words, alone=True)) as said:

        def of_each() -> dict[str, str]:
            lines = said().splitlines()
            return {path: line[len(path) + 2 :] for path in files for line in lines if line.startswith(f"{path}: ")}

        yield of_each


_LEAST = 0.001
"""Seconds: in none at all nothing could be said of a file."""


def _agreement(derivation: Derivation) -> tuple[int, int]:
    """How many shapes were tried, and to how many digits the two sides of every line agree; all where exactly."""
    models = list(values.telling(derivation, derivation.theorem, POINTS))
    worst = max(evaluate.worst_deviation(line.theorem, each) for each in models for line in derivation.lines)
    return len({tuple(sorted(each.sizes.items())) for each in models}), evaluate.digits(worst)


# --- what is on a page ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """left = formula, why in words, and the hypotheses that no line before has used; no left where a line goes on."""

    left: str
    formula: str
    words: str
    used: list[str]


@dataclass(frozen=True)
class Page:
    """A derivation in one notation: ``left`` = the last formula, under what is ``assumed``, is what it says."""

    given: list[str]
    assumed: list[str]
    left: str
    lines: list[Shown]


def page(derivation: Derivation, notation: Notation) -> Page:
    """The formulas of a derivation."""
    letters = {dim: list(each) for dim, each in derivation.letters.items()}
    for what, _, *rest in derivation.declarations:
        for _, letter, dim in rest[0] if what == "define" else ():
            letters.setdefault(dim, []).append(letter.rstrip("0123456789"))
    letters.setdefault("p", []).append("s")  # samples
    write = Writer(notation, NAMES, letters, derivation.decimals)
    given = []
    for what, name, *rest in derivation.declarations:
        if what == "define":
            given.append(write.definition(name, rest[0], rest[1]))
    lines, left, before = [], "", frozenset[Formula]()
    for _, group in groupby(derivation.lines, lambda line: line.theorem.conclusion[:-1]):
        same = list(group)
        free = write.free(*(line.theorem.conclusion for line in same))
        left = _left(write, same[0].theorem.conclusion, free)
        for k, line in enumerate(same):
            new = sorted(line.theorem.hypotheses - before, key=_counted)
            formula, used = write(line.theorem.conclusion[-1], free), [write(each) for each in new]
            lines.append(Shown("" if k else left, formula, line.words, used))
            before |= line.theorem.hypotheses
    return Page(given, [write(each) for each in sorted(before, key=_counted)], left, lines)


def _counted(formula: Formula) -> list[str | int]:
    """Its key where formulas are sorted: Z2 comes before Z10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", repr(formula))]


def _left(write: Writer, conclusion: Formula, free: Mapping[Index, str]) -> str:
    """What an equation or a derivative is of."""
    if conclusion[0] == "eq":
        return write(conclusion[1], free)
    return write((*conclusion[:-1], ZERO), free).removesuffix(f" = {write(ZERO)}")


def proof_text(derivation: Derivation, width: int = _WIDTH) -> str:
    """For a terminal of so many columns: variables, definitions, hypotheses, and line by line."""
    shown = page(derivation, Notation.TEXT)
    given = list(map(as_text, variables(derivation, Notation.TEXT)))
    out = [f"{derivation.stem}   {derivation.title}", ""]
    for heading, rows in (("for all", given), ("where", shown.given), ("assuming", shown.assumed)):
        out += [f"  {heading if k == 0 else '':<9}{row}" for k, row in enumerate(rows)]
    for line in shown.lines:
        out += ["", f"  {line.left}"] if line.left else []
        used = f" [{'; '.join(line.used)}]" if line.used else ""
        out += [f"    = {line.formula}", f"          {line.words.replace('$', '')}{used}"]
    return "\n".join([*(piece for each in out for piece in _folded(each, width)), ""])


def _folded(line: str, width: int) -> list[str]:
    """A line in lines of at most ``width`` characters, broken at spaces; a formula is indented from its second on."""
    formula = line.lstrip().startswith("= ") or " := " in line
    heading = re.match(r"( {2}(for all|where|assuming))? *", line)
    return folded(line, width, len(heading[0] if heading else "") + 4 * formula, together="≥", whole=True)


def to_text(derivation: Derivation, found: Checked, width: int = _WIDTH) -> str:
    """The same, with what came of checking it."""
    axioms = [f"on the axioms {', '.join(found.coq.axioms)}"] if found.coq and found.coq.passed else []
    first, *more = ";\0".join(_said(found)).split("\0") + axioms
    checks = [line for each in more for line in _folded(f"{'':11}{each}", width)]
    return "\n".join([proof_text(derivation, width), f"  checked: {first}", *checks, ""])


def status(found: Checked) -> str:
    """One line: kernel, replay, numbers, Coq."""
    return f"checked: {'; '.join(_said(found))}"


def _said(found: Checked) -> list[str]:
    replay = "replayed in a fresh process" if not found.replay else f"NOT replayed: {found.replay}"
    points = f"{POINTS} random points" + (f", of {found.shapes} shapes" if found.shapes > 1 else "")
    where = f"{POINTS} random shapes" if found.shapes == POINTS else points
    numbers = f"every line agrees in numbers to {found.digits} digits, at {where}"
    said = [f"kernel, {found.steps} steps", replay, numbers]
    if found.coq is not None:
        judge, axioms = f"by Coq {found.coq.coq} and coqchk", ", ".join(found.coq.axioms)
        why = found.coq.refusal or f"it rests on {axioms}"
        said.append(f"accepted {judge}" if found.coq.passed else f"REFUSED {judge}: {why}")
    return said


def to_json(derivation: Derivation) -> str:
    """The proof file, which ``python -I -m backproof_spec.calculus.replay`` checks."""
    return file_text(proof_file(derivation))

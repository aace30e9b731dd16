"""``backproof prove``: derive theorems, check each again, and write a page of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from mpmath import mp

from backproof import shares
from backproof.options import cores
from backproof_docs.files import require_folder, write
from backproof_docs.folding import folded
from backproof_docs.formulas import Notation, Writer
from backproof_docs.proof_formats import FORMATS, files
from backproof_docs.proofs import Checked, Judge, checked, exported, to_text
from backproof_docs.terminal import progress_bar
from backproof_impl.conventions import UsageError
from backproof_spec import proved
from backproof_spec.calculus import limits
from backproof_spec.calculus.coq import check
from backproof_spec.calculus.coq.export import exports
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.evaluate import AGREEMENT, Model, shown
from backproof_spec.calculus.statement import Statement, claim, counterexample, exception, prove
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Index, Refused
from backproof_spec.calculus.values import Undefined, Unsatisfied
from backproof_spec.language.parsing import STATEMENTS, Malformed
from backproof_spec.language.statements import read_all
from backproof_spec.operation import Operation


def pages(
    names: list[str],
    formats: list[str],
    out: Path | None,
    judge: Judge = recorded,
    *,
    seconds: float = limits.LONG,
) -> int:
    """Write a page of every theorem named in every format, to ``out`` or to standard output; the exit status.

    ``seconds``: in which each is derived, then looked at in numbers, then replayed.
    """
    require(formats, out)
    try:
        chosen = (
            {stem: derive for name in names for stem, derive in proved.named(name).items()} if names else proved.every()
        )
    except KeyError as error:
        raise UsageError(error.args[0]) from None
    if out is not None:
        require_folder("--out", out)
    processes = cores() if judge is recorded and not names else 1
    with shown_while(f"{len(chosen)} proofs are derived and checked again"):
        attempts = shares.settled_by(processes, seconds) if processes > 1 else shares.settled(chosen, judge, seconds)
    proofs = dict(each for each in attempts.values() if not isinstance(each, str))
    found = exported({each.stem: result for each, result in proofs.items()}, seconds)
    for stem, attempt in attempts.items():
        why = attempt if isinstance(attempt, str) else f", {found[stem].stopped}: {shares.ASK}"
        if isinstance(attempt, str) or found[stem].stopped:
            typer.echo(line(f"NOT PROVED  {stem}{why}"))
    write_pages([each for each in proofs if not found[each.stem].stopped], found, formats, out)
    passed = sum(result.passed for result in found.values())
    where = f", written to {out}" if out else ""
    typer.echo(f"{'PASSED' if passed == len(chosen) else 'FAILED'}  {passed} of {len(chosen)} proofs check{where}")
    return int(passed < len(chosen))


def require(formats: Sequence[str], out: Path | None) -> None:
    """Refuse a format that there is not, and one that is written where no folder is."""
    unknown = [each for each in formats if each not in FORMATS]
    if unknown:
        msg = f"--format {unknown[0]!r}: expected some of {', '.join(FORMATS)}"
        raise UsageError(msg)
    if out is None and list(formats) != ["text"]:
        msg = f"--format {','.join(formats)}: expected --out DIR, where the pages are written"
        raise UsageError(msg)


def write_pages(
    derivations: list[Derivation],
    found: Mapping[str, Checked],
    formats: Sequence[str],
    out: Path | None,
    operations: Mapping[str, Operation] | None = None,
) -> None:
    """The pages, to the folder; or to the terminal, as wide as that is. ``operations``: see ``files``."""
    if out is None:
        for each in derivations:
            typer.echo(to_text(each, found[each.stem], width()))
        return
    for name, text in files(derivations, found, formats, operations):
        write("page", out / name, text)


def width() -> int:
    """The columns of the terminal; 80 where there is none."""
    return max(shutil.get_terminal_size().columns, _NARROWEST)


_NARROWEST = 40


class Coq:
    """A judge: Coq itself, which takes a minute or two. ``passed``: did it accept everything that it was given?"""

    def __init__(self, seconds: float) -> None:
        """Is Coq there? ``seconds``: in which each proof is written for it, and then compiled."""
        self._seconds = seconds
        try:
            self.version = check.installed()
        except check.Unavailable as error:
            raise self._refusal(error) from None
        self._said: check.Checked

    def __call__(self, files: Mapping[str, Any]) -> Mapping[str, check.Judgement]:
        """Give it proofs."""
        with progress_bar() as bar:
            task = bar.add_task(f"Coq {self.version}: files compiled, then coqchk")
            try:
                self._said = check.check(
                    exports(files.values(), self._seconds),
                    lambda done, of: bar.update(task, completed=done, total=of),
                    self._seconds,
                )
            except check.Unavailable as error:
                raise self._refusal(error) from None
        return self._said.exported

    @staticmethod
    def _refusal(error: check.Unavailable) -> UsageError:
        return UsageError(f"prove --coq: {error}")

    @property
    def passed(self) -> bool:
        """Did it accept everything that it was given, and the theory?"""
        return self._said.passed

    def summary(self) -> str:
        """What it refused, and on which axioms the others rest: Print Assumptions of each."""
        said = {**self._said.exported, **{f"spec/coq/{name}.v": each for name, each in self._said.by_hand.items()}}
        lines = [
            line(f"REFUSED {name}  {each.refusal or ', '.join(each.axioms)}")
            for name, each in said.items()
            if not each.passed
        ]
        resting: dict[tuple[str, ...], list[str]] = {}
        for name, each in said.items():
            if each.passed:
                resting.setdefault(each.axioms, []).append(name)
        for axioms, names in sorted(resting.items()):
            lines += [f"on {', '.join(axioms) or 'no axioms'}:", *folded(f"  {', '.join(names)}", width(), 2)]
        accepted = sum(each.passed for each in said.values())
        return "\n".join([f"Coq {self.version} and coqchk accept {accepted} of {len(said)}", *lines])


def of_statement(
    path: Path,
    judge: Judge = recorded,
    *,
    seconds: float = limits.SECONDS,
    formats: Sequence[str] = ("text",),
    out: Path | None = None,
) -> int:
    """Prove or derive each gradient in a file, in so many seconds, and write pages of the proofs; the exit status."""
    require(formats, out)
    try:
        with limits.within(seconds):
            statements = _read(path, "statement" if out is None else _stem(path))
    except limits.Stopped as stopped:
        typer.echo(line(f"NOT PROVED  {stopped}: it is too long to be read"))
        return 1
    if out is not None:
        require_folder("--out", out)
    proved: dict[Derivation, Checked] = {}
    for k, each in enumerate(statements):
        if k:
            typer.echo()
        try:
            with limits.within(seconds):
                proved.update(_of_statement(each, judge, quiet=out is not None))
        except limits.Stopped as stopped:
            typer.echo(line(f"NOT PROVED  {stopped}: claim the gradient of a part on its own, or allow more --seconds"))
    if out is not None:
        write_pages(list(proved), {each.stem: found for each, found in proved.items()}, formats, out)
        typer.echo(f"{len(proved)} of {len(statements)} written to {out}")
    return int(len(proved) < len(statements) or not all(found.passed for found in proved.values()))


def _stem(path: Path) -> str:
    """What pages of a file are called."""
    return re.sub(r"[^\w.-]+", "_", path.stem).strip("._-") or "statement"


def _of_statement(read: Statement, judge: Judge, *, quiet: bool) -> dict[Derivation, Checked]:
    """The proof, if one was found. ``quiet``: of what is proved only that it is is said."""
    try:
        with shown_while("a proof is looked for"):
            derivation = prove(read)
            found = checked([derivation], judge, limits.left())[derivation.stem]
    except Unproved as error:
        _refuted(read, error)
    except Refused as error:
        _refuted(read, Unproved(f"the kernel refuses a step: {error}"))
    except Undefined as error:
        typer.echo(line(f"NOT PROVED  {error}"))
    except Unsatisfied as error:
        typer.echo(line(f"NOT PROVED  {error}"))
    except ArithmeticError as error:
        typer.echo(line(f"FAILED  proved, but its numbers cannot be computed: {str(error) or '1/0'}"))
    except RecursionError:
        typer.echo("NOT PROVED  a formula is nested too deeply")
    else:
        typer.echo(to_text(derivation, found, width()) if not quiet else f"{derivation.stem}   {derivation.title}")
        typer.echo(line(verdict(derivation, found)))
        return {derivation: found}
    return {}


@contextmanager
def shown_while(what: str) -> Iterator[None]:
    """What is done, and for how long by now, on standard error where that is a terminal; nothing is printed inside."""
    with progress_bar() as bar:
        bar.add_task(what, total=None)
        yield


def _read(path: Path, stem: str) -> list[Statement]:
    """The statements in a file. Raises ``UsageError``."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(STATEMENTS + 1)
        if len(text) > STATEMENTS:
            msg = f"--statement {path}: it has more than {STATEMENTS:,} characters"
            raise UsageError(msg)
        return read_all(text, stem)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--statement {path}: cannot be read: {error}"
        raise UsageError(msg) from None
    except Malformed as error:
        msg = f"{path}: {error}"
        raise UsageError(msg) from None


def verdict(derivation: Derivation, found: Checked) -> str:
    """What is said last of a proof that was found."""
    if found.stopped:
        return f"NOT PROVED  {found.stopped}: allow more --seconds"
    if found.replay:
        return f"FAILED  the proof does not replay: {found.replay}"
    if found.digits < AGREEMENT:
        least = f"{AGREEMENT} digits are the least: an error in the kernel, or values too large to be computed"
        return f"FAILED  proved, but the two sides agree in numbers to {found.digits} digits, and {least}"
    if not found.passed:
        return "FAILED  proved, but Coq does not accept the proof"
    assumed = ", under what is assumed above" if derivation.theorem.hypotheses else ""
    return f"PROVED  for all sizes and values{assumed}"


def _refuted(read: Statement, unproved: Unproved) -> None:
    """Say what is false, or what no proof was found of."""
    write = Writer(Notation.TEXT, {}, read.derivation.letters, read.derivation.decimals)
    try:
        with shown_while("a counterexample is looked for"):
            found = counterexample(read)
    except Unsatisfied as error:
        typer.echo(f"NOT PROVED  {error}")
        return
    if found is None:
        stopped(read, unproved)
        return
    model, free = found
    claimed = claim(read)
    typer.echo(line(f"FALSE  {write(claimed)}"))
    sides = map(shown, model.sides(claimed, free))
    table([*_values(read, model, free), *zip(("derivative", "claimed"), sides, strict=True)])


def table(rows: Iterable[tuple[str, str]]) -> None:
    """Rows of a name and what is said of it."""
    for name, said in rows:
        typer.echo(line(f"  {name:<10} {said}", 13))


def _values(read: Statement, model: Model, free: Mapping[Index, int]) -> list[tuple[str, str]]:
    """Sizes and values, as rows."""
    rows = [
        (
            "sizes",
            ", ".join(f"{_size(read.derivation.letters, dim)} = {size}" for dim, size in model.sizes.items()) or "none",
        )
    ]
    for name, values in model.values.items():
        if not name.endswith("°"):
            entries = [f"{name}{_place(place)} = {mp.nstr(value, 6)}" for place, value in values.items()]
            rows.append((name, ", ".join(entries) or "has no entries"))
    for name, outputs in model.maps.items():
        rows += [(f"{name}{_place(place)}", _quadratic(of)) for place, of in outputs.items()]
    rows += [("at", ", ".join(f"{index[1]} = {value + 1}" for index, value in free.items()))] if free else []
    return rows


def _quadratic(coefficients: Mapping[tuple[int, ...], tuple[Any, Any]]) -> str:
    """The function that a map was taken to be, of an argument X."""
    if not coefficients:
        return "0"
    linear, squared = (
        " + ".join(f"{mp.nstr(pair[k], 6)}·X{_place(place)}" for place, pair in coefficients.items()) for k in (0, 1)
    )
    return f"{linear} + ({squared})²/2".replace("+ -", "− ")


def lacking(d: Derivation, unproved: Unproved) -> tuple[str, str]:
    """What no proof was found of, and what may be needed."""
    missing = unproved.missing
    if not missing:
        return str(unproved), "it may need a line 'suppose …', or be beyond these rules"
    write = Writer(Notation.TEXT, {}, d.letters, d.decimals)
    fact = f"{_size(d.letters, missing[1][1])} > 0" if missing[1][0] == "dim" else write(missing)
    hint = f"a line 'suppose {fact.replace(' ≠ ', ' != ').replace(' ≥ ', ' >= ')}' may be what it needs"
    plain = missing[1][0] in {"dim", "entry"}
    return f"no proof found that {fact}", hint if plain else "it may need a line 'suppose …', or be beyond these rules"


def sides(d: Derivation, unproved: Unproved) -> None:
    """The last line, and the two normal forms."""
    write = Writer(Notation.TEXT, {}, d.letters, d.decimals)
    formulas = [("derived", line.theorem.conclusion) for line in d.lines[-1:]]
    formulas += zip(("simplified", "claimed"), unproved.sides, strict=False)
    for name, formula in formulas:
        lines = line(f"  {name:<10} {write(formula)}", 13).splitlines()
        left = [f"{'':13}… and {len(lines) - _MOST} lines more"] if len(lines) > _MOST else []
        typer.echo("\n".join([*lines[:_MOST], *left]))


def stopped(read: Statement, unproved: Unproved) -> None:
    """What no proof was found of: the fact that is missing, or the last line and the two normal forms."""
    said, hint = lacking(read.derivation, unproved)
    typer.echo(line(f"NOT PROVED  {said}"))
    sides(read.derivation, unproved)
    with shown_while("values at which there is no derivative are looked for"):
        found = exception(read)
    if found is not None:
        model, free, why = found
        table([("not at", why), *_values(read, model, free)])
    typer.echo(line(f"  no counterexample was found: {hint}"))


_MOST = 12
"""Lines shown of a formula where a proof stops."""


def _size(letters: Mapping[str, Sequence[str]], dim: str) -> str:
    """A dimension by the index that was written for it."""
    return f"size({letters[dim][0]})" if dim in letters else dim


def line(text: str, indent: int = 4) -> str:
    """A line in lines that fit the terminal, no equation x = 2 in two of them where it fits."""
    return "\n".join(folded(text, width(), indent, together="="))


def _place(place: tuple[int, ...]) -> str:
    return f"[{','.join(str(k + 1) for k in place)}]" if place else ""

"""``backproof prove``: derive theorems, check each again, and write a page of each."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import typer
from mpmath import mp

from backproof_docs.formulas import Notation, Writer
from backproof_docs.proof_formats import FORMATS, files
from backproof_docs.proofs import Judge, checked, to_text
from backproof_docs.report import write_atomically
from backproof_impl.conventions import UsageError
from backproof_spec.calculus import statement
from backproof_spec.calculus.coq import check
from backproof_spec.calculus.coq.export import Exported
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.evaluate import Unsatisfied
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.theorems import THEOREMS, named


def pages(names: list[str], formats: list[str], out: Path | None, judge: Judge = recorded) -> int:
    """Write a page of every theorem named in every format, to ``out`` or to standard output; the exit status."""
    unknown = [each for each in formats if each not in FORMATS]
    if unknown:
        msg = f"--format {unknown[0]!r}: expected some of {', '.join(FORMATS)}"
        raise UsageError(msg)
    if out is None and formats != ["text"]:
        msg = f"--format {','.join(formats)}: expected --out DIR, where the pages are written"
        raise UsageError(msg)
    try:
        chosen = {stem: derive for name in names for stem, derive in named(name).items()} if names else THEOREMS
    except KeyError as error:
        raise UsageError(error.args[0]) from None
    if out is not None and not out.is_dir():
        msg = f"--out {out}: expected a folder that exists"
        raise UsageError(msg)
    derivations = [derive() for derive in chosen.values()]
    found = checked(derivations, judge)
    for name, text in files(derivations, found, formats):
        if out is None:
            typer.echo(text)
        else:
            write_atomically(out / name, text)
    passed = sum(result.passed for result in found.values())
    where = f", written to {out}" if out else ""
    typer.echo(f"{'PASSED' if passed == len(found) else 'FAILED'}  {passed} of {len(found)} proofs check{where}")
    return int(passed < len(found))


class Coq:
    """A judge: Coq itself, which takes a minute or two. ``passed``: did it accept everything that it was given?"""

    def __init__(self) -> None:
        """Is Coq there?"""
        try:
            self.version = check.installed()
        except check.Unavailable as error:
            raise self._refusal(error) from None
        self._said: check.Checked

    def __call__(self, exported: Mapping[str, Exported | None]) -> Mapping[str, check.Judgement]:
        """Give it proofs."""
        if sys.stderr.isatty():
            typer.echo(f"Coq {self.version} compiles {len(exported)} proofs, coqchk checks them again …", err=True)
        try:
            self._said = check.check(exported)
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
            f"REFUSED {name}  {each.refusal or ', '.join(each.axioms)}"
            for name, each in said.items()
            if not each.passed
        ]
        resting: dict[tuple[str, ...], list[str]] = {}
        for name, each in said.items():
            if each.passed:
                resting.setdefault(each.axioms, []).append(name)
        for axioms, names in sorted(resting.items()):
            lines += [f"on {', '.join(axioms) or 'no axioms'}:", *_folded(", ".join(names))]
        accepted = sum(each.passed for each in said.values())
        return "\n".join([f"Coq {self.version} and coqchk accept {accepted} of {len(said)}", *lines])


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def of_statement(path: Path, judge: Judge = recorded) -> int:
    """Prove or derive the gradient in a file; the exit status."""
    try:
        read = statement.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--statement {path}: cannot be read: {error}"
        raise UsageError(msg) from None
    except statement.Malformed as error:
        msg = f"{path}: {error}"
        raise UsageError(msg) from None
    try:
        derivation = statement.prove(read)
    except Unproved as error:
        _refuted(read, error)
        return 1
    try:
        found = checked([derivation], judge)[derivation.stem]
    except Unsatisfied as error:
        typer.echo(f"NOT PROVED  {error}: then everything follows")
        return 1
    typer.echo(to_text(derivation, found))
    return int(not found.passed)


def _refuted(read: statement.Statement, unproved: Unproved) -> None:
    """Say what is false, or what no proof was found of."""
    write = Writer(Notation.TEXT)
    try:
        found = statement.counterexample(read)
    except Unsatisfied as error:
        typer.echo(f"NOT PROVED  {error}")
        return
    if found is None:
        reason = f"no proof found that {write(unproved.missing)}" if unproved.missing else str(unproved)
        typer.echo(f"NOT PROVED  {reason}")
        typer.echo("  no counterexample was found: it may need a line 'suppose …', or be beyond these rules")
        return
    model, free = found
    claim = statement.claim(read)
    typer.echo(f"FALSE  {write(claim)}")
    typer.echo(f"  sizes      {', '.join(f'{dim} = {size}' for dim, size in model.sizes.items()) or 'none'}")
    for name, values in model.values.items():
        if not name.endswith("°"):
            entries = ", ".join(f"{name}{_place(place)} = {mp.nstr(value, 6)}" for place, value in values.items())
            typer.echo(f"  {name:<10} {entries}")
    if free:
        typer.echo(f"  at         {', '.join(f'{index[1]} = {value + 1}' for index, value in free.items())}")
    derivative, claimed = model.sides(claim, free)
    typer.echo(f"  derivative {mp.nstr(derivative, 12)}")
    typer.echo(f"  claimed    {mp.nstr(claimed, 12)}")


def _place(place: tuple[int, ...]) -> str:
    return f"[{','.join(str(k + 1) for k in place)}]" if place else ""

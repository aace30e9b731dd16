"""``backproof prove my.op``: every gradient of an operation, and every other way, tried in numbers, then proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer

from backproof.prove import (
    Coq,
    lacking,
    line,
    require,
    shown_while,
    sides,
    stopped,
    table,
    verdict,
    width,
    write_pages,
)
from backproof_docs.files import require_folder, write
from backproof_docs.proofs import Checked, Judge, checked, to_text
from backproof_docs.terminal import progress_bar
from backproof_impl.conventions import UsageError
from backproof_properties import remembered
from backproof_spec.calculus import limits
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.evaluate import shown
from backproof_spec.calculus.statement import claim
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Formula, Refused
from backproof_spec.calculus.theorems import of_claim
from backproof_spec.calculus.values import Unsatisfied
from backproof_spec.claims import NOTES
from backproof_spec.language import ways
from backproof_spec.language.deriving import lowered, prove
from backproof_spec.language.evaluating import Place, Tensor
from backproof_spec.language.functions import Number, real
from backproof_spec.language.lowering import Beyond
from backproof_spec.language.numpy_source import source
from backproof_spec.language.proving import Refuted, refuted, refuted_way
from backproof_spec.language.reverse import derived
from backproof_spec.language.syntax import Definition, Gradient
from backproof_spec.language.text import line as syntax_line
from backproof_spec.library import Unreadable, built_in, operation
from backproof_spec.operation import Operation

NUMPY = "numpy"
"""The format in which an operation is written as source."""


def is_operation(name: str) -> bool:
    """Is it the name of a built-in operation, of one of its gradients, or of a file that holds one?

    What is derived by hand of the notes' operations stands in place of what is read from their definitions.
    """
    stem = name.partition(".")[0]
    return name.endswith(".op") or (stem in built_in() and stem not in NOTES and not of_claim(name))


@dataclass(frozen=True)
class _Claim:
    """What is to be proved of an operation: a gradient, or another way to compute a name.

    ``named``: its names and what it says, with nothing proved; ``false``, ``open``: say that values refute it, or where
    its proof stopped.
    """

    stem: str
    named: Callable[[], tuple[Derivation, Formula]]
    refuted: Callable[[], Refuted | None]
    prove: Callable[[], Derivation]
    false: Callable[[Refuted], None]
    open: Callable[[Unproved], None]


def _gradient(of: Operation, gradient: Gradient) -> _Claim:
    stem = f"{of.name}.d{gradient.name}"
    return _Claim(
        stem,
        lambda: (lowered(of, gradient).derivation, claim(lowered(of, gradient))),
        partial(refuted, of, gradient),
        partial(prove, of, gradient),
        partial(_false, stem, "the claimed gradient is not the derivative", ("derivative", "claimed")),
        lambda error: stopped(lowered(of, gradient), error),
    )


def _way(of: Operation, way: Definition) -> _Claim:
    stem, where = ways.stem(of, way), f"line {way.at[0]}, column {way.at[1]}"

    def unproved(error: Unproved) -> None:
        d, _ = ways.lowered(of, way)
        said, hint = lacking(d, error)
        typer.echo(line(f"NOT PROVED  {stem}: {where}: {syntax_line(way)}: {said}"))
        sides(d, error)
        typer.echo(line(f"  no counterexample was found: {hint}"))

    return _Claim(
        stem,
        partial(ways.lowered, of, way),
        partial(refuted_way, of, way),
        partial(ways.prove, of, way),
        partial(_false, stem, f"{where}: this way gives something else", ("defined", "this way")),
        unproved,
    )


def of_operations(
    names: Iterable[str],
    judge: Judge | Coq = recorded,
    *,
    seconds: float = limits.SECONDS,
    formats: Sequence[str] = ("text",),
    out: Path | None = None,
    afresh: bool = False,
) -> int:
    """Prove or derive every gradient of these operations, and every other way, each in so many seconds; the status.

    ``afresh``: those too of which a proof is remembered, which is replayed otherwise.
    """
    if list(formats) == [NUMPY] and out is None:
        typer.echo("\n\n".join(source(_operation(name)) for name in names), nl=False)
        return 0
    require(_pages(formats), out)
    claims = list(map(_claims, names))
    if out is not None:
        require_folder("--out", out)
    proved: dict[Derivation, Checked] = {}
    for of, of_it in claims:
        attempts, found = _attempted(of.name, of_it, judge, seconds, afresh=afresh)
        for stem, attempt in attempts.items():
            if isinstance(attempt, Derivation):
                proved |= _say(attempt, found[stem], quiet=out is not None)
            else:
                attempt()
    count = sum(len(of_it) for _, of_it in claims)
    if out is not None:
        results, operations = {each.stem: found for each, found in proved.items()}, {of.name: of for of, _ in claims}
        write_pages(list(proved), results, _pages(formats), out, operations)
        for of, _ in claims if NUMPY in formats else ():
            write("source", out / f"{of.name}.py", source(of))
        typer.echo(f"{len(proved)} of {count} written to {out}")
    return int(len(proved) < count or not all(found.passed for found in proved.values()))


_Attempt = Derivation | Callable[[], None]
"""A proof, or what says why there is none."""


def _attempted(
    name: str, claims: Sequence[_Claim], judge: Judge | Coq, seconds: float, *, afresh: bool
) -> tuple[dict[str, _Attempt], dict[str, Checked]]:
    """Each claim attempted, and the proofs checked; one that was remembered and does not replay is looked for anew."""
    attempts: dict[str, _Attempt] = {}
    with progress_bar() as bar:
        task = bar.add_task(name, total=len(claims))
        for each in claims:
            bar.update(task, description=f"{each.stem}: tried in numbers, then proved")
            attempts[each.stem] = _attempt(each, seconds, afresh=afresh)
            bar.advance(task)
    derivations = [each for each in attempts.values() if isinstance(each, Derivation)]
    with shown_while(f"{name}: {len(derivations)} proofs are checked again"):
        try:
            found = checked(derivations, judge, seconds)
        except Unsatisfied as error:
            msg = f"{name}: a proof has no numbers to be tried in: {error}"
            raise UsageError(msg) from None
    torn = {each.stem for each in derivations if each.file and found[each.stem].replay}
    for each in claims:
        if isinstance(attempts[each.stem], Derivation) and each.stem not in torn and found[each.stem].passed:
            _remember(each, attempts[each.stem])
    if torn:
        again = _attempted(name, [each for each in claims if each.stem in torn], judge, seconds, afresh=True)
        attempts, found = attempts | again[0], found | again[1]
    return attempts, found


def _remember(claim_: _Claim, found: Any) -> None:
    if found.file is None:
        remembered.keep(*claim_.named(), found)


def _pages(formats: Sequence[str]) -> list[str]:
    return [each for each in formats if each != NUMPY]


def _say(derivation: Derivation, found: Checked, *, quiet: bool) -> dict[Derivation, Checked]:
    """Say what was proved, and what came of checking it; the proof, unless the time was over before."""
    if found.stopped:
        typer.echo(line(f"NOT PROVED  {derivation.stem}: stopped at {found.stopped}: allow more --seconds"))
        return {}
    typer.echo(f"{derivation.stem}   {derivation.title}" if quiet else to_text(derivation, found, width()))
    typer.echo(line(verdict(derivation, found)) + ("" if quiet else "\n"))
    return {derivation: found}


def _claims(name: str) -> tuple[Operation, list[_Claim]]:
    """An operation with its gradients, those by arguments of which none is claimed too, and other ways; or one of them.

    Raises ``UsageError``.
    """
    of = derived(_operation(name))
    wanted = "" if name.endswith(".op") else name.partition(".")[2]
    found = [*(_gradient(of, each) for each in of.gradients), *(_way(of, each) for each in of.ways)]
    chosen = [each for each in found if wanted in {"", each.stem.partition(".")[2]}]
    if not chosen and wanted:
        msg = f"theorem {name!r} is not known: {of.name} has {', '.join(each.stem for each in found)}"
        raise UsageError(msg)
    return of, chosen


def _operation(name: str) -> Operation:
    """The operation of a name, or of one of its gradients. Raises ``UsageError``."""
    try:
        return operation(name if name.endswith(".op") else name.partition(".")[0])
    except Unreadable as error:
        raise UsageError(str(error)) from None


def _attempt(claim_: _Claim, seconds: float, *, afresh: bool) -> _Attempt:
    """A proof, remembered or found, or values at which the claim is false, or where its proof stopped."""
    try:
        with limits.within(seconds):
            found = None if afresh else remembered.proof(*claim_.named())
            wrong = None if found else claim_.refuted()
            return partial(claim_.false, wrong) if wrong else found or claim_.prove()
    except limits.Stopped as reason:
        said = f"{reason}: allow more --seconds" if isinstance(reason, limits.OutOfTime) else str(reason)
    except Unsatisfied as error:
        said = str(error)
    except Beyond as error:
        said = f"the kernel has no terms for {error}"
    except RecursionError:
        said = "a formula is nested too deeply: give a name to parts of it"
    except Unproved as error:
        return partial(claim_.open, error)
    except Refused as error:
        said = f"the kernel refuses a step: {error}"
    return partial(typer.echo, line(f"NOT PROVED  {claim_.stem}: {said}"))


# --- a counterexample -------------------------------------------------------------------------------------------------


def _false(stem: str, said: str, sides_: tuple[str, str], wrong: Refuted) -> None:
    """The values at which a claim is false, and both sides there."""
    evaluation = wrong.evaluation
    typer.echo(line(f"FALSE  {stem}: {said}"))
    sizes = ", ".join(f"size({index}) = {size}" for index, size in evaluation.sizes.items())
    parameters = [(name, _number(value)) for name, value in evaluation.parameters.items()]
    values = [(name, _entries(name, tensor)) for name, tensor in evaluation.values.items()]
    at = ", ".join(f"{index} = {k + 1}" for index, k in zip(wrong.indices, wrong.place, strict=True))
    both = [(sides_[0], _number(wrong.right)), (sides_[1], _number(wrong.claimed))]
    table([("sizes", sizes or "none"), *parameters, *values, *([("at", at)] if at else []), *both])


def _entries(name: str, tensor: Tensor[Number]) -> str:
    entries = [f"{name}{_place(place)} = {_number(value)}" for place, value in tensor.items()]
    return ", ".join(entries) or "has no entries"


def _place(place: Place) -> str:
    return f"[{','.join(str(k + 1) for k in place)}]" if place else ""


def _number(value: Number | str) -> str:
    return value if isinstance(value, str) else shown(real(value))

"""``backproof prove my.op``: every gradient of an operation tried in numbers, then proved for all shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import typer

from backproof.prove import Coq, line, require, shown_while, stopped, table, verdict, width, write_pages
from backproof_docs.files import require_folder, write
from backproof_docs.proofs import Checked, Judge, checked, to_text
from backproof_impl.conventions import UsageError
from backproof_spec.calculus import limits
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.evaluate import shown
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.calculus.theorems import of_claim
from backproof_spec.calculus.values import Unsatisfied
from backproof_spec.language.deriving import lowered, prove
from backproof_spec.language.evaluating import Place, Tensor
from backproof_spec.language.functions import Number, real
from backproof_spec.language.lowering import Beyond
from backproof_spec.language.numpy_source import source
from backproof_spec.language.proving import Refuted, refuted
from backproof_spec.language.reverse import derived
from backproof_spec.language.syntax import Gradient
from backproof_spec.library import Unreadable, built_in, operation
from backproof_spec.operation import Operation

NUMPY = "numpy"
"""The format in which an operation is written as source."""


def is_operation(name: str) -> bool:
    """Is it the name of a built-in operation, of one of its gradients, or of a file that holds one?"""
    stem = name.partition(".")[0]
    return name.endswith(".op") or (stem in built_in() and not of_claim(name))


def of_operations(
    names: Iterable[str],
    judge: Judge | Coq = recorded,
    *,
    seconds: float = limits.SECONDS,
    formats: Sequence[str] = ("text",),
    out: Path | None = None,
) -> int:
    """Prove or derive every gradient of these operations, each in so many seconds; the exit status."""
    if list(formats) == [NUMPY] and out is None:
        typer.echo("\n\n".join(source(_operation(name)) for name in names), nl=False)
        return 0
    require(_pages(formats), out)
    claims = list(map(_claims, names))
    if out is not None:
        require_folder("--out", out)
    proved: dict[Derivation, Checked] = {}
    for of, gradients in claims:
        attempts = {f"{of.name}.d{each.name}": _attempt(of, each, seconds) for each in gradients}
        derivations = [each for each in attempts.values() if isinstance(each, Derivation)]
        with shown_while(f"{of.name}: {len(derivations)} proofs are checked again"):
            found = checked(derivations, judge, seconds)
        for stem, attempt in attempts.items():
            if isinstance(attempt, Derivation):
                proved |= _say(attempt, found[stem], quiet=out is not None)
            else:
                attempt()
    count = sum(len(gradients) for _, gradients in claims)
    if out is not None:
        write_pages(list(proved), {each.stem: found for each, found in proved.items()}, _pages(formats), out)
        for of, _ in claims if NUMPY in formats else ():
            write("source", out / f"{of.name}.py", source(of))
        typer.echo(f"{len(proved)} of {count} written to {out}")
    return int(len(proved) < count or not all(found.passed for found in proved.values()))


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


def _claims(name: str) -> tuple[Operation, list[Gradient]]:
    """An operation with its gradients, those by arguments of which none is claimed too; or with the one that is named.

    Raises ``UsageError``.
    """
    of = derived(_operation(name))
    wanted = "" if name.endswith(".op") else name.partition(".")[2]
    gradients = {f"d{each.name}": each for each in of.gradients}
    if wanted and wanted not in gradients:
        msg = f"theorem {name!r} is not known: {of.name} has {', '.join(f'{of.name}.{each}' for each in gradients)}"
        raise UsageError(msg)
    return of, [gradient for what, gradient in gradients.items() if wanted in {"", what}]


def _operation(name: str) -> Operation:
    """The operation of a name, or of one of its gradients. Raises ``UsageError``."""
    try:
        return operation(name if name.endswith(".op") else name.partition(".")[0])
    except Unreadable as error:
        raise UsageError(str(error)) from None


def _attempt(of: Operation, gradient: Gradient, seconds: float) -> Derivation | Callable[[], None]:
    """A proof, or what says why there is none: values at which the claim is false, or where the proof stopped."""
    stem = f"{of.name}.d{gradient.name}"
    try:
        with limits.within(seconds), shown_while(f"{stem}: tried in numbers, then proved"):
            wrong = refuted(of, gradient)
            return prove(of, gradient) if wrong is None else partial(_false, stem, wrong)
    except limits.Stopped as reason:
        said = f"{reason}: allow more --seconds"
    except Unsatisfied as error:
        said = str(error)
    except Beyond as error:
        said = f"the kernel has no terms for {error}"
    except Unproved as error:
        return partial(stopped, lowered(of, gradient), error)
    except Refused as error:
        said = f"the kernel refuses a step: {error}"
    return partial(typer.echo, line(f"NOT PROVED  {stem}: {said}"))


# --- a counterexample -------------------------------------------------------------------------------------------------


def _false(stem: str, wrong: Refuted) -> None:
    """The values at which a claim is false, and both sides there."""
    evaluation, gradient = wrong.evaluation, wrong.gradient
    typer.echo(line(f"FALSE  {stem}: the claimed gradient is not the derivative"))
    sizes = ", ".join(f"size({index}) = {size}" for index, size in evaluation.sizes.items())
    parameters = [(name, _number(value)) for name, value in evaluation.parameters.items()]
    values = [(name, _entries(name, tensor)) for name, tensor in evaluation.values.items()]
    at = ", ".join(f"{index} = {k + 1}" for index, k in zip(gradient.indices, wrong.place, strict=True))
    both = [("derivative", _number(wrong.derivative)), ("claimed", _number(wrong.claimed))]
    table([("sizes", sizes or "none"), *parameters, *values, *([("at", at)] if at else []), *both])


def _entries(name: str, tensor: Tensor[Number]) -> str:
    entries = [f"{name}{_place(place)} = {_number(value)}" for place, value in tensor.items()]
    return ", ".join(entries) or "has no entries"


def _place(place: Place) -> str:
    return f"[{','.join(str(k + 1) for k in place)}]" if place else ""


def _number(value: Number | str) -> str:
    return value if isinstance(value, str) else shown(real(value))

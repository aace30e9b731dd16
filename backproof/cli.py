"""The command line.

Exit status: 0 everything holds, 1 something was refuted or failed, 2 the request could not be run, 130 interrupted.
"""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from backproof.__main__ import COMMANDS, PURPOSE
from backproof.certifying import certified
from backproof.checking import check
from backproof.configured import Settings, settings
from backproof.defining import ALL, chosen, named
from backproof.graded import graded
from backproof.listing import LISTS, listing
from backproof.operations import NUMPY, is_operation, of_operations
from backproof.options import Declared, Operations, Options, processes, split, with_options
from backproof.output import INTERRUPTED, complain, leave, refuse
from backproof.progress import Progress
from backproof.prove import Coq, of_statement, pages
from backproof.resumed import opened, resumed
from backproof.shown import Interrupted
from backproof.written import conclude, require
from backproof_docs.known import load_known
from backproof_docs.proof_formats import FORMATS
from backproof_docs.report import apply_known
from backproof_impl.conventions import UsageError
from backproof_impl.isolation import Program
from backproof_impl.named import operations_named
from backproof_properties.results import Outcome
from backproof_spec.calculus.limits import LONG, SECONDS

app = typer.Typer(
    name="backproof",
    help=PURPOSE,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(help=COMMANDS["verify"])
@with_options
def verify(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help=f"Operations or claims, or {ALL}; by default those of the notes.",
            show_default=False,
        ),
    ] = None,
    options: Options,
) -> None:
    """Run the verification suite on the reference implementation."""
    asked = [*(names or []), *(options.claim or [])]
    _run("reference", replace(options, claim=asked or None), [], isolate=False, afresh=True)


@app.command(help=COMMANDS["validate"])
@with_options
def validate(
    *,
    target: Annotated[
        str | None,
        typer.Argument(help="my_layers.py, package.module[:object], or a built-in adapter's name.", show_default=False),
    ] = None,
    program: Annotated[
        str | None,
        typer.Option("--exec", metavar="CMD", help="Instead of TARGET: a program that speaks the line protocol."),
    ] = None,
    declared: Declared = None,
    operation: Operations = None,
    isolate: Annotated[
        bool, typer.Option("--isolate/--no-isolate", help="Run the target in a process of its own, or in this one.")
    ] = True,
    options: Options,
) -> None:
    """Run the same suite on somebody's implementation."""
    set_ = settings(Path.cwd())
    if target is None and program is None and set_.target is not None:
        target, declared = set_.target, declared or [*set_.declared]
        options = replace(options, known=options.known or set_.known)
        if not operation and not options.claim:
            operation, options = [*set_.operation], replace(options, claim=[*set_.claim] or None)
    if (target is None) == (program is None):
        given = "neither" if target is None else "both"
        where = "" if target else ", or target in [tool.backproof] of pyproject.toml"
        msg = f"validate: {given} given, expected TARGET (my_layers.py, a module, an adapter) or --exec CMD{where}"
        raise UsageError(msg)
    _run(target or _program(program or ""), options, declared or [], isolate=isolate, operations=operation or [])


def _program(command: str) -> Program:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        msg = f"--exec {command!r}: {error}"
        raise UsageError(msg) from None
    if not words:
        msg = "--exec is empty, expected a command such as ./my_backprop"
        raise UsageError(msg)
    return Program(command, words)


def _run(
    target: str | Program,
    options: Options,
    declarations: list[str],
    *,
    isolate: bool,
    afresh: bool = False,
    operations: Sequence[str] = (),
) -> None:
    where = processes(options.workers, options.cluster)
    require(options, options.campaign)
    own = chosen([*map(named, operations), *(split(options.claim) or [])], operations_named(target)).own
    known = load_known(options.known, tuple(each.id for each in own)) if options.known is not None else ()

    def counts(outcome: Outcome) -> bool:
        return not any(entry.describes(outcome) for entry in known)

    with opened(options.campaign) as campaign, Progress(counts) as update:
        try:
            report = check(
                target,
                operations=[*operations, *(split(options.claim) or [])] or None,
                require=split(options.require),
                dtypes=split(options.dtype),
                examples=options.examples,
                seed=options.seed,
                declare=declarations or None,
                isolate=isolate,
                afresh=afresh,
                **where,
                campaign=campaign,
                fail_fast=counts if options.fail_fast else False,
                progress=update,
            )
        except Interrupted as interrupted:
            report = interrupted.report
    command = shlex.join(_command(target, declarations, operations))
    conclude(apply_known(replace(report, command=command), known), options)


def _command(target: str | Program, declarations: list[str], operations: Sequence[str]) -> list[str]:
    """The command that was given, without the options that every repetition adds."""
    if target == "reference" and not declarations:
        return ["backproof", "verify"]
    named = ["--exec", target.name] if isinstance(target, Program) else [target]
    options = [("--operation", each) for each in operations] + [("--declare", text) for text in declarations]
    return ["backproof", "validate", *named, *(word for pair in options for word in pair)]


app.command(name="grade", help=COMMANDS["grade"])(graded)
app.command(name="vectors", help=COMMANDS["vectors"])(certified)
app.command(name="campaign", help=COMMANDS["campaign"])(with_options(resumed))


@app.command(help=COMMANDS["prove"])
def prove(
    *,
    theorems: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="A theorem or an operation; all by default.")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}; repeatable, or a,b.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write the pages there.")] = None,
    statement: Annotated[
        Path | None, typer.Option("--statement", metavar="FILE", help="Instead: prove the gradients claimed in a file.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            metavar="N",
            help=f"Stop a proof after so long: by default {SECONDS:g} for a statement, {LONG:g} for a theorem.",
        ),
    ] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Look for the proofs of operations anew, those that were found before too.")
    ] = False,
    coq: Annotated[
        bool, typer.Option("--coq", help="Have Coq check every step too, which takes a minute or two.")
    ] = False,
) -> None:
    """Derive the formulas for all shapes, line by line, and check every line again."""
    if statement is not None and theorems:
        msg = "prove: --statement FILE goes by itself, without CLAIM"
        raise UsageError(msg)
    if seconds is not None and not seconds > 0:
        msg = f"prove --seconds {seconds:g}: expected a number above 0"
        raise UsageError(msg)
    judge = Coq(seconds or LONG) if coq else None
    asked, forms = [] if judge is None else [judge], split(formats) or ["text"]
    names = theorems or []
    operations = names if forms == [NUMPY] else [each for each in names if is_operation(each)]
    if operations and len(operations) < len(names):
        msg = f"prove: {operations[0]} goes by itself, without {next(each for each in names if each not in operations)}"
        raise UsageError(msg)
    if operations:
        status = of_operations(operations, *asked, seconds=seconds or SECONDS, formats=forms, out=out, afresh=afresh)
    elif statement is not None:
        status = of_statement(statement, *asked, seconds=seconds or SECONDS, formats=forms, out=out)
    else:
        status = pages(names, forms, out, *asked, seconds=seconds or LONG)
    if judge is not None:
        typer.echo(judge.summary())
        status = status or int(not judge.passed)
    raise typer.Exit(status)


@app.command(name="list", help=COMMANDS["list"])
def list_(
    what: Annotated[str, typer.Argument(help=" | ".join(LISTS), show_default=False)] = "",
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Only the rows of these names; of claims, or operations.", show_default=False
        ),
    ] = None,
) -> None:
    """List the claims, operations, adapters or conventions."""
    Console(highlight=False, markup=False).print(listing(what, names or ()))


# --- errors ----------------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> NoReturn:
    """The ``backproof`` command; a request that cannot be run is one line on standard error, and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show ✓ still gets its report
    leave(lambda: _status(arguments))


def _status(arguments: list[str] | None) -> int:
    try:
        command = next(iter(sys.argv[1:] if arguments is None else arguments), "")
        defaults = settings(Path.cwd()).defaults() if command in Settings.commands else {}
        status: Any = app(args=arguments, standalone_mode=False, default_map=defaults)
    except UsageError as error:
        refuse(str(error))
    except _CommandLineError as error:
        refuse(error.format_message().rstrip(".") + _accepted(error.ctx))
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    if status == INTERRUPTED:  # some versions of Typer return it, others raise
        complain("interrupted")
    return int(status or 0)


_CommandLineError: Any = typer.BadParameter.__base__
"""Click's UsageError, or that of the copy of Click which newer versions of Typer carry."""


def _accepted(context: Any) -> str:
    """What the command accepts, for the end of an error message."""
    commands = getattr(context.command, "commands", None)
    if commands:
        return f"; expected one of {', '.join(commands)}"
    names = [parameter.opts[0] for parameter in context.command.params]
    options = [name for name in names if name.startswith("-")]
    arguments = [name.upper() for name in names if not name.startswith("-")]
    return f"; {' '.join([context.command_path, *arguments])} accepts {', '.join(options) or 'no options'}"

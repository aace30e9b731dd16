"""The command ``grade``: a gradebook in the terminal, and its pages in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from backproof.defining import named
from backproof.grading import EXAMPLES, SECONDS, grade
from backproof.options import (
    Cluster,
    Declared,
    Dtypes,
    Examples,
    InCampaign,
    Names,
    Operations,
    Seed,
    Workers,
    processes,
    split,
)
from backproof.output import INTERRUPTED
from backproof.resumed import opened
from backproof_docs.files import require_folder, write
from backproof_docs.gradebook import Gradebook, print_gradebook
from backproof_docs.terminal import progress_bar
from backproof_impl.conventions import UsageError


def graded(
    *,
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="DIR|FILE...", help="Submissions, or folders of them.", show_default=False)
    ],
    operation: Operations = None,
    claim: Names = None,
    points: Annotated[
        list[str] | None,
        typer.Option("--points", metavar="ID=N", help="What a claim is worth, 1 by default; repeatable, or a=1,b=2."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the gradebook and its pages go.")] = Path(
        "gradebook"
    ),
    declared: Declared = None,
    dtype: Dtypes = None,
    examples: Examples = EXAMPLES,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", help="The longest that one submission may take.")
    ] = SECONDS,
    seed: Seed = None,
    campaign: InCampaign = None,
    workers: Workers = None,
    cluster: Cluster = None,
) -> None:
    """Judge many submissions alike, and keep a gradebook."""
    if not seconds > 0:
        msg = f"grade --seconds {seconds:g}: expected a number above 0"
        raise UsageError(msg)
    asked = {name for name in ("claim", "operation") if _is_given(context, name)}
    if asked:  # then the settings say nothing of what is to be judged
        claim, operation = claim if "claim" in asked else None, operation if "operation" in asked else None
    require_folder("--out", out)
    with opened(campaign) as kept, progress_bar() as bar:
        task = bar.add_task("starting", total=None)

        def next_is(total: int, name: str) -> None:
            bar.update(task, total=total, description=name, advance=bar.tasks[0].total is not None)

        book = grade(
            paths,
            operations=[*map(named, operation or []), *(split(claim) or [])] or None,
            points=split(points),
            seconds=seconds,
            seed=seed,
            examples=examples,
            progress=next_is,
            dtypes=split(dtype),
            declare=declared,
            **processes(workers, cluster),
            campaign=kept,
        )
    lost = list(_unwritten(book, out))
    print_gradebook(book, Console(highlight=False))
    if lost:
        raise UsageError("; ".join(lost))
    typer.echo(f"written to {out}: gradebook.html, .csv, .json, a page a submission")
    raise typer.Exit(INTERRUPTED if book.interrupted else 0)


def _unwritten(book: Gradebook, out: Path) -> Iterator[str]:
    """Write all of it: why one file could not be, of each."""
    for path, text in book.files(out):
        try:
            require_folder("--out", path.parent)
            write("gradebook", path, text)
        except UsageError as error:
            yield str(error)


def _is_given(context: typer.Context, name: str) -> bool:
    """Does the command line say it?"""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"

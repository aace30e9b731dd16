"""What several commands of the command line take alike."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from backproof_impl.conventions import DTYPES, UsageError

Names = Annotated[
    list[str] | None, typer.Option("--claim", metavar="ID", help="A claim or an operation; repeatable, or a,b.")
]
Examples = Annotated[int, typer.Option("--examples", metavar="N", help="Examples for each link of each claim.")]
Dtypes = Annotated[
    list[str] | None, typer.Option("--dtype", metavar="NAME", help=f"{', '.join(DTYPES)}; repeatable, or a,b.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Repeat the run that printed this seed.")]
Workers = Annotated[
    int | None, typer.Option("-n", "--workers", metavar="N", help="Processes; as many as cores by default.")
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Judge on the Dask cluster of this scheduler, not here."),
]
InCampaign = Annotated[
    Path | None,
    typer.Option("--campaign", metavar="FILE", help="Judge in blocks of examples that are kept there, or go on there."),
]
Declared = Annotated[
    list[str] | None,
    typer.Option(
        "--declare",
        metavar="FIELD=VALUE",
        help="A convention of the target; repeatable. See: backproof list conventions.",
    ),
]
Operations = Annotated[
    list[str] | None,
    typer.Option(
        "--operation",
        metavar="FILE",
        help="Judge an operation of your own, defined in FILE.op, or a built-in one such as gelu; repeatable.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What is shown and written of a report."""

    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")] = None
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write the report as JUnit XML.")] = None
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as an HTML page.")] = (
        None
    )
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write a summary for a CI job's page.")
    ] = None
    reproducers: Annotated[
        Path | None,
        typer.Option("--reproducers", metavar="DIR", help="Write a script for each failure that needs only NumPy."),
    ] = None
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Print how often each kind of value, size and call was tried.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class Options(Outputs):
    """What ``verify`` and ``validate`` take alike."""

    claim: Names = None
    examples: Examples = 100
    dtype: Dtypes = None
    seed: Seed = None
    known: Annotated[
        Path | None, typer.Option("--known", metavar="FILE", help="Accept the failures listed there, with reasons.")
    ] = None
    require: Annotated[
        list[str] | None,
        typer.Option("--require", metavar="ID", help="Fail unless this claim is judged: ids, operations, or all."),
    ] = None
    campaign: InCampaign = None
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False
    workers: Workers = None
    cluster: Cluster = None


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with each field of its ``options`` as an option of its own, handed over as one."""
    taken_by = inspect.signature(command, eval_str=True).parameters
    own, kind = [each for each in taken_by.values() if each.name != "options"], taken_by["options"].annotation
    hints = get_type_hints(kind, include_extras=True)
    shared = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])
        for each in fields(kind)
    ]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        taken = {each.name: values.pop(each.name) for each in shared}
        command(**values, options=kind(**taken))

    parameters = [*(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own), *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def split(values: list[str] | None) -> list[str] | None:
    """``a,b`` and ``c`` as a, b and c."""
    return None if values is None else [part.strip() for value in values for part in value.split(",")]


def processes(workers: int | None, cluster: str | None) -> dict[str, Any]:
    """Where it is judged, as ``check`` takes it. Raises ``UsageError``."""
    if workers is not None and cluster is not None:
        msg = f"-n {workers} counts processes here; expected it or --cluster {cluster}, which has its own"
        raise UsageError(msg)
    if workers is not None and workers < 1:
        msg = f"-n {workers}: expected at least 1 process"
        raise UsageError(msg)
    return {"cluster": cluster} if cluster is not None else {"workers": workers or cores()}


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""The command ``vectors``: certified test vectors, a JSON file for each operation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from backproof import __version__
from backproof.defining import ALL, chosen, named
from backproof.options import Dtypes, split
from backproof_docs.files import require_folder, write
from backproof_docs.terminal import progress_bar
from backproof_docs.vectors import to_json
from backproof_impl.conventions import DTYPES, UsageError
from backproof_properties import vectors
from backproof_properties.choices import dtypes_named, require_whole
from backproof_properties.vectors import Functions, Vector
from backproof_spec.claims import NOTES

SEED = 1
"""Of what is written where nobody asks for others: it is to come out the same."""


def certified(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OPERATION",
            help=f"Operations, files that define one, or {ALL}; by default those of the notes.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")] = Path("vectors"),
    dtype: Dtypes = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Other examples.")] = SEED,
) -> None:
    """Write certified test vectors, for programs in any language."""
    require_whole("--seed", seed, 0)
    formats, asked = dtypes_named(split(dtype) or reversed(DTYPES)), of_names(split(names) or [])
    require_folder("--out", out)
    empty, written = list[str](), list[str]()
    with progress_bar() as bar:
        task = bar.add_task("starting", total=len(formats) * sum(len(of.properties) for of in asked))
        for of in asked:
            found = list[Vector]()
            for function in of.properties:
                for each in formats:
                    bar.update(task, description=f"{function}, {each}")
                    found += vectors.vectors(of, function, each, seed, sized=each == formats[0])
                    bar.advance(task)
            if found:
                path = out / f"{of.name}.json"
                write("vectors", path, to_json(of, found, seed, __version__))
                written.append(f"{path}: {len(found)} cases")
            else:
                empty.append(of.name)
    typer.echo("".join(f"{line}\n" for line in written), nl=False)
    if empty:
        msg = f"vectors {', '.join(empty)}: no example that was drawn has a value: nothing to write"
        raise UsageError(msg)


def of_names(names: Iterable[str]) -> list[Functions]:
    """What these names and files stand for, each once; by default what the notes define. Raises ``UsageError``."""
    of_notes = {name: of for name in NOTES if (of := vectors.functions_of(name)).properties}
    given = [named(name) for name in names] or list(of_notes)
    without = [each for each in given if isinstance(each, str) and each not in {ALL, *of_notes}]
    if without:
        msg = f"vectors {without[0]}: it has no function of its own; of the notes expected {', '.join(of_notes)}"
        raise UsageError(msg)
    known = of_notes if ALL in given else {each: of_notes[each] for each in given if isinstance(each, str)}
    return [*known.values(), *map(vectors.functions_of, chosen(given, ()).operations)]

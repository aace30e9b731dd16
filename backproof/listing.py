"""The tables of ``backproof list``: claims, operations, adapters and conventions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.table import Table

from backproof.defining import built_in, operation
from backproof_impl.adapters import ADAPTERS, defined
from backproof_impl.conventions import FIELDS, UsageError
from backproof_spec import library
from backproof_spec.claims import CLAIMS, NOTES, claims_of
from backproof_spec.language.naming import shown
from backproof_spec.language.vocabulary import meant

Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""The headers of a table, and its rows, each named by its first cell."""


def _claims() -> Rows:
    claims = [*CLAIMS, *(claim for each in map(operation, built_in()) for claim in claims_of(each))]
    return ("claim", "formula", "notes"), [(each.id, each.formula, each.notes) for each in claims]


def _operations() -> Rows:
    offered = {name: defined(name) for name in ADAPTERS}
    of_files = [
        (
            each.name,
            each.title.rstrip("."),
            ", ".join(shown(A.name, A.indices) for A in each.arguments),
            library.built_in()[each.name].parent.name,
            ", ".join(name for name, functions in offered.items() if each.name in functions),
        )
        for each in map(operation, built_in())
    ]
    return ("operation", "definition", "shapes", "family", "libraries"), [
        *((name, *row, "notes", "") for name, row in NOTES.items()),
        *of_files,
    ]


def _adapters() -> Rows:
    return ("adapter", "library", "install", "variants (name:variant)"), [
        (name, A.package, f"pip install 'backproof[{A.extra}]'" if A.extra else "built in", ", ".join(A.variants))
        for name, A in ADAPTERS.items()
    ]


def _conventions() -> Rows:
    return ("field", "values (default first)", "meaning"), [
        (name, ", ".join(row.values) or "any", row.meaning) for name, row in FIELDS.items()
    ]


LISTS: dict[str, Callable[[], Rows]] = {
    "claims": _claims,
    "operations": _operations,
    "adapters": _adapters,
    "conventions": _conventions,
}
"""What can be listed."""


def listing(what: str, names: Iterable[str]) -> Table:
    """The table, or the rows of these names and of what these operations claim. Raises ``UsageError``."""
    if what not in LISTS:
        msg = f"list {what!r}: expected one of {', '.join(LISTS)}"
        raise UsageError(msg)
    (headers, rows), wanted = LISTS[what](), set(names)
    named = [(row, {row[0], row[0].partition(".")[0], *row[3:4]}) for row in rows]
    known = {name for _, names in named for name in names}
    for name in sorted(wanted - known):
        msg = f"list {what} {name}: there is no such row{meant(name, known)}"
        raise UsageError(msg)
    table = Table(*headers, box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for row, own in named:
        if not wanted or not own.isdisjoint(wanted):
            table.add_row(*row)
    return table

"""The report in a terminal: one line for each claim with the links of its chain of trust, what failed, a summary.

Fits 80 columns. Colours only where the console has them; nothing of a target's is read as markup.
"""

from __future__ import annotations

import math
import re
import textwrap
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backproof_docs.report import Report, Row
from backproof_properties.results import Link, Outcome, Verdict
from backproof_spec.claims import CLAIMS

_MARKS = {
    Verdict.HOLDS: ("✓", "green"),
    Verdict.REFUTED: ("✗", "bold red"),
    Verdict.ERROR: ("✗", "bold red"),
    Verdict.UNCERTIFIED: ("?", "yellow"),
    Verdict.UNSUPPORTED: ("–", "dim"),
}
_SHOWN_ENTRIES = 12
_FORMULAS = {claim.id: claim.formula for claim in CLAIMS}


def number(value: float | None) -> str:
    """Two significant digits in at most six characters; — for None, 0 for exactly nothing."""
    if value is None or not math.isfinite(value):
        return "—"
    if value == 0:
        return "0"
    return f"{value:.2g}" if 1e-3 <= value < 100 else f"{value:.0e}"  # noqa: PLR2004 - where %e becomes shorter


def _cell(outcome: Outcome | None) -> Text:
    if outcome is None:
        return Text("—", style="dim")
    if outcome.verdict is not Verdict.HOLDS:
        words = {Verdict.UNSUPPORTED: "absent", Verdict.UNCERTIFIED: "uncertain"}
        return Text(words.get(outcome.verdict, str(outcome.verdict)), style=_MARKS[outcome.verdict][1])
    if outcome.observation.worst == 0:
        return Text("exact")
    return Text(number(outcome.observation.worst))


def _row(row: Row, *, several_dtypes: bool) -> list[Text]:
    mark, style = _MARKS[row.verdict]
    computed = row.outcome(Link.IMPLEMENTATION)
    tried = sum(outcome.examples for outcome in row.outcomes)
    detects = computed.observation.threshold if computed and computed.verdict is Verdict.HOLDS else None
    name = Text.assemble((mark, style), " ", row.claim.id)
    cells = [_cell(row.outcome(link)) for link in Link]
    dtype = [Text(row.dtype if row.dtype != "exact" else "")] if several_dtypes else []
    count = [] if several_dtypes else [Text(str(tried))]
    return [name, *dtype, *cells, *count, Text(number(detects))]


def _table(report: Report) -> Table:
    several = len(report.dtypes) > 1  # then "dtype" takes the room of "tried"
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", collapse_padding=True)
    table.add_column("\nclaim", no_wrap=True)
    if several:
        table.add_column("\ndtype", no_wrap=True)
    links = ("definition\n→ Jacobian", "Jacobian\n→ formula", "formula →\nimplement.")
    for header in (*links, *(() if several else ("\ntried",)), "\ndetects"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(*_row(row, several_dtypes=several))
    return table


def _array(name: str, value: Any) -> str:
    """``Z = [[0.0, 1.0]] (1, 2)``, nested as NumPy reads it; long arrays are cut."""
    if isinstance(value, list):
        return "\n".join(_array(f"{name}[{k}]", entry) for k, entry in enumerate(value))
    if not isinstance(value, dict):
        return f"{name} = {value}"
    data, shape = value["data"], value["shape"]
    if len(data) > _SHOWN_ENTRIES:
        shown = f"[{', '.join(data[:_SHOWN_ENTRIES])}, …]"
    elif len(shape) == 1:
        shown = f"[{', '.join(data)}]"
    else:
        rows, columns = shape
        lines = [data[i * columns : (i + 1) * columns] for i in range(rows)]
        shown = "[" + ", ".join(f"[{', '.join(line)}]" for line in lines) + "]"
    return f"{name} = {shown}  {value['dtype']} {tuple(shape)}"


def _failure(report: Report, outcome: Outcome, width: int) -> Text:
    dtype = f", {outcome.dtype}" if outcome.dtype else ""
    text = Text.assemble(
        (f"{str(outcome.verdict).upper()} {outcome.claim}", _MARKS[outcome.verdict][1]), f"  ({outcome.link}{dtype})\n"
    )
    lines = [
        ("formula", _FORMULAS[outcome.claim]),
        ("found", outcome.finding.message if outcome.finding else outcome.reason),
    ]
    if outcome.finding:
        shown = "\n".join(_array(name, value) for name, value in outcome.finding.inputs.items())
        lines.append(("inputs", shown or "—"))
    again = report.command or "backproof validate TARGET"
    again += f" --claim {outcome.claim} --seed {report.seed} --examples {report.examples}"
    if outcome.dtype and outcome.dtype != "float64":
        again += f" --dtype {outcome.dtype}"
    for label, body in lines:
        text.append(f"  {label:<9}", style="dim").append(_hanging(body or "", width, 11) + "\n")
    text.append("  again    ", style="dim").append(again + "\n")
    return text


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a target's message could do to a terminal."""


def _hanging(body: str, width: int, indent: int) -> str:
    """``body`` wrapped to ``width``, every line after the first indented, control characters made visible."""
    body = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", body)
    lines = [line for part in body.split("\n") for line in textwrap.wrap(part, width - indent) or [""]]
    return ("\n" + " " * indent).join(lines)


def _unsupported(report: Report, width: int) -> str:
    """What the target does not offer, by reason, and the claims that were not judged for it."""
    claims: dict[str, list[str]] = {}
    for outcome in report.results:
        if outcome.verdict is Verdict.UNSUPPORTED:
            claims.setdefault(str(outcome.reason), []).append(outcome.claim)
    texts = [f"{reason}: {', '.join(dict.fromkeys(names))}" for reason, names in claims.items()]
    lines = [f"  {_hanging(text, width - 2, 4)}" for text in texts]
    return "\n".join(["\nUNSUPPORTED", *lines]) if lines else ""


_LEGEND = (
    "first two columns: worst relative deviation inside the spec (exact: none)\n"
    "implement.: worst error ÷ rounding bound, at most 1 (exact: no error at all)\n"
    "detects: relative error sure to be refuted in half of the entries; —: no link"
)


def _summary(report: Report) -> Text:
    rows = report.rows
    counts = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    judged = any(outcome.verdict is not Verdict.UNSUPPORTED for outcome in report.results if outcome.dtype)
    outcome = ("PASSED", "bold green") if report.passed else ("FAILED", "bold red")
    if report.passed and not judged and any(outcome.dtype for outcome in report.results):
        outcome = ("NOTHING OF THE TARGET WAS JUDGED", "bold yellow")
    text = Text.assemble(
        outcome,
        f"  {', '.join(parts)} · target {report.target} · {', '.join(report.dtypes)}\n",
        f"{report.examples} examples a link · seed {report.seed} · {report.seconds:.1f} s",
    )
    if report.conventions:
        declared = ", ".join(f"{name}={value}" for name, value in report.conventions.items())
        text.append(f"\ndeclared: {declared}")
    entries = sum(outcome.observation.entries for outcome in report.results if outcome.dtype)
    skipped = sum(outcome.observation.uncertified for outcome in report.results if outcome.dtype)
    if skipped:
        share = skipped / (entries + skipped)
        text.append(f"\nuncertified: {share:.1%} of the computed entries (overflow possible), not judged")
    return text


def print_report(report: Report, console: Console) -> None:
    """The whole report."""
    console.print(_table(report))
    console.print(Text(_LEGEND, style="dim"))
    unsupported = _unsupported(report, console.width)
    if unsupported:
        console.print(Text(unsupported, style="dim"))
    for outcome in report.failures:
        console.print()
        console.print(_failure(report, outcome, console.width), end="", soft_wrap=True)
    console.print()
    console.print(_summary(report))

"""The report in a terminal: one line for each claim with the links of its chain of trust, what failed, a summary.

Fits 80 columns. Colours only where the console has them; nothing of a target's is read as markup.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backproof_docs.coverage import coverage_table
from backproof_docs.folding import continued, folded
from backproof_docs.phrases import (
    MARKS,
    advice,
    again,
    also,
    cell,
    coarse,
    counts,
    declared,
    declines,
    detects,
    facts,
    found,
    headline,
    judged,
    legend,
    not_run,
    number,
    one_line,
    place,
    remembered,
    unmet,
    unsupported,
    visible,
)
from backproof_docs.report import KNOWN, Report, Row
from backproof_properties.results import Link, Outcome, Verdict

STYLES: dict[str, str] = {
    Verdict.HOLDS: "green",
    Verdict.REFUTED: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.UNCERTIFIED: "yellow",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_RUN: "dim",
    KNOWN: "yellow",
}
"""How a verdict is coloured."""
_HEADLINES = {"PASSED": "bold green", "FAILED": "bold red"}
_INDENT = 12
"""Where the text of a failure's lines begins."""


# --- the table --------------------------------------------------------------------------------------------------------


def _cell(report: Report, outcome: Outcome | None) -> Text:
    if outcome is None:
        return Text("—", style="dim")
    word = cell(report, outcome)
    return Text(word, style="" if outcome.verdict is Verdict.HOLDS else STYLES.get(word, STYLES[outcome.verdict]))


def _row(report: Report, row: Row, *, several_dtypes: bool) -> list[Text]:
    name = Text.assemble((MARKS[row.state], STYLES[row.state]), " ", row.claim.id)
    cells = [_cell(report, row.outcome(link)) for link in Link]
    dtype = [Text(row.dtype if row.dtype != "exact" else "")] if several_dtypes else []
    count = [] if several_dtypes else [Text(str(row.tried))]
    return [name, *dtype, *cells, *count, Text(number(detects(row.outcome(Link.IMPLEMENTATION))))]


def _table(report: Report) -> Table:
    several = len(report.dtypes) > 1  # then "dtype" takes the room of "tried"
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", collapse_padding=True)
    table.add_column("claim", no_wrap=True)
    if several:
        table.add_column("dtype", no_wrap=True)
    links = ("Jacobian", "formula", "proof", "computed")  # one for each ``Link``
    for header in (*links, *(() if several else ("tried",)), "detects"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(*_row(report, row, several_dtypes=several))
    return table


# --- failures ---------------------------------------------------------------------------------------------------------


def _hanging(body: str, width: int, indent: int) -> str:
    """``body`` wrapped to ``width``, every line after the first indented."""
    return ("\n" + " " * indent).join(line for part in body.split("\n") for line in folded(part, width - indent))


def failure(report: Report, outcome: Outcome, width: int) -> Text:
    """One failure: claim, formula, counterexample, diagnosis, the command that repeats it."""
    verdict = str(outcome.verdict)
    text = Text.assemble((f"{verdict.upper()} {outcome.claim}", STYLES[verdict]), f"  ({place(outcome)})\n")
    command = ("\n" + " " * (_INDENT + 2)).join(continued(again(report, outcome), width - _INDENT - 2))
    for label, body in facts(report, outcome):
        text.append(_label(label), style="dim").append(_hanging(body, width, _INDENT) + "\n")
    return text.append(_label("again"), style="dim").append(command + "\n")


def _label(label: str) -> str:
    return f"  {label:<{_INDENT - 2}}"


def _section(title: str, texts: list[str], width: int) -> Text:
    """A heading and a line, or several, for each text."""
    lines = [f"  {_hanging(text, width, 4)}" for text in texts]
    return Text("\n".join(["", title, *lines]) if lines else "")


def _sections(report: Report, width: int) -> list[Text]:
    """What is not judged, what is accepted, and what is no longer so."""
    absent, left, wanting = (
        [f"{reason}: {', '.join(names)}" for reason, names in claims.items()]
        for claims in (unsupported(report), not_run(report), unmet(report))
    )
    accepted = [
        f"{each.claim} ({place(each)}): {visible(report.reason_known(each))}\n{found(each)}"
        for each in report.known_failures
    ]
    stale = [visible(each) for each in report.stale]
    sections = [
        ("UNSUPPORTED", absent, "dim"),
        ("NOT RUN", left, "dim"),
        ("DECLINED", ["\n".join(each) for each in declines(report)], "yellow"),
        ("KNOWN", accepted, "yellow"),
        ("STALE", stale, "bold red"),
        ("REQUIRED AND NOT JUDGED", wanting, "bold red"),
        ("WHAT TO DO", [*advice(report), *coarse(report)], "bold yellow"),
    ]
    made = [(_section(title, texts, width), len(title), style) for title, texts, style in sections if texts]
    for section, length, style in made:
        section.stylize(style, 0, len(section) if style == "dim" else length + 1)
    return [section for section, _, _ in made]


# --- the end ----------------------------------------------------------------------------------------------------------


def _summary(report: Report) -> Text:
    title = headline(report)
    text = Text.assemble(
        (title, _HEADLINES.get(title, "bold yellow")),
        f"  {counts(report)} · target {one_line(report.target)} · {', '.join(report.dtypes)}\n",
        f"{report.examples} examples a link · seed {report.seed} · {report.seconds:.1f} s",
    )
    if report.conventions:
        text.append(f"\ndeclared: {declared(report)}")
    return text.append("\n".join(["", *also(report), *judged(report)]))


def progress_bar() -> Progress:
    """Progress of long work, on standard error where that is a terminal; silence elsewhere.

    What, how many of how many, since when, and about how long it will take yet.
    """
    times = (TimeElapsedColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), *times)
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_report(report: Report, console: Console, *, coverage: bool = False) -> None:
    """The whole report; without trailing blanks where it is not a terminal that shows it."""
    if console.is_terminal:
        _print(report, console, coverage=coverage)
    else:
        console.file.write(text_of(report, console.width, coverage=coverage))


def text_of(report: Report, width: int, *, coverage: bool = False) -> str:
    """The whole report as plain text of this many columns, without trailing blanks."""
    console = Console(width=width, highlight=False, soft_wrap=False, color_system=None)
    with console.capture() as captured:
        _print(report, console, coverage=coverage)
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))


def _print(report: Report, console: Console, *, coverage: bool) -> None:
    console.print(_table(report))
    console.print(Text("\n".join([*legend(report), *remembered(report)]), style="dim"))
    if coverage:
        console.print()
        console.print(coverage_table(report))
    for section in _sections(report, console.width):
        console.print(section)
    for outcome in (each for each in report.failures if each not in report.on_shapes):
        console.print()
        console.print(failure(report, outcome, console.width), end="", soft_wrap=True)
    console.print()
    console.print(_summary(report))

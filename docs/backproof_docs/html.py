"""HTML: one self-contained page, and a fragment for notebooks, of the chain of trust and of everything that failed.

No script, no font, no request: styles and drawings are part of the text. Every word from a target is escaped by Jinja2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backproof_docs import phrases
from backproof_docs.folding import continued
from backproof_docs.kronecker import NotDrawn, Pattern, pattern
from backproof_docs.proofs import proof_text
from backproof_docs.report import KNOWN, Report, Row
from backproof_docs.reproducer import to_script
from backproof_properties.results import FAILING, Judged, Link, Outcome, Verdict
from backproof_spec.calculus.theorems import THEOREMS

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: phrases.visible(value) if type(value) is str else value,  # not of what is escaped already
)


def to_html(report: Report) -> str:
    """The report as one HTML page."""
    return _render("page.html", report)


def to_fragment(report: Report) -> str:
    """The table and the failures, with styles that touch nothing else on the page."""
    return _render("fragment.html", report)


def _render(template: str, report: Report) -> str:
    return rendered(template, report=report, phrases=phrases, view=_view(report))


def rendered(template: str, **shown: Any) -> str:
    """A template of ours with what it shows."""
    return _TEMPLATES.get_template(template).render(**shown).encode("utf-8", "replace").decode("utf-8")


def _view(report: Report) -> dict[str, Any]:
    """What the templates show."""
    return {
        "groups": [_group(report, list(rows)) for _, rows in groupby(report.rows, key=lambda row: row.claim.id)],
        "several": len(report.dtypes) > 1,
        "failures": [_failure(report, outcome) for outcome in report.failures],
        "known": [_failure(report, outcome) for outcome in report.known_failures],
        "steps": STEPS,
    }


# --- the table --------------------------------------------------------------------------------------------------------


def _group(report: Report, rows: list[Row]) -> dict[str, Any]:
    """One claim: the links inside the spec, which its dtypes share, and a line for each dtype."""
    claim = rows[0].claim
    return {
        "id": claim.id,
        "formula": report.stated(claim.id),
        "spec": [_cell(report, rows[0].outcome(link)) for link in (Link.JACOBIAN, Link.FORMULA, Link.PROOF)],
        "lines": [
            {
                "dtype": row.dtype,
                "state": row.state,
                "computed": _cell(report, row.outcome(Link.IMPLEMENTATION)),
                "tried": row.tried,
                "detects": phrases.number(phrases.detects(row.outcome(Link.IMPLEMENTATION))),
            }
            for row in rows
        ],
    }


def _cell(report: Report, outcome: Outcome | None) -> dict[str, Any]:
    """A word or number, how it is coloured, and for an implementation that holds the share of its bound."""
    text = phrases.cell(report, outcome)
    if outcome is None:
        return {"text": text, "state": "none", "share": None, "failure": None}
    worst = outcome.observation.worst
    judged = outcome.verdict is Verdict.HOLDS and outcome.link is Link.IMPLEMENTATION and worst > 0
    return {
        "text": text,
        "state": str(outcome.verdict) if report.reason_known(outcome) is None else KNOWN,
        "share": min(worst, 1.0) if judged else None,
        "failure": _anchor(outcome) if outcome.verdict in FAILING else None,
    }


def _anchor(outcome: Outcome) -> str:
    """The name of the place of a failure on the page."""
    return f"{outcome.claim}-{outcome.link.name.lower()}-{outcome.dtype or 'exact'}"


# --- failures ---------------------------------------------------------------------------------------------------------


def _failure(report: Report, outcome: Outcome) -> dict[str, Any]:
    finding = outcome.finding
    drawing, not_drawn = _jacobian(report, outcome)
    return {
        "outcome": outcome,
        "formula": report.stated(outcome.claim),
        "where": phrases.where(report, outcome),
        "anchor": _anchor(outcome),
        "reason": report.reason_known(outcome),
        "inputs": [m for name, value in (finding.inputs if finding else {}).items() for m in _matrices(name, value)],
        "script": to_script(report, outcome),
        "again": "\n  ".join(continued(phrases.again(report, outcome), _COMMAND_WIDTH)),
        "map": _map(finding.judged) if finding and finding.judged else None,
        "jacobian": drawing and _drawn(drawing),
        "not_drawn": not_drawn,
        "proof": _proof(report, outcome.claim),
    }


def _proof(report: Report, claim: str) -> str | None:
    """The proof of a claim's formula, as far as this run has proved it."""
    stem, links = report.theorem_of(claim), [each for each in report.results if each.claim == claim]
    proved = any(each.link is Link.PROOF and each.verdict is Verdict.HOLDS for each in links)
    return proof_text(THEOREMS[stem]()) if stem and proved else None


def _jacobian(report: Report, outcome: Outcome) -> tuple[Pattern | None, str | None]:
    """The Jacobian at a counterexample, or why it is not drawn; neither where there is none to show."""
    if outcome.verdict is not Verdict.REFUTED or outcome.link is Link.PROOF or report.withheld:
        return None, None
    try:
        return pattern(outcome, report.conventions), None
    except NotDrawn as reason:
        return None, str(reason)


_COMMAND_WIDTH = 84
_SHOWN = 8
"""Rows and columns of an input that are shown."""


def _matrices(name: str, value: Any) -> list[dict[str, Any]]:
    """An input as rows of strings, a vector as a column; long ones are cut."""
    if isinstance(value, list):
        return [each for k, entry in enumerate(value) for each in _matrices(f"{name}[{k}]", entry)]
    if not isinstance(value, dict):
        return [{"name": name, "about": "", "rows": [[str(value)]]}]
    data, shape = value["data"], value["shape"]
    columns = shape[-1] if len(shape) > 1 else 1
    rows = [data[i * columns : (i + 1) * columns] for i in range(prod(shape[:-1]) if len(shape) > 1 else len(data))]
    shown = [[*row[:_SHOWN], *(["⋯"] if columns > _SHOWN else [])] for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        shown.append(["⋮"] * len(shown[0]))
    about = f"{value['dtype']} ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    return [{"name": name, "about": about, "rows": shown}]


# --- error ÷ bound, entry by entry --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A step of the colour scale: up to which error ÷ bound, and its name in the legend."""

    upto: float
    name: str


STEPS = (
    Step(0, "0"),
    Step(0.25, "≤ ¼"),
    Step(0.5, "≤ ½"),
    Step(1, "≤ 1"),
    Step(10, "≤ 10"),
    Step(1e3, "≤ 10³"),
    Step(1e6, "≤ 10⁶"),
    Step(math.inf, "> 10⁶"),
)
"""Entries are admitted up to 1. Infinite ones have the last colour and a cross."""
_ROOMY = 10
"""With at most so many columns the numbers stand in the cells."""


def _map(judged: Judged) -> dict[str, Any]:
    """The cells of the heat map: place, size, step of the scale, mark, and what to say on hovering."""
    ratio = judged.ratio
    rows, columns = len(ratio), max((len(row) for row in ratio), default=0)
    roomy = columns <= _ROOMY and rows <= 2 * _ROOMY
    width, height = (56, 26) if roomy else (12, 12)
    cells = [
        {
            "x": j * width,
            "y": i * height,
            "step": _step(entry),
            "refuted": entry is not None and entry > 1,
            "mark": _mark(entry, roomy=roomy),
            "title": _entry(judged, i, j),
        }
        for i, row in enumerate(ratio)
        for j, entry in enumerate(row)
    ]
    refuted = sum(entry is not None and entry > 1 for row in ratio for entry in row)
    return {
        "cells": cells,
        "width": width,
        "height": height,
        "rows": rows,
        "columns": columns,
        "roomy": roomy,
        "about": f"{refuted} of {sum(map(len, ratio))} entries refuted",
    }


def _step(ratio: float | None) -> str:
    """``s0`` … for a step of the scale, ``open`` where nothing is certain."""
    if ratio is None:
        return "open"
    return f"s{next(k for k, step in enumerate(STEPS) if ratio <= step.upto)}"


def _mark(ratio: float | None, *, roomy: bool) -> str:
    if ratio is None:
        return "?"
    if math.isinf(ratio):
        return "∞" if roomy else "×"
    return phrases.number(ratio) if roomy else ""


def _entry(judged: Judged, i: int, j: int) -> str:
    ratio = judged.ratio[i][j]
    said = "nothing is certain" if ratio is None else "∞" if math.isinf(ratio) else f"{ratio:.3g}"
    got, exact, radius = (_at(part, i, j) for part in (judged.computed, judged.exact, judged.radius))
    return f"[{i}, {j}] got {got}, exact {exact} ± {radius}; error ÷ bound: {said}"


def _at(rows: Sequence[Sequence[str]], i: int, j: int) -> str:
    return rows[i][j] if i < len(rows) and j < len(rows[i]) else "—"


# --- the Jacobian -------------------------------------------------------------------------------------------------


def _drawn(drawing: Pattern) -> dict[str, Any]:
    """The cells of the pattern, and the lines between its blocks."""
    width = max(_SMALLEST, min(_LARGEST, 420 // max(drawing.rows, drawing.columns, 1)))
    height = _LARGEST if drawing.rows == 1 else width  # a row would be hard to see
    return {
        "pattern": drawing,
        "width": width,
        "height": height,
        "cells": [
            {"x": j * width, "y": i * height, "sign": "plus" if sign > 0 else "minus", "title": f"[{i}, {j}] = {value}"}
            for (i, j), (sign, value) in sorted(drawing.entries.items())
        ],
        "across": [k * height for k in _multiples(drawing.block_rows, drawing.rows)],
        "down": [k * width for k in _multiples(drawing.block_columns, drawing.columns)],
    }


_SMALLEST, _LARGEST = 6, 22
"""Pixels that a cell of the pattern measures."""


def _multiples(block: int, whole: int) -> range:
    """Where blocks end, inside the matrix."""
    return range(block, whole, block) if block else range(0)

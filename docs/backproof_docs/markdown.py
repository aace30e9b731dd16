"""GitHub-flavoured Markdown: a verdict, the chain of trust as a table, each failure folded away, for a CI job's page.

Text from a target stands in code only: in a fenced block, behind a label or an indent, so that none of its lines can
end the block; elsewhere spelt in character references.
"""

from __future__ import annotations

import re

from backproof_docs import phrases
from backproof_docs.folding import continued
from backproof_docs.report import KNOWN, Report, Row
from backproof_properties.results import Link, Outcome

_WIDTH = 100
_SYNTAX = re.compile(r"[!-'*+:-@\[-`{-~_]|(?<=www)\.", re.IGNORECASE)
"""ASCII punctuation but for ( ) , - . /, which mean nothing inside a line, the www. of a link excepted."""


def to_markdown(report: Report) -> str:
    """The report as Markdown."""
    sections = [_verdict(report), _table(report), *phrases.remembered(report), *_lists(report)]
    sections += [_failure(report, outcome) for outcome in (*report.failures, *report.known_failures)]
    return "\n\n".join(sections) + "\n"


def code(text: object) -> str:
    """``text`` as code on one line, wherever Markdown may stand, table cells and HTML included.

    Punctuation is written as character references, which are never syntax.
    """
    spelt = _SYNTAX.sub(lambda mark: f"&#{ord(mark[0])};", phrases.one_line(text))
    return f"<code>{spelt}</code>"


def _verdict(report: Report) -> str:
    mark = {"PASSED": "✅", "FAILED": "❌"}.get(phrases.headline(report), "⚠️")
    about = f"{phrases.counts(report)} · target {code(report.target)} · {code(', '.join(report.dtypes))}"
    lines = [f"{mark} **Backproof: {phrases.headline(report)}** · {about}"]
    lines += [f"{report.examples} examples a link · seed {report.seed} · {report.seconds:.1f} s"]
    lines += [f"declared: {code(phrases.declared(report))}"] if report.conventions else []
    lines += [*map(code, phrases.also(report)), *phrases.judged(report)]
    return "\\\n".join(lines)


def _table(report: Report) -> str:
    several = len(report.dtypes) > 1
    titles = ["", "claim", *(["dtype"] if several else []), *map(str, Link), "tried", "detects"]
    rule = ["---", ":---", *([":---"] if several else []), *["---:"] * 6]
    rows = [_row(report, row, several=several) for row in report.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows))


def _row(report: Report, row: Row, *, several: bool) -> list[str]:
    cells = [phrases.cell(report, row.outcome(link)) for link in Link]
    detects = phrases.number(phrases.detects(row.outcome(Link.IMPLEMENTATION)))
    dtype = [code(row.dtype) if row.dtype != "exact" else ""] if several else []
    return [phrases.MARKS[row.state], f"`{row.claim.id}`", *dtype, *cells, str(row.tried), detects]


def _lists(report: Report) -> list[str]:
    """The stale known failures, and what the target does not offer."""
    stale = [f"- {code(each)}" for each in report.stale]
    absent, left, wanting = (
        [f"- {code(reason)}: {', '.join(names)}" for reason, names in claims.items()]
        for claims in (phrases.unsupported(report), phrases.not_run(report), phrases.unmet(report))
    )
    advice = [f"- {text}" for text in (*phrases.advice(report), *phrases.coarse(report))]
    parts = (
        ("Stale known failures", stale),
        ("Required and not judged", wanting),
        ("Not judged", absent),
        ("Not run", left),
        ("Declined", [f"- {code(about)}: {code(smallest)}" for about, smallest in phrases.declines(report)]),
        ("What to do", advice),
    )
    return [f"**{title}**\n\n" + "\n".join(lines) for title, lines in parts if lines]


def _failure(report: Report, outcome: Outcome) -> str:
    known = report.reason_known(outcome)
    state = str(outcome.verdict) if known is None else f"{outcome.verdict}, known"
    summary = f"{phrases.MARKS[outcome.verdict if known is None else KNOWN]} <b>{outcome.claim}</b> {state}"
    reason = [(KNOWN, phrases.visible(known))] if known is not None else []
    facts = [*reason, *phrases.facts(report, outcome)]
    facts.append(("again", "\n  ".join(continued(phrases.again(report, outcome), _WIDTH))))
    body = "\n".join(f"{label:<11}" + text.replace("\n", "\n" + " " * 11) for label, text in facts)
    return (
        f"<details><summary>{summary} ({code(phrases.place(outcome))})</summary>\n\n```text\n{body}\n```\n\n</details>"
    )

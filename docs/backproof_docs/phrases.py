"""What every form of a report says alike: marks, words, numbers, arrays, the facts of a failure, the command again.

Nothing that comes from a target leaves this module with characters that could command a terminal or reorder a line.
"""

from __future__ import annotations

import math
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from backproof_docs.report import KNOWN, Report
from backproof_impl.conventions import declarations
from backproof_properties.results import Link, Outcome, Verdict

MARKS: dict[str, str] = {
    Verdict.HOLDS: "✓",
    Verdict.REFUTED: "✗",
    Verdict.ERROR: "✗",
    Verdict.UNCERTIFIED: "?",
    Verdict.UNSUPPORTED: "–",
    Verdict.NOT_RUN: "…",
    KNOWN: "~",
}
PROVED = "∎"
_SHOWN_ENTRIES = 12
_MOST_NAMES, _WORD = 12, re.compile(r"\w+")
"""Of more names those alone are explained that are said."""
_UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a target's message could do to a terminal, or to the order in which a line is read."""


def visible(text: object) -> str:
    """``text`` with control characters, overrides of direction and lone surrogates made visible; line ends stay."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def one_line(text: object) -> str:
    """``visible`` on a single line."""
    return visible(text).replace("\n", " ")


def number(value: float | None) -> str:
    """Two significant digits in at most six characters; — for None, 0 for exactly nothing."""
    if value is None or not math.isfinite(value):
        return "—"
    if value == 0:
        return "0"
    return f"{value:.2g}" if 1e-3 <= value < 100 else f"{value:.0e}"  # noqa: PLR2004 - where %e becomes shorter


def cell(report: Report, outcome: Outcome | None) -> str:
    """What the table says of one link: a number where it holds, else one word."""
    if outcome is None:
        return "—"
    if report.reason_known(outcome) is not None:
        return KNOWN
    if outcome.verdict is not Verdict.HOLDS:
        words = {Verdict.UNSUPPORTED: "absent", Verdict.UNCERTIFIED: "unclear"}
        return words.get(outcome.verdict, str(outcome.verdict))
    if outcome.link is Link.PROOF:
        return f"{PROVED} Coq" if outcome.observation.coq else PROVED
    return "exact" if outcome.observation.worst == 0 else number(outcome.observation.worst)


def legend(report: Report) -> list[str]:
    """What the columns mean, and the marks that are in them."""
    cells = {cell(report, outcome) for outcome in report.results if outcome.link is Link.PROOF}
    coq = "; Coq: Coq agrees" if f"{PROVED} Coq" in cells else ""
    proof = f"proof: {PROVED} derived for all shapes (backproof prove shows it){coq}"
    return [
        "Jacobian, formula: worst relative deviation from what precedes (exact: none)",
        *([proof] if cells & {PROVED, f"{PROVED} Coq"} else []),
        "computed: worst error ÷ rounding bound, at most 1 (exact: no error at all)",
        "detects: relative error sure to be refuted in half of the entries; —: no link",
    ]


def detects(outcome: Outcome | None) -> float | None:
    """The detection threshold, where an implementation was judged and holds."""
    return outcome.observation.threshold if outcome and outcome.verdict is Verdict.HOLDS else None


def array(name: str, value: Any) -> str:
    """``Z = [[0.0, 1.0]] (1, 2)``, nested as NumPy reads it; long arrays are cut."""
    if isinstance(value, list):
        return "\n".join(array(f"{name}[{k}]", entry) for k, entry in enumerate(value))
    if not isinstance(value, dict):
        return f"{name} = {value}"
    data, shape = value["data"], value["shape"]
    shown = f"[{', '.join(data[:_SHOWN_ENTRIES])}, …]" if len(data) > _SHOWN_ENTRIES else _nested(data, shape)
    return f"{name} = {shown}  {value['dtype']} {tuple(shape)}"


def _nested(data: list[str], shape: list[int]) -> str:
    """``[[0.0, 1.0]]``; a number alone as it is."""
    if not shape:
        return data[0]
    size = len(data) // shape[0] if shape[0] else 0
    return f"[{', '.join(_nested(data[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0]))}]"


# --- failures ---------------------------------------------------------------------------------------------------------


def place(outcome: Outcome) -> str:
    """``formula → implementation, float64``."""
    return one_line(", ".join(part for part in (outcome.link, outcome.dtype) if part))


def found(outcome: Outcome) -> str:
    """The message of the finding, or the reason where there is none."""
    return visible(outcome.finding.message if outcome.finding else outcome.reason or "")


def error(outcome: Outcome) -> str | None:
    """How far off, in bounds and in ulps, where ulps are known."""
    finding = outcome.finding
    if finding is None or finding.error_in_ulps is None:
        return None
    return visible(f"{finding.error_in_bounds or '—'} × the rounding bound, {finding.error_in_ulps} ulps")


def facts(report: Report, outcome: Outcome) -> list[tuple[str, str]]:
    """What is to be said of a failure, in order: a label, and text that may have several lines."""
    finding = outcome.finding
    diagnosis = finding.diagnosis if finding else None
    tried = outcome.link is not Link.PROOF
    stem = finding.output if finding and not tried else report.theorem_of(outcome.claim)
    stem = None if report.is_own(outcome.claim) else stem
    lines = [
        ("formula", report.stated(outcome.claim) or None),
        ("where", "\n".join(where(report, outcome)) or None),
        ("found", found(outcome)),
        ("error", error(outcome)),
        ("usage", finding.usage if finding else None),
        ("diagnosis", diagnosis.sentence if diagnosis else None),
        ("declare", f"--declare {diagnosis.declare}" if diagnosis and diagnosis.declare else None),
        ("inputs", inputs(outcome) if finding and tried else None),
        ("proof", f"backproof prove {stem}  (docs/proofs/{stem}.md)" if stem else None),
    ]
    return [(label, visible(text)) for label, text in lines if text is not None]


def where(report: Report, outcome: Outcome) -> list[str]:
    """What the names are that stand in the formula of a claim and in the diagnosis, and in what these are."""
    if report.withheld:
        return []
    formula, diagnosis = report.stated(outcome.claim), outcome.finding.diagnosis if outcome.finding else None
    said = diagnosis.sentence if diagnosis else ""
    lines = {_WORD.findall(each)[0]: each for each in report.claims[outcome.claim].names}
    direct = {*_WORD.findall(formula), *re.findall(r"(\w+)\[", said), *re.findall(r"\bin (\w+), ", said)}
    left, found = direct, set[str]()
    while left := (left & lines.keys()) - found:
        found |= left
        left = {name for each in left for name in _WORD.findall(lines[each])}
    names = found if len(found) <= _MOST_NAMES else direct
    return [each for name, each in lines.items() if name in names and each not in formula.split("; ")]


def inputs(outcome: Outcome) -> str:
    """The counterexample, one line for each array."""
    given = outcome.finding.inputs if outcome.finding else {}
    return visible("\n".join(array(name, value) for name, value in given.items()) or "—")


def again(report: Report, outcome: Outcome) -> list[str]:
    """The command that repeats a failure, in pieces that no line may break."""
    run = outcome.block or report
    if not report.command:  # a target that has no name outside the program that made it
        dtype = [f'dtypes="{outcome.dtype}",'] if outcome.dtype and outcome.dtype != "float64" else []
        own = "[OPERATION, {}]" if report.is_own(outcome.claim) else "{}"
        chosen = own.format(f'"{outcome.claim}"')
        named = ["backproof.check(TARGET,", f"operations={chosen},", *dtype]
        return [*named, f"seed={run.seed},", f"examples={run.examples})"]
    words = shlex.split(report.command)
    words += ["--claim", outcome.claim, "--seed", str(run.seed), "--examples", str(run.examples)]
    if outcome.dtype and outcome.dtype != "float64":
        words += ["--dtype", outcome.dtype]
    pieces: list[str] = []
    for word in words:
        quoted = shlex.quote(one_line(word))
        if pieces and not word.startswith("-"):
            pieces[-1] += f" {quoted}"
        else:
            pieces.append(quoted)
    return pieces


# --- the whole --------------------------------------------------------------------------------------------------------


def headline(report: Report) -> str:
    """INTERRUPTED, PASSED, FAILED, or that nothing was there to be judged."""
    if report.interrupted:
        return "INTERRUPTED"
    if report.passed:
        return "PASSED"
    failed = report.failures or report.stale or report.unmet
    return "FAILED" if failed else "NOTHING OF THE TARGET WAS JUDGED"


def counts(report: Report) -> str:
    """``17 holds, 1 known, 1 refuted``: rows of the table; then entries of known failures that are stale."""
    states = [row.state for row in report.rows]
    parts = [f"{states.count(state)} {state}" for state in (*Verdict, KNOWN) if state in states]
    lists = (("stale", report.stale), ("required and not judged", report.unmet))
    return ", ".join(parts + [f"{len(listed)} {name}" for name, listed in lists if listed])


def declared(report: Report) -> str:
    """The declared conventions on one line, as ``--declare`` takes them; empty where there are none."""
    return one_line(", ".join(declarations(report.conventions)))


def also(report: Report) -> list[str]:
    """The other ways to compute a name that bounds admit, a line of them if there are any."""
    return [f"computed also, as proved: {one_line('; '.join(report.also))}"] if report.also else []


def unsupported(report: Report) -> dict[str, list[str]]:
    """What the target does not offer: the claims that were not judged, by reason."""
    return _by_reason(each for each in report.results if each.verdict is Verdict.UNSUPPORTED)


def not_run(report: Report) -> dict[str, list[str]]:
    """The claims that the run did not come to, or not to the end of, by reason."""
    return _by_reason(report.not_run)


def unmet(report: Report) -> dict[str, list[str]]:
    """The claims that are required and were not judged, by reason."""
    return _by_reason(report.unmet)


def _by_reason(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    claims: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        claims.setdefault(visible(outcome.reason), {})[outcome.claim] = None
    return {reason: list(names) for reason, names in claims.items()}


def remembered(report: Report) -> list[str]:
    """Which outcomes are of an earlier run, where any are."""
    found = [each.remembered for each in report.results if each.remembered]
    if not found:
        return []
    seeds = ", ".join(dict.fromkeys(str(each.seed) for each in found))
    return [f"remembered: {len(found)} links inside the spec, of seed {seeds} (backproof verify runs them)"]


def declines(report: Report) -> list[tuple[str, str]]:
    """What the target declined of what its limits admit: which claim and how much of it, and the smallest input."""
    found = [(each, each.declined) for each in report.results if each.declined]
    return [
        (f"{each.claim} ({place(each)}): {visible(declined)}", _smallest(declined.inputs, declined.usage))
        for each, declined in found
    ]


def _smallest(inputs: dict[str, Any], usage: str | None) -> str:
    lines = [array(name, value) for name, value in inputs.items()] + ([f"called with {usage}"] if usage else [])
    return visible("such as " + "\n".join(lines))


def advice(report: Report) -> list[str]:
    """What to do where no failure says so: nothing was judged, or the target has another layout."""
    shown = [report.nothing_judged] if headline(report).startswith("NOTHING") else []
    if report.suggestion is None or not report.on_shapes:
        return shown
    lines = " ".join(f"--declare {line}" for line in report.suggestion.declare)
    names = ", ".join(dict.fromkeys(each.claim for each in report.on_shapes))
    return [*shown, f"{names}: the target fails on shapes, and works under\n{lines}"]


def coarse(report: Report) -> list[str]:
    """The claims that hold and of which little is detected, and what to declare."""
    found = defaultdict[str, list[str]](list)
    for each in report.of_target:
        if each.verdict is Verdict.HOLDS and each.reason:
            found[each.reason].append(f"{each.claim} {number(detects(each))}")
    passes = "so large an error passes in half of the entries"
    return [f"{', '.join(claims)}: {passes}; {what}" for what, claims in found.items()]


def not_judged(report: Report) -> str:
    """How much of what was asked was not looked at: claims of the target, entries it computed; empty if nothing."""
    skipped, asked, share = len(report.unjudged), len(report.of_target), report.uncertified_share
    formats = " × formats" if len(report.dtypes) > 1 else ""
    parts = [f"{skipped} of {asked} claims{formats}"] if skipped else []
    parts += [f"{share:.1%} of the computed entries (overflow or kinks)"] if share else []
    parts += [f"{report.declined_share:.1%} of the inputs drawn (declined)"] if report.declined_share else []
    raised = sum(each.observation.raised for each in report.of_target)
    parts += [f"{raised} calls that raised where a result overflows"] if raised else []
    return ", ".join(parts)


def sizes(report: Report) -> str:
    """The sizes of the examples on which the target was judged: ``0–41, 63–65``."""
    found = sorted(set().union(*(each.observation.sizes for each in report.of_target)))
    runs = [[size for _, size in run] for _, run in groupby(enumerate(found), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if run[1:] else str(run[0]) for run in runs)


def judged(report: Report) -> list[str]:
    """The lines about what was looked at and what was not."""
    found = not_judged(report)
    tried = [f"sizes tried: {sizes(report)}"] if sizes(report) else []
    helpers = [f"taken for helpers, not judged: {', '.join(report.helpers)}"] if report.helpers else []
    return [*tried, *helpers, f"not judged: {found}" if found else "everything asked was judged"]

"""A gradebook: many targets, judged alike; a row each, a column a claim, and what went wrong in how many of them.

Its pages show counterexamples and diagnoses; formulas, proofs and Jacobians are not on them: they are the solution.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backproof_docs import html, phrases
from backproof_docs.folding import folded
from backproof_docs.report import Report
from backproof_docs.reproducer import reproducers
from backproof_docs.terminal import STYLES
from backproof_properties.results import FAILING, Outcome, Verdict, worst_verdict

SCHEMA_PATH = Path(__file__).with_name("gradebook.schema.json")
_KINDS = (
    (r": shape ", "shape"),
    (r"no answer within", "hangs"),
    (r"of memory: stopped", "memory"),
    (r"the process (ended|was killed)|it closed its output", "crashes"),
    (r"raised ", "raises"),
    (r"", "wrong values"),
)
"""What a failure without a diagnosis is called, by its message."""


@dataclass(frozen=True)
class Mark:
    """What became of a claim in a submission: the worst outcome that is about the target, and a word for it."""

    outcome: Outcome

    @property
    def verdict(self) -> Verdict:
        """That of the outcome."""
        return self.outcome.verdict

    @property
    def word(self) -> str:
        """``transposed``, ``shape``: the cause that was found, or the kind of the failure; else the verdict."""
        finding, verdict = self.outcome.finding, self.verdict
        if verdict not in {Verdict.REFUTED, Verdict.ERROR}:
            return {Verdict.UNSUPPORTED: "absent", Verdict.UNCERTIFIED: "unclear"}.get(verdict, str(verdict))
        if finding and finding.diagnosis:
            return finding.diagnosis.cause
        return next(word for pattern, word in _KINDS if re.search(pattern, phrases.found(self.outcome)))

    @property
    def sentence(self) -> str:
        """What is wrong, where something is: the diagnosis, or the word again, and where."""
        finding = self.outcome.finding
        return finding.diagnosis.sentence if finding and finding.diagnosis else f"{self.outcome.claim}: {self.word}"


@dataclass(frozen=True)
class Submission:
    """A target: its name in the gradebook, its file, what was found; and why nothing, or not everything, was."""

    name: str
    path: Path
    report: Report | None = None
    problem: str | None = None

    @cached_property
    def marks(self) -> Mapping[str, Mark]:
        """By claim; none of a target that could not be loaded."""
        if self.report is None or self.report.unloadable:
            return {}
        of: dict[str, list[Outcome]] = defaultdict(list)
        for each in self.report.of_target:
            of[each.claim].append(each)
        worst = {claim: worst_verdict(each.verdict for each in found) for claim, found in of.items()}
        return {
            claim: Mark(next(each for each in found if each.verdict is worst[claim])) for claim, found in of.items()
        }

    @property
    def declares(self) -> str:
        """How it says that it differs from the notes: what its numbers were held against."""
        return phrases.declared(self.report) if self.report is not None and self.report.conventions else ""

    @property
    def offers(self) -> set[str]:
        """The claims of which it has functions."""
        return {claim for claim, mark in self.marks.items() if mark.verdict is not Verdict.UNSUPPORTED}


REPRODUCERS = "reproducers"
"""The folder of the scripts, which has one for each submission."""
_LONGEST = 80


def _file(name: str, taken: Collection[str]) -> str:
    """A name for files that no other submission has, on no system; ``taken``: in small letters."""
    stem = re.sub(r"[^\w.+-]+", ".", phrases.one_line(name), flags=re.ASCII).strip(".")[:_LONGEST] or "submission"
    further = (f"{stem}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([stem], further) if each.lower() not in taken)


@dataclass(frozen=True)
class Mistake:
    """What is wrong, at which claims, and in which submissions."""

    sentence: str
    claims: tuple[str, ...]
    submissions: tuple[str, ...]


@dataclass(frozen=True)
class Gradebook:
    """Every submission, in the order in which they were given; ``points``: what a claim that holds is worth.

    ``examples``, ``seed``: what they were judged by. ``interrupted``: not all of them were.
    """

    submissions: tuple[Submission, ...]
    points: Mapping[str, float]
    examples: int
    seed: int
    interrupted: bool = False

    @property
    def claims(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.points)

    @property
    def total(self) -> float:
        """The most points that there are."""
        return sum(self.points.values())

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """The names of the files of each submission."""
        found, taken = dict[str, str](), {"gradebook"}
        for each in self.submissions:
            found[each.name] = _file(each.name, taken)
            taken.add(found[each.name].lower())
        return found

    def page(self, submission: Submission) -> str:
        """The file of its own page."""
        return f"{self.stems[submission.name]}.html"

    def score(self, submission: Submission) -> float:
        """The points of the claims that hold."""
        marks = submission.marks
        held = (claim for claim in self.claims if claim in marks and marks[claim].verdict is Verdict.HOLDS)
        return sum(self.points[claim] for claim in held)

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong alike in several submissions, or at several claims, stands once; the most frequent first."""
        claims, names = defaultdict[str, set[str]](set), defaultdict[str, dict[str, None]](dict)
        for each in self.submissions:
            for claim, mark in each.marks.items():
                if claim in self.points and mark.verdict in FAILING:
                    claims[mark.sentence].add(claim)
                    names[mark.sentence][each.name] = None
        made = [Mistake(it, tuple(c for c in self.claims if c in at), tuple(names[it])) for it, at in claims.items()]
        return tuple(sorted(made, key=lambda each: (-len(each.submissions), self.claims.index(each.claims[0]))))

    # --- forms --------------------------------------------------------------------------------------------------------

    def files(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Everything that is written: the gradebook in three forms, a page a submission, and their reproducers."""
        yield folder / "gradebook.html", html.rendered("gradebook.html", book=self, phrases=phrases)
        yield folder / "gradebook.csv", self.to_csv()
        yield folder / "gradebook.json", self.to_json()
        for each in self.submissions:
            if each.report is not None:
                yield folder / self.page(each), html.to_html(each.report)
                own = folder / REPRODUCERS / self.stems[each.name]
                for name, script in reproducers(each.report, own).items():
                    yield own / name, script

    def to_dict(self) -> dict[str, Any]:
        """The gradebook as JSON data; its schema is gradebook.schema.json."""
        return {
            "schema": "backproof-gradebook-1",
            "backproof": version("backproof"),
            "examples": self.examples,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "points": dict(self.points),
            "submissions": [
                {
                    "name": each.name,
                    "file": str(each.path),
                    "points": self.score(each),
                    "problem": each.problem,
                    "declares": each.declares,
                    "page": None if each.report is None else self.page(each),
                    "claims": {
                        claim: {"verdict": str(mark.verdict), "word": mark.word, "sentence": mark.sentence}
                        for claim, mark in each.marks.items()
                        if claim in self.points
                    },
                }
                for each in self.submissions
            ],
            "mistakes": [
                {"sentence": each.sentence, "claims": list(each.claims), "submissions": list(each.submissions)}
                for each in self.mistakes
            ],
        }

    def to_json(self) -> str:
        """``to_dict`` as text."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return text.encode("utf-8", "replace").decode("utf-8")

    def to_csv(self) -> str:
        """A row a submission: its points, a word for each claim, and what was the matter."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["submission", "points", "of", *self.claims, "declares", "problem"])
        for each in self.submissions:
            words = [each.marks[claim].word if claim in each.marks else "" for claim in self.claims]
            cells = [each.name, f"{self.score(each):g}", f"{self.total:g}", *words, each.declares, each.problem or ""]
            table.writerow([_harmless(cell) for cell in cells])
        return text.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = phrases.one_line(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


# --- in a terminal ----------------------------------------------------------------------------------------------------


def print_gradebook(book: Gradebook, console: Console) -> None:
    """The points of each and what does not hold, then what went wrong in how many, within the terminal's width."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", collapse_padding=True)
    table.add_column("submission", no_wrap=True, max_width=max(console.width // 3, 20), overflow="ellipsis")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what does not hold", overflow="fold")
    for each in book.submissions:
        table.add_row(
            Text(phrases.one_line(each.name)),
            Text(f"{book.score(each):g}", style="green" if book.score(each) == book.total else ""),
            _what_fails(book, each),
        )
    console.print(table)
    if book.mistakes:
        console.print(Text("\nMISTAKES, the most frequent first", style="bold"))
    for mistake in book.mistakes:
        lines = folded(f"{phrases.one_line(mistake.sentence)} ({', '.join(mistake.claims)})", console.width - 7)
        console.print(Text("\n       ".join([f"{len(mistake.submissions):>5}  {lines[0]}", *lines[1:]])))
    judged = sum(each.report is not None and not each.report.unloadable for each in book.submissions)
    parts = [f"{len(book.submissions)} submissions", f"{judged} judged", f"{len(book.claims)} claims"]
    about = f"{book.total:g} points at most · {book.examples} examples a link · seed {book.seed}"
    title = "INTERRUPTED  " if book.interrupted else "GRADED  "
    console.print(Text.assemble("\n", (title, "bold"), " · ".join(parts), "\n", about))


def _what_fails(book: Gradebook, each: Submission) -> Text:
    said = _failures(book, each) if each.marks or each.problem is None else Text()
    if each.problem is not None:
        said = Text("; ").join([*([said] if said else []), Text(phrases.one_line(each.problem), STYLES[Verdict.ERROR])])
    return said.append(f" (declares {each.declares})", style="dim") if each.declares else said


def _failures(book: Gradebook, each: Submission) -> Text:
    of = defaultdict[str, list[str]](list)
    for claim in book.claims:
        mark = each.marks.get(claim)
        if mark is not None and mark.verdict is not Verdict.HOLDS:
            of[mark.word].append(claim)
    absent = of.pop("absent", [])
    parts = [f"{word}: {', '.join(claims)}" for word, claims in of.items()]
    parts += [f"absent: {', '.join(absent) if len(absent) <= _NAMED else f'{len(absent)} claims'}"] if absent else []
    return Text("; ".join(parts)) if parts else Text("everything holds", style=STYLES[Verdict.HOLDS])


_NAMED = 3
"""So many claims that a submission lacks are named."""

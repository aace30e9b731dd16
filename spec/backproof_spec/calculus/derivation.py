"""A derivation: a proof that reads line by line, and the file that records it. Untrusted: ``replay`` checks the file.

Every line is a theorem: ∂e/∂X[k] = d, or a = d, whose right side the next line continues from, or begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any

from backproof_spec.calculus import values
from backproof_spec.calculus.evaluate import Sequent
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.limits import Stopped
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression
from backproof_spec.calculus.polynomials import product
from backproof_spec.calculus.replay import (
    FORMAT,
    KERNEL,
    Rejected,
    Unreadable,
    decoded,
    digest,
    file_digest,
    require_format,
    stated,
    weigh,
)
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import CHILDREN, Formula, Refused


@dataclass(frozen=True)
class Said:
    """H ⊢ J, as a proof file says it. It is a theorem if the file replays."""

    hypotheses: frozenset[Formula]
    conclusion: Formula


@dataclass(frozen=True)
class Line:
    """A line that is shown: what it says, and why in words, in which $…$ is a formula of whole matrices."""

    theorem: Sequent
    words: str

    @property
    def plain(self) -> str:
        """The words as they are read where formulas are not typeset."""
        return self.words.replace("$", "")


class Derivation(Proof):
    """A proof with a name, a title, and lines. ``uses``: theorems whose formulas occur in it, by their stems."""

    def __init__(self, stem: str, title: str, uses: tuple[str, ...] = ()) -> None:
        """Nothing is declared and nothing proved."""
        super().__init__()
        self.stem, self.title, self.uses = stem, title, uses
        self.lines: list[Line] = []
        self.own = False
        """Is it a reader's own statement, whose stem and title say nothing of what it is about?"""
        self.letters: dict[str, list[str]] = {}
        """The indices of each dimension as they were written, where they were."""
        self.meanings: dict[str, str] = {}
        """What names stand for that the reader has not written."""
        self.decimals = False
        """Were numbers written as 0.5, and not as 1/2?"""
        self.file: dict[str, Any] | None = None
        """The proof file that its lines were read from, if they were: then there are no steps here."""
        self.last: Theorem
        """What was proved last, shown or not."""

    def __getstate__(self) -> dict[str, Any]:
        """Without its steps, as if read from its file: for another process, as no theorem leaves the one it is of."""
        lines = [Line(Said(each.theorem.hypotheses, each.theorem.conclusion), each.words) for each in self.lines]
        return {**{name: vars(self)[name] for name in _SENT}, "lines": lines, "file": proof_file(self), "steps": []}

    @property
    def theorem(self) -> Sequent:
        """What is proved: the last line."""
        return self.lines[-1].theorem

    def begin(self, theorem: Theorem, words: str = "") -> None:
        """A line to go on from, without the zeros and the 2·(−1) that the rules leave; not shown without words."""
        tidied = None
        if theorem.conclusion[0] == "deriv":
            raw = theorem.conclusion[-1]
            tidied = self.tidy(raw)
            tidied = self.chain(tidied, self._gathered(tidied.conclusion[2] if tidied else raw))
        self._add(self("d_value", tidied, theorem) if tidied else theorem, words)

    def _gathered(self, term: Formula) -> Theorem | None:
        """The term = the same with the numbers of each product multiplied, and before it."""
        inside = self.inside(term, self._gathered)
        now = inside.conclusion[2] if inside else term
        factors = _factors(now)
        numbers = [Fraction(*each[1:]) for each in factors if each[0] == "num"]
        if len(numbers) <= 1:
            return inside
        rest = [each for each in factors if each[0] != "num"]
        return self.chain(inside, self.by_ring(now, product(prod(numbers), rest)))

    def then(
        self,
        wanted: Expression,
        words: str,
        *,
        unfolding: Iterable[str] = (),
        by: Iterable[Theorem] = (),
        how: type[Normal] = Normal,
    ) -> None:
        """= wanted: the right side of the last line, continued. ``by``: equations to rewrite with."""
        last = self.last.conclusion[-1]
        self.follows(how(self, frozenset(unfolding), tuple(by)).equal(last, wanted.term), words)

    def known(self, e: Expression, x: Expression, wanted: Expression, words: str, **means: Any) -> None:
        """∂e/∂x = wanted, e an entry of a defined tensor: a line, and known from then on. ``means``: as ``then``."""
        self.begin(self.derivative(e.term, *x.term[1:]))
        self.then(wanted, words, **means)
        self.learn(self.last)

    def follows(self, equation: Theorem, words: str = "") -> None:
        """= b, where the equation says that the right side of the last line is b."""
        last = self.last
        rule = "d_value" if last.conclusion[0] == "deriv" else "trans"
        premises = (equation, last) if rule == "d_value" else (last, equation)
        self._add(self(rule, *premises), words)

    def _add(self, theorem: Theorem, words: str) -> None:
        self.last = theorem
        if words:
            self.lines.append(Line(theorem, words))


_SENT = ("stem", "title", "uses", "own", "letters", "meanings", "decimals", "theory", "declarations", "hypotheses")


def _factors(term: Formula) -> list[Formula]:
    """a, b, c of a·(b·c) or (a·b)·c."""
    return [each for part in term[1:] for each in _factors(part)] if term[0] == "mul" else [term]


# --- files ------------------------------------------------------------------------------------------------------------


def proof_file(derivation: Derivation) -> dict[str, Any]:
    """Everything that is needed to replay a derivation: see docs/proofs/proof.schema.json."""
    if derivation.file is not None:
        return derivation.file
    place = {id(theorem): number for number, (_, _, theorem) in enumerate(derivation.steps)}
    needed = _needed(derivation, place)
    renumbered = {old: new for new, old in enumerate(needed)}
    kept = [derivation.steps[old] for old in needed]
    number = {id(theorem): renumbered[place[id(theorem)]] for _, _, theorem in kept}
    data: dict[str, Any] = {
        "format": FORMAT,
        "kernel": KERNEL,
        "stem": derivation.stem,
        "title": derivation.title,
        "uses": list(derivation.uses),
        "declarations": declared(derivation),
        "steps": steps_as_data(kept),
        "lines": [{"step": number[id(line.theorem)], "words": line.plain} for line in derivation.lines],
        "statement": stated(derivation.theorem),
        "witness": values.example(derivation, derivation.theorem).data(),
    }
    return {**data, "digest": file_digest(data)}


def recalled(d: Derivation, wanted: Formula, data: Any) -> Derivation | None:
    """The derivation with the lines of a proof file of what is wanted; None where the file is of anything else.

    ``d`` has the names and what is supposed, and no line yet; what the proof has defined for itself joins its names.
    That the file is a proof nobody has checked.
    """
    try:
        require_format(data)
        names, own = data["declarations"][: len(d.declarations)], data["declarations"][len(d.declarations) :]
        about = {"stem": d.stem, "title": d.title, "uses": list(d.uses)}
        _, said = weigh(data["steps"])
        same = all(json.dumps(data[key]) == json.dumps(each) for key, each in about.items())
        same = same and json.dumps(names) == json.dumps(declared(d))
        if not same or data["digest"] != file_digest(data):
            return None
        gives = [Said(frozenset(each["hypotheses"]), each["conclusion"]) for each in said]
        lines = [Line(gives[line["step"]], line["words"]) for line in data["lines"]]
        more = lines[-1].theorem.hypotheses - {*d.hypotheses}
        if lines[-1].theorem.conclusion != wanted or not all(each[2][1][0] == "dim" for each in more):
            return None
        for kind, name, *rest in map(partial(decoded, terms=[], theorems=[]), own):
            {"define": d.define}[kind](name, rest[0], Expression(rest[1]))
    except (Refused, Unreadable, Rejected, Stopped, TypeError, ValueError, LookupError, AttributeError, RecursionError):
        return None
    d.lines, d.file = lines, data
    return d


def declared(d: Derivation) -> list[list[Any]]:
    """The names that were declared, in their order, as a proof file has them."""
    return [list(each) for each in d.declarations]


def _needed(derivation: Derivation, place: Mapping[int, int]) -> list[int]:
    """The steps that the lines rest on, in order."""
    left = [place[id(line.theorem)] for line in derivation.lines]
    found: set[int] = set()
    while left:
        step = left.pop()
        if step not in found:
            found.add(step)
            left += [place[id(premise)] for premise in _premises(derivation.steps[step][1])]
    return sorted(found)


def _premises(arguments: Any) -> Iterable[Theorem]:
    if isinstance(arguments, Theorem):
        yield arguments
    elif isinstance(arguments, tuple):
        for each in arguments:
            yield from _premises(each)


def steps_as_data(steps: Iterable[tuple[str, tuple[Any, ...], Theorem]]) -> list[dict[str, Any]]:
    """Rules applied, as data. A term is written once, in the step that is the first to use it, of terms before it."""
    written, terms, theorems = [], _Table(), dict[int, int]()
    for rule, arguments, theorem in steps:
        before, said = len(terms.rows), stated(theorem)
        encoded = [_encoded(each, terms, theorems) for each in arguments]
        assumes, gives = [terms.number(each) for each in said["hypotheses"]], terms.number(said["conclusion"])
        written.append(
            {
                "rule": rule,
                "arguments": encoded,
                "terms": terms.rows[before:],
                "assumes": assumes,
                "gives": gives,
                "digest": digest(json.dumps(said)),
            }
        )
        theorems[id(theorem)] = len(theorems)
    return written


class _Table:
    """Terms, judgements and hypotheses by number, each a row: its head, and the numbers of what it is made of."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._numbers: dict[Formula, int] = {}

    def number(self, formula: Formula) -> int:
        if formula not in self._numbers:
            start = CHILDREN[formula[0]]
            row = [*formula[:start], *map(self.number, formula[start:])]
            self._numbers[formula] = len(self.rows)
            self.rows.append(row)
        return self._numbers[formula]


def _encoded(argument: Any, terms: _Table, theorems: Mapping[int, int]) -> Any:
    if isinstance(argument, Theorem):
        return {"step": theorems[id(argument)]}
    if not isinstance(argument, tuple):
        return argument
    if argument and argument[0] in CHILDREN:
        return {"term": terms.number(argument)}
    return [_encoded(each, terms, theorems) for each in argument]


def text(data: Mapping[str, Any]) -> str:
    """A proof file: one step a line."""
    parts = []
    for key, value in data.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            parts.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"

"""Documents: blocks of text, formulas and pictures, written as Markdown for GitHub or as Typst (HTML and PDF).

Formulas are in the notation of what they are written to: LaTeX for Markdown, Typst's own for Typst.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

# --- what documents are made of ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Math:
    """A formula in a line of text."""

    formula: str


@dataclass(frozen=True)
class Code:
    """A name or command in a line of text."""

    text: str


@dataclass(frozen=True)
class Link:
    """Another document of the same folder, by its name without ending."""

    to: str


Line: TypeAlias = tuple[str | Math | Code | Link, ...]
"""A line of text; the part "\n" breaks it."""


@dataclass(frozen=True)
class Section:
    """A heading."""

    title: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    line: Line


@dataclass(frozen=True)
class Items:
    """A list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Display:
    """A formula by itself."""

    formula: str


@dataclass(frozen=True)
class Claim:
    """What is proved: formulas that say the same, the first by itself, and the idea of the proof in a sentence."""

    formulas: tuple[str, ...]
    idea: Line = ()


@dataclass(frozen=True)
class Steps:
    """left = formula, and why, again and again; no left where a step goes on from the one before."""

    steps: tuple[tuple[str, str, Line], ...]


@dataclass(frozen=True)
class Listing:
    """A program."""

    language: str
    text: str


@dataclass(frozen=True)
class Picture:
    """An SVG drawing, and the name of its file without ending."""

    name: str
    about: str
    svg: str


@dataclass(frozen=True)
class Table:
    """Rows under a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


Block: TypeAlias = Section | Claim | Text | Items | Display | Steps | Listing | Picture | Table


@dataclass(frozen=True)
class Document:
    """A page: its name is that of its file; ``status`` is what came of checking it, and whether that is good.

    The status stands at the foot, and where it is not good before everything else.
    """

    name: str
    title: str
    status: tuple[str, bool]
    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> dict[str, str]:
        """The drawings in it, by name."""
        return {block.name: block.svg for block in self.blocks if isinstance(block, Picture)}


# --- Markdown ---------------------------------------------------------------------------------------------------------


def to_markdown(document: Document, linked: Iterable[str]) -> str:
    """For GitHub: formulas in fences, so that Markdown leaves their underscores and backslashes alone."""
    known = frozenset(linked)

    def inline(line: Line) -> str:
        return "".join(_inline_markdown(part, known) for part in line)

    said, passed = document.status
    state = f"*{inline((said,))}*"
    top = [f"# {inline((document.title,))}", *([] if passed else [state])]
    return "\n\n".join([*top, *(_block_markdown(it, inline) for it in document.blocks), "---", state]) + "\n"


def _block_markdown(it: Block, inline: Callable[[Line], str]) -> str:
    match it:
        case Section(title):
            text = f"## {inline((title,))}"
        case Claim(formulas, idea):
            blocks = (_block_markdown(Display(each), inline) for each in formulas)
            text = "\n\n".join([*blocks, inline(idea)] if idea else blocks)
        case Text(line):
            text = inline(line)
        case Items(lines):
            text = "\n".join(f"- {inline(line)}" for line in lines)
        case Display(formula):
            text = f"```math\n{formula}\n```"
        case Steps(steps):
            rows = ((left and _display(left), _display(f"= {formula}"), inline(why)) for left, formula, why in steps)
            text = _table_markdown(["|  |  |  |", "| ---: | :--- | :--- |"], rows)
        case Listing(language, source):
            text = f"```{language}\n{source}\n```"
        case Picture(name, about, _):
            text = f"![{about}]({name}.svg)"
        case Table(head, rows):
            above = [f"| {' | '.join(inline((each,)) for each in head)} |", f"|{' --- |' * len(head)}"]
            text = _table_markdown(above, (tuple(map(inline, row)) for row in rows))
    return text


def _table_markdown(above: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([*above, *(f"| {' | '.join(row)} |" for row in rows)])


def _display(formula: str) -> str:
    return rf"$`\displaystyle {formula}`$"


def _inline_markdown(part: str | Math | Code | Link, known: frozenset[str]) -> str:
    match part:
        case Math(formula):
            text = f"$`{formula}`$"
        case Code(source):
            text = f"`{source}`"
        case Link(to):
            text = f"[{to}]({to}.md)" if to in known else to
        case "\n":
            text = "<br>"
        case _:
            text = re.sub(r"([\\`*_\[\]>|~])", r"\\\1", part).replace("<", "&lt;")  # Python-Markdown escapes no <
    return text


# --- Typst ------------------------------------------------------------------------------------------------------------


def to_typst(document: Document, linked: Iterable[str], ending: str = "") -> str:
    """The body of a Typst document: ``claim``, ``steps``, ``state``, ``fit``, … are of its preamble.

    Links lead to files of this ending; without one, to places in the same file.
    """
    known = frozenset(linked)

    def inline(line: Line) -> str:
        return "".join(_inline_typst(part, known, ending) for part in line)

    said, passed = document.status
    state = f"#state({str(passed).lower()})[{escaped(said)}]"
    blocks = (_led_typst(lead, it, inline) for lead, it in _led(document.blocks))
    top = [f"= {escaped(document.title)} <{document.name}>", *([] if passed else [state])]
    return "\n\n".join([*top, *blocks, state]) + "\n"


def _led(blocks: Iterable[Block]) -> Iterator[tuple[tuple[Block, ...], Block]]:
    """Each block, a picture or a program with the heading and the words that lead to it."""
    lead: tuple[Block, ...] = ()
    for it in blocks:
        if isinstance(it, Picture | Listing):
            yield lead, it
            lead = ()
        elif lead and isinstance(it, Text):
            lead = (*lead, it)
        else:
            yield from (((), each) for each in lead)
            lead = (it,) if isinstance(it, Section) else ()
            if not lead:
                yield (), it
    yield from (((), each) for each in lead)


def _led_typst(lead: Sequence[Block], it: Block, inline: Callable[[Line], str]) -> str:
    """No page ends between a picture or a program and what leads to it."""
    text, above = _block_typst(it, inline), "\n\n".join(_block_typst(each, inline) for each in lead)
    if isinstance(it, Picture):
        return f"{text}[{above}]"
    return f"#lead[{above}]\n\n{text}" if above else text


def _block_typst(it: Block, inline: Callable[[Line], str]) -> str:
    match it:
        case Section(title):
            text = f"== {escaped(title)}"
        case Claim(formulas, idea):
            shown = ", ".join(f"fit[$ {each} $]" for each in formulas)
            text = f"#claim({shown})" + (f"\n\n{inline(idea)}" if idea else "")
        case Text(line):
            text = inline(line)
        case Items(lines):
            text = "\n".join(f"- {inline(line)}" for line in lines)
        case Display(formula):
            text = f"#fit[$ {formula} $]"
        case Steps(steps):
            rows = (f"([{left and f'$ {left} $'}], [$ = {formula} $], [{inline(why)}])" for left, formula, why in steps)
            text = f"#steps({', '.join(rows)},)"
        case Listing(language, source):
            text = f"#raw({quoted(source)}, lang: {quoted(language)}, block: true)"
        case Picture(_, about, svg):
            text = f"#picture(bytes({quoted(svg)}), {quoted(about)})"
        case Table(head, rows):
            cells = [f"table.header({', '.join(f'[*{escaped(each)}*]' for each in head)})"]
            cells += [f"[{inline(cell)}]" for row in rows for cell in row]
            text = f"#table(columns: {len(head)}, {', '.join(cells)})"
    return text


def _inline_typst(part: str | Math | Code | Link, known: frozenset[str], ending: str) -> str:
    match part:
        case Math(formula):
            text = f"${formula}$"
        case Code(source):
            text = f"#raw({quoted(source)})"
        case Link(to):
            place = quoted(f"{to}.{ending}") if ending else f"label({quoted(to)})"
            text = f"#link({place})[{escaped(to)}]" if to in known else escaped(to)
        case "\n":
            text = " \\ "
        case _:
            text = escaped(part)
    return text


def escaped(text: str) -> str:
    """Plain text, what means something to Typst escaped."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def quoted(text: str) -> str:
    """A string of Typst."""
    inside = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inside}"'

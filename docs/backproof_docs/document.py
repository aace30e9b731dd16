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


Block: TypeAlias = Section | Text | Items | Display | Steps | Listing | Picture | Table


@dataclass(frozen=True)
class Document:
    """A page: its name is that of its file; ``status`` is what came of checking it, and whether that is good."""

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

    said, _ = document.status
    top = [f"# {inline((document.title,))}", f"*{inline((said,))}*"]
    return "\n\n".join([*top, *(_block_markdown(it, inline) for it in document.blocks)]) + "\n"


def _block_markdown(it: Block, inline: Callable[[Line], str]) -> str:
    match it:
        case Section(title):
            text = f"## {inline((title,))}"
        case Text(line):
            text = inline(line)
        case Items(lines):
            text = "\n".join(f"- {inline(line)}" for line in lines)
        case Display(formula):
            text = f"```math\n{formula}\n```"
        case Steps(steps):
            shown = []
            for k, (left, formula, why) in enumerate(steps, 1):
                shown += [f"```math\n{left}\n```"] if left else []
                shown.append(f"{k}. {inline(why)}:\n\n   ```math\n   = {formula}\n   ```")
            text = "\n\n".join(shown)
        case Listing(language, source):
            text = f"```{language}\n{source}\n```"
        case Picture(name, about, _):
            text = f"![{about}]({name}.svg)"
        case Table(head, rows):
            cells = [[inline((each,)) for each in head], ["---"] * len(head), *(map(inline, row) for row in rows)]
            text = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    return text


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
            text = re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", part)
    return text


# --- Typst ------------------------------------------------------------------------------------------------------------


def to_typst(document: Document, linked: Iterable[str], ending: str) -> str:
    """The body of a Typst document: ``why``, ``state``, ``fit``, ``lead`` and ``picture`` are of its preamble."""
    known = frozenset(linked)

    def inline(line: Line) -> str:
        return "".join(_inline_typst(part, known, ending) for part in line)

    said, passed = document.status
    state = f"#state({str(passed).lower()})[{escaped(said)}]"
    blocks = (_led_typst(lead, it, inline) for lead, it in _led(document.blocks))
    return "\n\n".join([f"= {escaped(document.title)}", state, *blocks]) + "\n"


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
        case Text(line):
            text = inline(line)
        case Items(lines):
            text = "\n".join(f"- {inline(line)}" for line in lines)
        case Display(formula):
            text = f"#fit[$ {formula} $]"
        case Steps(steps):
            shown = []
            for left, formula, why in steps:
                shown += [f"#lead[#fit[$ {left} $]]"] if left else []
                shown += [f"#lead[#fit[$ = {formula} $]]", f"#why[{inline(why)}]"]
            text = "\n\n".join(shown)
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
            text = f"#link({quoted(f'{to}.{ending}')})[{escaped(to)}]" if to in known else escaped(to)
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

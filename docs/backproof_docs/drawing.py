"""An SVG drawing: boxes, arrows that carry a quantity and its shape, text with sub- and superscripts.

A document of its own: it needs no font, no script and no network, suits light and dark, and looks alike in browsers and
in Typst.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backproof_docs import phrases

Point = tuple[float, float]
LINE, WORD, EDGE = 23, 15, 20
"""From line to line in an operation, and in a theorem's name; around the drawing."""
TREES = [f"tree{k}" for k in range(7)]
"""Kinds of arrows that differ in their colours only."""


class Box(NamedTuple):
    """Its upper left corner, and its size."""

    x: float
    y: float
    width: float
    height: float


class Run(NamedTuple):
    """Letters in one style, and how much lower than those before them they stand."""

    text: str
    kind: str = ""
    dy: int = 0


@dataclass
class Drawing:
    """What the template shows: texts over cells, each with its sign and its words, over boxes over lines."""

    title: str
    about: str
    width: float
    height: float = 0
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    cells: list[tuple[Box, str, str]] = field(default_factory=list)
    texts: list[tuple[float, float, str, str, list[Run]]] = field(default_factory=list)

    def arrow(self, kind: str, what: str, points: Sequence[Point], label: Point, anchor: str = "start") -> None:
        """A quantity along straight lines, with its name and shape at a place."""
        self.lines.append((kind, "M" + "L".join(map(_pair, points)), ""))
        name, _, shape = what.rpartition(" ")
        self.text(*label, anchor, f"quantity {kind}", name, f"\u2002{shape}")

    def curve(self, kind: str, curves: Sequence[Sequence[Point]], says: str) -> None:
        """Cubic curves, level lines between them."""
        path = "M" + "L".join(f"{_pair(a)}C{' '.join(map(_pair, rest))}" for a, *rest in curves)
        self.lines.append((kind, path, says))

    def operation(self, place: tuple[int, int], middle: float, lines: Sequence[str]) -> Box:
        """A box with a name and formulas."""
        x, width = place
        height = LINE * len(lines) + 7
        box = Box(x, middle - height / 2, width, height)
        self.boxes.append(box)
        for k, line in enumerate(lines):
            self.text(x + width / 2, box.y + 19 + LINE * k, "middle", "formula" if k else "operation", line)
        return box

    def theorem(self, x: float, middle: float, width: float, words: Sequence[str]) -> None:
        """A box with a stem, in as many lines as there are words."""
        height = WORD * len(words) + 14
        self.boxes.append(Box(x, middle - height / 2, width, height))
        for k, word in enumerate(words, 1):
            self.texts.append((x + width / 2, middle - height / 2 + 4 + WORD * k, "middle", "stem", [Run(word)]))

    def text(self, x: float, y: float, anchor: str, kind: str, text: str, shape: str = "") -> None:
        """Letters at a place, with a shape after them."""
        self.texts.append((x, y, anchor, kind, _runs(text, shape)))

    def svg(self) -> str:
        """The document."""
        return _TEMPLATES.get_template("graph.svg").render(it=self)


def _runs(text: str, shape: str = "") -> list[Run]:
    """``δW^(1)``, then ``n_1×n_0``, in pieces: letters italic, words upright, 𝟏 bold, scripts small."""
    runs: list[Run] = []
    level = 0
    for part, kind in ((text, ""), (shape, "shape")):
        for raised, lowered, plain in re.findall(r"\^(\(\d+\)T?|T)|_(\d+)|([^\^_]+)", part):
            wanted = -6 if raised else 4 if lowered else 0
            for word in re.findall(r"[A-Za-zδ]+|𝟏|[^A-Za-zδ𝟏]+", raised or lowered or plain):
                style = "bold" if word == "𝟏" else "italic" if re.fullmatch("δ?[A-Za-z]", word) else ""
                kinds = " ".join(filter(None, (kind, "" if plain else "script", style)))
                runs.append(Run(word.replace("𝟏", "1"), kinds, wanted - level))
                level = wanted
    return runs


def _shown(value: object) -> object:
    """Coordinates with at most one decimal; what no XML may hold, made visible."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return phrases.visible(value) if type(value) is str else value


def _pair(point: Point) -> str:
    return f"{_shown(point[0])} {_shown(point[1])}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    finalize=_shown,
)

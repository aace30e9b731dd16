"""L = −Σ P·log softmax(Z_k): the graphs of forward and of backward propagation, and of what theorems rest on, as SVG.

Boxes are operations, or theorems; every quantity is an arrow with its name and its shape. A drawing is a document of
its own: it needs no font, no script and no network, suits light and dark, and looks alike in browsers and in Typst.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate, combinations, cycle, pairwise
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backproof_docs import wording

_Point = tuple[float, float]

# --- a network --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """Two operations side by side, (name, formulas), and the quantities that come to them and leave, "name shape".

    k stands for the layer, j for the one before it. What is above comes from the second operation of the row before.
    """

    above: str
    aside: tuple[str, ...]
    first: tuple[str, ...]
    between: str = ""
    second: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    below: str = ""


_LAYER = _Row(
    above="Y^(j) n_j×p",
    aside=("W^(k) n_k×n_j", "b^(k) n_k"),
    first=("linear", "Z^(k) = W^(k)·Y^(j) + b^(k)·𝟏^T"),
    between="Z^(k) n_k×p",
    second=("ReLU", "Y^(k) = max(Z^(k), 0)"),
)
_LAST = replace(_LAYER, second=("softmax", "S = exp Z^(k) / Σ exp Z^(k)"))
_LOSS = _Row(above="S n_k×p", aside=("P n_k×p",), first=("cross-entropy", "L = −Σ P·log S"), out=("L scalar",))
_FORWARD_NOTES = (
    "Dashed: given. Each of the p samples is one column; 𝟏 is the column of p ones.",
    "The sum of the softmax is over each column, that of the loss over all entries.",
)

_LAYER_BACK = _Row(
    above="δY^(k) n_k×p",
    aside=("Z^(k) n_k×p",),
    first=("ReLU", "δZ^(k) = δY^(k)∘𝟏[Z^(k) ≥ 0]"),
    between="δZ^(k) n_k×p",
    second=("linear", "δW^(k) = δZ^(k)·Y^(j)T", "δb^(k) = δZ^(k)·𝟏", "δY^(j) = W^(k)T·δZ^(k)"),
    over=("W^(k) n_k×n_j", "Y^(j) n_j×p"),
    out=("δW^(k) n_k×n_j", "δb^(k) n_k"),
)
_LAST_BACK = replace(
    _LAYER_BACK,
    above="δL = 1 scalar",
    aside=("S n_k×p", "P n_k×p"),
    first=("softmax, cross-entropy", "δZ^(k) = S − P"),
)
_BACKWARD_NOTES = (
    "δT is the derivative of L with respect to T, and has its shape. Dashed: from the forward pass.",
    "𝟏 is the column of p ones; 𝟏[Z ≥ 0] is 1 where Z ≥ 0, else 0. S − P: each column of P sums to 1.",
)


def forward(layers: int) -> str:
    """Z^(l) = W^(l)·Y^(l−1) + b^(l)·1ᵀ, Y^(l) = max(Z^(l), 0), Y^(0) = X, L = −Σ P·log softmax(Z^(k)), as an SVG."""
    _require_layers(layers)
    about = "Downwards: every layer is linear, then ReLU; after the last come the softmax and the cross-entropy."
    drawing = _Drawing(f"Forward propagation, {_counted(layers)}", about, width=762)
    rows = [(_LAYER if k < layers else _LAST, k) for k in range(1, layers + 1)]
    return _network(drawing, [*rows, (_LOSS, layers)], _FORWARD_NOTES)


def backward(layers: int) -> str:
    """δZ^(k) = S − P, δY^(l−1) = W^(l)ᵀ·δZ^(l), δZ^(l) = δY^(l)∘1[Z^(l) ≥ 0]; δW^(l), δb^(l) and δX, as an SVG."""
    _require_layers(layers)
    about = "Downwards, from the loss to the input: through every layer, the last first, and the ReLU before it."
    drawing = _Drawing(f"Backward propagation, {_counted(layers)}", about, width=908)
    *rows, (row, _) = [(_LAYER_BACK if k < layers else _LAST_BACK, k) for k in range(layers, 0, -1)]
    return _network(drawing, [*rows, (replace(row, below="δX n_j×p"), 1)], _BACKWARD_NOTES)


def _require_layers(layers: int) -> None:
    if type(layers) is not int or layers < 1:
        msg = f"layers: got {layers!r}, expected an integer of at least 1"
        raise ValueError(msg)


def _counted(layers: int) -> str:
    return f"{layers} layer{'s' if layers > 1 else ''}"


def _at(layer: int, text: str) -> str:
    """The text at a layer: k and j are replaced, and Y^(0) is X."""
    text = re.sub(r"(?<=[_(])[kj]", lambda found: str(layer - (found[0] == "j")), text)
    return text.replace("Y^(0)T", "X^T").replace("Y^(0)", "X")


_LEFT, _RIGHT = (172, 230), (536, 206)
"""Where operations begin, and how wide they are."""
_LINE, _GAP, _TAIL, _EDGE = 23, 56, 40, 20
"""From line to line in an operation; between rows; how long an arrow from or to the outside is; around the drawing."""


def _network(drawing: _Drawing, rows: Sequence[tuple[_Row, int]], notes: Sequence[str]) -> str:
    """The rows one below the other, and notes."""
    top, start = float(_GAP), (0.0, 0.0)
    for row, layer in rows:
        at, lines = partial(_at, layer), max(len(row.first), len(row.second))
        middle, turn = top + (_LINE * lines + 7) / 2, top - _GAP / 2
        first = box = drawing.operation(_LEFT, middle, [*map(at, row.first)])
        x, y = first.x + first.width / 2, first.y
        if top > _GAP:
            points = [start, (start[0], turn), (x, turn), (x, y)]
            drawing.arrow("flow", at(row.above), points, (469, turn - 8), "middle")
        else:
            kind = "flow" if row.over else "given"
            drawing.arrow(kind, at(row.above), [(x, y - _TAIL), (x, y)], (x + 10, y - 20))
        for k, each in enumerate(row.aside):
            x, y = first.x, middle + 30 * (k - (len(row.aside) - 1) / 2)
            drawing.arrow("given", at(each), [(x - _TAIL, y), (x, y)], (x - _TAIL - 7, y + 5), "end")
        if row.second:
            box = drawing.operation(_RIGHT, middle, [*map(at, row.second)])
            points = [(first.x + first.width, middle), (box.x, middle)]
            drawing.arrow("flow", at(row.between), points, (469, middle - 8), "middle")
        for k, each in enumerate(row.over):
            x, y = box.x + 60 + 122 * k, box.y
            drawing.arrow("given", at(each), [(x, y - _TAIL), (x, y)], (x + 10, y - 20))
        for k, each in enumerate(row.out, 1):
            x, y = box.x + box.width, box.y + 14 + _LINE * k
            drawing.arrow("result", at(each), [(x, y), (x + _TAIL, y)], (x + _TAIL + 7, y + 5))
        start = x, y = box.x + 24, box.y + box.height
        if row.below:
            drawing.arrow("result", at(row.below), [start, (x, y + _TAIL)], (x + 10, y + 30))
        top = y + _GAP
    for k, note in enumerate(notes):
        drawing.text(_EDGE, top + 12 + 20 * k, "start", "note", note)
    drawing.height = top + 12 + 20 * len(notes)
    return drawing.svg()


# --- what theorems rest on --------------------------------------------------------------------------------------------

_Node = tuple[str, int]
"""A theorem and its column, or a later column that its arrows pass through on the way to what uses it further on."""
_Edge = tuple[_Node, _Node]
_LETTER, _LONG = 7.6, 20
"""How wide a letter is; a longer stem is written in two lines."""
_APART, _ROUNDS = 11, 24
"""Between what stands in a column; how often columns are put in order, and boxes moved."""


def dependencies(uses: Mapping[str, Sequence[str]]) -> str:
    """An arrow from each theorem to every theorem that uses it, left to right, as an SVG: uses[stem] = stems it uses.

    Raises ``ValueError`` if theorems use each other in a circle.
    """
    users: dict[str, list[str]] = {stem: [] for stem in uses}
    for stem, used in uses.items():
        for each in used:
            users.setdefault(each, []).append(stem)
    column = _columns(uses, users)
    paths = {
        (stem, user): [*((stem, c) for c in range(column[stem], column[user])), (user, column[user])]
        for stem in sorted(users, key=lambda stem: -len(users[stem]))
        for user in users[stem]
    }
    about = "Arrows lead from each theorem to those that use it, left to right."
    drawing = _Drawing("What theorems rest on", about, width=640)
    _layered(drawing, paths, frozenset(column.items()))
    _alone(drawing, [stem for stem in users if not users[stem] and not uses.get(stem)])
    return drawing.svg()


def _columns(uses: Mapping[str, Sequence[str]], users: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The length of the longest way to each theorem; one that uses none stands next to the first that uses it."""
    column: dict[str, int] = {}
    try:
        for stem in TopologicalSorter(uses).static_order():
            column[stem] = max((column[each] + 1 for each in uses.get(stem, ())), default=0)
    except CycleError as error:
        msg = f"theorems use each other in a circle: {' → '.join(error.args[1])}"
        raise ValueError(msg) from None
    used_only = [stem for stem in users if users[stem] and not uses.get(stem)]
    return column | {stem: min(column[user] for user in users[stem]) - 1 for stem in used_only}


def _layered(drawing: _Drawing, paths: Mapping[tuple[str, str], Sequence[_Node]], boxes: Collection[_Node]) -> None:
    """Theorems in columns; their arrows are level within a column, and curved between columns."""
    nodes = list(dict.fromkeys(node for path in paths.values() for node in path))
    edges = list(dict.fromkeys(edge for path in paths.values() for edge in pairwise(path)))
    size = {node: _size(node[0]) if node in boxes else (0.0, 0.0) for node in nodes}
    columns = [[node for node in nodes if node[1] == c] for c in range(len({c for _, c in nodes}))]
    y = _heights(_untangled(columns, edges), edges, {node: height for node, (_, height) in size.items()})

    left, right = [float(_EDGE)], []
    for c, each in enumerate(columns):
        right.append(left[c] + max(size[node][0] for node in each))
        left.append(right[c] + 40 + 1.5 * sum(a[1] == c for a, _ in edges))
    ports: dict[_Edge, float] = {}
    for node in nodes:
        arriving = sorted((edge for edge in edges if edge[1] == node), key=lambda edge: y[edge[0]])
        for k, edge in enumerate(arriving):
            ports[edge] = y[node] + (k - (len(arriving) - 1) / 2) * min(9, size[node][1] / len(arriving))

    trees = dict(zip(dict.fromkeys(stem for stem, _ in paths), cycle(_TREES), strict=False))
    for (stem, user), path in paths.items():
        curves = []
        for a, b in pairwise(path):
            turn = (right[a[1]] + left[b[1]]) / 2
            curves.append([(right[a[1]], y[a]), (turn, y[a]), (turn, ports[a, b]), (left[b[1]], ports[a, b])])
        drawing.curve(trees[stem], curves, f"{stem} → {user}")
    for node in nodes:
        if node in boxes:
            drawing.theorem(left[node[1]], y[node], right[node[1]] - left[node[1]], node[0])
    drawing.width = max([drawing.width, *(x + _EDGE for x in right)])
    drawing.height = max((y[node] + size[node][1] / 2 for node in nodes), default=0) + _EDGE


def _alone(drawing: _Drawing, stems: Sequence[str]) -> None:
    """Theorems that use none and that none uses, in rows of their own."""
    if not stems:
        return
    drawing.text(_EDGE, drawing.height + 20, "start", "note", "These use no other theorem, and none uses them:")
    x, y = float(_EDGE), drawing.height + 55
    for stem in stems:
        width, _ = _size(stem)
        if x + width > drawing.width - _EDGE:
            x, y = float(_EDGE), y + 55
        drawing.theorem(x, y, width, stem)
        x += width + _APART
    drawing.height = y + 25 + _EDGE


def _words(stem: str) -> list[str]:
    """A stem in one line, a long one in two."""
    operation, dot, rest = stem.partition(".")
    return [operation, dot + rest] if len(stem) > _LONG and rest else [stem]


def _size(stem: str) -> tuple[float, float]:
    """How wide and how tall the box of a theorem is."""
    words = _words(stem)
    return _LETTER * max(map(len, words)) + 20, 14 + 15 * len(words)


def _untangled(columns: Sequence[Sequence[_Node]], edges: Sequence[_Edge]) -> list[list[_Node]]:
    """The columns in an order in which few arrows cross: each by the mean place of what it is joined to, to and fro."""
    now = [list(each) for each in columns]
    best = [list(each) for each in columns]
    for k in range(_ROUNDS):
        for beside, each in pairwise(now if k % 2 else now[::-1]):
            place = {node: k for nodes in (each, beside) for k, node in enumerate(nodes)}
            joined = {node: [place[a] for edge in edges if node in edge for a in edge if a in beside] for node in each}
            centre = {node: mean(joined[node] or [place[node]]) for node in each}
            each.sort(key=centre.__getitem__)
        best = min(best, [list(each) for each in now], key=lambda them: _crossings(them, edges))
    return best


def _crossings(columns: Sequence[Sequence[_Node]], edges: Sequence[_Edge]) -> int:
    """How often arrows cross."""
    place = {node: k for each in columns for k, node in enumerate(each)}
    pairs = (pair for pair in combinations(edges, 2) if pair[0][0][1] == pair[1][0][1])
    return sum((place[a] - place[c]) * (place[b] - place[d]) < 0 for (a, b), (c, d) in pairs)


def _heights(
    columns: Sequence[Sequence[_Node]], edges: Sequence[_Edge], tall: Mapping[_Node, float]
) -> dict[_Node, float]:
    """Where the middle of each node is: near what it is joined to, in the order of its column, and apart."""
    y = {node: 40.0 * k for each in columns for k, node in enumerate(each)}
    joined = {node: [a for edge in edges if node in edge for a in edge if a != node] for node in y}
    for _ in range(_ROUNDS):
        for each in columns:
            steps = [(tall[a] + tall[b]) / 2 + _APART for a, b in pairwise(each)]
            wanted = [mean(y[a] for a in joined[node]) for node in each]
            y.update(zip(each, _spread(wanted, steps), strict=True))
    top = min((y[node] - tall[node] / 2 for node in y), default=0) - _EDGE
    return {node: middle - top for node, middle in y.items()}


def _spread(wanted: Sequence[float], steps: Sequence[float]) -> list[float]:
    """The numbers nearest to those wanted, by least squares, that lie at least these steps apart, in order.

    Pool adjacent violators: Barlow et al. 1972, *Statistical Inference under Order Restrictions*, ch. 1.
    """
    offsets = list(accumulate(steps, initial=0.0))
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    levels = [mean(pool) for pool in pools for _ in pool]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


# --- a drawing --------------------------------------------------------------------------------------------------------

_TREES = [f"tree{k}" for k in range(7)]
"""Kinds of arrows that differ in their colours only."""


class _Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class _Run(NamedTuple):
    """Letters in one style, and how much lower than those before them they stand."""

    text: str
    kind: str = ""
    dy: int = 0


@dataclass
class _Drawing:
    """What the template shows: texts over boxes over lines."""

    title: str
    about: str
    width: float
    height: float = 0
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    boxes: list[_Box] = field(default_factory=list)
    texts: list[tuple[float, float, str, str, list[_Run]]] = field(default_factory=list)

    def arrow(self, kind: str, what: str, points: Sequence[_Point], label: _Point, anchor: str = "start") -> None:
        """A quantity along straight lines, with its name and shape at a place."""
        self.lines.append((kind, "M" + "L".join(map(_pair, points)), ""))
        name, _, shape = what.rpartition(" ")
        self.text(*label, anchor, f"quantity {kind}", name, f"\u2002{shape}")

    def curve(self, kind: str, curves: Sequence[Sequence[_Point]], says: str) -> None:
        """Cubic curves, level lines between them."""
        path = "M" + "L".join(f"{_pair(a)}C{' '.join(map(_pair, rest))}" for a, *rest in curves)
        self.lines.append((kind, path, says))

    def operation(self, place: tuple[int, int], middle: float, lines: Sequence[str]) -> _Box:
        """A box with a name and formulas."""
        x, width = place
        height = _LINE * len(lines) + 7
        box = _Box(x, middle - height / 2, width, height)
        self.boxes.append(box)
        for k, line in enumerate(lines):
            self.text(x + width / 2, box.y + 19 + _LINE * k, "middle", "formula" if k else "operation", line)
        return box

    def theorem(self, x: float, middle: float, width: float, stem: str) -> None:
        """A box with a stem."""
        height = _size(stem)[1]
        self.boxes.append(_Box(x, middle - height / 2, width, height))
        for k, word in enumerate(_words(stem), 1):
            self.texts.append((x + width / 2, middle - height / 2 + 4 + 15 * k, "middle", "stem", [_Run(word)]))

    def text(self, x: float, y: float, anchor: str, kind: str, text: str, shape: str = "") -> None:
        self.texts.append((x, y, anchor, kind, _runs(text, shape)))

    def svg(self) -> str:
        return _TEMPLATES.get_template("graph.svg").render(it=self)


def _runs(text: str, shape: str = "") -> list[_Run]:
    """``δW^(1)``, then ``n_1×n_0``, in pieces: letters italic, words upright, 𝟏 bold, scripts small."""
    runs: list[_Run] = []
    level = 0
    for part, kind in ((text, ""), (shape, "shape")):
        for raised, lowered, plain in re.findall(r"\^(\(\d+\)T?|T)|_(\d+)|([^\^_]+)", part):
            wanted = -6 if raised else 4 if lowered else 0
            for word in re.findall(r"[A-Za-zδ]+|𝟏|[^A-Za-zδ𝟏]+", raised or lowered or plain):
                style = "bold" if word == "𝟏" else "italic" if re.fullmatch("δ?[A-Za-z]", word) else ""
                kinds = " ".join(filter(None, (kind, "" if plain else "script", style)))
                runs.append(_Run(word.replace("𝟏", "1"), kinds, wanted - level))
                level = wanted
    return runs


def _shown(value: object) -> object:
    """Coordinates with at most one decimal; what no XML may hold, made visible."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return wording.visible(value) if type(value) is str else value


def _pair(point: _Point) -> str:
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

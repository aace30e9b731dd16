"""L = −Σ P·log softmax(Z_k): the graphs of forward and of backward propagation, as SVG.

Boxes are operations; every quantity is an arrow with its name and its shape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from backproof_docs.drawing import EDGE, LINE, Drawing


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
    drawing = Drawing(f"Forward propagation, {_counted(layers)}", about, width=762)
    rows = [(_LAYER if k < layers else _LAST, k) for k in range(1, layers + 1)]
    return _network(drawing, [*rows, (_LOSS, layers)], _FORWARD_NOTES)


def backward(layers: int) -> str:
    """δZ^(k) = S − P, δY^(l−1) = W^(l)ᵀ·δZ^(l), δZ^(l) = δY^(l)∘1[Z^(l) ≥ 0]; δW^(l), δb^(l) and δX, as an SVG."""
    _require_layers(layers)
    about = "Downwards, from the loss to the input: through every layer, the last first, and the ReLU before it."
    drawing = Drawing(f"Backward propagation, {_counted(layers)}", about, width=908)
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
_GAP, _TAIL = 56, 40
"""Between rows; how long an arrow from or to the outside is."""


def _network(drawing: Drawing, rows: Sequence[tuple[_Row, int]], notes: Sequence[str]) -> str:
    """The rows one below the other, and notes."""
    top, start = float(_GAP), (0.0, 0.0)
    for row, layer in rows:
        at, lines = partial(_at, layer), max(len(row.first), len(row.second))
        middle, turn = top + (LINE * lines + 7) / 2, top - _GAP / 2
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
            x, y = box.x + box.width, box.y + 14 + LINE * k
            drawing.arrow("result", at(each), [(x, y), (x + _TAIL, y)], (x + _TAIL + 7, y + 5))
        start = x, y = box.x + 24, box.y + box.height
        if row.below:
            drawing.arrow("result", at(row.below), [start, (x, y + _TAIL)], (x + 10, y + 30))
        top = y + _GAP
    for k, note in enumerate(notes):
        drawing.text(EDGE, top + 12 + 20 * k, "start", "note", note)
    drawing.height = top + 12 + 20 * len(notes)
    return drawing.svg()

"""graphs: every quantity is an arrow with its shape, nothing covers anything else, no arrow passes through a box."""

import re
from collections import Counter
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backproof_docs.dependencies import dependencies
from backproof_docs.graphs import backward, forward

SVG = "{http://www.w3.org/2000/svg}"
DEPTHS = [1, 3, 8, 12]
SIZES = {"quantity": 17, "formula": 15, "operation": 13, "note": 12.5, "stem": 12.5, "shape": 14, "script": 11.5}
WIDE = {"W": 1.05, "=": 0.85, "−": 0.85, "×": 0.85, "+": 0.85, "≥": 0.85, "\u2002": 0.5, " ": 0.32, "(": 0.4, ")": 0.4}
"""Widths of letters in ems, of the widest font that is asked for; of any other letter ``LETTER``."""
LETTER = 0.64
STEMS = {
    "kron.vec": [], "kron.mixed": [], "chain.scalar": [], "chain.rule": [],
    "linear.dW": ["kron.vec", "chain.rule"], "linear.dY": ["kron.vec", "chain.rule"], "linear.db": ["chain.rule"],
    "relu.dZ": ["chain.rule"], "network.step": ["linear.dY", "relu.dZ", "chain.rule"],
    "softmax.dZ": ["chain.rule"], "cross_entropy.dS": ["chain.rule"],
    "softmax_cross_entropy.dZ": ["softmax.dZ", "cross_entropy.dS", "chain.rule"],
    "softmax_cross_entropy.dZ.normalised": ["softmax_cross_entropy.dZ"],
    **{f"network.{k}.d{name}{layer}":
       [f"linear.d{name}", "softmax_cross_entropy.dZ.normalised", *["network.step"] * (layer < k)]
       for k in (1, 2, 3) for layer in range(1, k + 1) for name in "Wb"},
    "sigmoid.dZ": [], "tanh.dZ": [], "attention.dV": ["linear.dY"],
}  # fmt: skip


class Area(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other):
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other):
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


class Drawing:
    """An SVG taken apart."""

    def __init__(self, svg):
        assert svg.endswith("</svg>\n")
        self.svg, self.root = svg, ET.fromstring(svg)  # noqa: S314 - our own
        self.all = Area(*map(float, self.root.get("viewBox").split()))
        self.boxes = [_area(rect) for rect in self.root.findall(f"{SVG}rect[@class='box']")]
        self.texts = [(text, _extent(text)) for text in self.root.findall(f"{SVG}text")]
        self.lines = self.root.findall(f"{SVG}path")

    def labels(self):
        """(name, shape) of every quantity."""
        for text, _ in self.texts:
            if text.get("class").startswith("quantity"):
                name, shape = "".join(text.itertext()).split("\u2002")
                yield name, shape

    def box_at(self, x, y):
        """The number of the box at whose border a point lies."""
        found = [k for k, box in enumerate(self.boxes) if Area(*box).meets(Area(x - 0.2, y - 0.2, x + 0.2, y + 0.2))]
        return found[0] if found else None

    def words(self, k):
        """What is written in a box."""
        return ["".join(text.itertext()) for text, extent in self.texts if self.boxes[k].holds(extent)]


def _area(rect):
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return Area(x, y, x + width, y + height)


def _extent(text):
    """Where a text is, in the widest font."""
    kind, width = text.get("class").split()[0], 0
    for run in text:
        size = min(SIZES[each] for each in [kind, *(run.get("class") or "").split()] if each in SIZES)
        width += size * sum(LETTER if kind == "stem" else WIDE.get(letter, LETTER) for letter in run.text)
    x, y, size = float(text.get("x")), float(text.get("y")), SIZES[kind]
    left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
    return Area(left, y - 0.85 * size, left + width, y + 0.3 * size)


def _points(path):
    """Points along a path of lines and cubic curves."""
    points = []
    for command, numbers in re.findall(r"([MLC])([^MLC]+)", path):
        given = [float(number) for number in numbers.split()]
        ends = list(zip(given[::2], given[1::2], strict=True))
        hull = [points[-1], *ends] if points else ends
        weights = {"M": [[1]], "L": [[1 - t, t] for t in STEPS], "C": [_bernstein(t) for t in STEPS]}[command]
        points += [
            tuple(sum(w * p[axis] for w, p in zip(row, hull, strict=True)) for axis in (0, 1)) for row in weights
        ]
    return points


STEPS = [k / 40 for k in range(1, 41)]


def _bernstein(t):
    return [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]


NETWORKS = {f"{draw.__name__}({k})": (draw, k) for draw in (forward, backward) for k in DEPTHS}
ALL = {**NETWORKS, "dependencies": (dependencies, STEMS)}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    draw, k = NETWORKS[request.param]
    return Drawing(draw(k))


@pytest.fixture(scope="module", params=ALL)
def drawing(request):
    draw, given = ALL[request.param]
    return Drawing(draw(given))


# --- a network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", DEPTHS)
def test_forward_has_every_quantity_once_with_its_shape(k):
    wanted = [("X", "n0×p"), ("S", f"n{k}×p"), ("P", f"n{k}×p"), ("L", "scalar")]
    for l in range(1, k + 1):
        wanted += [(f"W({l})", f"n{l}×n{l - 1}"), (f"b({l})", f"n{l}"), (f"Z({l})", f"n{l}×p")]
        wanted += [(f"Y({l})", f"n{l}×p")] if l < k else []
    assert sorted(Drawing(forward(k)).labels()) == sorted(wanted)


@pytest.mark.parametrize("k", DEPTHS)
def test_backward_has_every_quantity_once_with_its_shape(k):
    wanted = [("δL = 1", "scalar"), ("S", f"n{k}×p"), ("P", f"n{k}×p"), ("δX", "n0×p"), ("X", "n0×p")]
    for l in range(1, k + 1):
        wanted += [(f"{mark}W({l})", f"n{l}×n{l - 1}") for mark in ("", "δ")]
        wanted += [(f"δb({l})", f"n{l}"), (f"δZ({l})", f"n{l}×p")]
        wanted += [(name, f"n{l}×p") for name in (f"Z({l})", f"Y({l})", f"δY({l})")] if l < k else []
    assert sorted(Drawing(backward(k)).labels()) == sorted(wanted)


def test_operations_say_what_they_compute():
    ahead, back = Drawing(forward(2)), Drawing(backward(2))
    assert [ahead.words(k) for k in range(len(ahead.boxes))] == [
        ["linear", "Z(1) = W(1)·X + b(1)·1T"],
        ["ReLU", "Y(1) = max(Z(1), 0)"],
        ["linear", "Z(2) = W(2)·Y(1) + b(2)·1T"],
        ["softmax", "S = exp Z(2) / Σ exp Z(2)"],
        ["cross-entropy", "L = −Σ P·log S"],
    ]
    assert [back.words(k) for k in range(len(back.boxes))] == [
        ["softmax, cross-entropy", "δZ(2) = S − P"],
        ["linear", "δW(2) = δZ(2)·Y(1)T", "δb(2) = δZ(2)·1", "δY(1) = W(2)T·δZ(2)"],
        ["ReLU", "δZ(1) = δY(1)∘1[Z(1) ≥ 0]"],
        ["linear", "δW(1) = δZ(1)·XT", "δb(1) = δZ(1)·1", "δX = W(1)T·δZ(1)"],
    ]


def test_arrows_join_operations_in_order_or_come_from_outside_or_go_there(network):
    ends = {"flow": [], "given": [], "result": []}
    for line in network.lines:
        points = _points(line.get("d"))
        ends[line.get("class").split()[1]].append((network.box_at(*points[0]), network.box_at(*points[-1])))
    chain = [pair for pair in ends["flow"] if pair != (None, 0)]  # δL = 1 comes from outside
    assert chain == list(pairwise(range(len(network.boxes))))
    assert all(start is None and end is not None for start, end in ends["given"])
    assert all(start is not None and end is None for start, end in ends["result"])
    assert len(network.lines) == len(list(network.labels()))


def test_no_line_meets_a_text_or_passes_through_a_box(network):
    for line in network.lines:
        for x, y in _points(line.get("d"))[1:-1]:
            point = Area(x - 1, y - 1, x + 1, y + 1)
            assert not any(extent.meets(point) for _, extent in network.texts), line.get("d")
            assert not any(Area(*box).meets(Area(x, y, x, y)) for box in network.boxes), line.get("d")


@pytest.mark.parametrize("layers", [0, -1, True, 1.0, "3", None])
@pytest.mark.parametrize("draw", [forward, backward])
def test_a_network_has_a_layer_at_least(draw, layers):
    with pytest.raises(ValueError, match=rf"^layers: got {layers!r}, expected an integer of at least 1$"):
        draw(layers)


# --- theorems -------------------------------------------------------------------------------------------------------


def _checked(uses):
    """A drawing of theorems in which all is as it should be."""
    drawing = Drawing(dependencies(uses))
    stems = dict.fromkeys([*uses, *(used for each in uses.values() for used in each)])
    named = {"".join(drawing.words(k)): box for k, box in enumerate(drawing.boxes)}
    assert sorted(named) == sorted(stems)
    assert len(drawing.boxes) == len(stems)
    arrows = Counter(line.find(f"{SVG}title").text for line in drawing.lines)
    assert arrows == Counter(f"{used} → {stem}" for stem, each in uses.items() for used in set(each))
    for line in drawing.lines:
        used, user = (named[stem] for stem in line.find(f"{SVG}title").text.split(" → "))
        points = _points(line.get("d"))
        assert points[0] == pytest.approx((used.right, (used.top + used.bottom) / 2), abs=0.2)
        assert points[-1][0] == pytest.approx(user.left, abs=0.2)
        assert user.top < points[-1][1] < user.bottom
        assert all(a[0] < b[0] for a, b in pairwise(points))
        for x, y in points[1:-1]:
            assert not any(box.meets(Area(x - 0.01, y - 2, x + 0.01, y + 2)) for box in drawing.boxes)
    assert not any(a.meets(b) for a, b in combinations(drawing.boxes, 2))
    assert all(drawing.all.holds(box) for box in drawing.boxes)
    return drawing, named


def test_arrows_lead_from_what_is_used_to_what_uses_it():
    drawing, named = _checked(STEMS)
    alone = {stem: named[stem] for stem in ("kron.mixed", "chain.scalar", "sigmoid.dZ", "tanh.dZ")}
    assert len({box.top for box in alone.values()}) == 1
    assert all(box.bottom < alone["tanh.dZ"].top for stem, box in named.items() if stem not in alone)
    assert drawing.all.right <= 1020  # at 900 pixels the letters of stems are at least 11 pixels


@given(st.integers(0, 8).flatmap(lambda n: st.lists(st.lists(st.integers(0, 7)), min_size=n, max_size=n)))
@example([[], [0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4]])
@example([[], [], []])
@example([])
def test_any_theorems_can_be_drawn(numbers):
    _checked({f"theorem.{k}": [f"theorem.{j % k}" for j in each if k] for k, each in enumerate(numbers)})


def test_arrows_do_not_cross_where_they_need_not():
    _, named = _checked({"x": ["b"], "y": ["a"], "a": [], "b": [], "p": ["x"], "q": ["y"]})
    assert len({named[above].top < named[below].top for above, below in ("ab", "yx", "qp")}) == 1


def test_what_uses_nothing_stands_next_to_what_uses_it():
    _, named = _checked({"second": ["first"], "third": ["second"], "fourth": ["third", "needed late"]})
    assert named["needed late"].left == named["third"].left


def test_theorems_alone_take_as_many_rows_as_they_need():
    _, named = _checked({f"a.rather.long.stem.{k}": [] for k in range(9)})
    assert len({box.top for box in named.values()}) > 1


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match=r"^theorems use each other in a circle: [abc]( → [abc]){3}$"):
        dependencies({"b": ["a"], "c": ["b"], "a": ["c"]})
    with pytest.raises(ValueError, match=r"^theorems use each other in a circle: a → a$"):
        dependencies({"a": ["a"]})


def test_names_are_not_markup():
    _checked({"<b>&\"'": ["]]>"]})
    assert "a\ufffdb" in dependencies({"a\x1bb": []})


# --- all ------------------------------------------------------------------------------------------------------------


def test_texts_cover_neither_each_other_nor_an_edge_of_a_box_and_are_inside(drawing):
    for (a, one), (b, other) in combinations(drawing.texts, 2):
        assert not one.meets(other), ("".join(a.itertext()), "".join(b.itertext()))
    for text, extent in drawing.texts:
        assert drawing.all.holds(extent), "".join(text.itertext())
        assert all(box.holds(extent) or not box.meets(extent) for box in drawing.boxes), "".join(text.itertext())


def test_a_drawing_says_what_it_is_and_needs_nothing_else(drawing):
    assert drawing.root.find(f"{SVG}title").text
    assert drawing.root.find(f"{SVG}desc").text
    assert not re.search(r"var\(|light-dark|foreignObject|baseline|<script|@import", drawing.svg)
    assert set(re.findall(r"https?://[^\"]*", drawing.svg)) == {"http://www.w3.org/2000/svg"}
    marks = {marker.get("id") for marker in drawing.root.iter(f"{SVG}marker")}
    assert {line.get("marker-end") for line in drawing.lines} <= {f"url(#{mark})" for mark in marks}


@pytest.mark.no_cover
@pytest.mark.parametrize(("draw", "given"), ALL.values(), ids=ALL)
def test_a_drawing_is_the_same_every_time(draw, given):
    assert draw(given) == draw(given)


def test_typst_draws_it(tmp_path):
    typst = pytest.importorskip("typst")
    (tmp_path / "graph.svg").write_text(backward(2), encoding="utf-8")
    page = tmp_path / "page.typ"
    page.write_text('#image("graph.svg")', encoding="utf-8")
    assert typst.compile(page, format="pdf").startswith(b"%PDF")

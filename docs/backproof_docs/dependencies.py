"""Theorems → those that use them, names → what is computed from them: a layered graph, as SVG."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate, combinations, cycle, pairwise
from statistics import mean

from backproof_docs.drawing import EDGE, TREES, WORD, Drawing

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
    about = "Arrows lead from each theorem to those that use it, left to right."
    return drawn(Drawing("What theorems rest on", about, width=640), uses)


def drawn(drawing: Drawing, uses: Mapping[str, Sequence[str]]) -> str:
    """The same in a drawing that has a title, of whatever uses what."""
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


def _layered(drawing: Drawing, paths: Mapping[tuple[str, str], Sequence[_Node]], boxes: Collection[_Node]) -> None:
    """Theorems in columns; their arrows are level within a column, and curved between columns."""
    nodes = list(dict.fromkeys(node for path in paths.values() for node in path))
    edges = list(dict.fromkeys(edge for path in paths.values() for edge in pairwise(path)))
    size = {node: _size(node[0]) if node in boxes else (0.0, 0.0) for node in nodes}
    columns = [[node for node in nodes if node[1] == c] for c in range(len({c for _, c in nodes}))]
    y = _heights(_untangled(columns, edges), edges, {node: height for node, (_, height) in size.items()})

    left, right = [float(EDGE)], []
    for c, each in enumerate(columns):
        right.append(left[c] + max(size[node][0] for node in each))
        left.append(right[c] + 40 + 1.5 * sum(a[1] == c for a, _ in edges))
    ports: dict[_Edge, float] = {}
    for node in nodes:
        arriving = sorted((edge for edge in edges if edge[1] == node), key=lambda edge: y[edge[0]])
        for k, edge in enumerate(arriving):
            ports[edge] = y[node] + (k - (len(arriving) - 1) / 2) * min(9, size[node][1] / len(arriving))

    trees = dict(zip(dict.fromkeys(stem for stem, _ in paths), cycle(TREES), strict=False))
    for (stem, user), path in paths.items():
        curves = []
        for a, b in pairwise(path):
            turn = (right[a[1]] + left[b[1]]) / 2
            curves.append([(right[a[1]], y[a]), (turn, y[a]), (turn, ports[a, b]), (left[b[1]], ports[a, b])])
        drawing.curve(trees[stem], curves, f"{stem} → {user}")
    for node in nodes:
        if node in boxes:
            drawing.theorem(left[node[1]], y[node], right[node[1]] - left[node[1]], _words(node[0]))
    drawing.width = max([drawing.width, *(x + EDGE for x in right)])
    drawing.height = max((y[node] + size[node][1] / 2 for node in nodes), default=0) + EDGE


def _alone(drawing: Drawing, stems: Sequence[str]) -> None:
    """Theorems that use none and that none uses, in rows of their own."""
    if not stems:
        return
    drawing.text(EDGE, drawing.height + 20, "start", "note", "These use none of the others, and none uses them:")
    x, y = float(EDGE), drawing.height + 55
    for stem in stems:
        width, _ = _size(stem)
        if x + width > drawing.width - EDGE:
            x, y = float(EDGE), y + 55
        drawing.theorem(x, y, width, _words(stem))
        x += width + _APART
    drawing.height = y + 25 + EDGE


def _words(stem: str) -> list[str]:
    """A stem in one line, a long one in two."""
    operation, dot, rest = stem.partition(".")
    return [operation, dot + rest] if len(stem) > _LONG and rest else [stem]


def _size(stem: str) -> tuple[float, float]:
    """How wide and how tall the box of a theorem is."""
    words = _words(stem)
    return _LETTER * max(map(len, words)) + 20, 14 + WORD * len(words)


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
    top = min((y[node] - tall[node] / 2 for node in y), default=0) - EDGE
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

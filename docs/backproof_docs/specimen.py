"""A small example of an operation, the same every time: its explicit Jacobian drawn, and how well it is computed there.

Every value is a multiple of 1/8 or 1/16 and at most 2, so that each number format holds it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import prod
from random import Random

from mpmath import mp

from backproof_docs.dependencies import drawn
from backproof_docs.drawing import EDGE, Box, Drawing
from backproof_spec.language import exact, proving
from backproof_spec.language.evaluating import Evaluation, Place, Tensor
from backproof_spec.language.functions import Number, real
from backproof_spec.language.naming import shown
from backproof_spec.language.reverse import derived
from backproof_spec.language.rounding import BITS, Rounded, rounded
from backproof_spec.language.syntax import Argument, Definition, names
from backproof_spec.language.using import forward
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import Arithmetic

FORMATS = ("float64", "float32", "bfloat16", "float16")
_SEEDS, _ROWS, _COLUMNS = range(100), 36, 64
"""Examples that are drawn, and the most entries of the outputs and of the arguments in the one that is kept."""
_LIVE = 2.0**-20
"""What is no larger may as well be 0: where a softmax saturates nothing is seen of its derivatives."""
_DIGITS = BITS // 3
"""What is smaller than its bound by so many bits is 0, but for the precision at which it is computed."""
_SMALLEST, _LARGEST, _WIDE = 8, 22, 560
"""Pixels that a cell of the Jacobian measures, and about how many all of it does."""
_GAP, _ABOVE, _LETTER = 14, 26, 9
"""Pixels between the arguments, over them, and of a letter."""


@dataclass(frozen=True)
class Specimen:
    """An operation, every gradient of which has a formula, at an example."""

    operation: Operation
    given: Evaluation[Number]

    # --- the Jacobian ---

    @cached_property
    def slopes(self) -> Mapping[str, Mapping[Place, Mapping[tuple[str, Place], Number]]]:
        """Of each output the partial derivatives of each entry that are not 0."""
        return {name: exact.jacobian(self.given, name) for name in self.operation.outputs}

    def shape(self, name: str) -> tuple[int, ...]:
        """Of an argument or output, here."""
        return tuple(self.given.sizes[dim] for dim in self.operation.shapes[name])

    def jacobian(self) -> str:
        """∂vec of every output, below each other, by vec of every argument, side by side, as an SVG of signs."""
        takes = [each.name for each in self.operation.differentiated]
        rows, columns = (sum(prod(self.shape(each)) for each in of) for of in (self.operation.outputs, takes))
        size = max(_SMALLEST, min(_LARGEST, _WIDE // max(rows, columns, 1)))
        about = f"{rows} × {columns} entries; rows and columns are in the order of vec. Blank is 0."
        drawing = Drawing(f"The Jacobian of {self.operation.name}", about, width=0)
        aside = EDGE + max(_LETTER * len(each + self._sizes(each)) for each in self.operation.outputs)
        left, top = (self._placed(of, size, start) for of, start in ((takes, aside), (self.operation.outputs, _ABOVE)))
        for output, y in top.items():
            height = size * prod(self.shape(output))
            drawing.text(aside - 10, y + min(height / 2, 60) + 5, "end", "quantity", output, f" {self._sizes(output)}")
            for name, x in left.items():
                drawing.boxes.append(Box(x, y, size * prod(self.shape(name)), height))
            for at, slopes in self.slopes[output].items():
                for (name, by), slope in slopes.items():
                    row, column = self._number(output, at), self._number(name, by)
                    cell = Box(left[name] + size * column + 0.5, y + size * row + 0.5, size - 1, size - 1)
                    says = f"∂{_entry(output, at)}/∂{_entry(name, by)} = {mp.nstr(real(slope), 6)}"
                    drawing.cells.append((cell, "plus" if slope > 0 else "minus", says))
        for name, x in left.items():
            drawing.text(x, _ABOVE - 8, "start", "quantity", name, f" {self._sizes(name)}")
        drawing.width = max(box.x + box.width for box in drawing.boxes) + EDGE + 40
        drawing.height = max(box.y + box.height for box in drawing.boxes) + EDGE
        return drawing.svg()

    def _placed(self, tensors: Iterable[str], size: int, start: float) -> dict[str, float]:
        """Where each begins; names and shapes have room, too."""
        found: dict[str, float] = {}
        for name in tensors:
            found[name] = start
            start += max(size * prod(self.shape(name)), 24 + _LETTER * len(name + self._sizes(name))) + _GAP
        return found

    def _sizes(self, name: str) -> str:
        return "×".join(map(str, self.shape(name))) or "scalar"

    def _number(self, name: str, place: Place) -> int:
        """Of an entry in vec: the first index runs fastest."""
        number, stride = 0, 1
        for k, size in zip(place, self.shape(name), strict=True):
            number, stride = number + k * stride, stride * size
        return number

    # --- rounding ---

    def bounds(self, dtype: str, ways: tuple[Definition, ...] | None = None) -> dict[str, list[Rounded]]:
        """Of each output and gradient, by its formula, its entries with their bounds; ``ways``: those admitted."""
        operation = self.operation if ways is None else replace(self.operation, ways=ways)
        with mp.workprec(BITS):
            at = rounded(replace(self.given, operation=operation, known={}), Arithmetic.of(dtype))
            found = {name: _entries(partial(at.tensor, name)) for name in operation.outputs}
            for each in operation.gradients:
                if each.claimed is not None:
                    found[f"d{each.name}"] = _entries(partial(at.entries, each.claimed, each.indices))
        return found

    def accuracy(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Of each output and gradient the median of bound ÷ |value| over its entries, in each format."""
        columns = [self.bounds(dtype) for dtype in FORMATS]
        for name in columns[0]:
            yield name, tuple(_median(column[name]) for column in columns)

    def cost(self, way: Definition) -> float:
        """By how much this other way to compute a name widens a bound at most, in float64."""
        without, with_it = self.bounds("float64", ()), self.bounds("float64", (way,))
        pairs = ((a, b) for name, entries in without.items() for a, b in zip(entries, with_it[name], strict=False))
        return max((float(b.error / a.error) for a, b in pairs if a.error), default=1.0)


def specimen(operation: Operation) -> Specimen | None:
    """The most telling of the first examples that are off every kink and small enough to be drawn; None of none."""
    whole, best, found = derived(operation), _NO, None
    for seed in _SEEDS:
        with mp.workprec(BITS), suppress(ArithmeticError):
            given = proving.drawn(whole, Random(seed))  # noqa: S311 - examples, no secrets
            if given is None or (rank := _rank(it := Specimen(whole, given))) < best[:3]:
                continue
            for output in whole.outputs:
                exact.jets(given, strict=True).tensor(output)
            every = (each for of in it.slopes.values() for at in of.values() for each in at.values())
            live = sum(abs(slope) > _LIVE for slope in every)
            if (*rank, live) > best:
                best, found = (*rank, live), it
    return found


_NO = (1, 0, 0, 0)


def _rank(it: Specimen) -> tuple[int, int, int]:
    """How many dimensions have more than one entry, whether parameters have their defaults, and how many sizes differ.

    0 where the Jacobian is too large, or empty.
    """
    rows, columns = (
        sum(prod(it.shape(name)) for name in of)
        for of in (it.operation.outputs, [each.name for each in it.operation.differentiated])
    )
    if not 0 < rows <= _ROWS or not 0 < columns <= _COLUMNS:
        return (0, 0, 0)
    sizes = it.given.sizes.values()
    usual = all(it.given.parameters[each.name] == each.choices[0] for each in it.operation.parameters)
    return 1 + sum(size > 1 for size in sizes), int(usual), len({*sizes})


def _entries(of: Callable[[], Tensor[Rounded]]) -> list[Rounded]:
    """None where one has no bound, as where what is divided by may be 0."""
    try:
        return list(of().values())
    except ArithmeticError:
        return []


def _median(entries: list[Rounded]) -> str:
    if not entries or not all(each.fine for each in entries):
        return "uncertified"
    seen = [each for each in entries if abs(each.value) > mp.ldexp(each.error, -_DIGITS)]
    ratios = [float(each.error / abs(each.value)) for each in seen]
    if not ratios:
        return "—"
    return f"{statistics.median(ratios):.1e}" if statistics.median(ratios) else "exact"


def _entry(name: str, place: Place) -> str:
    return shown(name, [str(k) for k in place])


def graph(operation: Operation) -> str:
    """What is computed from what, left to right: arguments, every name that the outputs rest on, and the outputs."""
    tensors: tuple[Argument | Definition, ...] = (*operation.arguments, *operation.definitions)
    labels = {each.name: labelled(operation, each) for each in tensors}
    uses = {
        labels[each.name]: [labels[name] for name in sorted(names(each.body)) if name in labels]
        for each in forward(operation)
    }
    about = "Arrows lead from each tensor to those that are computed from it."
    return drawn(Drawing(f"The computation of {operation.name}", about, width=0), uses)


def labelled(operation: Operation, tensor: Argument | Definition) -> str:
    """``Y[s,i]``: an index that an operation within this one had named is called as it is here."""
    return shown(tensor.name, [operation.dimension[i] if "_" in i else i for i in tensor.indices])

"""The entries of tensors in NumPy, at whatever places, and the whole numbers that these are made of.

A tensor is itself where all its places are indices; other places are gathered, 0 outside. What is added, multiplied
and divided is written here for whole numbers and others alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backproof_spec.language.numpy_arrays import Array, Kind, Level, call, einsum, made, scalar, transposed
from backproof_spec.language.syntax import (
    Add,
    Divide,
    Entry,
    Index,
    Multiply,
    Negate,
    Node,
    Number,
    Size,
    free,
)
from backproof_spec.language.text import numeral
from backproof_spec.operation import Operation


@dataclass
class Entries:
    """What entries and whole numbers are in Python.

    ``names``: of tensors and parameters in Python; ``sizes``: of dimensions; ``kinds``: of names that are defined.

    ``order``: the axes of the statement that is written; ``dtype``: that of the arguments; ``name``: a new name;
    ``ranges``: the numbers of indices that are used, by index and whether they are of that dtype.
    """

    operation: Operation
    names: Mapping[str, str]
    sizes: Mapping[str, Array]
    dtype: str
    name: Callable[[str], str]
    ranges: dict[tuple[str, bool], str] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def size(self, index: str) -> Array:
        """How many values an index has."""
        return self.sizes[self.operation.dimension[index]]

    def _sorted(self, *axes: Sequence[str]) -> tuple[str, ...]:
        """The axes together, in the order of the statement."""
        return tuple(sorted({axis for each in axes for axis in each}, key=self.order.index))

    # --- numbers ---

    def constant(self, node: Node) -> Array:
        """A number, a size or a parameter: a number of Python."""
        match node:
            case Number(value) if value < 0:
                return self._minus(self.constant(Number(-value)))
            case Number(value):
                text = numeral(value, decimal=node.decimal)
                return scalar(text, Level.PRODUCT if "/" in text else Level.ATOM)
            case Size(index):
                return self.size(index)
            case Entry(name):
                return scalar(self.names[name])
        msg = f"{node!r} is no constant"
        raise TypeError(msg)

    def _range(self, index: str, *, number: bool) -> str:
        """The name of the numbers of an index."""
        if (index, number) not in self.ranges:
            self.ranges[index, number] = self.name(index)
        return self.ranges[index, number]

    def number(self, array: Array) -> Array:
        """Truth values as 0 and 1, whole numbers as such, in the dtype of the arguments."""
        if array.kind in {Kind.BOOL, Kind.WHOLE}:
            return made(lambda axes: f"{array.beside(axes, Level.ATOM)}.astype({self.dtype})", array.axes)
        return array

    def whole(self, node: Node) -> Array:
        """An expression of whole numbers."""
        match node:
            case Index(name):
                return Array(self._range(name, number=False), axes=(name,), kind=Kind.WHOLE)
            case Entry(name, places) if self.operation.argument(name) is not None:
                return replace(self._places(self.names[name], node, places), kind=Kind.WHOLE)
            case Number() | Size() | Entry():
                return self.constant(node)
        return self._combined(node, self.whole)

    @staticmethod
    def _minus(array: Array) -> Array:
        return made(lambda axes: f"-{array.beside(axes, Level.SIGNED)}", array.axes, Level.SIGNED, array.kind)

    def _combined(self, node: Node, of: Callable[[Node], Array]) -> Array:
        """a + b, a − b, a·b, a/b and −a."""
        match node:
            case Negate(argument):
                found = of(argument)
                return self._minus(self.number(found) if found.kind is Kind.BOOL else found)
            case Add(left, Negate(right)):
                return self._two(" - ", of(left), of(right), Level.SUM)
            case Add(left, right):
                return self._two(" + ", of(left), of(right), Level.SUM)
            case Multiply(left, right):
                return self._two("*", of(left), of(right), Level.PRODUCT)
            case Divide(left, right, whole):
                return self._two("//" if whole else "/", of(left), of(right), Level.PRODUCT)
        msg = f"{node!r} is nothing that NumPy computes"
        raise TypeError(msg)

    def _two(self, sign: str, a: Array, b: Array, level: Level) -> Array:
        """Two arrays side by side; truth values are numbers, but in a product with an array."""
        if Kind.BOOL in {a.kind, b.kind} and (sign != "*" or Kind.SCALAR in {a.kind, b.kind}):
            a, b = self.number(a), self.number(b)
        kinds = {a.kind, b.kind}
        kind = next(each for each in (Kind.FLOAT, Kind.WHOLE, Kind.BOOL, Kind.SCALAR) if each in kinds)
        return made(
            lambda axes: f"{a.beside(axes, level)}{sign}{b.beside(axes, Level(level + 1))}",
            self._sorted(a.axes, b.axes),
            level,
            kind,
        )

    # --- entries ---

    def entry(self, node: Entry) -> Array:
        """A tensor at its places, or a parameter."""
        name = self.names[node.name]
        if self.operation.parameter(node.name) is not None:
            return scalar(name)
        argument = self.operation.argument(node.name)
        if argument is not None and argument.kind == "index":
            return self.number(self.whole(node))
        return replace(self._places(name, node, node.places), kind=self.kinds.get(node.name, Kind.FLOAT))

    def _places(self, name: str, node: Entry, places: tuple[Node, ...]) -> Array:
        """A tensor at its places: whole, or gathered."""
        raw = self.raw(name, places)
        if raw is None:
            raw = self._gathered(name, node) if self._apart(places) else self._together(name, node)
        if len({*raw[1]}) < len(raw[1]):
            axes = self._sorted(raw[1])
            return Array(einsum([raw], axes), axes=axes)
        return transposed(Array(raw[0], axes=raw[1]), self._sorted(raw[1]))

    @staticmethod
    def raw(name: str, places: Sequence[Node]) -> tuple[str, tuple[str, ...]] | None:
        """The tensor with its axes, where all its places are indices."""
        axes = tuple(place.name for place in places if isinstance(place, Index))
        return (name, axes) if len(axes) == len(places) else None

    @staticmethod
    def _apart(places: Sequence[Node]) -> bool:
        """Has each place indices of its own?"""
        return len(frozenset[str]().union(*map(free, places))) == sum(len(free(place)) for place in places)

    def _inside(self, node: Entry, axis: int) -> bool:
        """Is the place within the tensor, whatever the values are?"""
        place = node.places[axis]
        below = self.operation.looked_up(place.name) if isinstance(place, Entry) else ""
        known = isinstance(place, Entry) and self.raw("", place.places) is not None
        return isinstance(place, Index) or (known and below == self.operation.shapes[node.name][axis])

    def _gathered(self, name: str, node: Entry) -> tuple[str, tuple[str, ...]]:
        """One axis after the other."""
        text, axes = name, list[str]()
        for axis, place in enumerate(node.places):
            if isinstance(place, Index):
                axes.append(place.name)
                continue
            at = self.whole(place)
            if not self._inside(node, axis):
                text = call("_take", text, at.text, axis=len(axes))
            elif axes:
                text = call("np.take", text, at.text, axis=len(axes))
            else:
                text = f"{text}[{at.text}]"
            axes += at.axes
        return text, tuple(axes)

    def _together(self, name: str, node: Entry) -> tuple[str, tuple[str, ...]]:
        """All axes at once, as some of their places have an index in common."""
        places = [self.whole(place) for place in node.places]
        axes = self._sorted(*(place.axes for place in places))
        texts = [place.beside(axes, Level.COMPARED) for place in places]
        if all(self._inside(node, axis) for axis in range(len(places))):
            return f"{name}[{', '.join(texts)}]", axes
        return call("_entries", name, *texts), axes

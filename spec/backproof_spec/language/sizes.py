"""The size of every index, from the shapes of the arguments and the lines ``where``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from backproof_spec.language.syntax import Entry, Node, Size, Supposition
from backproof_spec.language.whole import COMPARED, Whole, compiled
from backproof_spec.operation import Operation

Parameters = Mapping[str, Fraction]


class Misfit(ValueError):
    """Shapes that do not fit each other: what, got, expected."""


def sizes(operation: Operation, shapes: Mapping[str, tuple[int, ...]], parameters: Parameters) -> dict[str, int]:
    """The size of each dimension, by the index that stands for it. Raises ``Misfit``."""
    found: dict[str, int] = {}
    said: dict[str, str] = {}
    for argument in operation.arguments:
        name, shape, dims = argument.name, shapes[argument.name], operation.shapes[argument.name]
        got = f"{operation.name}: {name} has shape {shape}"
        if len(shape) != len(dims):
            msg = f"{got}, expected {len(dims)} dimensions: {name}[{', '.join(argument.indices)}]"
            raise Misfit(msg)
        for index, size, dim in zip(argument.indices, shape, dims, strict=True):
            if found.setdefault(dim, size) != size:
                msg = f"{got}, expected size({index}) = {found[dim]}, as in {said[dim]}"
                raise Misfit(msg)
            said.setdefault(dim, name)
    for each in operation.where:
        _tie(operation, each, found, parameters)
    return found


def _tie(operation: Operation, each: Supposition, found: dict[str, int], parameters: Parameters) -> None:
    """A size that is said, or a demand on sizes that are known."""
    right, said = value(each.right, operation, found, parameters), f"{operation.name}, line {each.at[0]}"
    if isinstance(each.left, Size) and operation.dimension[each.left.index] not in found and each.relation == "=":
        if right < 0:
            msg = f"{said}: size({each.left.index}) would be {right}: the arguments are too small"
            raise Misfit(msg)
        found[operation.dimension[each.left.index]] = right
        return
    left = value(each.left, operation, found, parameters)
    if not COMPARED[each.relation](left, right):
        msg = f"{said}: expected {left} {each.relation} {right}"
        raise Misfit(msg)


def value(node: Node, operation: Operation, found: Mapping[str, int], parameters: Parameters) -> int:
    """The value of an expression of sizes, parameters and whole numbers."""

    def size(index: str) -> int:
        if operation.dimension[index] not in found:
            msg = f"{operation.name}: size({index}) is used before it is known"
            raise Misfit(msg)
        return found[operation.dimension[index]]

    def parameter(entry: Entry, _: tuple[Whole, ...]) -> Whole:
        if parameters[entry.name].denominator != 1:
            msg = f"{operation.name}: {entry.name} = {parameters[entry.name]}, expected a whole number: it ties sizes"
            raise Misfit(msg)
        return lambda _: int(parameters[entry.name])

    try:
        return compiled(node, size, parameter)({})
    except ZeroDivisionError:
        msg = f"{operation.name}: a size is divided by 0"
        raise Misfit(msg) from None

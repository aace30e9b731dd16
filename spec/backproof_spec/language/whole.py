"""Whole numbers: sizes, indices, and the places that are made of them, with what they are compared by."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from backproof_spec.language.syntax import Add, Divide, Entry, Index, Multiply, Negate, Node, Number, Size, children
from backproof_spec.operation import Operation

At = Mapping[str, int]
"""The values of indices."""
Whole = Callable[[At], int]

COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The relations, by how they are written."""


def is_whole(node: Node, operation: Operation) -> bool:
    """Is it made of indices, sizes, whole numbers, parameters and arguments of whole numbers alone?"""
    match node:
        case Number(value):
            return value.denominator == 1
        case Entry(name, places):
            parameter, argument = operation.parameter(name), operation.argument(name)
            if parameter is not None:
                return all(value.denominator == 1 for value in parameter.choices)
            return argument is not None and argument.kind == "index" and all(is_whole(p, operation) for p in places)
        case Add(left, right) | Multiply(left, right) | Divide(left, right, True):
            return is_whole(left, operation) and is_whole(right, operation)
        case Negate(argument):
            return is_whole(argument, operation)
    return isinstance(node, Index | Size)


_TWO: dict[type[Node], Callable[[int, int], int]] = {
    Add: operator.add,
    Multiply: operator.mul,
    Divide: operator.floordiv,
}


def compiled(node: Node, size: Callable[[str], int], number: Callable[[Entry, tuple[Whole, ...]], Whole]) -> Whole:
    """The expression as a function of the values of its indices; ``number``: what an entry is, given its places."""
    inside = tuple(compiled(each, size, number) for each in children(node))
    match node:
        case Index(name):
            return operator.itemgetter(name)
        case Entry():
            return number(node, inside)
        case Negate():
            return lambda at: -inside[0](at)
        case Add() | Multiply() | Divide():
            function, (a, b) = _TWO[type(node)], inside
            return lambda at: function(a(at), b(at))
    value = int(node.value) if isinstance(node, Number) else size(node.index) if isinstance(node, Size) else None
    if value is None:
        msg = f"{node!r} is no whole number"
        raise TypeError(msg)
    return lambda _: value

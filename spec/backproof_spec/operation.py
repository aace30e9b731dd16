"""An operation, as it was defined: what it takes, what it gives, and what is claimed of its gradients.

``language.reading.read`` makes one from text; every interpreter of ``language`` reads one. Nothing else is said of an
operation anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from backproof_spec.language.kinds import KINDS
from backproof_spec.language.syntax import (
    Argument,
    Definition,
    Entry,
    Gradient,
    Index,
    Node,
    Parameter,
    Reduce,
    Supposition,
    walk,
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``dimension``: of each index, the index that stands for all of the same size; ``shapes``: of each tensor, these.

    ``where``: what ties sizes; ``ways``: other ways to compute a name (``computed also``). The operations that it is
    made of are written out in it. A statement has no outputs, and its arguments are what it does not define;
    ``maps``: the tensor Z of each of its maps f(Z).
    """

    name: str
    title: str
    arguments: tuple[Argument, ...]
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[str, ...] = ()
    where: tuple[Supposition, ...] = ()
    suppositions: tuple[Supposition, ...]
    definitions: tuple[Definition, ...]
    gradients: tuple[Gradient, ...] = ()
    ways: tuple[Definition, ...] = ()
    dimension: Mapping[str, str]
    shapes: Mapping[str, tuple[str, ...]]
    maps: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Of all that is said of it: what it is known by where it is sent."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @cached_property
    def loops(self) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        """The indices of all that is defined or claimed, and those of each reduction in it."""
        lines: list[tuple[tuple[str, ...], Node]] = [(each.indices, each.body) for each in self.definitions]
        lines += [(each.indices, each.claimed) for each in self.gradients if each.claimed is not None]
        return [(indices, [each.indices for each in walk(body) if isinstance(each, Reduce)]) for indices, body in lines]

    @property
    def differentiated(self) -> tuple[Argument, ...]:
        """The arguments by which there is a gradient, in their order."""
        return tuple(each for each in self.arguments if KINDS[each.kind].differentiated)

    def argument(self, name: str) -> Argument | None:
        """The argument of this name."""
        return next((each for each in self.arguments if each.name == name), None)

    def looked_up(self, name: str) -> str:
        """The dimension that an index argument of this name holds places of; empty of any other name."""
        argument = self.argument(name)
        return self.dimension[argument.below] if argument and argument.below else ""

    def finds(self, place: Entry) -> bool:
        """Is there a number at a place of an index argument, whatever the sizes and the values are?"""
        return bool(self.looked_up(place.name)) and all(
            isinstance(each, Index)
            or (isinstance(each, Entry) and self.looked_up(each.name) == dim and self.finds(each))
            for each, dim in zip(place.places, self.shapes[place.name], strict=True)
        )

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of this name."""
        return next((each for each in self.parameters if each.name == name), None)

    def definition(self, name: str) -> Definition | None:
        """The definition of this name."""
        return next((each for each in self.definitions if each.name == name), None)

    @property
    def cotangents(self) -> dict[str, str]:
        """The name of the cotangent of each output: dY of Y."""
        return {f"d{name}": name for name in self.outputs}

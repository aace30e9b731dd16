"""An operation within another one: its definitions under names of their own, in the other's tensors and sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from backproof_spec.language.syntax import Definition, Entry, Index, Node, Reduce, Size, Supposition, names, rebuilt
from backproof_spec.operation import Operation


@dataclass(frozen=True)
class Renaming:
    """Other names for the tensors and indices of an expression, and expressions for its parameters."""

    names: Mapping[str, str]
    parameters: Mapping[str, Node]
    indices: Mapping[str, str]

    def __call__(self, node: Node) -> Node:
        """The expression, renamed."""
        if isinstance(node, Entry) and node.name in self.parameters:
            return self.parameters[node.name]
        new = rebuilt(node, self)
        match new:
            case Entry(name):
                return replace(new, name=self.names[name])
            case Index(name):
                return replace(new, name=self.indices[name])
            case Size(index):
                return replace(new, index=self.indices[index])
            case Reduce():
                return replace(new, indices=self.places(new.indices))
        return new

    def places(self, indices: tuple[str, ...]) -> tuple[str, ...]:
        """Indices, renamed."""
        return tuple(self.indices[each] for each in indices)

    def definition(self, each: Definition) -> Definition:
        """A definition, renamed."""
        return replace(each, name=self.names[each.name], indices=self.places(each.indices), body=self(each.body))

    def supposition(self, each: Supposition) -> Supposition:
        """What is supposed, renamed."""
        return replace(each, left=self(each.left), right=self(each.right))


def forward(used: Operation) -> tuple[Definition, ...]:
    """The definitions that its outputs rest on: those that the claimed gradients need alone are left out."""
    return needed(used.definitions, used.outputs)


def needed(definitions: Sequence[Definition], rest: Iterable[str]) -> tuple[Definition, ...]:
    """The definitions that some names rest on."""
    wanted, found = {*rest}, list[Definition]()
    for each in reversed(definitions):
        if each.name in wanted:
            found.append(each)
            wanted |= names(each.body)
    return tuple(reversed(found))


def renaming(
    used: Operation, tensors: Mapping[str, str], outputs: tuple[str, ...], parameters: Mapping[str, Node]
) -> Renaming:
    """``tensors``: by the names of its arguments. What is neither argument nor output gets the first output's name."""
    renamed = {**tensors, **dict(zip(used.outputs, outputs, strict=True))}
    renamed |= {each.name: f"{outputs[0]}_{each.name}" for each in used.definitions if each.name not in renamed}
    return Renaming(renamed, parameters, {index: f"{index}_{outputs[0]}" for index in used.dimension})

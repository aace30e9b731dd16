"""Letters for indices: new ones where an expression is moved among others, so that none is bound by the wrong sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from backproof_spec.language.syntax import Index, Node, Reduce, Size, rebuilt, walk
from backproof_spec.operation import Operation


def letters(*nodes: Node) -> frozenset[str]:
    """All indices in some expressions, those that are bound among them."""
    parts = [part for node in nodes for part in walk(node)]
    bound = {i for part in parts if isinstance(part, Reduce) for i in part.indices}
    return frozenset(bound | {part.name for part in parts if isinstance(part, Index)})


def binds(node: Node) -> bool:
    """Is it a reduction whose indices mean nothing outside of it?"""
    return isinstance(node, Reduce) and node.reduction != "softmax"


@dataclass
class Letters:
    """The letters of an operation; ``dimension`` grows by those that are added; ``taken``: what is no new letter."""

    operation: Operation
    dimension: dict[str, str] = field(init=False)
    taken: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Those that there are."""
        operation = self.operation
        self.dimension = dict(operation.dimension)
        self.taken = {*operation.shapes, *operation.dimension, *(each.name for each in operation.parameters)}

    def name(self, like: str) -> str:
        """A new name, with a number where there is this one."""
        found = next(each for k in count() if (each := f"{like}{k or ''}") not in self.taken)
        self.taken.add(found)
        return found

    def other(self, like: str, used: Iterable[str]) -> str:
        """Another index of the same size: one of the operation that is not used, or a new one."""
        size, used = self.dimension[like], set(used)
        found = next((each for each, of in self.dimension.items() if of == size and each not in used), None)
        if found is None:
            found = self.name(f"{like}1")
            self.dimension[found] = size
        return found

    def sizes(self, indices: Iterable[str]) -> list[Node]:
        """How many values each has, by the index that stands for all of its size."""
        return [Size(self.dimension[index]) for index in indices]

    def renamed(self, node: Node, to: Mapping[str, str]) -> Node:
        """The expression with other letters for its free indices."""
        if isinstance(node, Index):
            return replace(node, name=to.get(node.name, node.name))
        if not isinstance(node, Reduce):
            return rebuilt(node, lambda each: self.renamed(each, to))
        if binds(node):
            to = {i: j for i, j in to.items() if i not in node.indices}
            for i in set(node.indices) & set(to.values()):
                to[i] = self.other(i, letters(node) | set(to.values()))
        return replace(node, indices=tuple(to.get(i, i) for i in node.indices), body=self.renamed(node.body, to))

    def apart(self, node: Node, used: set[str], *, siblings: bool) -> Node:
        """The expression with other letters for the indices that it binds and that are ``used``.

        ``siblings``: no two sums, though none is in the other, bind the same letter; all become ``used``.
        """
        if not isinstance(node, Reduce) or not binds(node):
            return rebuilt(node, lambda each: self.apart(each, used, siblings=siblings))
        used = used if siblings else set(used)
        to: dict[str, str] = {}
        for i in node.indices:
            to[i] = self.other(i, used | letters(node)) if i in used else i
            used.add(to[i])
        body = self.apart(self.renamed(node.body, to), used, siblings=siblings)
        return replace(node, indices=tuple(to.values()), body=body)

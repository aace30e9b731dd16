"""Where a node of an expression stands, which decides what may stand in its place: see ``rewriting``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backproof_spec.language.letters import Letters, letters
from backproof_spec.language.syntax import Bracket, Entry, Index, Node, Reduce, free, rebuilt
from backproof_spec.operation import Operation


@dataclass(frozen=True)
class Place:
    """Where a node stands: ``outer``: the indices that mean something there; ``alike``: tensors by their shapes.

    ``counted``: it is in a place of a tensor, or in a comparison.
    """

    operation: Operation
    letters: Letters
    outer: tuple[str, ...]
    alike: Mapping[tuple[str, ...], tuple[str, ...]]
    counted: bool = False

    def size(self, index: str) -> str:
        """The index that stands for all of the same size."""
        return self.letters.dimension[index]

    def same(self, index: str) -> list[str]:
        """The outer indices that have as many values."""
        return [each for each in self.outer if each != index and self.size(each) == self.size(index)]

    def other(self, index: str, *nodes: Node) -> str:
        """Another index of the same size, that means nothing yet."""
        return self.letters.other(index, {*self.outer, *letters(*nodes)})

    def at(self, node: Node, index: str, value: Node) -> Node:
        """The expression at this value of one of its indices."""
        match node:
            case Index(name):
                return value if name == index else node
            case Reduce() if node.reduction != "softmax":
                if index in node.indices:
                    return node
                node = self.letters.apart(node, {*free(value)}, siblings=False)
        return rebuilt(node, lambda each: self.at(each, index, value))

    def inside(self, node: Node) -> Place:
        """Where the parts of a node stand."""
        if isinstance(node, Reduce) and node.reduction != "softmax":
            return replace(self, outer=(*self.outer, *node.indices))
        return replace(self, counted=True) if isinstance(node, Entry | Bracket) else self

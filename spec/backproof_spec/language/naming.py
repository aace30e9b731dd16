"""The names of an operation: tensors with their indices, and which indices are of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backproof_spec.language.dimensions import Dimensions
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.parsing import Malformed
from backproof_spec.language.syntax import (
    Apply,
    Bracket,
    Entry,
    Index,
    Mapped,
    Node,
    Position,
    Reduce,
    Size,
    children,
    free,
    rebuilt,
    walk,
)
from backproof_spec.language.vocabulary import instead, meant

_NODES = 20_000
"""The most nodes of all expressions of an operation together, those of the operations that it uses among them."""
_WORDS = {"size", "delta", "pi"}
"""Names that have a meaning already, beside the functions."""


def shown(name: str, indices: Sequence[str]) -> str:
    """X[s,i], or x."""
    return f"{name}[{','.join(indices)}]" if indices else name


def counted(number: int) -> str:
    """1 index, 2 indices."""
    return f"{number} {'index' if number == 1 else 'indices'}"


def different(name: str, indices: tuple[str, ...], where: Position) -> tuple[str, ...]:
    """The indices of a tensor. Raises ``Malformed`` where one stands twice."""
    if len(set(indices)) < len(indices):
        raise Malformed(where, f"{shown(name, indices)}: an index stands twice")
    return indices


@dataclass
class Names:
    """``outputs``: those of the operation; ``defined``: the indices of all names that may be used by now."""

    outputs: tuple[str, ...] = ()
    defined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    letters: dict[str, None] = field(default_factory=dict)
    """The indices, in the order of the text."""
    dimensions: Dimensions = field(default_factory=Dimensions)
    nodes: int = 0

    def new(self, name: str, indices: tuple[str, ...], where: Position) -> None:
        """One name more."""
        if name in self.defined:
            raise Malformed(where, f"{name} is defined twice")
        if name in FUNCTIONS or name in _WORDS:
            raise Malformed(where, f"{name} has a meaning already: give this another name")
        self.defined[name] = indices
        self.dimensions.shaped(name, indices)

    def count(self, node: Node) -> None:
        """Refuse what is too large before anything is made of it."""
        self.nodes += sum(1 for _ in walk(node))
        if self.nodes > _NODES:
            raise Malformed(node.at, f"more than {_NODES:,} operators and names: define names for what is repeated")

    def resolved(self, node: Node, indices: Sequence[str] | None) -> Node:
        """The expression with indices told from tensors. ``indices``: those that may be free; None allows all."""
        self.count(node)
        for part in walk(node):
            if isinstance(part, Reduce):
                self.letters |= dict.fromkeys(part.indices)
        resolved = self._looked_up(node, places=False)
        _bound_once(resolved, frozenset(indices or ()))
        loose = free(resolved) - set(indices) if indices is not None else set()
        for part in walk(resolved):
            if isinstance(part, Index) and part.name in loose:
                raise Malformed(part.at, f"index {part.name} is neither on the left nor summed over")
        self.dimensions.read(resolved)
        return resolved

    def _looked_up(self, node: Node, *, places: bool) -> Node:
        if isinstance(node, Entry):
            return self._entry(node, places=places)
        if isinstance(node, Size) and node.index not in self.letters:
            raise Malformed(node.at, f"{node.index} is no index{meant(node.index, self.letters)}")
        if isinstance(node, Mapped):
            said = "f'(Z) is for statements: an operation is made of functions and of other operations"
            raise Malformed(node.at, said if node.slope else f"there is no function {node.map}{instead(node.map)}")
        return rebuilt(node, lambda each: self._looked_up(each, places=places))

    def _entry(self, node: Entry, *, places: bool) -> Node:
        shape = self.defined.get(node.name)
        if shape is None and node.name == "delta":
            return self._delta(node)
        if shape is None and node.name == "pi" and not node.places:
            return Apply("pi", (), at=node.at)
        if not node.places and node.name in self.letters and (places or shape is None or shape):
            return Index(node.name, at=node.at)
        if shape is None:
            raise self._undefined(node, places=places)
        if len(node.places) != len(shape):
            has = shown(node.name, shape) if shape else f"{node.name}, without indices"
            raise Malformed(node.at, f"{node.name} has {counted(len(node.places))} here, where it was {has}")
        return replace(node, places=tuple(self._looked_up(each, places=True) for each in node.places))

    def _undefined(self, node: Entry, *, places: bool) -> Malformed:
        output = node.name.removeprefix("d")
        if node.name in self.outputs:
            return Malformed(node.at, f"{node.name} is used before it is defined")
        if output in self.outputs:
            return Malformed(node.at, f"{node.name} is used before {output} is defined")
        known = {*self.defined, *(self.letters if places else ())}
        return Malformed(node.at, f"{node.name} is not defined{meant(node.name, known)}")

    def _delta(self, node: Entry) -> Node:
        if len(node.places) != len(("i", "j")):
            raise Malformed(node.at, "delta has two indices: delta[i,j]")
        left, right = (self._looked_up(each, places=True) for each in node.places)
        return Bracket("=", left, right, at=node.at)


def _bound_once(node: Node, bound: frozenset[str]) -> None:
    """Refuse an index that is bound where it has a meaning already; ``softmax_i`` is at i."""
    if isinstance(node, Reduce):
        twice = set(node.indices) & bound if node.reduction != "softmax" else set()
        if twice or len(set(node.indices)) < len(node.indices):
            index = min(twice or node.indices)
            raise Malformed(node.at, f"index {index} is bound twice: give it another name in {node.reduction}_{index}")
        bound |= set(node.indices)
    for each in children(node):
        _bound_once(each, bound)

"""Which indices are of one size: those that meet at one place of a tensor, or are compared by δ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backproof_spec.language.syntax import Bracket, Entry, Index, Node, walk


class Dimensions:
    """Classes of indices, and of the places of tensors; an index is ``("index", i)``, a place ``(X, 1)``."""

    def __init__(self) -> None:
        """Nothing is of one size yet."""
        self._same: dict[Any, Any] = {}

    def root(self, key: Any) -> Any:
        """What stands for a class."""
        while self._same.setdefault(key, key) != key:
            key = self._same[key]
        return key

    def join(self, a: Any, b: Any) -> None:
        """Both are of one size."""
        self._same[self.root(a)] = self.root(b)

    def shaped(self, name: str, indices: Sequence[str]) -> None:
        """A tensor has these indices."""
        for k, index in enumerate(indices):
            self.join(("index", index), (name, k))

    def read(self, node: Node) -> None:
        """All that an expression says."""
        for part in walk(node):
            if isinstance(part, Entry):
                for k, place in enumerate(part.places):
                    if isinstance(place, Index):
                        self.join(("index", place.name), (part.name, k))
            elif (
                isinstance(part, Bracket)
                and part.relation in {"=", "!="}
                and isinstance(part.left, Index)
                and isinstance(part.right, Index)
            ):
                self.join(("index", part.left.name), ("index", part.right.name))

    def standing(self, key: Any, order: Sequence[str]) -> str:
        """The first index, in this order, of those that are of one size with it."""
        root = self.root(key)
        return next(index for index in order if self.root(("index", index)) == root)

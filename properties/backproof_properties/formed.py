"""What definitions come to, of one operation's mutants at one example in one arithmetic: most are the same in all.

A definition comes to the same where its formulas, its sizes, and the definitions that it rests on are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.syntax import Definition, Reduce, Size, names, walk
from backproof_spec.operation import Operation

_MOST = 200_000
"""Entries that are kept of an example; of what is found after these each mutant has its own."""


class Formed:
    """What has been formed so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._numbers, self._found, self._entries = dict[Hashable, int](), dict[int, Any](), 0

    @contextmanager
    def shared(self, at: Evaluation[Any]) -> Iterator[None]:
        """What is known is taken from here, and what is found is kept.

        Definitions are formed in their order: from the first that is not known on, none is taken, for it may fail.
        """
        numbers = self._numbered(at.operation)
        for name, k in numbers.items():
            if k not in self._found:
                break
            at.known[name] = self._found[k]
        try:
            yield
        finally:
            for each in at.operation.definitions:
                if each.name in at.known and numbers[each.name] not in self._found and self._entries < _MOST:
                    self._found[numbers[each.name]] = at.known[each.name]
                    self._entries += prod(map(at.size, each.indices))

    def _numbered(self, operation: Operation) -> dict[str, int]:
        """The definitions, those of equal numbers coming to the same."""
        found = dict[str, int]()
        for each in operation.definitions:
            ways = (each, *(way for way in operation.ways if way.name == each.name))
            rests = {name: found.get(name) for way in ways for name in names(way.body)}
            sizes = {letter: operation.dimension.get(letter) for way in ways for letter in _letters(way)}
            content = ways, frozenset(rests.items()), frozenset(sizes.items())
            found[each.name] = self._numbers.setdefault(content, len(self._numbers))
        return found


def _letters(definition: Definition) -> Iterator[str]:
    yield from definition.indices
    for each in walk(definition.body):
        if isinstance(each, Reduce):
            yield from each.indices
        elif isinstance(each, Size):
            yield each.index

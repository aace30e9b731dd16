"""What definitions come to at one example, in one arithmetic: mutants of an operation have most of theirs in common.

A definition comes to the same where its formulas, its sizes, and the definitions that it rests on are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.syntax import Definition, Index, Reduce, Size, names, walk
from backproof_spec.operation import Operation


class Formed:
    """What has been formed so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._numbers, self._found = dict[Hashable, int](), dict[int, Any]()

    @contextmanager
    def shared(self, at: Evaluation[Any]) -> Iterator[None]:
        """What is known is taken from here, and what is found is kept."""
        numbers = self._numbered(at.operation)
        at.known.update({name: self._found[k] for name, k in numbers.items() if k in self._found})
        try:
            yield
        finally:
            self._found.update({numbers[name]: tensor for name, tensor in at.known.items()})

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
        elif isinstance(each, Index):
            yield each.name
        elif isinstance(each, Size):
            yield each.index

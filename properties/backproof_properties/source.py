"""Where choices come from: a seed, or Hypothesis, which makes smaller what fails. What is drawn is written once.

A thousand examples of a seed cost what fifty of Hypothesis do: it takes down each choice, to vary it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import hypothesis
from hypothesis import strategies as st

T = TypeVar("T")
CODE_BITS = 80
"""Of the integers of which numbers are made."""


class Unfit(Exception):
    """An example that says nothing of the claim, such as a kink: it is drawn anew."""


class Source(Protocol):
    """Choices, one after the other."""

    def of(self, options: Sequence[T]) -> T:
        """One of these; the first is the simplest."""

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""

    def codes(self, count: int) -> list[int]:
        """So many numbers of ``CODE_BITS`` bits."""


class Seed:
    """All from a seed: the same ones again, each as likely as any other."""

    def __init__(self, key: str | int) -> None:
        """The seed."""
        self._random = random.Random(key)  # noqa: S311 - test data, not secrets

    def of(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[int(self._random.random() * len(options))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        return self._random.randint(low, high)

    def codes(self, count: int) -> list[int]:
        """So many numbers of ``CODE_BITS`` bits."""
        return [self._random.getrandbits(CODE_BITS) for _ in range(count)]


class Smaller:
    """Hypothesis's choices: it leaves out and lowers what a failure does not need."""

    def __init__(self, draw: st.DrawFn) -> None:
        """What Hypothesis draws with."""
        self._draw = draw

    def of(self, options: Sequence[T]) -> T:
        """One of these; it goes towards the first."""
        return self._draw(st.sampled_from(options))

    def whole(self, low: int, high: int) -> int:
        """A whole number; it goes towards the least."""
        return self._draw(st.integers(low, high))

    def codes(self, count: int) -> list[int]:
        """So many numbers of ``CODE_BITS`` bits; each goes towards 0."""
        return self._draw(st.lists(st.integers(0, 2**CODE_BITS - 1), min_size=count, max_size=count))


def strategy(drawn: Callable[[Source], T]) -> st.SearchStrategy[T]:
    """As a strategy of Hypothesis."""

    @st.composite
    def found(draw: st.DrawFn) -> T:  # Hypothesis writes out what it is given: nothing
        try:
            return drawn(Smaller(draw))
        except Unfit:
            hypothesis.reject()

    return found()

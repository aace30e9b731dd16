"""Pieces of Python that are arrays: each with its axes, so that what is added or multiplied broadcasts as it should.

In one statement all arrays have their axes in one order, and an array gets a ``None`` where it lacks an axis that
stands after one of its own: r with s becomes ``r[:, None]`` beside X with s, i; g with i stays ``g``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Level(IntEnum):
    """How tightly Python binds."""

    COMPARED = 0
    SUM = 1
    PRODUCT = 2
    SIGNED = 3
    POWER = 4
    ATOM = 5


class Kind(Enum):
    """What is in an array; a ``SCALAR`` is a number of Python, which changes no dtype."""

    SCALAR = 0
    FLOAT = 1
    WHOLE = 2
    BOOL = 3


@dataclass(frozen=True)
class Array:
    """``spread``: the text, of the same level, that broadcasts with given axes, where it is not ``text[:, None]``."""

    text: str
    level: Level = Level.ATOM
    axes: tuple[str, ...] = ()
    kind: Kind = Kind.FLOAT
    spread: Callable[[Sequence[str]], str] | None = field(default=None, compare=False)

    def at_least(self, level: Level) -> str:
        """The text, in brackets where it binds less."""
        return self.beside(self.axes, level)

    def beside(self, axes: Sequence[str], level: Level = Level.SUM) -> str:
        """The text, such that it broadcasts with an array of these axes."""
        pattern = pattern_of(self.axes, axes)
        if pattern != self.axes and self.spread is None:
            return _indexed(self.at_least(Level.ATOM), pattern)
        text = self.text if pattern == self.axes or self.spread is None else self.spread(axes)
        return text if self.level >= level else f"({text})"


def made(
    text: Callable[[Sequence[str]], str], axes: tuple[str, ...], level: Level = Level.ATOM, kind: Kind = Kind.FLOAT
) -> Array:
    """The array whose text is made of those of its parts, given the axes that these have to broadcast with."""
    return Array(text(axes), level, axes, kind, text)


def pattern_of(own: Sequence[str], axes: Sequence[str]) -> tuple[str | None, ...]:
    """The axes, with None for those that are not its own."""
    return _stripped([axis if axis in own else None for axis in axes])


def _indexed(text: str, pattern: Sequence[str | None]) -> str:
    return f"{text}[{', '.join(_subscripts(pattern))}]"


def _stripped(axes: Iterable[str | None]) -> tuple[str | None, ...]:
    """Without the leading None, which broadcasting adds by itself."""
    found = [*axes]
    while found and found[0] is None:
        del found[0]
    return tuple(found)


def _subscripts(pattern: Sequence[str | None]) -> list[str]:
    own = [axis for axis in pattern if axis is not None]
    if len(own) > 1 and list(pattern[: len(own)]) == own:
        return ["...", *(["None"] * (len(pattern) - len(own)))]
    return [":" if axis is not None else "None" for axis in pattern]


def scalar(text: str, level: Level = Level.ATOM) -> Array:
    """A number of Python."""
    return Array(text, level, (), Kind.SCALAR)


def call(name: str, *arguments: str, **options: object) -> str:
    """``np.sum(X, axis=1)``."""
    given = [*arguments, *(f"{key}={value}" for key, value in options.items())]
    return f"{name}({', '.join(given)})"


def reduced(name: str, body: Array, over: Sequence[str]) -> Array:
    """``np.sum(a, axis=1)`` and its like: over all axes of the body that are named."""
    positions = [k for k, axis in enumerate(body.axes) if axis in over]
    kept = tuple(None if axis in over else axis for axis in body.axes)
    axes = tuple(axis for axis in body.axes if axis not in over)
    if not axes:
        return Array(call(name, body.text))
    axis = positions[0] if len(positions) == 1 else tuple(positions)
    text = call(name, body.text, axis=axis)

    def spread(beside: Sequence[str]) -> str:
        pattern = pattern_of(axes, beside)
        same = pattern == _stripped(kept) and len(kept) <= len(beside)
        return call(name, body.text, axis=axis, keepdims=True) if same else _indexed(text, pattern)

    return Array(text, axes=axes, spread=spread)


def transposed(array: Array, axes: Sequence[str]) -> Array:
    """The array with its axes in this order."""
    if tuple(axes) == array.axes:
        return array
    order = tuple(array.axes.index(axis) for axis in axes)
    base = array.at_least(Level.ATOM)
    text = f"{base}.T" if order == tuple(reversed(range(len(order)))) else f"{base}.transpose{order}"
    return Array(text, Level.ATOM, tuple(axes), array.kind)


def einsum(operands: Sequence[tuple[str, tuple[str, ...]]], axes: Sequence[str]) -> str:
    """``np.einsum("si,oi->so", X, W)`` of texts with their axes, which may stand in any order, and more than once."""
    named: dict[str, str] = {}
    for axis in (axis for _, own in operands for axis in own):
        if axis not in named:
            free = (each for each in (axis[0], *_LETTERS) if each in _LETTERS and each not in named.values())
            named[axis] = next(free)
    inputs = ",".join("".join(named[axis] for axis in own) for _, own in operands)
    whole = {axis for _, own in operands for axis in own}
    large = len(operands) > 2 and not any(whole <= {*own} for _, own in operands)  # noqa: PLR2004 - two: one way to do it
    options = {"optimize": True} if large else {}
    output = "".join(named[axis] for axis in axes)
    return call("np.einsum", f'"{inputs}->{output}"', *(text for text, _ in operands), **options)


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

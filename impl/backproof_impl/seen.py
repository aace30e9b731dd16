"""What a call does to memory: recorded where the target is, compared where it is not.

    x was changed      ⇔  what lies in x afterwards is not what was sent
    y aliases x        ⇔  [start of y, end of y) meets [start of x, end of x)
    y was overwritten  ⇔  what lies in y after a later call is not what came back

The host of a target sends what lies where, and nothing that it has concluded: see ``protocol.answer_message``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy import ndarray

Array: TypeAlias = np.ndarray[Any, Any]
Place: TypeAlias = tuple[int, int, tuple[int, ...], tuple[int, ...]]
"""The address of an array's first entry, the bytes of one, its shape and strides."""


@dataclass(frozen=True)
class Seen:
    """After a call: its arguments, where they and its outputs lie, and the outputs of earlier calls as they now are."""

    given: Mapping[str, Any]
    places: Mapping[str, Sequence[Place]]
    returned: Mapping[str, Sequence[Place]]
    kept: Sequence[Array]


class Kept:
    """The outputs of earlier calls, where they lie."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._arrays: list[Array] = []

    def seen(self, arguments: Mapping[str, Any], outputs: Mapping[str, Any]) -> Seen:
        """What lies where after a call, whose outputs are kept from now on."""
        given, returned = ({name: arrays(value) for name, value in each.items()} for each in (arguments, outputs))
        kept = [native(A) for A in self._arrays]
        for each in returned.values():
            self._arrays += each
        return Seen(arguments, _places(given), _places(returned), kept)


class Ledger:
    """What was sent and what came back, in a sequence of calls."""

    def __init__(self) -> None:
        """Nothing came back yet."""
        self._returned: list[tuple[str, bytes]] = []
        self._overwritten: dict[str, None] = {}

    @property
    def length(self) -> int:
        """How many arrays came back until now."""
        return len(self._returned)

    def judged(
        self, sent: Mapping[str, Any], outputs: Mapping[str, Any], seen: Seen
    ) -> tuple[tuple[str, ...], dict[str, str], tuple[str, ...]]:
        """The arguments that were changed, the argument that each output aliases, the outputs that were overwritten."""
        changed = tuple(name for name, value in sent.items() if not _same(value, seen.given[name]))
        given, returned = _extents(seen.places), _extents(seen.returned)
        pairs = [(output, name) for output in outputs for name in sent]
        aliased = {output: name for output, name in pairs if _meet(returned[output], given[name])}
        now = zip(self._returned, seen.kept, strict=True)
        self._overwritten.update((name, None) for (name, before), A in now if A.tobytes() != before)
        self._returned += [(name, native(A).tobytes()) for name, value in outputs.items() for A in arrays(value)]
        return changed, aliased, tuple(self._overwritten)


def is_array(value: Any) -> bool:
    """By its type: what it says of itself does not count."""
    return issubclass(type(value), ndarray)


def plain(A: Array) -> Array:
    """The same memory as an array whose methods are NumPy's."""
    return ndarray.view(A, ndarray)


def native(A: Array) -> Array:
    """Numbers in the byte order of this machine: the other one is a way to lie in memory."""
    return A if A.dtype.isnative else A.astype(A.dtype.newbyteorder("="))


def arrays(value: Any) -> list[Array]:
    """The array, or those of a list."""
    return [plain(A) for A in (value if isinstance(value, list) else [value]) if is_array(A)]


def _places(found: Mapping[str, list[Array]]) -> dict[str, list[Place]]:
    """By attributes that NumPy has in C, of a type that nothing can be set on."""
    return {
        name: [(A.__array_interface__["data"][0], A.itemsize, A.shape, A.strides) for A in each]
        for name, each in found.items()
    }


def _extents(found: Mapping[str, Sequence[Place]]) -> dict[str, list[tuple[int, int]]]:
    return {name: [_extent(each) for each in places] for name, places in found.items()}


def _extent(place: Place) -> tuple[int, int]:
    """From the first byte of an array to behind its last; nothing of one without entries."""
    start, item, shape, strides = place
    if 0 in shape:
        return start, start
    steps = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    return start + sum(min(each, 0) for each in steps), start + sum(max(each, 0) for each in steps) + item


def _meet(these: Sequence[tuple[int, int]], those: Sequence[tuple[int, int]]) -> bool:
    return any(max(a, c) < min(b, d) for a, b in these for c, d in those)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(_same, before, after))
    if not is_array(after):
        return False
    A = plain(after)
    return bool(before.shape == A.shape and before.dtype == A.dtype and before.tobytes() == A.tobytes())

"""Smaller counterexamples: rows, columns and layers are left out as long as what remains fails in the same way.

Shrinking by Hypothesis goes by what was drawn: it seldom removes a column, and an array drawn from a seed keeps its
values. Here one letter is one size, m×n in W and n×p in Y, and what is left out of one array is left out of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, takewhile
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.conventions import Limits
from backproof_properties.arrays import Array, Case

Letters: TypeAlias = tuple[str, ...]

_SHAPES: dict[str, Any] = {
    "W": ("m", "n"),
    "Y": ("n", "p"),
    "b": ("m",),
    **dict.fromkeys(("Z", "dZ", "S", "dS", "dY", "P"), ("m", "p")),
}
"""The letters of the axes of each input; p is the batch."""
_STARTS = 9
"""Places tried for a part of one length: of a large array not all of them."""


def smaller(
    case: Case,
    limits: Limits,
    fails: Callable[[Case], bool],
    tries: int,
    *,
    shrunk: bool = True,
    letters: Mapping[str, Letters] | None = None,
) -> Case:
    """The smallest case found that still fails, after so many tries at most; was it ``shrunk`` entry by entry?

    ``letters``: those of the axes, where they are none of the notes'.
    """
    first, left = case, iter(range(tries))
    for reductions in (_parts_left_out, _entries_made_plain):
        if reductions is _entries_made_plain and shrunk and case is first:
            break
        found: Case | None = case
        while found is not None:
            case = found
            tried = takewhile(lambda _: next(left, None) is not None, reductions(case, limits, letters))
            found = next((other for other in tried if fails(other)), None)
    return case


def _letters(case: Case, given: Mapping[str, Letters] | None) -> dict[str, Any] | None:
    """The letters of each array, or of each in a list; None for inputs that are not known here."""
    if given is not None:
        return {name: given.get(name, ()) for name in case}
    layers = len(case.get("weights", ()))
    network = {
        "weights": [(str(k + 1), str(k)) for k in range(layers)],
        "biases": [(str(k + 1),) for k in range(layers)],
        "X": ("0", "p"),
        "P": (str(layers), "p"),
    }
    known = {**_SHAPES, **(network if layers else {})}
    return {name: known[name] for name in case} if case.keys() <= known.keys() else None


def _arrays(case: Case, letters: dict[str, Any]) -> Iterator[tuple[Array, Letters]]:
    for name, value in case.items():
        if isinstance(value, list | np.ndarray):
            yield from zip(value, letters[name], strict=True) if isinstance(value, list) else [(value, letters[name])]


# --- parts left out ---------------------------------------------------------------------------------------------------


def _parts_left_out(case: Case, limits: Limits, given: Mapping[str, Letters] | None) -> Iterator[Case]:
    """Without a layer, then without parts of each size, or of equal sizes together: all that may go, …, one."""
    letters = _letters(case, given)
    if letters is None:
        return
    sizes = {letter: size for A, own in _arrays(case, letters) for letter, size in zip(own, A.shape, strict=True)}
    bounded = limits.logit is not None and not case.keys().isdisjoint({"W", "weights"})  # logits may grow
    if not bounded:
        yield from _layers_left_out(case, limits, sizes)
    for size in sorted(set(sizes.values())):
        equal = [letter for letter in sizes if sizes[letter] == size and (letter == "p" or not bounded)]
        for group in dict.fromkeys([*((letter,) for letter in equal), tuple(equal)]) if equal else ():
            least = max(max(1, limits.sizes("batch" if letter == "p" else "width")[0]) for letter in group)
            for part in _parts(size, least):
                yield {name: _without(name, A, letters[name], group, part) for name, A in case.items()}


def _parts(size: int, least: int) -> Iterator[slice]:
    """Parts of a size: all that may go, then powers of two, after which what blocks leave over is still left over."""
    if size <= least:
        return
    yield slice(least, size)
    for step in (2**k for k in reversed(range((size - least).bit_length()))):
        starts = range(0, size, step)
        for start in starts[:: -(-len(starts) // _STARTS)]:
            if start + step <= size:
                yield slice(start, start + step)


def _without(name: str, value: Any, letters: Any, group: Letters, part: slice) -> Any:
    """An input without these rows or columns; the label mass of a class that goes is another's."""
    if isinstance(value, list):
        return [_without(name, A, own, group, part) for A, own in zip(value, letters, strict=True)]
    for axis, letter in enumerate(letters):
        if letter in group:
            rest = np.delete(value, part, axis)
            if name == "P" and axis == 0:
                rest[0] += value[part].sum(axis=0)
            value = rest
    return value


def _layers_left_out(case: Case, limits: Limits, sizes: dict[str, int]) -> Iterator[Case]:
    layers = len(case.get("weights", ()))
    if layers <= max(1, limits.sizes("depth")[0]):
        return
    for k, (before, after) in enumerate(pairwise(range(layers + 1))):
        if sizes[str(before)] == sizes[str(after)]:
            yield {
                name: [A for j, A in enumerate(value) if j != k] if isinstance(value, list) else value
                for name, value in case.items()
            }


# --- entries made plain -----------------------------------------------------------------------------------------------

_PROBABILITIES = {"P", "S"}


def _entries_made_plain(case: Case, limits: Limits, _: Mapping[str, Letters] | None) -> Iterator[Case]:
    """With an array, or one entry, made 0, or 1 where it is neither; labels and probabilities stay what they are."""
    for name, value in case.items():
        if name in _PROBABILITIES or not isinstance(value, list | np.ndarray):
            continue
        only_zero = limits.magnitude is not None or (name in {"b", "biases"} and not limits.biases)
        for k, A in enumerate(value if isinstance(value, list) else [value]):
            for plain in _plainer(A, (0.0,) if only_zero else (0.0, 1.0)):
                yield {**case, name: [*value[:k], plain, *value[k + 1 :]] if isinstance(value, list) else plain}


def _plainer(A: Array, values: tuple[float, ...]) -> Iterator[Array]:
    numbers = A.astype(np.float64)
    if numbers.any():
        yield np.zeros_like(A)
    for place in np.argwhere((numbers != 0) & (numbers != 1)):
        for value in values:
            plain = A.copy()
            plain[tuple(place)] = value
            yield plain

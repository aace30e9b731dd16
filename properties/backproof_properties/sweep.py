"""Every size from 0 to 40, and those about powers of two and 100, of every dimension in turn, others large and small.

Blocked loops go wrong in their rest: of the examples numbered k = 0, 1, … each dimension leads in turn and has the next
of the sizes; those of the others go on by steps without a common divisor, so that all residues and all pairs of small
and large ones come about. Sizes of the others are lowered where the example would be too large. In some of them two
samples are equal, and in some two rows.
"""

from __future__ import annotations

from math import prod
from typing import Any

SIZES = (*range(1, 41), 63, 64, 65, 95, 96, 97, 99, 100, 101, 127, 128, 129, 255, 256, 257, 0)
_STEPS = (1, 5, 9, 13, 17, 3, 11)
_MOST = 12_000
"""The product of all sizes is not much more."""
_LEADING = 4
"""Of more dimensions than that not every one leads at every size."""


def number(dimensions: int) -> int:
    """How many examples there are."""
    return len(SIZES) * min(dimensions, _LEADING)


def number_of(size: int, lead: int, dimensions: int) -> int:
    """The number of the example in which this dimension leads and has this size."""
    return SIZES.index(size) * dimensions + lead


def sizes(dimensions: int, k: int, *, few: bool = False) -> tuple[int, ...]:
    """The size of each dimension in the example of this number; ``few``: all but the leading one are 2."""
    lead, at = k % dimensions, k // dimensions
    if few:
        return tuple(SIZES[at % len(SIZES)] if place == lead else 2 for place in range(dimensions))
    found = [
        SIZES[(at * _STEPS[place % len(_STEPS)] + 11 * (place - lead)) % len(SIZES)] for place in range(dimensions)
    ]
    found[lead] = SIZES[at % len(SIZES)]
    for place in sorted((place for place in range(dimensions) if place != lead), key=lambda each: -found[each]):
        if prod(found) > _MOST:
            found[place] = 1 + found[place] % 8
    return tuple(found)


OF_NETWORKS = 3
"""A width, the width after it, and the batch."""


def layers(k: int, depth: int, *, few: bool = False) -> tuple[tuple[int, ...], int]:
    """The widths of a network of this depth in the example of this number, two of them in turn, and its batch."""
    *widths, batch = sizes(OF_NETWORKS, k, few=few)
    return tuple(widths[place % 2] for place in range(depth + 1)), batch


def repeated(A: Any, k: int | None, axes: tuple[int, ...] = (-1, 0)) -> Any:
    """A with its last column or row, as the example of this number has it, equal to the first."""
    if k is not None and k % 4 < len(axes) and A.ndim and A.size:
        last, first = ([slice(None)] * A.ndim for _ in range(2))
        last[axes[k % 4]], first[axes[k % 4]] = slice(-1, None), slice(1)
        A[tuple(last)] = A[tuple(first)]
    return A

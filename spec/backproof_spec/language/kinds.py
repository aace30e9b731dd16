"""The kinds of arguments, a row each: how values are drawn, what they satisfy, and whether they are differentiated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``drawn``: from which of the ways in which values are drawn; ``differentiated``: is there a gradient by it?

    ``positive``, ``nonnegative``, ``below_one``: what holds of every entry, and may be used by a proof.
    """

    name: str
    meaning: str
    drawn: str = "real"
    differentiated: bool = True
    positive: bool = False
    nonnegative: bool = False
    below_one: bool = False


KINDS: dict[str, Kind] = {
    each.name: each
    for each in (
        Kind("real", "any number"),
        Kind("logits", "numbers that are exponentiated: far ones and common offsets are tried", "logits"),
        Kind("positive", "numbers above 0", "positive", positive=True),
        Kind("probability", "numbers above 0 and below 1", "probability", positive=True, below_one=True),
        Kind("labels", "a distribution over the first index, or any weights", "labels", differentiated=False),
        Kind("weights", "numbers that are not negative", "weights", differentiated=False, nonnegative=True),
        Kind("constant", "any number, not differentiated", differentiated=False),
        Kind("mask", "0 or 1", "mask", differentiated=False, nonnegative=True),
        Kind("index", "whole numbers from 0, below the size of an index: index(v)", "index", differentiated=False),
    )
}
"""Every kind by its name."""

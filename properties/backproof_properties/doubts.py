"""Why a search that found no counterexample may be worth nothing: then the verdict is *uncertified*."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from backproof_properties import declines
from backproof_properties.decisive import Condition
from backproof_properties.results import Declines
from backproof_properties.subject import Subject
from backproof_spec.rounding.formats import FORMATS

LARGEST_BLANK_SHARE = 0.5
"""A property most of whose examples show nothing certain has not been checked."""
LARGEST_THRESHOLD = 0.5
"""Nor has one that would let half of the entries be wrong by more than half of their value: it is blind."""
_COARSE, _ROUNDINGS = 1e-3, 32
"""What lets more than this pass, relative to the value, or more than so many roundings of its format, says so."""
FEW = 20


def of_examples(blank: int, answered: int, declined: Declines | None, undecided: tuple[Condition, ...]) -> list[str]:
    """What the examples leave open: ``blank`` of those answered showed nothing certain."""
    found = []
    if blank > LARGEST_BLANK_SHARE * answered:
        found += [f"{blank} of {answered} examples show nothing certain"]
    if declined and declined.share > declines.LARGEST_SHARE:
        found += [f"the target declines {declined}; what it does not handle is declared as limits"]
    if undecided:
        found += [f"never judged, though the claim is decided there: {', '.join(kind.name for kind in undecided)}"]
    return found


def of_thresholds(thresholds: Sequence[float], subject: Subject) -> tuple[bool, str | None]:
    """Are the bounds blind, why, and what to declare so that they become narrower; the latter, too, if they are coarse.

    The median of a few arrays says little: of fewer than ``FEW`` all must be blind.
    """
    threshold = (statistics.median if len(thresholds) >= FEW else min)(thresholds) if thresholds else 0
    if threshold <= max(_COARSE, _ROUNDINGS * float(subject.arithmetic.output.u)):
        return False, None
    declared, short = subject.conventions, not FORMATS[subject.dtype].contains(FORMATS["float32"])
    ways = {
        "accumulator=float32 if sums are kept in that": declared.accumulator == "dtype",
        "intermediates=float32 if only what is returned is rounded": declared.intermediates == "dtype" and short,
        f"limits of depth, width and logit within which {subject.dtype} suffices": True,
    }
    what = f"declare {' or '.join(way for way, open_ in ways.items() if open_)}"
    if threshold <= LARGEST_THRESHOLD:
        return False, what
    return True, f"half of the entries could be wrong by {threshold:.2g} times their value unnoticed: {what}"

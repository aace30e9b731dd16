"""What wrong values say by themselves, where no formula is asked: roundings, narrower formats, infinities, one part."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.contract import PLAIN
from backproof_properties.evidence import Seen, record
from backproof_properties.property import Property
from backproof_properties.results import Diagnosis
from backproof_spec.rounding.formats import FORMATS

_ROUNDINGS = 2**12
_SHARE = 2**4
"""Precision lost: up to 2¹² roundings, but no more than 1/16 of what is rounded."""

# --- precision --------------------------------------------------------------------------------------------------------


def precision(failing: list[Seen]) -> Diagnosis | None:
    """Errors of a few thousand roundings at most, on every refuted example: whatever made them, no formula tells."""
    found = [_roundings(seen) for seen in failing]
    most = max((count for count in found if count is not None), default=0)
    if any(count is None for count in found) or not most:
        return None
    words = "precision lost on the way, or an order of evaluation outside the bound"
    return Diagnosis("precision", f"errors of up to {_rounded(most)} roundings of {_format(failing[0])}: {words}")


def _rounded(count: float) -> int:
    """The count, up to two digits."""
    unit: int = 10 ** max(0, int(math.log10(max(count, 1))) - 1)
    return max(1, math.ceil(count / unit) * unit)


def _format(seen: Seen) -> str:
    return str(seen.computed[0].dtype.name)


def _roundings(seen: Seen) -> float | None:
    """How many roundings the largest error is; None where an error is more than precision lost.

    What overflows as near to the largest number as that counts for nothing. A rounding is one of the entry, or, where
    terms cancel, of the bound; of the largest entry where 0 is exact; half of the smallest number at least.
    """
    u, largest = seen.rounding.u, seen.rounding.largest
    most = min(_ROUNDINGS, 1 / (_SHARE * u))
    size = np.abs(seen.exact)
    widest = np.max(size[np.isfinite(size)], initial=0)
    cancelled = np.where(seen.radius > 0, np.minimum(seen.radius, widest / (_SHARE * most)), u * widest * (size == 0))
    unit = np.maximum(np.maximum(u * size, cancelled), seen.rounding.smallest / 2)
    overflown = ~np.isfinite(seen.got) & np.isfinite(size) & (size * (1 + most * u) + seen.radius > largest)
    judged = seen.refuted & ~overflown
    counts = seen.error[judged] / unit[judged]
    return float(counts.max(initial=0)) if np.all(counts <= most) else None


# --- what no formula gives --------------------------------------------------------------------------------------------


def of_values(each: Property, failing: list[Seen], passing: list[Seen]) -> Diagnosis | None:
    """Values that are no numbers, a narrower format on the way, or one part of the array off."""
    if all(_is_masked(seen) and np.isnan(seen.got[seen.refuted]).any() for seen in failing):
        words = "nan where an entry of Z is −inf, as masks make it: (−inf) − (−inf), or 0·(−inf), on the way"
        return Diagnosis("masked", words, "limits=infinite=no")
    if all(map(_no_number, failing)):
        return _OVERFLOW
    tame = [seen for seen in failing if seen.tame]
    told = _of_tame(each, tame, passing) if len(tame) >= len(failing) / 2 else None
    far = [seen for seen in failing if _roundings(seen) is None]
    return told or (_OVERFLOW if far and all(map(_no_number, far)) else None)


_OVERFLOW = Diagnosis(
    "overflow", "inf or nan where the exact value is finite: something on the way overflows, or is log 0, 0/0 or √−1"
)


def _no_number(seen: Seen) -> bool:
    return bool(np.any(~np.isfinite(seen.got) & np.isfinite(seen.exact) & seen.refuted))


def _of_tame(each: Property, failing: list[Seen], passing: list[Seen]) -> Diagnosis | None:
    for words, part in _PARTS:
        if _in_one_part(part, failing):
            return Diagnosis("one-part", f"only {words} is wrong")
    cut = _whole(each, failing, passing)
    if cut is not None:
        return Diagnosis("whole-numbers", cut)
    narrower = _narrower(each, failing, passing)
    return Diagnosis("narrow-precision", narrower) if narrower else None


def _is_masked(seen: Seen) -> bool:
    return "Z" in seen.case and bool(np.isneginf(seen.case["Z"].astype(np.float64)).any())


_PARTS: tuple[tuple[str, Callable[[Array], Any]], ...] = (
    ("the last entry", lambda A: A.ravel()[-1:]),
    ("the first entry", lambda A: A.ravel()[:1]),
    ("the last row", lambda A: A[-1:]),
    ("the first row", lambda A: A[:1]),
    ("the last column", lambda A: A[..., -1:]),
    ("the first column", lambda A: A[..., :1]),
    ("the diagonal", lambda A: A[np.diag_indices(min(A.shape))] if A.ndim > 1 else A[:0]),
)


def _in_one_part(part: Callable[[Array], Any], failing: list[Seen]) -> bool:
    """Is everything right outside this part of each array, wherever anything is outside it?"""
    larger = 0
    for seen in failing:
        if any(C.ndim == 0 for C in seen.computed):
            return False
        inside = np.concatenate([_inside(part, C.shape) for C in seen.computed])
        if np.any(seen.refuted & ~inside):
            return False
        larger += int(np.any(~inside))
    return larger > len(failing) / 2 and larger > 1


def _inside(part: Callable[[Array], Any], shape: tuple[int, ...]) -> Array:
    places = np.arange(math.prod(shape)).reshape(shape)
    inside = np.zeros(places.size, dtype=bool)
    inside[np.ravel(part(places))] = True
    return inside


# --- narrower formats -------------------------------------------------------------------------------------------------

_WIDER = 4
"""The bound of the narrower format is that for exact inputs: rounding those too costs no more than as much again."""
_TELLING = 2.0**-6
"""Errors are told by: more than so many roundings, fewer than one over it, and than a few hundredths of what is off."""
_FEWER = 3
"""What passes through a format uses its last bits: of values that need so many bits fewer, something else made them."""
_NARROWEST_FIRST = ("bfloat16", "float16", "float32")


def _narrower(each: Property, failing: list[Seen], passing: list[Seen]) -> str | None:
    """Why these are roundings of a narrower format: inputs, or results, pass through it; or errors are as large."""
    precision = FORMATS[_format(failing[0])].precision
    names = [name for name in _NARROWEST_FIRST if FORMATS[name].precision < precision]
    for name in names:
        through, coarser = _through(NUMPY_DTYPES[name]), _bits(FORMATS[name].precision - _FEWER)
        if all(_answers_alike(each, seen, coarser) for seen in failing):
            continue
        if all(_unmoved(each, seen, through) for seen in failing):
            return f"rounding the arguments to {name} changes nothing: they pass through {name}"
        results = [C for seen in failing for C in seen.computed]
        held = all(np.array_equal(through(C), C) for C in results)
        told = not all(np.array_equal(coarser(C), C) for C in results)
        if held and told and all(_within(each, name, seen) or _answers_alike(each, seen, through) for seen in failing):
            return f"every entry is a number of {name}: the result passes through {name}"
    for name in reversed(names):
        if _as_large(each, name, failing, passing):
            return f"errors as large as roundings of {name}: something may be computed in it"
    return None


def _through(narrow: Any) -> Callable[[Array], Array]:
    def through(A: Array) -> Array:
        rounded = A.astype(narrow).astype(A.dtype)
        return np.where(np.isfinite(rounded), rounded, A)

    return through


def _bits(count: int) -> Callable[[Array], Array]:
    def rounded(A: Array) -> Array:
        significand, exponent = np.frexp(A.astype(np.longdouble))
        with np.errstate(over="ignore"):
            nearest = np.ldexp(np.rint(np.ldexp(significand, count)), exponent - count).astype(A.dtype)
        return np.where(np.isfinite(nearest), nearest, A)  # the largest numbers would be rounded to infinity

    return rounded


def _as_large(each: Property, name: str, failing: list[Seen], passing: list[Seen]) -> bool:
    """Are the errors those of a format: within its bounds, and most of them of the size of its roundings?"""
    u = float(FORMATS[name].u)
    sizes = [float(np.max(seen.error) / np.max(np.abs(seen.exact), initial=1e-300)) for seen in failing]
    varied = max(sizes) > 2 * min(sizes) and sum(size > u * _TELLING for size in sizes) > len(sizes) / 2
    small = max(sizes) < min(u / _TELLING, 2 * _TELLING)
    return varied and small and all(_within(each, name, seen) for seen in (*failing, *passing))


def _unmoved(each: Property, seen: Seen, through: Callable[[Array], Array]) -> bool:
    """Is the answer the same for rounded arguments, though the right one is another?"""
    other = _with(each, seen, through)
    if other is None or not np.array_equal(other.got, seen.got, equal_nan=True):
        return False
    return bool(np.any(np.abs(other.exact - seen.exact) > other.radius + seen.radius))


def _answers_alike(each: Property, seen: Seen, through: Callable[[Array], Array]) -> bool:
    other = _with(each, seen, through)
    return other is not None and np.array_equal(other.got, seen.got, equal_nan=True)


def _with(each: Property, seen: Seen, through: Callable[[Array], Array]) -> Seen | None:
    """What is given for arguments changed in this way."""
    case: Case = {
        name: [through(A) for A in value] if isinstance(value, list) else _moved(through, value)
        for name, value in seen.case.items()
    }
    return record(each, seen.subject, case, PLAIN)


def _moved(through: Callable[[Array], Array], value: Any) -> Any:
    return through(value) if isinstance(value, np.ndarray) and value.dtype.kind not in "iu" else value


def _within(each: Property, name: str, seen: Seen) -> bool:
    bound = record(each, replace(seen.subject, dtype=name), seen.case, PLAIN)
    return bound is not None and bool(np.all((seen.error <= _WIDER * bound.radius) | ~np.isfinite(bound.radius)))


# --- whole numbers ----------------------------------------------------------------------------------------------------

_HELD = 2.0**31
"""Larger numbers are none of int32: what becomes of them is not asked."""
_COARSE = 4
"""What passes through integers tells these from multiples of so many."""
_CUT: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("cut off to whole numbers", np.trunc),
    ("rounded to whole numbers", np.rint),
    ("rounded down to whole numbers", np.floor),
)


def _whole(each: Property, failing: list[Seen], passing: list[Seen]) -> str | None:
    """Are all entries those of the truth without its fractions, or the answers those for arguments without them?"""
    for words, cut in _CUT:
        if all(_is_cut(cut, seen) for seen in (*failing, *passing)):
            return f"all entries are {words}"
    for words, cut in _CUT:
        whole, coarse = _cut_below(cut, 1), _cut_below(cut, _COARSE)
        if all(_unmoved(each, seen, whole) for seen in failing) and not all(
            _answers_alike(each, seen, coarse) for seen in failing
        ):
            return f"the arguments are {words}"
    return None


def _is_cut(cut: Callable[[Array], Array], seen: Seen) -> bool:
    asked = np.isfinite(seen.got) & np.isfinite(seen.radius) & (np.abs(seen.exact) < _HELD)
    low, high = (cut(seen.exact + error) for error in (-seen.radius, seen.radius))
    return bool(np.all(~asked | ((cut(seen.got) == seen.got) & (low <= seen.got) & (seen.got <= high))))


def _cut_below(cut: Callable[[Array], Array], unit: int) -> Callable[[Array], Array]:
    """Entries cut off to multiples of ``unit``, but for those that an integer may not hold."""

    def whole(A: Array) -> Array:
        return np.where(np.abs(A) < _HELD, unit * cut(A / unit), A).astype(A.dtype)

    return whole

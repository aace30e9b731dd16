"""What is unusual about an example: flags by which a test vector may be looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array, Case, arrays_of
from backproof_properties.certified import Output
from backproof_properties.computed import is_kink
from backproof_properties.inputs import BITS, evaluation
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import FORMATS, Format

_LARGE = 9
"""The least size that is called large: more than one vector of a processor, with a rest."""


def _is_tied(A: Array, _: Format) -> bool:
    return any(bool(((A.max(axis, keepdims=True) == A).sum(axis) > 1).any()) for axis in range(A.ndim))


def _is_repeated(A: Array, _: Format) -> bool:
    """Are two slices the same?"""
    axes = [axis for axis, size in enumerate(A.shape) if A.size > size > 1]
    return any(np.unique(A, axis=axis).shape[axis] < A.shape[axis] for axis in axes)


def _is_gaping(A: Array, form: Format) -> bool:
    """Does exp underflow of the difference of two entries?"""
    with np.errstate(all="ignore"):
        gaps = [A.max(axis) - A.min(axis) for axis in range(A.ndim)]
    least = -float(mp.log(form.smallest_subnormal))
    return any(bool((np.isfinite(gap) & (gap >= least)).any()) for gap in gaps)


OF_ARRAYS: dict[str, Callable[[Array, Format], bool]] = {
    "empty": lambda A, _: A.size == 0,
    "large shape": lambda A, _: max(A.shape, default=0) >= _LARGE,
    "negative zero": lambda A, _: bool(((A == 0) & np.signbit(A)).any()),
    "subnormal": lambda A, form: bool(((A != 0) & (np.abs(A) < float(form.smallest_normal))).any()),
    "masked": lambda A, _: bool(np.isneginf(A).any()),
}
"""Of any array that is given."""
OF_ARGUMENTS: dict[str, Callable[[Array, Format], bool]] = {
    "tie": _is_tied,
    "repeated": _is_repeated,
    "gap": _is_gaping,
    "far": lambda A, form: bool((np.isfinite(A) & (np.abs(A) >= float(mp.log(form.largest)))).any()),
}
"""Of an argument that is differentiated, and has entries."""
OF_VALUES = ("kink", "infinite", "open", "exact")
"""Of what is to be returned: no derivative, an infinity, an entry of which nothing is claimed, nothing rounded."""


def flags(case: Case, outputs: Iterable[Output], dtype: str, arguments: Iterable[str], *, kink: bool) -> list[str]:
    """Those of an example, by name; ``arguments``: those that are differentiated."""
    form, found = FORMATS[dtype], list(outputs)
    every = [A.astype(np.float64) for A in arrays_of(case)]
    differentiated = [A.astype(np.float64) for A in arrays_of(case, arguments) if A.size]
    bounds = [bound for output in found for bound in output.own]
    known = [bound for bound in bounds if bound is not None]
    said = {
        **{name: any(of(A, form) for A in every) for name, of in OF_ARRAYS.items()},
        **{name: any(of(A, form) for A in differentiated) for name, of in OF_ARGUMENTS.items()},
        "kink": kink,
        "infinite": any(np.isinf(bound.low) for bound in known),
        "open": None in bounds,
        "exact": bool(known) and all(bound.low == bound.high for bound in known),
    }
    return [name for name, holds in said.items() if holds]


def at_kink(operation: Operation, case: Case) -> bool:
    """Has the operation no derivative there? Of what has no value nothing is said."""
    try:
        with mp.workprec(BITS):
            return is_kink(evaluation(operation, case))
    except ArithmeticError:
        return False

"""What a run is asked for, refused where it cannot be: numbers of examples, number formats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backproof_impl.conventions import DTYPES, UsageError
from backproof_impl.target import Target
from backproof_properties.property import Property

SPEC_DTYPE = "float64"
"""The links inside the spec look at no target; their inputs are float64 values."""

_BESIDE = "float32"


def require_whole(name: str, value: Any, least: int) -> None:
    """Refuse anything but a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"{name} is {value!r}, expected a whole number of at least {least}"
        raise UsageError(msg)


def dtypes_named(names: Iterable[str]) -> tuple[str, ...]:
    """The number formats of these names, each once. Raises ``UsageError`` for an unknown one."""
    chosen = tuple(dict.fromkeys(names))
    unknown = [name for name in chosen if name not in DTYPES]
    if unknown:
        msg = f"dtype {unknown[0]!r} is not known, expected some of {', '.join(DTYPES)}"
        raise UsageError(msg)
    return chosen


def supported_dtypes(target: Target, requested: tuple[str, ...] | None) -> tuple[str, ...]:
    """The dtypes to run: those requested, else float64 where the target declares it, else the first it declares."""
    declared = target.conventions.limits.dtypes
    return requested or ((SPEC_DTYPE,) if SPEC_DTYPE in declared else declared[:1])


def beside(target: Target, requested: tuple[str, ...] | None) -> str | None:
    """The dtype that is tried a little beside float64, where nobody chose any and the target does not rule it out.

    What is declared of the size of numbers, or of wider sums, is meant for float64.
    """
    declared, limits = target.conventions, target.conventions.limits
    of_float64 = limits.logit is not None or limits.magnitude is not None or declared.accumulator == SPEC_DTYPE
    fits = {SPEC_DTYPE, _BESIDE}.issubset(limits.dtypes) and not of_float64
    return _BESIDE if requested is None and fits else None


def unsupported(each: Property, dtype: str | None, target: Target) -> str | None:
    """Why this property cannot be checked on this target, in this format; None where it can."""
    missing = [name for name in each.functions if name not in target.functions]
    if missing:
        return f"the target offers no {missing[0]}"
    if each.claim in {"linear.db", "network.db"} and dtype and not target.conventions.limits.biases:
        return "the target declares that it has no biases"
    if each.claim == "chain.rule" and each.functions and target.conventions.scale:
        return "the target declares scaled outputs, which do not compose"
    if dtype is not None and dtype not in target.conventions.limits.dtypes:
        return f"the target declares dtypes {', '.join(target.conventions.limits.dtypes)}"
    return None

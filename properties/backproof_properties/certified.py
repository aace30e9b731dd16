"""What an implementation may return on an example: as the judge has it, and as the floats that are within.

    |y − v| ≤ r   ⇔   low ≤ y ≤ high   for floats y of the format

``low`` is the least float of the format in [v − r, v + r], ``high`` the largest; both are computed exactly. Where the
judge claims nothing, there is none of them: an entry that may overflow, a derivative at a kink of which none is
claimed. Where it demands an infinity, as of −log 0, both are that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_impl.target import Target
from backproof_properties import contract
from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.contract import Like
from backproof_properties.evidence import Seen, longdouble
from backproof_properties.property import Property
from backproof_properties.results import Observation
from backproof_properties.running import Rounding, Running
from backproof_properties.subject import Subject
from backproof_spec.matrices import Number
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import FORMATS, Format

ACCUMULATORS: dict[str, tuple[str, ...]] = {
    "float64": ("float64",),
    "float32": ("float32", "float64"),
    "float16": ("float16", "float32"),
    "bfloat16": ("bfloat16", "float32"),
}
"""The formats in which an implementation of each format may accumulate; its own is the first."""
DIGITS, _BITS = 40, (400, 1600, 6400)
"""Exact values have so many digits: those in which one of these precisions agrees with the one before."""

_LEAST = -20_000
"""The exponent of what stands for anything smaller."""
_DECIMALS = Context(prec=DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)

Ball = tuple[Number, Number] | None
"""A centre and a radius; nothing where anything may be returned."""


@dataclass(frozen=True)
class Bound:
    """The radius of an entry, and the least and the largest float of the format within it."""

    radius: Number
    low: float
    high: float


@dataclass(frozen=True)
class Output:
    """An array that is returned: its name and shape, the exact entries, and the bound of each by accumulator.

    ``digits``: the exact entries in so many digits, where they have been asked for.
    """

    name: str
    shape: tuple[int, ...]
    exact: tuple[Number | None, ...]
    bounds: dict[str, tuple[Bound | None, ...]]
    digits: tuple[str | None, ...] = ()

    @property
    def own(self) -> tuple[Bound | None, ...]:
        """The bounds of an implementation that accumulates in its own format."""
        return next(iter(self.bounds.values()))


# --- as the judge has it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Noted:
    name: str
    shape: tuple[int, ...]
    balls: tuple[Ball, ...]


@dataclass(frozen=True)
class _Asked(Subject):
    """A subject that calls nothing: its judge notes what would be admitted."""

    noted: list[_Noted] = field(default_factory=list)

    def call(self, function: str, case: Case, wanted: str, like: Like | None = None) -> Any:
        """An array, or a list of them, of the shape that is wanted."""
        return np.zeros(like.shape) if like is not None else contract.wanted_of(function, case, wanted)

    def judge(
        self, name: str, computed: Any, enclosure: Enclosure, samples: int | None, *, of_loss: bool = False
    ) -> Observation:
        """Note the enclosure under the conventions."""
        bound = self.scaled(name, enclosure, samples, of_loss=of_loss)
        rows, columns = bound.shape
        pairs = ((bound.exact[i, j], bound.radius[i, j]) for i in range(rows) for j in range(columns))
        self.noted.append(_Noted(name, np.shape(computed), tuple(_ball(*pair) for pair in pairs)))
        return Observation()

    def bounded(
        self,
        name: str,
        computed: Any,
        bounds: Callable[[], Any],
        judged: Callable[..., Observation],  # noqa: ARG002 - what it overrides
    ) -> Observation:
        """Note the bound of each entry."""
        found, shape = bounds(), np.shape(computed)
        entries = (found[place] for place in np.ndindex(*shape))
        balls = (_ball(each.value, each.error) if each is not None and each.fine else None for each in entries)
        self.noted.append(_Noted(name, shape, tuple(balls)))
        return Observation()


def _ball(exact: Number, radius: Number) -> Ball:
    """Of an overflow that is certain nothing is kept: a sum of it may be NaN, so that no interval holds it."""
    return None if mp.isnan(exact) or not mp.isfinite(radius) else (exact, radius)


def subject(dtype: str, accumulator: str) -> Subject:
    """An implementation of the notes' conventions."""
    own = "dtype" if accumulator == dtype else accumulator
    return Subject(Target("any", {}, Conventions(accumulator=own)), dtype)


def _noted(each: Property, case: Case, dtype: str, bits: int = 0) -> dict[str, list[_Noted]]:
    """What is noted of each accumulator, computed at so many bits or more."""
    found = {}
    for accumulator in ACCUMULATORS[dtype]:
        asked = _Asked(subject(dtype, accumulator).target, dtype)
        with mp.workprec(max(bits, mp.prec)):
            each.check(case, asked)
        found[accumulator] = asked.noted
    return found


def _exact(found: dict[str, list[_Noted]], number: int) -> tuple[Number | None, ...]:
    """The exact entries of an output, where any accumulator has a bound."""
    columns = zip(*(noted[number].balls for noted in found.values()), strict=True)
    return tuple(next((ball[0] for ball in balls if ball is not None), None) for balls in columns)


# --- as floats --------------------------------------------------------------------------------------------------------


def outputs(each: Property, case: Case, dtype: str) -> list[Output]:
    """What a property judges, on an example. Raises ``ArithmeticError`` and ``Unfit`` where there is no value."""
    found, form = _noted(each, case, dtype), FORMATS[dtype]
    return [
        Output(
            noted.name.partition(".")[2],
            noted.shape,
            _exact(found, k),
            {name: tuple(_bound(ball, form) for ball in of[k].balls) for name, of in found.items()},
        )
        for k, noted in enumerate(found[dtype])
    ]


def with_digits(each: Property, case: Case, dtype: str, found: list[Output]) -> list[Output]:
    """The same outputs, and the digits of their exact values."""
    before = [tuple(map(_decimal, output.exact)) for output in found]
    for bits in _BITS:
        noted = _noted(each, case, dtype, bits)
        digits = [tuple(map(_decimal, _exact(noted, k))) for k in range(len(found))]
        if digits == before:
            break
        before = digits
    return [replace(output, digits=digits) for output, digits in zip(found, before, strict=True)]


def _decimal(exact: Number | None) -> str | None:
    """In so many digits, the last of them rounded to nearest; mpmath's own may be off by one."""
    if exact is None or not mp.isfinite(exact):
        return exact and str(float(exact))
    if exact and abs(exact) < mp.ldexp(1, _LEAST):
        return str(mp.nstr(exact, DIGITS))
    value = fraction(exact)
    return str(_DECIMALS.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(_DECIMALS)).lower()


def _bound(ball: Ball, form: Format) -> Bound | None:
    if ball is None:
        return None
    exact, radius = ball
    if not mp.isfinite(exact):
        return Bound(mp.mpf(0), float(exact), float(exact))
    v, r = fraction(exact), fraction(radius)
    return Bound(radius, 0.0 - below(r - v, form), below(v + r, form))


def fraction(value: Number) -> Fraction:
    """A finite number, exactly; of e^(−10³⁰) and the like the sign, and that it is less than any float's last bit."""
    sign, mantissa, exponent, bits = value._mpf_
    if mantissa and exponent + bits < _LEAST:
        mantissa, exponent = 1, _LEAST
    size = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -size if sign else size


def below(x: Fraction, form: Format) -> float:
    """The largest finite float of the format that is no larger than x; −∞ where there is none."""
    largest = float(form.largest)
    if abs(x) > largest:
        return math.copysign(largest if x > 0 else math.inf, x)
    size = abs(x)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= x != 0 and size < Fraction(2) ** exponent
    step = Fraction(2) ** max(exponent - form.precision + 1, form.subnormal_exponent) if x else Fraction(1)
    return float(x // step * step)


# --- as mistaken formulas see it --------------------------------------------------------------------------------------


def seen(each: Property, case: Case, dtype: str, found: Sequence[Output]) -> Seen:
    """The example with right values, each within the widest of its bounds."""
    of, form = subject(dtype, dtype), NUMPY_DTYPES[dtype]
    truth = [_running(output, Rounding.of(of.arithmetic)) for output in found]
    computed: list[Array] = [T.value.astype(np.float64).astype(form) for T in truth]
    return Seen(of, each.claim, case, [output.name for output in found], computed, truth)


def _running(output: Output, rounding: Rounding) -> Running:
    widest = [
        None if None in each else max(b.radius for b in each) for each in zip(*output.bounds.values(), strict=True)
    ]
    known = [pair if None not in pair else (0, np.inf) for pair in zip(output.exact, widest, strict=True)]
    wide = np.array([[longdouble(x) for x in pair] for pair in known], np.longdouble).reshape(-1, 2)
    return Running(wide[:, 0].reshape(output.shape), wide[:, 1].reshape(output.shape), rounding)

"""Signs, decided: exactly where all is rational, by enclosures at growing precision elsewhere, or not at all.

1 − Σ S is 0 for a softmax S, and rounding would make it ±10⁻¹²⁰: its sign is *undecided*, as 0 lies in every enclosure.
A number is a fraction as long as it is one of not too many digits, then an interval whose ends are rounded outwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mp

_BITS = 60_000
"""Fractions of more bits become intervals."""
_GUARD = 20
"""Bits beyond those asked for in which exp and log are computed, before their ends are moved outwards."""


MAGNITUDE = 4096
"""exp is computed up to exp(2⁴⁰⁹⁶)."""


class TooLarge(ArithmeticError):
    """exp of a number of so many digits that its own digits could not be computed."""


class Undecided(ArithmeticError):
    """A sign that no precision has decided: what it is of may be exactly 0, and 1[· ≥ 0] has its kink there."""


@dataclass(frozen=True)
class Interval:
    """All numbers from ``low`` to ``high``, at so many bits."""

    low: Any
    high: Any
    bits: int

    def __add__(self, other: Interval) -> Interval:
        """[a + c, b + d]."""
        return Interval(self._down(mp.fadd, self.low, other.low), self._up(mp.fadd, self.high, other.high), self.bits)

    def __mul__(self, other: Interval) -> Interval:
        """The least and the largest of the four products of ends."""
        ends = [(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        low, high = (min(self._down(mp.fmul, *two) for two in ends), max(self._up(mp.fmul, *two) for two in ends))
        return Interval(low, high, self.bits)

    def inverse(self) -> Interval:
        """[1/b, 1/a], where 0 lies outside."""
        if self.low <= 0 <= self.high:
            msg = "1/a, where a may be 0"
            raise Undecided(msg)
        return Interval(self._down(mp.fdiv, 1, self.high), self._up(mp.fdiv, 1, self.low), self.bits)

    def increasing(self, function: Callable[..., Any]) -> Interval:
        """exp or log, whose values are rounded to within 2⁻ᵇⁱᵗˢ of themselves."""
        low, high = (function(end, prec=self.bits + _GUARD) for end in (self.low, self.high))
        slack = mp.ldexp(1, -self.bits)
        low = self._down(mp.fsub, low, self._up(mp.fmul, abs(low), slack))
        return Interval(low, self._up(mp.fadd, high, self._up(mp.fmul, abs(high), slack)), self.bits)

    def _down(self, operation: Callable[..., Any], *of: Any) -> Any:
        return operation(*of, prec=self.bits, rounding="f")

    def _up(self, operation: Callable[..., Any], *of: Any) -> Any:
        return operation(*of, prec=self.bits, rounding="c")


Number = Fraction | Interval


def fraction(value: Any) -> Fraction:
    """Exactly the value of a number of mpmath, or of one that is exact already."""
    if isinstance(value, int | Fraction):
        return Fraction(value)
    mantissa, exponent = value.man_exp  # without the sign
    signed = int(mantissa) * (-1 if value < 0 else 1)
    return Fraction(signed << exponent) if exponent > 0 else Fraction(signed, 1 << -exponent)


def sign(number: Number) -> int:
    """−1, 0 or 1. Raises ``Undecided``."""
    if isinstance(number, Fraction):
        return (number > 0) - (number < 0)
    if number.low > 0 or number.high < 0:
        return 1 if number.low > 0 else -1
    msg = "its sign is not decided"
    raise Undecided(msg)


class Arithmetic:
    """The operators of terms on fractions and intervals of so many bits."""

    def __init__(self, bits: int) -> None:
        """Everything that is no fraction is computed at ``bits``."""
        self.bits = bits
        self.operators: dict[str, Callable[..., Any]] = {
            "add": lambda a, b: self._both(a, b, lambda x, y: x + y),
            "mul": lambda a, b: Fraction(0) if a == 0 or b == 0 else self._both(a, b, lambda x, y: x * y),
            "inv": lambda a: self._small(1 / a) if isinstance(a, Fraction) else a.inverse(),
            "exp": self._exp,
            "log": self._log,
            "ind": lambda a: Fraction(int(sign(a) >= 0)),
        }

    def _both(self, a: Number, b: Number, operation: Callable[[Any, Any], Any]) -> Number:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self._small(operation(a, b))
        found: Number = operation(self._wide(a), self._wide(b))
        return found

    def _small(self, a: Fraction) -> Number:
        return a if max(a.numerator.bit_length(), a.denominator.bit_length()) < _BITS else self._wide(a)

    def _wide(self, a: Number) -> Interval:
        if isinstance(a, Interval):
            return a
        low, high = (
            mp.fdiv(mp.mpf(a.numerator, prec=0), mp.mpf(a.denominator, prec=0), prec=self.bits, rounding=to)
            for to in "fc"
        )
        return Interval(low, high, self.bits)

    def _exp(self, a: Number) -> Number:
        wide = self._wide(a)
        if wide.high > 0 and mp.mag(wide.high) > MAGNITUDE:
            msg = "a number of more than a thousand digits in an exponent"
            raise TooLarge(msg)
        if wide.high < 0 and mp.mag(wide.high) > MAGNITUDE:
            return Interval(mp.mpf(0), mp.ldexp(1, -(2**64)), self.bits)
        return Fraction(1) if a == 0 else wide.increasing(mp.exp)

    def _log(self, a: Number) -> Number:
        if a == 1:
            return Fraction(0)
        wide = self._wide(a)
        if sign(a) <= 0:
            msg = "the logarithm of what is not positive"
            raise ArithmeticError(msg)
        if wide.low <= 0:
            msg = "log a, where a may be 0"
            raise Undecided(msg)
        return wide.increasing(mp.ln)

"""Signs, decided: exactly where all is rational, by enclosures at growing precision elsewhere, or not at all.

1 − Σ S is 0 for a softmax S, and rounding would make it ±10⁻¹²⁰: its sign is *undecided*, as 0 lies in every enclosure.
A number is a fraction as long as it is one of not too many digits, then an interval whose ends are rounded outwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mp

_BITS = 60_000
"""Fractions of more bits become intervals."""
_GUARD = 20
"""Bits beyond those asked for in which functions are computed, before their ends are moved outwards."""


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

    def increasing(self, function: Callable[[Any], Any]) -> Interval:
        """Of a function that increases, and whose values are rounded to within 2⁻ᵇⁱᵗˢ of themselves."""
        (low, below), (high, above) = (self._rounded(function, end) for end in (self.low, self.high))
        return Interval(self._down(mp.fsub, low, below), self._up(mp.fadd, high, above), self.bits)

    def nearby(self, function: Callable[[Any], Any]) -> Interval:
        """sin or cos, neither of which changes by more than its argument does; both are within ±1."""
        middle = self._down(mp.fmul, self._down(mp.fadd, self.low, self.high), mp.mpf(0.5))
        radius = max(self._up(mp.fsub, self.high, middle), self._up(mp.fsub, middle, self.low))
        value, slack = self._rounded(function, middle)
        reach = self._up(mp.fadd, radius, slack)
        low, high = self._down(mp.fsub, value, reach), self._up(mp.fadd, value, reach)
        return Interval(max(low, mp.mpf(-1)), min(high, mp.mpf(1)), self.bits)

    def _rounded(self, function: Callable[[Any], Any], at: Any) -> tuple[Any, Any]:
        """A value, and how far it may be off."""
        with mp.workprec(self.bits + _GUARD):
            value = function(at)
        return value, self._up(mp.fmul, abs(value), mp.ldexp(1, -self.bits))

    def _down(self, operation: Callable[..., Any], *of: Any) -> Any:
        return operation(*of, prec=self.bits, rounding="f")

    def _up(self, operation: Callable[..., Any], *of: Any) -> Any:
        return operation(*of, prec=self.bits, rounding="c")


Number = Fraction | Interval


def in_reach(a: Any) -> Any:
    """a, unless it has so many digits that exp a, or sin a, could not be computed."""
    if mp.mag(a) > MAGNITUDE:
        msg = "a number of more than a thousand digits in an exponent, or as an angle"
        raise TooLarge(msg)
    return a


def sigmoid(a: Any) -> Any:
    """1/(1 + exp(−a)), without a large exponential."""
    small = mp.exp(-abs(in_reach(a)))
    return (1 if a >= 0 else small) / (1 + small)


def softplus(a: Any) -> Any:
    """log(1 + exp a), without a large exponential."""
    return max(a, 0) + mp.log1p(mp.exp(-abs(in_reach(a))))


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
            "sqrt": self._sqrt,
            "tanh": lambda a: a if a == 0 else self._wide(a).increasing(mp.tanh),
            "sigmoid": lambda a: self._wide(a).increasing(sigmoid),
            "softplus": lambda a: self._wide(a).increasing(softplus),
            "erf": lambda a: a if a == 0 else self._wide(a).increasing(mp.erf),
            "sin": lambda a: a if a == 0 else self._wide(a).nearby(lambda x: mp.sin(in_reach(x))),
            "cos": lambda a: Fraction(1) if a == 0 else self._wide(a).nearby(lambda x: mp.cos(in_reach(x))),
            "pi": lambda: Interval(mp.pi(prec=bits, rounding="f"), mp.pi(prec=bits, rounding="c"), bits),
        }

    def _both(self, a: Number, b: Number, operation: Callable[[Any, Any], Any]) -> Number:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self._small(operation(a, b))
        found: Number = operation(self._wide(a), self._wide(b))
        return found

    def larger(self, a: Number, b: Number) -> Number:
        """The larger of two."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return max(a, b)
        one, other = self._wide(a), self._wide(b)
        return Interval(max(one.low, other.low), max(one.high, other.high), self.bits)

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
        if wide.high > 0:
            in_reach(wide.high)
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

    def _sqrt(self, a: Number) -> Number:
        if isinstance(a, Fraction) and a >= 0:
            roots = math.isqrt(a.numerator), math.isqrt(a.denominator)
            if Fraction(*roots) ** 2 == a:
                return Fraction(*roots)
        wide = self._wide(a)
        if wide.high < 0:
            msg = "the square root of what is negative"
            raise ArithmeticError(msg)
        if wide.low < 0:
            msg = "√a, where a may be negative"
            raise Undecided(msg)
        return wide.increasing(mp.sqrt)

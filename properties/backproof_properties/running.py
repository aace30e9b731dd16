"""Running error analysis: arrays that carry how far an implementation in a number format may be from them.

fl(a ∘ b) is off by at most the errors of a and b, carried through the operation, and u|a ∘ b| of its own. Sums and
products of matrices are bounded in any order, Σ|terms|·(n + 1)u, and not at all where every partial sum is
representable. Overflow and underflow are those of the format. So a mistaken formula, written in NumPy, gives what an
implementation of it may return in that format, and the diagnosis needs no tolerance. For advice, not for verdicts.

Reference: Higham 2002, §3.3 (running error analysis).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof_properties.arrays import Array
from backproof_spec.rounding.formats import Arithmetic

_WIDE = np.longdouble
_BITS = np.finfo(_WIDE).nmant + 1
NEVER = 2**15
"""The exponent of the lowest bit of 0, which has none."""


class Uncertain(ArithmeticError):
    """A comparison that rounding decides: implementations of the formula differ here."""


@dataclass(frozen=True)
class Rounding:
    """What running error analysis needs of an arithmetic: u, the error of exp and log, and the ends of the range."""

    u: Any
    function: Any
    smallest: Any
    smallest_normal: Any
    largest: Any
    precision: int
    lowest: int

    @classmethod
    def of(cls, arithmetic: Arithmetic) -> Rounding:
        """As if every operation rounded to the output format: never too little."""
        form = arithmetic.output
        u = _WIDE(float(form.u)) + np.finfo(_WIDE).eps
        function = 2 * arithmetic.exp_ulps * u
        smallest = float(form.smallest_normal if arithmetic.flush_to_zero else form.smallest_subnormal)
        rest = (_WIDE(smallest), _WIDE(float(form.smallest_normal)), _WIDE(float(form.largest)))
        return cls(u, function / (1 - function), *rest, form.precision, form.subnormal_exponent)


def lowest_bit(A: Array) -> Array:
    """log₂ of the lowest bit set of each entry."""
    significand, exponent = np.frexp(np.where(np.isfinite(A), np.abs(A), 1))
    bits = np.ldexp(significand, _BITS).astype(np.uint64)
    lowest = bits & (~bits + np.uint64(1))
    return np.where(bits == 0, NEVER, exponent - _BITS + np.frexp(lowest.astype(np.float64))[1] - 1)


class Running(np.lib.mixins.NDArrayOperatorsMixin):
    """``value``, and ``error``: how far from it an implementation may be, entry by entry (inf: anywhere)."""

    def __init__(self, value: Any, error: Any, rounding: Rounding) -> None:
        """An array as it is."""
        self.value = np.asarray(value, dtype=_WIDE)
        self.error = np.broadcast_to(np.asarray(error, dtype=_WIDE), self.value.shape)
        self.rounding = rounding

    # --- shapes -------------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.value.shape

    @property
    def T(self) -> Running:
        """The transpose."""
        return self._same(lambda A: A.T)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.value)

    def __getitem__(self, place: Any) -> Running:
        """A part."""
        return self._same(lambda A: A[place])

    def reshape(self, *shape: int) -> Running:
        """The same entries in another shape."""
        return self._same(lambda A: A.reshape(*shape))

    def _same(self, part: Callable[[Array], Array]) -> Running:
        return Running(part(self.value), part(self.error), self.rounding)

    # --- sums, maxima -------------------------------------------------------------------------------------------------

    def sum(self, axis: int | None = None, *, keepdims: bool = False) -> Running:
        """Σ in any order."""
        how: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
        size, error = np.abs(self.value).sum(**how), self.error.sum(**how)
        exponent = lowest_bit(self.value).min(**how, initial=NEVER)
        count = self.value.size if axis is None else self.shape[axis]
        own = count * self.rounding.u * (size + error)
        return self._settled(self.value.sum(**how), error, own, size, exponent)

    def max(self, axis: int | None = None, *, keepdims: bool = False) -> Running:
        """The largest entry: no rounding."""
        how: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
        return Running(self.value.max(**how), self.error.max(**how), self.rounding)

    # --- operators and functions of NumPy -----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """The rule of the operator or function."""
        if method != "__call__" or options or ufunc not in _COMPARISONS | _RULES.keys():
            return NotImplemented
        given = [each if isinstance(each, Running) else self.constant(each) for each in inputs]
        return _compared(ufunc, *given) if ufunc in _COMPARISONS else _RULES[ufunc](*given)

    def constant(self, value: Any) -> Running:
        """A number of a formula, as the format holds it."""
        exact = np.asarray(value, dtype=_WIDE)
        held = lowest_bit(exact) >= np.frexp(exact)[1] - self.rounding.precision
        return Running(exact, np.where(held, 0, self.rounding.u * np.abs(exact)), self.rounding)

    def rounded(self, value: Any, error: Any, own: Any) -> Running:
        """A result that is off by ``error``, and by its ``own`` rounding."""
        return self._ranged(value, error + own)

    def _settled(self, value: Any, error: Any, own: Any, size: Any, exponent: Any) -> Running:
        """A sum of multiples of 2^exponent with Σ|terms| = size: exact where every partial sum fits the format."""
        room = np.ldexp(np.ones(np.shape(value), _WIDE), np.clip(exponent + self.rounding.precision, -NEVER, NEVER))
        exact = (size <= room) & (np.asarray(exponent) >= self.rounding.lowest) & (np.asarray(error) == 0)
        return self._ranged(value, np.where(exact, 0, error + own))

    def _ranged(self, value: Any, error: Any) -> Running:
        """Infinite beyond the largest number, 0 far below the smallest, uncertain near the largest."""
        largest, size = self.rounding.largest, np.abs(value)
        over = (size - error > largest) | ((size > largest) & (error == 0))
        tiny = (size + error < self.rounding.smallest / 4) & (size > 0)
        near = ~over & (size + error > largest)
        value = np.where(over, np.copysign(np.inf, value), np.where(tiny, 0, value))
        return Running(value, np.where(near, np.inf, np.where(over | tiny, 0, error)), self.rounding)


def where(mask: Any, chosen: Any, other: Any) -> Running:
    """``chosen`` where the mask is true, else ``other``; one of them is an array with errors."""
    like = chosen if isinstance(chosen, Running) else other
    a, b = (each if isinstance(each, Running) else like.constant(each) for each in (chosen, other))
    return Running(np.where(mask, a.value, b.value), np.where(mask, a.error, b.error), like.rounding)


def below_largest(Z: Running, axis: int | None = 0) -> Running:
    """Z − max Z along ``axis``: exactly 0 where an entry is sure to be the largest, however uncertain it is itself."""
    shifted = Z - Z.max(axis=axis, keepdims=True)
    may = Z.value + Z.error >= (Z.value - Z.error).max(axis=axis, keepdims=True)
    sure = may & (may.sum(axis=axis, keepdims=True) == 1) & np.isfinite(Z.value) & np.isfinite(Z.error)
    return Running(shifted.value, np.where(sure, 0, shifted.error), Z.rounding)


def clip(A: Any, low: float, high: float) -> Any:
    """A within [low, high]."""
    return np.minimum(np.maximum(A, low), high)


# --- the rules --------------------------------------------------------------------------------------------------------


def _compared(ufunc: Any, a: Running, b: Running) -> Any:
    error = a.error + b.error
    if np.any((error > 0) & ~(np.abs(a.value - b.value) > error)):
        raise Uncertain
    return ufunc(a.value, b.value)


def _add(a: Running, b: Running) -> Running:
    value, error = a.value + b.value, a.error + b.error
    exponent = np.minimum(lowest_bit(a.value), lowest_bit(b.value))
    own = np.where(np.isfinite(value), a.rounding.u * (np.abs(value) + error), 0)
    return a._settled(value, error, own, np.abs(a.value) + np.abs(b.value), exponent)  # noqa: SLF001 - a rule of it


def _negative(a: Running) -> Running:
    return Running(-a.value, a.error, a.rounding)


def _multiply(a: Running, b: Running) -> Running:
    value = a.value * b.value
    size = np.abs(value)
    carried = np.abs(a.value) * b.error + a.error * (np.abs(b.value) + b.error)
    error = np.where((a.error == 0) & (b.error == 0), 0, carried)
    own = a.rounding.u * (size + error) + np.where(size > 0, a.rounding.smallest, 0)
    return a._settled(value, error, own, size, lowest_bit(a.value) + lowest_bit(b.value))  # noqa: SLF001 - as above


def _divide(a: Running, b: Running) -> Running:
    """A quotient, or the product with a reciprocal."""
    value, below = a.value / b.value, np.abs(b.value) - b.error
    error = np.where((a.error == 0) & (b.error == 0), 0, (a.error + np.abs(value) * b.error) / below)
    error = np.where((below <= 0) & (b.error > 0), np.inf, error)
    own = 2 * a.rounding.u * (np.abs(value) + error) + np.where(value != 0, a.rounding.smallest, 0)
    return a.rounded(value, error, np.where((a.value == 0) | ~np.isfinite(value), 0, own))


def _exp(a: Running) -> Running:
    value = np.exp(a.value)
    error = np.where(a.error < 1, value * np.expm1(a.error), np.exp(a.value + a.error))
    own = a.rounding.function * (value + error) + a.rounding.smallest_normal  # some flush what is subnormal
    certain = ((a.value == 0) & (a.error == 0)) | (value + error < a.rounding.smallest / 4)
    return a.rounded(value, error, np.where(certain, 0, own))


def _logarithm(a: Running, value: Array, argument: Array) -> Running:
    error = np.where(a.error == 0, 0, -np.log1p(-a.error / argument))
    error = np.where((a.error >= argument) & (a.error > 0), np.inf, error)
    own = a.rounding.function * (np.abs(value) + error)
    return a.rounded(value, error, np.where(np.isfinite(value), own, 0))


def _log(a: Running) -> Running:
    return _logarithm(a, np.log(a.value), a.value)


def _log1p(a: Running) -> Running:
    return _logarithm(a, np.log1p(a.value), 1 + a.value)


def _sqrt(a: Running) -> Running:
    value = np.sqrt(a.value)
    error = np.where(a.error == 0, 0, a.error / np.where(value > 0, value, 1))
    return a.rounded(value, error, a.rounding.u * (value + error))


def _matmul(a: Running, b: Running) -> Running:
    left, right, inner = np.abs(a.value), np.abs(b.value), a.shape[1]
    size, error = left @ right, a.error @ (right + b.error) + left @ b.error
    own = (inner + 1) * a.rounding.u * (size + error) + inner * a.rounding.smallest
    rows = lowest_bit(a.value).min(axis=1, initial=NEVER)
    columns = lowest_bit(b.value).min(axis=0, initial=NEVER)
    return a._settled(a.value @ b.value, error, own, size, rows[:, None] + columns)  # noqa: SLF001 - as above


def _extremum(of: Any) -> Callable[[Running, Running], Running]:
    def rule(a: Running, b: Running) -> Running:
        value, apart = of(a.value, b.value), np.abs(a.value - b.value) > a.error + b.error
        either = np.maximum(a.error, b.error)  # where it is not sure which of them it is
        return Running(value, np.where(apart, np.where(value == a.value, a.error, b.error), either), a.rounding)

    return rule


_COMPARISONS: set[Any] = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}
_RULES: dict[Any, Callable[..., Running]] = {
    np.add: _add,
    np.subtract: lambda a, b: _add(a, _negative(b)),
    np.multiply: _multiply,
    np.divide: _divide,
    np.matmul: _matmul,
    np.negative: _negative,
    np.absolute: lambda a: Running(np.abs(a.value), a.error, a.rounding),
    np.maximum: _extremum(np.maximum),
    np.minimum: _extremum(np.minimum),
    np.exp: _exp,
    np.log: _log,
    np.log1p: _log1p,
    np.sqrt: _sqrt,
}

"""The rules of ``language.rounding`` for whole arrays, in NumPy's widest floats: v̂, M̂ and Ê of every entry.

The rules of v̂ round where those of E hold a rounding of the format, with w in place of u: v̂ is off by at most (w/u)·E,
and w/u ≤ 2⁻¹¹; by 2⁻⁷·E of a sum whose products are not formed (``contraction``). Ê is made of sums and products of
what is not negative, which keep a relative error. An error of E changes f(v ± E) − f(v) by less than 2⁻⁷ of it where
E ≤ 16, and a quotient by no more where E is at most half of what is divided by. Of underflow Ê counts the least that
there may be. So 0.9·Ê and what v̂ is off by are less than E.

NaN as Ê: nothing is said. It stands where something may overflow, where rounding decides a comparison, at what is not
defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import count
from math import prod
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties.arrays import NUMPY_DTYPES, Array
from backproof_properties.contraction import WIDE, Matrices, sizes_of, values_of
from backproof_spec.language.evaluating import Holds
from backproof_spec.language.functions import FUNCTIONS, Function
from backproof_spec.language.rounding import Rounding

_ROUNDOFF, _FINER = float(np.finfo(WIDE).eps) / 2, 2.0**-11
"""w, and how much finer than u it has to be."""
_FLOAT64, _NEAR, _ROOM = 2.0**-53, 2.0**-7, 2.0**-20
_WIDEST = 16
"""The largest E with which a function is asked."""
_ALMOST = 1 - WIDE(2) ** -20
"""What is so near to the largest number may overflow."""


_ONE = np.asarray(WIDE(1))


class Doubt(Exception):
    """There is no fast way here."""


@dataclass(frozen=True)
class Field:
    """Of every entry v, M and E (see ``rounding.Rounded``), in arrays that are broadcast against each other.

    ``monomials``: R and D; None of what is formed, whose R is the larger of 1 and M + E. ``terms``: those of the Σ that
    it is, None of anything else.
    """

    value: Array
    majorant: Array
    error: Array
    monomials: tuple[Array, Array] | None = None
    terms: Array | None = None

    @property
    def reach(self) -> tuple[Array, Array]:
        """R and D."""
        return self.monomials or (np.maximum(self.majorant + self.error, 1), _ONE)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All of them."""
        return (self.value, self.majorant, self.error, *(self.monomials or ()))

    @classmethod
    def of(cls, arrays: Iterable[Array]) -> Field:
        """From all of them."""
        value, majorant, error, *monomials = arrays
        return cls(value, majorant, error, (monomials[0], monomials[1]) if monomials else None)

    def each(self, change: Callable[[Array], Array]) -> Field:
        """With every array changed."""
        return Field.of(map(change, self.arrays))

    def where(self, condition: Array, other: Field) -> Field:
        """This where it holds, else the other, which is formed."""
        pairs = zip(self.arrays, (other.value, other.majorant, other.error, *other.reach), strict=False)
        return Field.of(np.where(condition, a, b) for a, b in pairs)

    def either(self, other: Field) -> Field:
        """One value, computed in one way or in another."""
        error = np.maximum(self.error, other.error + np.abs(self.value - other.value))
        return replace(self, error=error)

    @property
    def zero(self) -> Any:
        """Where is it 0 in every implementation?"""
        return (self.value == 0) & (self.error == 0)

    @property
    def plain(self) -> Any:
        """Where is it exactly 0, 1 or −1?"""
        return (self.error == 0) & ((self.value == 0) | (np.abs(self.value) == 1))


@dataclass(frozen=True)
class Along:
    """The terms of a sum: a field, how many there are along each axis that is summed over, and the number of axes."""

    field: Field
    sizes: Mapping[int, int]
    rank: int

    @classmethod
    def of(cls, terms: Sequence[Field]) -> Along:
        """Fields one after the other, along an axis before all others."""
        columns = zip(*((each.value, each.majorant, each.error, *each.reach) for each in terms), strict=True)
        shape = np.broadcast_shapes(*(each.value.shape for each in terms))
        stacked = (np.stack([np.broadcast_to(A, shape) for A in column]) for column in columns)
        return cls(Field.of(stacked), {0: len(terms)}, 1 + len(shape))

    def __len__(self) -> int:
        """The number of terms."""
        return prod(self.sizes.values())

    def reduced(self, of: Callable[..., Array], A: Array, **options: Any) -> Array:
        """Σ A or the like, whose axes stay, with one entry."""
        shape = A.shape or (1,) * self.rank
        full = tuple(self.sizes.get(k, n) for k, n in enumerate(shape))
        found = A if A.shape == full else np.broadcast_to(A, full)
        return of(found, axis=tuple(self.sizes), keepdims=True, **options)


class Rules:
    """Those of ``rounding.Rounding``, for fields."""

    def __init__(self, exact: Rounding) -> None:
        """The constants of the exact rules, in wide floats."""
        self._exact = exact
        if float(exact.u) * _FINER < _ROUNDOFF:
            raise Doubt
        self.u, self.least, self._most = map(_wide, (exact.u, exact.least, exact.most))
        self._most *= _ALMOST
        self._small = _wide(exact.small)
        self._logarithm = np.log1p(self.u)
        self.inner = self if exact.inner is exact else Rules(exact.inner)

    def _function(self, stored: int) -> Any:
        return _wide(self._exact.function(stored))

    def returned(self, field: Field) -> Field:
        """What is returned, rounded once more where intermediates have another format; not what may overflow then."""
        exact, form = self._exact, self._exact.output
        if not exact.once_more:
            return field
        size, most, least = np.abs(field.value) + field.error, exact.most_of(form), _wide(exact.least_of(form))
        most, error = _wide(most) * _ALMOST, field.error + _wide(form.u) * size + least
        held = (field.error == 0) & (field.value.astype(NUMPY_DTYPES[form.name]).astype(WIDE) == field.value)
        held = held & ~((size > 0) & (size < least) & exact.flushes)
        return replace(field, error=np.where(held, 0, np.where(size <= most, error, np.nan)))

    def given(self, value: Any) -> Field:
        """Numbers of the format; what flushes reads subnormal ones as 0."""
        wide = np.asarray(value, dtype=WIDE)
        size = np.abs(wide)
        small = size < _wide(self._exact.least_of(self._exact.output))
        return Field(wide, size, np.where(small, size, 0) if self._exact.flushes else np.zeros_like(wide))

    def number(self, value: Fraction) -> Field:
        """A number of a formula, as the format holds it."""
        found, held = self.given(_wide(value.numerator) / _wide(value.denominator)), self._exact.number(value)
        return Field(found.value, found.majorant, np.asarray(_wide(held.error) if held.fine else WIDE(np.nan)))

    def _reaching(self, field: Field, reach: Array, over: Array) -> Field:
        error = np.where(reach * over <= self._most, field.error, np.nan)
        return Field(field.value, field.majorant, error, (reach, over))

    def formed(self, value: Array, majorant: Array, error: Array, *, doubted: Array | bool = False) -> Field:
        """What surely does not overflow, and is not doubted."""
        sure = (majorant + error <= self._most) & ~np.asarray(doubted)
        return Field(value, majorant, np.where(sure, error, np.nan))

    def _flushed(self, field: Field, count: Any) -> Field:
        """What may be subnormal after so many operations; of one, where it is so however far v̂ and Ê are off."""
        if not self._exact.flushes:
            return field
        normal = (np.asarray(count) == 1) & (np.abs(field.value) - field.error >= self.least / 2)
        return replace(field, error=field.error + np.where((field.value != 0) & ~normal, count * self.least, 0))

    def add(self, terms: Sequence[Field]) -> Field:
        """Σ, in any order: that of a Σ may begin at another term, which then meets all its roundings."""
        begun = [each.terms - 1 for each in terms if each.terms is not None]
        if begun:
            every = sum(begun[1:], begun[0])
            terms = [self._met(each, every if each.terms is None else every + 1 - each.terms) for each in terms]
        return self.summed(Along.of(terms), np.prod).each(lambda A: A[0])

    def _met(self, each: Field, more: Array) -> Field:
        """After so many further roundings of a sum."""
        growth = np.expm1(more * self.inner._logarithm)  # noqa: SLF001 - of the same class
        return replace(each, error=each.error + growth * (each.majorant + each.error))

    def difference(self, left: Field, right: Field) -> Field:
        """a − b of what is formed: one rounding of what is left."""
        value, error = left.value - right.value, left.error + right.error
        size = np.abs(value)
        return self._flushed(self.formed(value, size, error + self.u * (size + error)), 1)

    def apart(self, left: Field, right: Field) -> Field:
        """a − b, in any order with what they are made of: in terms of what both are."""
        return self.add([left, Field(-right.value, right.majorant, right.error)])

    def total(self, terms: Along) -> Field:
        """Σ, in the accumulator, and stored."""
        found = self.inner.summed(terms, partial(np.max, initial=1))
        found = replace(found, terms=np.maximum(terms.reduced(np.sum, ~terms.field.zero, dtype=WIDE), 1))
        return found if self.inner is self else self._stored(found)

    def _stored(self, found: Field) -> Field:
        stored = found.error + self.u * (np.abs(found.value) + found.error) + self.least
        return replace(found, error=np.where(found.error == 0, 0, stored))

    def summed(self, terms: Along, combined: Callable[..., Array]) -> Field:
        """Σ, in any order: terms that are 0 are none; ``combined``: the D of these."""
        a = terms.field
        value, majorant, error = (terms.reduced(np.sum, part) for part in (a.value, a.majorant, a.error))
        several = np.maximum(terms.reduced(np.sum, ~a.zero, dtype=WIDE) - 1, 0)
        grown = error + np.expm1(several * self._logarithm) * (majorant + error)
        reach, over = a.reach
        found = self._reaching(
            self.formed(value, majorant, grown), terms.reduced(np.sum, reach), _over(terms, combined, over)
        )
        return self._flushed(found, len(terms) - 1)

    def contracted(self, left: Field, right: Field, by: Matrices) -> Field:
        """Σ a·b, in the accumulator, and stored; the products are not formed."""
        found = self.inner.summed_products(left, right, by)
        return found if self.inner is self else self._stored(found)

    def summed_products(self, left: Field, right: Field, by: Matrices) -> Field:
        """Σ a·b, in any order."""
        (v, M, E, R), (w, N, F, S) = (
            [of(A) for A in (each.value, each.majorant, each.error, each.reach[0])]
            for each, of in ((left, by.left), (right, by.right))
        )
        rounds, more = (of(~each.plain) for each, of in ((left, by.left), (right, by.right)))
        majorant = sizes_of(M, N)
        value, off, rounded = values_of(v, w, majorant, finer=self.u * _FINER < _FLOAT64)
        every = bool(rounds.all() and more.all())
        own = majorant if every else sizes_of(M * rounds, N * more)
        count = v.shape[-1] if every else sizes_of(rounds, more)
        error = self.u * own + 2 * self.least * count
        error = error + sizes_of(M, F) if F.any() else error
        error = error + sizes_of(E, N + F) if E.any() else error
        terms = count if every else np.maximum(sizes_of(by.left(~left.zero), by.right(~right.zero)), 1)
        grown = error + np.expm1((terms - 1) * self._logarithm) * (majorant + error)
        doubted = off + np.where(grown > 0, rounded, 0) > _NEAR * grown  # a product of ±1 is not rounded
        found = self.formed(value, majorant, grown, doubted=doubted)
        over = np.asarray(np.max(left.reach[1], initial=1) * np.max(right.reach[1], initial=1))
        reach = v.shape[-1] * np.max(R, initial=1) * np.max(S, initial=1)  # no less than the sum
        found = self._reaching(found, np.asarray(reach) if reach * over <= _ROOM * self._most else sizes_of(R, S), over)
        arrays = (found.value, found.majorant, found.error, np.broadcast_to(found.reach[0], value.shape))
        counted = by.array(np.broadcast_to(np.asarray(terms, dtype=WIDE), value.shape))
        return replace(Field.of((*map(by.array, arrays), over)), terms=counted)

    def multiply(self, left: Field, right: Field) -> Field:
        """a·b; by 0, 1 and −1 nothing is rounded."""
        majorant = left.majorant * right.majorant
        error = left.majorant * right.error + right.majorant * left.error + left.error * right.error
        own = np.where(left.plain | right.plain, 0, self.u * (majorant + error) + 2 * self.least)
        (reach, over), (other, more) = left.reach, right.reach
        found = self.formed(left.value * right.value, majorant, error + own)
        return self._flushed(self._reaching(found, reach * other, over * more), left.plain | right.plain)

    def divide(self, left: Field, right: Field) -> Field:
        """a·(1/b)."""
        size = np.abs(right.value)
        inverse, far = 1 / size, 2 * right.error <= size
        error = inverse * right.error / (size - right.error)
        own = self.u * (inverse + error) + self.least
        found = self.formed(1 / right.value, inverse, error + own, doubted=~far)
        over = np.maximum(size + right.error, 1) * right.reach[1]
        return self.multiply(left, replace(found, monomials=(found.reach[0], over)))

    def power(self, base: Field, exponent: Field) -> Field:
        """a^e: of whole e as a product, else as exp(e·log a)."""
        whole = (exponent.error == 0) & (exponent.value == np.floor(exponent.value))
        logarithm = None if whole.all() else self.apply(FUNCTIONS["log"], (base,))
        found = logarithm and self.apply(FUNCTIONS["exp"], (self.multiply(exponent, logarithm),))
        for e in np.unique(exponent.value[whole]):
            power = self._power(base, float(e))
            found = power.where(whole & (exponent.value == e), found) if found else power
        if not found:
            raise Doubt
        return found

    def _power(self, base: Field, e: float) -> Field:
        n = abs(int(e))
        size, least = base.majorant**n, n * self.least
        relative = n * (np.log1p(base.error / base.majorant) + self._logarithm)
        grown = np.where(base.majorant > 0, size * np.expm1(relative), base.error**n if n else 0)
        found = self.formed(base.value**n, size, grown + self._function(1) * size + least)
        return found if e >= 0 else self.divide(self.given(1), found)

    def apply(self, function: Function, arguments: tuple[Field, ...]) -> Field:
        """f(a, …)."""
        of = _FUNCTIONS.get(function.name) or getattr(np, function.name)
        values = tuple(each.value for each in arguments)
        value, error = of(*values), sum((each.error for each in arguments), np.asarray(WIDE(0)))
        doubted = ~(error <= _WIDEST)
        if function.domain:
            doubted = doubted | (2 * error > values[0])
        if not function.contracting and error.any():
            sides = (np.maximum(*(np.abs(of(values[0] + e) - value) for e in (k * error, -k * error))) for k in (1, 2))
            error, twice = sides
            doubted = doubted | ((error != twice) & (function.kink is not None))
        size, lost = np.maximum(np.abs(value), function.scale) + error, self.least + function.saturates * self._small
        own = self._function(function.stored) * size + lost if function.kink is None else 0
        return self.formed(value, np.abs(value), error + own, doubted=doubted)

    def largest(self, terms: Along) -> Field:
        """The largest, whichever that may be."""
        a = terms.field
        value = terms.reduced(np.max, a.value)
        error = terms.reduced(np.max, np.where(a.value == value, a.error, 0))
        unsure = ((a.value + 2 * a.error >= value - 2 * error) & (a.error > error)) | np.isnan(a.error)
        error = np.where(terms.reduced(np.any, unsure), np.nan, error)
        return Field(value, np.abs(value), error)

    def bracket(self, holds: Holds, left: Field, right: Field) -> Field:
        """[a ≤ b]: 1 where it holds, else 0; off by 1 where rounding decides it."""
        error, found = left.error + right.error, self.given(holds(left.value, right.value))
        off = np.abs(left.value - right.value)
        unsure = np.where((error != 0) & (off <= error / 2), 1, np.where(off <= 2 * error, np.nan, 0))
        return Field(found.value, found.majorant, np.where(error == 0, 0, np.where(np.isnan(error), np.nan, unsure)))


def _over(terms: Along, combined: Callable[..., Array], over: Array) -> Array:
    """The D of a sum; where nothing is divided, without adding anything up."""
    return terms.reduced(combined, over) if over.ndim or over != 1 else _ONE.reshape((1,) * terms.rank)


def _wide(value: Any) -> Any:
    """A number of mpmath, or a whole number, in wide floats: to twice the digits of a float64."""
    high = float(value)
    return WIDE(high) + WIDE(float(value - type(value)(high)))


def _sigmoid(a: Any) -> Any:
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def _erf(a: Any) -> Any:
    """erf a = 2/√π·e^(−a²)·Σ 2ⁿ a^(2n+1)/(2n+1)‼, whose terms have one sign; ±1 to 2⁻⁷⁰ beyond 7."""
    x = np.clip(a, -7, 7)
    term = total = x
    for n in count(1):
        term = term * (2 * x * x) / (2 * n + 1)
        total = total + term
        if not np.any(np.abs(term) > _ROUNDOFF / 8 * np.abs(total)):
            break
    return np.where(np.abs(a) >= 7, np.sign(a), 2 / np.sqrt(_PI) * np.exp(-x * x) * total)  # noqa: PLR2004 - as above


_PI = _wide(mp.mpf("3.14159265358979323846264338327950288", prec=120))
_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "sigmoid": _sigmoid,
    "softplus": lambda a: np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))),
    "erf": _erf,
    "pi": lambda: _PI,
    "step": lambda a: (a >= 0) * WIDE(1),
    "relu": lambda a: np.maximum(a, 0),
    "sign": lambda a: np.where(a >= 0, WIDE(1), WIDE(-1)),
    "max": np.maximum,
    "min": np.minimum,
}
"""The functions that NumPy does not have, or has under another name."""

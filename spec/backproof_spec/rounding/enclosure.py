"""Exact value and radius: the set of everything a conforming implementation may return, entry by entry.

Master lemma. Let v = Σ_t c_t ∏ v_tk, each monomial meeting at most N roundings, each input known to |v̂ − v| ≤ Δv. Then

    |computed − v| ≤ Σ_t |c_t| (∏(|v_tk| + Δv_tk)·(1+u)^N − ∏|v_tk|) + (1+u)^N · (underflows).

It holds for any order of summation, blocking, fused multiply-add or wider accumulator (Higham 2002, §3.1 and §4.2, with
Δv carried along). Two cases are sharper: where no product can fall below ω nothing underflows, and where every monomial
is a multiple of a power of two q ≥ η with Σ|monomials| ≤ q/u, every partial sum is representable: the result is exact.

Three values. An entry is *certified finite* (finite radius), *certified overflow*, or *uncertified* (finite ``exact``,
radius inf: nothing is claimed). Certified overflow is written ``exact`` = ±inf, and that infinity is demanded; of a
sum, even of one term, the radius is inf: NaN is admitted too, which is what compensation makes of an infinity
(inf − inf). ``exact`` = nan, where partial sums of both signs can overflow, demands any non-finite value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from mpmath import mp
from mpmath.libmp import from_man_exp

from backproof_spec.matrices import (
    Integers,
    Matrix,
    Number,
    Shape,
    absolute,
    add,
    at_least,
    from_entries,
    integer_product,
    integers,
    nonzeros,
    ones,
    product,
    require_shape,
    rows_of,
    shape,
    transpose,
    zeros,
)
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic

_CENTRE_EXPONENT = -4400
"""Centres are kept to multiples of 2⁻⁴⁴⁰⁰ (the radius grows by that much), so that they stay short integers."""


@dataclass(frozen=True)
class Enclosure:
    """All x̂ with |x̂ − exact| ≤ radius, entry by entry."""

    exact: Matrix
    radius: Matrix

    @classmethod
    def exactly(cls, A: Matrix) -> Enclosure:
        """A itself: radius 0."""
        return cls(A, zeros(A.rows, A.cols))

    @property
    def shape(self) -> Shape:
        """(rows, columns)."""
        return shape(self.exact)

    def transposed(self) -> Enclosure:
        """The enclosure of the transpose."""
        return Enclosure(transpose(self.exact), transpose(self.radius))

    @at_least(RADIUS_BITS)
    def scaled(self, factor: Number, arithmetic: Arithmetic) -> Enclosure:
        """factor·x for a target that scales its result: two more roundings (the factor's own and the product).

        A target that scales earlier is admitted where ``arithmetic.rescaled`` held when this was computed, but for
        underflow: scaled to subnormal numbers first, more is lost (see ``either``, ``widened``).
        """
        result = Entries(self.shape, arithmetic)
        growth = arithmetic.growth(2)
        for i in range(self.shape[0]):
            for j in range(self.shape[1]):
                v, magnitude, r = factor * self.exact[i, j], abs(factor * self.exact[i, j]), self.radius[i, j]
                if not mp.isfinite(self.exact[i, j]) and factor:
                    result.exact[i, j], result.radius[i, j] = v, r  # an infinity stays one, with the factor's sign
                    continue
                most = (magnitude + abs(factor) * r) * growth + 2 * arithmetic.underflow
                result.put((i, j), v, most - magnitude, most)
        return result.enclosure()

    @at_least(RADIUS_BITS)
    def either(self, other: Enclosure) -> Enclosure:
        """What one way to compute or another may return: the union. Uncertified where they disagree on overflow."""
        exact, radius = {}, {}
        for i in range(self.shape[0]):
            for j in range(self.shape[1]):
                place = (i, j)
                v, w = self.exact[place], other.exact[place]
                alike = mp.isfinite(v) and mp.isfinite(w)
                if alike:
                    exact[place] = v
                    radius[place] = max(self.radius[place], other.radius[place] + abs(v - w))
                elif v == w or (mp.isnan(v) and mp.isnan(w)):
                    exact[place], radius[place] = v, max(self.radius[place], other.radius[place])
                else:
                    exact[place], radius[place] = mp.mpf(0), mp.inf
        return Enclosure(from_entries(*self.shape, exact), from_entries(*self.shape, radius))

    def finite(self) -> Enclosure:
        """Uncertified where an overflow is certified: what is scaled down earlier may not overflow."""
        over = [(i, j) for i, j, v in nonzeros(self.exact) if not mp.isfinite(v)]
        exact = {(i, j): v for i, j, v in nonzeros(self.exact) if mp.isfinite(v)}
        radius = {(i, j): r for i, j, r in nonzeros(self.radius)} | dict.fromkeys(over, mp.inf)
        return Enclosure(from_entries(*self.shape, exact), from_entries(*self.shape, radius))

    def widened(self, radius: Matrix) -> Enclosure:
        """The larger of the two radii."""
        wider = {(i, j): max(r, self.radius[i, j]) for i, j, r in nonzeros(radius)}
        return Enclosure(
            self.exact, from_entries(*self.shape, {(i, j): r for i, j, r in nonzeros(self.radius)} | wider)
        )


def is_masked(value: Number, radius: Number) -> bool:
    """Is this −inf as it was given: a mask, not an overflow?"""
    return bool(value == -mp.inf and radius == 0)


# --- collecting entries: rounding to the output format, and the three values ------------------------------------------


@dataclass
class Entries:
    """Collects the entries of an enclosure; every bound passes here last."""

    shape: Shape
    arithmetic: Arithmetic
    exact: dict[Shape, Number] = field(default_factory=dict)
    radius: dict[Shape, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the constants of the formats once."""
        self._largest, self._largest_sum = self.arithmetic.output.largest, self.arithmetic.accumulator.largest
        self._inflation = 1 + mp.ldexp(mp.mpf(1), -60)

    def uncertified(self, place: Shape, value: Number = 0) -> None:
        """Claim nothing about this entry."""
        self.exact[place], self.radius[place] = mp.mpf(value), mp.inf

    def put(
        self,
        place: Shape,
        value: Number,
        error: Number,
        most: Number,
        *,
        opposing: Callable[[], Number] | None = None,
    ) -> None:
        """|computed − value| ≤ error in the accumulator, no intermediate exceeding ``most``; then round to output.

        ``opposing`` bounds the sum of the terms whose sign is opposite to that of ``value``.
        """
        size = abs(value)
        error = self.arithmetic.stored(size, error)
        if most < self._largest_sum and size + error < self._largest:
            self.put_exactly(place, value, error * self._inflation)
        elif opposing is not None and size - error > self._largest:
            self.exact[place] = mp.nan if opposing() > self._largest_sum else mp.sign(value) * mp.inf
            self.radius[place] = mp.inf
        else:
            self.uncertified(place)

    def put_masked(self, place: Shape, most: Number) -> None:
        """0 for a masked entry, whatever the order of evaluation, if no intermediate that meets its 0 overflows."""
        if most < self._largest_sum:
            self.put_exactly(place, mp.mpf(0), mp.mpf(0))
        else:
            self.uncertified(place)

    def put_exactly(self, place: Shape, value: Number, radius: Number) -> None:
        """This value and radius as they are, the centre kept to a multiple of 2⁻⁴⁴⁰⁰."""
        sign, mantissa, exponent, _ = value._mpf_
        if mantissa and exponent < _CENTRE_EXPONENT:
            kept = mantissa >> (_CENTRE_EXPONENT - exponent)
            value = mp.ldexp(mp.mpf(-kept if sign else kept, prec=max(1, kept.bit_length())), _CENTRE_EXPONENT)
            radius = radius + mp.ldexp(mp.mpf(1), _CENTRE_EXPONENT)
        self.exact[place], self.radius[place] = value, radius

    def enclosure(self) -> Enclosure:
        """What was collected."""
        return Enclosure(from_entries(*self.shape, self.exact), from_entries(*self.shape, self.radius))


# --- the lemma for inner products -------------------------------------------------------------------------------------


def _certified(A: Enclosure) -> tuple[Enclosure, set[int], set[int]]:
    """A with its uncertified and overflowed entries set to 0, and the rows and columns they stood in."""
    bad = {(i, j) for i, j, r in nonzeros(A.radius) if not mp.isfinite(r)}
    bad |= {(i, j) for i, j, v in nonzeros(A.exact) if not mp.isfinite(v)}
    if not bad:
        return A, set(), set()
    exact = {(i, j): v for i, j, v in nonzeros(A.exact) if (i, j) not in bad}
    radius = {(i, j): r for i, j, r in nonzeros(A.radius) if (i, j) not in bad}
    clean = Enclosure(from_entries(*A.shape, exact), from_entries(*A.shape, radius))
    return clean, {i for i, _ in bad}, {j for _, j in bad}


def certified(A: Enclosure) -> Enclosure:
    """A with its uncertified and overflowed entries set to 0."""
    return _certified(A)[0]


def _integers(A: Matrix) -> Integers:
    found = integers(A)
    if found is None:
        msg = "enclosure: exponents of certified entries span more than they can"
        raise ArithmeticError(msg)
    return found


def _absolute(A: Integers) -> Integers:
    return Integers([[abs(x) for x in row] for row in A.rows], A.exponent, A.columns)


def coarse(A: Enclosure) -> Matrix:
    """|A| + ΔA, rounded up to a few dozen bits."""
    total = add(absolute(A.exact), A.radius)
    entries = {}
    for i, j, value in nonzeros(total):
        _, mantissa, exponent, bits = value._mpf_
        cut = max(0, bits - 160)
        entries[i, j] = mp.ldexp(mp.mpf((mantissa >> cut) + (1 if cut else 0)), exponent + cut)
    return from_entries(*A.shape, entries)


def _subnormal(A: Enclosure, smallest_normal: Number) -> Matrix:
    """|A| + ΔA where an operand may be subnormal, 0 elsewhere."""
    widest = add(absolute(A.exact), A.radius)
    small = {(i, j): v for i, j, v in nonzeros(widest) if abs(A.exact[i, j]) - A.radius[i, j] < smallest_normal}
    return from_entries(*A.shape, small)


@dataclass(frozen=True)
class _Sums:
    """Σ terms and Σ|terms| of every entry of A·B + c·1ᵀ, exactly: integers, over 2^exponent."""

    values: list[list[int]]
    magnitudes: list[list[int]]
    exponent: int

    def number(self, units: int) -> Number:
        """So many units of 2^exponent, exactly."""
        return mp.make_mpf(from_man_exp(int(units), self.exponent))


def _sums(A: Matrix, B: Matrix, c: Matrix | None) -> _Sums:
    left, right = _integers(A), _integers(B)
    exponent = left.exponent + right.exponent
    values = integer_product(left, right)
    magnitudes = integer_product(_absolute(left), _absolute(right))
    if c is not None:
        column = _integers(c)
        common = min(exponent, column.exponent)
        up, up_c = exponent - common, column.exponent - common
        pairs = list(zip(values, magnitudes, column.rows, strict=True))
        values = [[(v << up) + (b << up_c) for v in row] for row, _, (b,) in pairs]
        magnitudes = [[(v << up) + (abs(b) << up_c) for v in row] for _, row, (b,) in pairs]
        exponent = common
    return _Sums(values, magnitudes, exponent)


_NEVER = -1
"""A limit on Σ|terms|, in units of the common power of two, that nothing meets: not even terms that are all 0."""


def _widest(A: Enclosure, B: Enclosure, c: Enclosure | None) -> Matrix:
    """Σ|terms| with every input enlarged by its own uncertainty."""
    total = product(coarse(A), coarse(B))
    return total if c is None else add(total, product(coarse(c), ones(1, B.shape[1])))


@at_least(RADIUS_BITS)
def inner_products(
    A: Enclosure, B: Enclosure, arithmetic: Arithmetic, roundings: int, addend: Enclosure | None = None
) -> Enclosure:
    """A·B + addend·1ᵀ, for A (m, n), B (n, p), addend (m, 1), each monomial meeting at most ``roundings`` roundings."""
    require_shape("inner_products: B", B.exact, (A.shape[1], B.shape[1]), "(columns of A, any)")
    A, bad_rows, _ = _certified(A)
    B, _, bad_columns = _certified(B)
    c, bad_addend, _ = _certified(addend) if addend is not None else (None, set(), set())
    sums = _sums(A.exact, B.exact, None if c is None else c.exact)
    known = all(next(nonzeros(each.radius), None) is None for each in (A, B, c) if each is not None)
    widest = None if known else rows_of(_widest(A, B, c))

    growth = arithmetic.growth(roundings)
    lost = _underflow(A, B, sums.exponent, arithmetic, roundings, known=known) * growth
    flushed = rows_of(_flushed(A, B, c, arithmetic)) if arithmetic.flush_to_zero else None
    accumulator, output = arithmetic.accumulator, arithmetic.output
    largest = output.largest
    plain = known and not (arithmetic.flush_to_zero or arithmetic.rescaled)
    in_sum = 1 << accumulator.precision if plain and sums.exponent >= accumulator.subnormal_exponent else _NEVER
    in_output = min(in_sum, 1 << output.precision) if sums.exponent >= output.subnormal_exponent else _NEVER

    def opposing(units: int) -> Number:
        return sums.number(units) * growth + lost

    overflowing = _taken_out(A.exact, B.exact, accumulator.largest / growth)
    result = Entries((A.shape[0], B.shape[1]), arithmetic)
    for i, row in enumerate(sums.magnitudes):
        for j, units in enumerate(row):
            place = i, j
            if i in bad_rows or i in bad_addend or j in bad_columns:
                result.uncertified(place)
                continue
            v, size = sums.number(sums.values[i][j]), sums.number(units)
            total = size if widest is None else widest[i][j]
            if (total == 0 or (units <= in_output and size <= largest)) and place not in overflowing:
                result.put_exactly(place, v, mp.zero)  # nothing but zeros, or every partial sum is representable
                continue
            grown = total * growth
            most = grown + lost
            if flushed is not None:
                most += flushed[i][j]
            error = most - (grown if units <= in_sum else size)
            most = mp.inf if place in overflowing else most
            if c is not None:  # the product may be stored before the addend meets it
                error = arithmetic.stored(abs(v - c.exact[i, 0]), error)
            against = (units - abs(sums.values[i][j])) // 2
            result.put(place, v, error, most, opposing=partial(opposing, against))
    return result.enclosure()


def _taken_out(A: Matrix, B: Matrix, largest: Number) -> set[Shape]:
    """Where a·Σ_k b_k, for Σ_k a·b_k, overflows in the sum: so does NumPy's einsum where a has a stride of 0."""
    (m, n), p = shape(A), B.cols
    if all(n * max((abs(v) for _, _, v in nonzeros(M)), default=0) <= largest for M in (A, B)):
        return set()
    rows = [[A[i, k] for k in range(n)] for i in range(m)]
    columns = [[B[k, j] for k in range(n)] for j in range(p)]
    small = [{k for k, (a, *rest) in enumerate(M) if abs(a) < 1 and rest == [a] * len(rest)} for M in (rows, columns)]
    wide = [{k for k, each in enumerate(M) if mp.fsum(each, absolute=True) > largest} for M in (rows, columns)]
    return {*itertools.product(small[0], wide[1]), *itertools.product(wide[0], small[1])}


def _underflow(A: Enclosure, B: Enclosure, q: int, arithmetic: Arithmetic, roundings: int, *, known: bool) -> Number:
    """What underflow can add to an inner product of length n: n products, and under flush-to-zero every sum too."""
    n = A.shape[1]
    form = arithmetic.accumulator
    floor = form.emin if arithmetic.flush_to_zero else form.subnormal_exponent
    if known and q >= floor:
        return mp.mpf(0)  # every product is a multiple of 2^q: none falls between the representable numbers
    if known and not arithmetic.flush_to_zero:
        smallest = [min((abs(v) for _, _, v in nonzeros(E.exact)), default=mp.inf) for E in (A, B)]
        if smallest[0] * smallest[1] >= form.smallest_normal:
            return mp.mpf(0)
    operations = n + roundings if arithmetic.flush_to_zero else n
    return operations * arithmetic.underflow


def _flushed(A: Enclosure, B: Enclosure, c: Enclosure | None, arithmetic: Arithmetic) -> Matrix:
    """Σ|monomials| over the monomials that hold a subnormal operand, which flush-to-zero may drop whole."""
    normal = arithmetic.output.smallest_normal
    lost = add(product(_subnormal(A, normal), coarse(B)), product(coarse(A), _subnormal(B, normal)))
    return lost if c is None else add(lost, product(_subnormal(c, normal), ones(1, B.shape[1])))

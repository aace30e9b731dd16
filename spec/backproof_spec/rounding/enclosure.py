"""Exact value and radius: the set of everything a conforming implementation may return, entry by entry.

Master lemma. Let v = Σ_t c_t ∏ v_tk, each monomial meeting at most N roundings, each input known to |v̂ − v| ≤ Δv. Then

    |computed − v| ≤ Σ_t |c_t| (∏(|v_tk| + Δv_tk)·(1+u)^N − ∏|v_tk|) + (1+u)^N · (underflows).

It holds for any order of summation, blocking, fused multiply-add or wider accumulator (Higham 2002, §3.1 and §4.2, with
Δv carried along). Two cases are sharper: where no product can fall below ω nothing underflows, and where every monomial
is a multiple of a power of two q ≥ η with Σ|monomials| ≤ q/u, every partial sum is representable and the result is exact.

Three values. An entry is *certified finite* (finite radius), *certified overflow* (``exact`` is ±inf: that infinity is
demanded; nan: any non-finite value), or *uncertified* (radius inf: nothing is claimed).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mpmath import mp

from backproof_spec.matrices import (
    Integers,
    Matrix,
    Number,
    Shape,
    absolute,
    add,
    at_least,
    from_entries,
    from_integers,
    integer_product,
    integers,
    nonzeros,
    product,
    shape,
    transpose,
    zeros,
)
from backproof_spec.rounding.formats import Arithmetic

RADIUS_BITS = 200
"""Radii are computed at this precision, then inflated by 1 + 2⁻⁶⁰, which covers their own and their centre's rounding."""
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
        """factor·x for a target that scales its result: two more roundings (the factor's own and the product)."""
        result = Entries(self.shape, arithmetic)
        growth = arithmetic.growth(2)
        for i in range(self.shape[0]):
            for j in range(self.shape[1]):
                v, magnitude, r = factor * self.exact[i, j], abs(factor * self.exact[i, j]), self.radius[i, j]
                most = (magnitude + abs(factor) * r) * growth + 2 * arithmetic.underflow
                result.put((i, j), v, most - magnitude, most)
        return result.enclosure()


# --- collecting entries: rounding to the output format, and the three values --------------------------------------------


@dataclass
class Entries:
    """Collects the entries of an enclosure; every bound passes here last."""

    shape: Shape
    arithmetic: Arithmetic
    exact: dict[Shape, Number] = field(default_factory=dict)
    radius: dict[Shape, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the constants of the formats once."""
        output, accumulator = self.arithmetic.output, self.arithmetic.accumulator
        self._narrowed = output != accumulator
        self._u = output.u
        self._underflow = output.smallest_normal if self.arithmetic.flush_to_zero else output.smallest_subnormal / 2
        self._largest, self._largest_sum = output.largest, accumulator.largest
        self._inflation = 1 + mp.ldexp(mp.mpf(1), -60)

    def uncertified(self, place: Shape, value: Number = 0) -> None:
        """Claim nothing about this entry."""
        self.exact[place], self.radius[place] = mp.mpf(value), mp.inf

    def put(self, place: Shape, value: Number, error: Number, most: Number, opposing: Number | None = None) -> None:
        """|computed − value| ≤ error in the accumulator, no intermediate exceeding ``most``; then round to output.

        ``opposing`` bounds the sum of the monomials of the sign opposite to ``value``.
        """
        if self._narrowed:
            error = error + self._u * (abs(value) + error) + self._underflow
        if most < self._largest_sum and abs(value) + error < self._largest:
            self.put_exactly(place, value, error * self._inflation)
        elif opposing is not None and abs(value) - error > self._largest:
            self.exact[place] = mp.nan if opposing > self._largest_sum else mp.sign(value) * mp.inf
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


# --- the lemma for inner products -----------------------------------------------------------------------------------------


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


def _integers(A: Matrix) -> Integers:
    found = integers(A)
    if found is None:
        msg = "enclosure: exponents of certified entries span more than they can"
        raise ArithmeticError(msg)
    return found


def _absolute(A: Integers) -> Integers:
    return Integers([[abs(x) for x in row] for row in A.rows], A.exponent, A.columns)


def _coarse(A: Enclosure) -> Matrix:
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


@at_least(RADIUS_BITS)
def inner_products(
    A: Enclosure, B: Enclosure, arithmetic: Arithmetic, roundings: int, addend: Enclosure | None = None
) -> Enclosure:
    """A·B + addend·1ᵀ, for A (m, n), B (n, p), addend (m, 1), each monomial meeting at most ``roundings`` roundings."""
    A, bad_rows, _ = _certified(A)
    B, _, bad_columns = _certified(B)
    c, bad_addend, _ = _certified(addend) if addend is not None else (None, set(), set())
    bad_rows |= bad_addend
    m, p = A.shape[0], B.shape[1]
    n = A.shape[1]

    # Exact values and Σ|monomials|, in integers over the common power of two 2^q.
    left, right = _integers(A.exact), _integers(B.exact)
    q = left.exponent + right.exponent
    values = integer_product(left, right)
    magnitudes = integer_product(_absolute(left), _absolute(right))
    if c is not None:
        column = _integers(c.exact)
        common = min(q, column.exponent)
        up, up_addend = q - common, column.exponent - common
        values = [[(v << up) + (b[0] << up_addend) for v in row] for row, b in zip(values, column.rows, strict=True)]
        magnitudes = [
            [(v << up) + (abs(b[0]) << up_addend) for v in row] for row, b in zip(magnitudes, column.rows, strict=True)
        ]
        q = common
    exact, magnitude = from_integers(values, q, p), from_integers(magnitudes, q, p)

    # The same with every input enlarged by its own uncertainty.
    inputs_exact = not any(True for E in (A, B, c) if E is not None for _ in nonzeros(E.radius))
    widest = magnitude
    if not inputs_exact:
        widest = product(_coarse(A), _coarse(B))
        if c is not None:
            widest = add(widest, product(_coarse(c), from_entries(1, p, {(0, j): mp.mpf(1) for j in range(p)})))

    growth = arithmetic.growth(roundings)
    lost = _underflow(A, B, q, arithmetic, n, roundings, exact_inputs=inputs_exact) * growth
    flushed = _flushed(A, B, c, arithmetic) if arithmetic.flush_to_zero else None

    form, output = arithmetic.accumulator, arithmetic.output
    on_grid = inputs_exact and q >= form.subnormal_exponent and flushed is None
    on_output_grid = on_grid and q >= output.subnormal_exponent
    limit, output_limit = 1 << form.precision, 1 << output.precision
    result = Entries((m, p), arithmetic)
    for i in range(m):
        for j in range(p):
            if i in bad_rows or j in bad_columns:
                result.uncertified((i, j))
                continue
            v, total, size = exact[i, j], widest[i, j], magnitude[i, j]
            if on_output_grid and magnitudes[i][j] <= limit and abs(values[i][j]) <= output_limit:
                most, error = size, mp.mpf(0)
                if most <= output.largest:
                    result.put_exactly((i, j), v, error)
                    continue
            if total == 0:  # no monomial but zeros: the result is 0, whatever the arithmetic
                result.put_exactly((i, j), v, total)
                continue
            most = total * growth + lost
            error = mp.mpf(0) if on_grid and magnitudes[i][j] <= limit else most - size
            if flushed is not None:
                error, most = error + flushed[i, j], most + flushed[i, j]
            result.put((i, j), v, error, most, opposing=(size - abs(v)) / 2 * growth + lost)
    return result.enclosure()


def _underflow(
    A: Enclosure, B: Enclosure, q: int, arithmetic: Arithmetic, n: int, roundings: int, *, exact_inputs: bool
) -> Number:
    """What underflow can add to an inner product of length n: n products, and under flush-to-zero every sum too."""
    form = arithmetic.accumulator
    floor = form.emin if arithmetic.flush_to_zero else form.subnormal_exponent
    if exact_inputs and q >= floor:
        return mp.mpf(0)  # every product is a multiple of 2^q: none falls between the representable numbers
    if exact_inputs and not arithmetic.flush_to_zero:
        smallest = [min((abs(v) for _, _, v in nonzeros(E.exact)), default=mp.inf) for E in (A, B)]
        if smallest[0] * smallest[1] >= form.smallest_normal:
            return mp.mpf(0)
    operations = n + roundings if arithmetic.flush_to_zero else n
    return operations * arithmetic.underflow


def _flushed(A: Enclosure, B: Enclosure, c: Enclosure | None, arithmetic: Arithmetic) -> Matrix:
    """Σ|monomials| over the monomials that hold a subnormal operand, which flush-to-zero may drop whole."""
    normal = arithmetic.output.smallest_normal
    lost = add(product(_subnormal(A, normal), _coarse(B)), product(_coarse(A), _subnormal(B, normal)))
    if c is not None:
        row = from_entries(1, B.shape[1], {(0, j): mp.mpf(1) for j in range(B.shape[1])})
        lost = add(lost, product(_subnormal(c, normal), row))
    return lost

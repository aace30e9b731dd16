"""vec, unvec, ⊗ and exact products on mpmath matrices: the vocabulary of the explicit Jacobians.

Convention: ``vec`` stacks columns, so entry (i, j) of an (m, n) matrix stands at position ``i + j·m``.

Three traps of mpmath are kept out of the project here, in this one module:

* ``fdot``, ``fsum`` and the ``*`` of matrices drop terms whose exponents differ by more than twice the
  precision (at 50 digits ``fdot([1e200, 1, -1e200], [1, 1, 1])`` is 0). Nothing here uses them.
* The ``*`` of matrices and ``mp.diag`` visit every zero. ``kron``, ``vjp`` and ``diag`` visit the non-zeros.
* The storage of a matrix is private, and is named differently in mpmath 1.3 and 1.4: see ``_entries``.

Reference: Magnus & Neudecker, *Matrix Differential Calculus*, 3rd ed. 2019, ch. 2 and 3.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeAlias, TypeVar

import mpmath
from mpmath import mp

Number: TypeAlias = Any
"""An ``mpmath.mpf`` (mpmath ships no type stubs)."""
Matrix: TypeAlias = Any
"""An ``mpmath.matrix`` of ``mpf`` (mpmath ships no type stubs)."""
Shape: TypeAlias = tuple[int, int]
P = ParamSpec("P")
R = TypeVar("R")

EXACT_BITS = 4400
"""Sums of products of two float64 values are exact at this precision: their bits lie between 2²⁰⁴⁸ and 2⁻²¹⁴⁸.

It costs nothing: mpmath keeps mantissas as short as their values allow.
"""
TRANSCENDENTAL_BITS = 400
"""The precision at which exp and log are evaluated."""
_INTEGER_SPAN_BITS = 1 << 15
"""``product`` works in exact integers while exponents span less than this; only exp of huge logits exceeds it."""


# --- precision ---------------------------------------------------------------------------------------------------


def at_least(bits: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate: run at ``bits`` of precision, or at the caller's if that is higher; restore it afterwards."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def scoped(*args: P.args, **kwargs: P.kwargs) -> R:
            if mp.prec >= bits:
                return function(*args, **kwargs)
            with mp.workprec(bits):
                return function(*args, **kwargs)

        return scoped

    return decorate


# --- building and reading ------------------------------------------------------------------------------------


def _entries(A: Matrix) -> dict[Shape, Number]:
    """The stored non-zeros of A: the only place that knows the private storage of mpmath 1.3 and 1.4."""
    stored: dict[Shape, Number] = A._data if hasattr(A, "_data") else A._matrix__data  # noqa: SLF001 - see above
    return stored


def shape(A: Matrix) -> Shape:
    """(rows, columns) of A."""
    return (A.rows, A.cols)


def nonzeros(A: Matrix) -> Iterator[tuple[int, int, Number]]:
    """Every stored (i, j, A[i, j]) with A[i, j] ≠ 0."""
    for (i, j), value in _entries(A).items():
        yield i, j, value


def rows_of(A: Matrix) -> list[list[Number]]:
    """All entries of A, row by row."""
    stored, zero = _entries(A), mp.zero
    return [[stored.get((i, j), zero) for j in range(A.cols)] for i in range(A.rows)]


def zeros(rows: int, columns: int) -> Matrix:
    """The zero matrix of shape (rows, columns); either may be 0."""
    return mpmath.matrix(rows, columns)


def from_entries(rows: int, columns: int, entries: dict[Shape, Number]) -> Matrix:
    """The (rows, columns) matrix with the given ``mpf`` entries; zeros among them are not stored."""
    A = mpmath.matrix(rows, columns)
    _entries(A).update({place: value for place, value in entries.items() if value})
    return A


def ones(rows: int, columns: int) -> Matrix:
    """The matrix of ones of shape (rows, columns)."""
    one = mp.mpf(1)
    return from_entries(rows, columns, {(i, j): one for i in range(rows) for j in range(columns)})


def constant(like: Matrix, value: Number) -> Matrix:
    """The matrix of the shape of ``like`` with ``value`` in every entry."""
    return from_entries(like.rows, like.cols, {(i, j): value for i in range(like.rows) for j in range(like.cols)})


def identity(n: int) -> Matrix:
    """I_n."""
    return from_entries(n, n, {(i, i): mp.mpf(1) for i in range(n)})


def as_matrix(name: str, values: Any, *, masked: bool = False) -> Matrix:
    """``values`` as an mpmath matrix, exactly; one-dimensional input becomes a column.

    Takes an mpmath matrix, nested lists, or anything with ``tolist`` (a NumPy array, for instance).
    Raises ``ValueError`` naming ``name`` for ragged, non-numeric, complex or non-finite input; of what may be
    ``masked``, −inf is admitted.
    """
    if isinstance(values, mp.matrix):
        for place, entry in _entries(values).items():
            _number(name, place, entry, masked=masked)
        return values
    declared = getattr(values, "shape", None)
    rows = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(rows, list | tuple):
        msg = f"{name}: got {type(values).__name__}, expected a matrix (nested lists, a NumPy array, an mpmath matrix)"
        raise ValueError(msg)  # noqa: TRY004 - the spec promises ValueError for every unusable argument
    if declared is not None and len(declared) == 1:
        rows, declared = [[entry] for entry in rows], (len(rows), 1)
    elif declared is None and rows and not isinstance(rows[0], list | tuple):
        rows = [[entry] for entry in rows]
    columns = declared[1] if declared is not None and len(declared) > 1 else (len(rows[0]) if rows else 0)
    entries = {}
    for i, row in enumerate(rows):
        if not isinstance(row, list | tuple) or len(row) != columns:
            msg = f"{name}: row {i} is {row!r}, expected {columns} numbers like row 0: a matrix is rectangular"
            raise ValueError(msg)
        for j, entry in enumerate(row):
            entries[i, j] = _number(name, (i, j), entry, masked=masked)
    return from_entries(len(rows), columns, entries)


def _number(name: str, place: Shape, entry: Any, *, masked: bool) -> Number:
    """``entry`` as an exact mpf; ``ValueError`` unless it is a finite real number, or −inf where that is a mask."""
    if masked and not isinstance(entry, str | bytes) and entry == -math.inf:
        return -mp.inf
    if isinstance(entry, mp.mpf) and mp.isfinite(entry):
        return entry
    if isinstance(entry, int):
        return mp.mpf(entry, prec=max(53, entry.bit_length()))
    try:
        value = math.nan if isinstance(entry, str | bytes | mp.mpf) else float(entry)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value) or value != entry:
        msg = f"{name}: entry {place} is {entry!r}, expected a finite real number (an integer, a float or an mpf)"
        raise ValueError(msg)
    return mp.mpf(value, prec=53)


def require_shape(name: str, A: Matrix, expected: Shape, because: str) -> None:
    """Raise ``ValueError`` unless A has the expected shape: ``linear: Y has shape (3, 2), expected …``."""
    if shape(A) != expected:
        msg = f"{name} has shape {shape(A)}, expected {expected} = {because}"
        raise ValueError(msg)


def require_classes(name: str, A: Matrix) -> None:
    """Raise ``ValueError`` when A has no rows: a softmax over zero classes does not exist."""
    if A.rows == 0:
        msg = f"{name} has shape {shape(A)}: zero classes, expected at least one row"
        raise ValueError(msg)


# --- vec and the Kronecker product ---------------------------------------------------------------------------


def vec(A: Matrix) -> Matrix:
    """vec A: the columns of A (m, n) stacked into one (m·n, 1). Magnus & Neudecker 2019, §2.4."""
    m, n = shape(A)
    return from_entries(m * n, 1, {(i + j * m, 0): value for i, j, value in nonzeros(A)})


def unvec(v: Matrix, rows: int, columns: int) -> Matrix:
    """The (rows, columns) matrix A with vec A = v."""
    require_shape("unvec: v", v, (rows * columns, 1), "(rows·columns, 1)")
    return from_entries(rows, columns, {(k % rows, k // rows): value for k, _, value in nonzeros(v)})


def kron(A: Matrix, B: Matrix) -> Matrix:
    """A ⊗ B: block (i, j) is A[i, j]·B. Visits the non-zeros only. Magnus & Neudecker 2019, §2.2."""
    p, q = shape(B)
    right = list(nonzeros(B))
    entries = {(i * p + k, j * q + h): a * b for i, j, a in nonzeros(A) for k, h, b in right}
    return from_entries(A.rows * p, A.cols * q, entries)


def commutation(m: int, n: int) -> Matrix:
    """K with K·vec A = vec Aᵀ for every A (m, n). Magnus & Neudecker 2019, §3.7."""
    one = mp.mpf(1)
    return from_entries(m * n, m * n, {(j + i * n, i + j * m): one for i in range(m) for j in range(n)})


def diag(v: Matrix) -> Matrix:
    """diag v: the square matrix with the column v on its diagonal."""
    return from_entries(v.rows, v.rows, {(i, i): value for i, _, value in nonzeros(v)})


# --- algebra ---------------------------------------------------------------------------------------------------


def transpose(A: Matrix) -> Matrix:
    """Aᵀ."""
    return from_entries(A.cols, A.rows, {(j, i): value for i, j, value in nonzeros(A)})


def absolute(A: Matrix) -> Matrix:
    """|A|, entry by entry."""
    return from_entries(A.rows, A.cols, {(i, j): abs(value) for i, j, value in nonzeros(A)})


def add(A: Matrix, B: Matrix) -> Matrix:
    """A + B, at the working precision."""
    require_shape("add: B", B, shape(A), "shape of A")
    entries = dict(_entries(A))
    for i, j, value in nonzeros(B):
        entries[i, j] = entries[i, j] + value if (i, j) in entries else value
    return from_entries(A.rows, A.cols, entries)


def scale(factor: Number, A: Matrix) -> Matrix:
    """factor · A, at the working precision."""
    return from_entries(A.rows, A.cols, {(i, j): factor * value for i, j, value in nonzeros(A)})


def hadamard(A: Matrix, B: Matrix) -> Matrix:
    """A ∘ B, the entrywise product, at the working precision."""
    require_shape("hadamard: B", B, shape(A), "shape of A")
    right = _entries(B)
    return from_entries(A.rows, A.cols, {place: a * right[place] for place, a in _entries(A).items() if place in right})


def vjp(J: Matrix, g: Matrix) -> Matrix:
    """Jᵀ·g for J (q, n) and g (q, 1), over the stored non-zeros of J, at the working precision."""
    require_shape("vjp: g", g, (J.rows, 1), "(rows of J, 1)")
    cotangent = _entries(g)
    sums: dict[Shape, Number] = {}
    for i, j, value in nonzeros(J):
        if (i, 0) in cotangent:
            term = value * cotangent[i, 0]
            sums[j, 0] = sums[j, 0] + term if (j, 0) in sums else term
    return from_entries(J.cols, 1, sums)


def sum_of_columns(A: Matrix) -> Matrix:
    """A·1: the sum over the batch, as a column (rows of A, 1), at the working precision."""
    sums: dict[Shape, Number] = {}
    for i, _, value in nonzeros(A):
        sums[i, 0] = sums[i, 0] + value if (i, 0) in sums else value
    return from_entries(A.rows, 1, sums)


def compose(J: Matrix, K: Matrix) -> Matrix:
    """J·K over the stored non-zeros, at the working precision: the chain rule D(f∘g) = Df·Dg as matrices."""
    require_shape("compose: K", K, (J.cols, K.cols), "(columns of J, any)")
    rows_of_K: dict[int, list[tuple[int, Any]]] = {}
    for k, j, value in nonzeros(K):
        rows_of_K.setdefault(k, []).append((j, value._mpf_))
    times, plus, how = mpmath.libmp.mpf_mul, mpmath.libmp.mpf_add, (mp.prec, mpmath.libmp.round_nearest)
    sums: dict[Shape, Any] = {}
    for i, k, value in nonzeros(J):
        left = value._mpf_
        for j, right in rows_of_K.get(k, ()):
            term = times(left, right, *how)
            sums[i, j] = plus(sums[i, j], term, *how) if (i, j) in sums else term
    return from_entries(J.rows, K.cols, {place: mp.make_mpf(value) for place, value in sums.items()})


# --- exact products in integers: the structured path -------------------------------------------------------------


@dataclass(frozen=True)
class Integers:
    """A matrix of dyadic rationals ``rows[i][j] · 2**exponent``: what every matrix of floats is, exactly."""

    rows: list[list[int]]
    exponent: int
    columns: int

    def transposed(self) -> list[list[int]]:
        """The columns, as lists."""
        return [list(column) for column in zip(*self.rows, strict=True)] if self.rows else [[]] * self.columns


def integers(A: Matrix) -> Integers | None:
    """A as integers over one common power of two, or None when its exponents span too many bits for that."""
    stored = _entries(A)
    exponents = [value._mpf_[2] for value in stored.values()]
    lowest = min(exponents, default=0)
    if max(exponents, default=0) - lowest > _INTEGER_SPAN_BITS:
        return None
    rows = [[0] * A.cols for _ in range(A.rows)]
    for (i, j), value in stored.items():
        sign, mantissa, exponent, _ = value._mpf_
        rows[i][j] = (-mantissa if sign else mantissa) << (exponent - lowest)
    return Integers(rows, lowest, A.cols)


def from_integers(rows: Sequence[Sequence[int]], exponent: int, columns: int) -> Matrix:
    """The matrix with entries ``rows[i][j] · 2**exponent``, exactly, whatever the working precision."""
    from_man_exp, make = mpmath.libmp.from_man_exp, mp.make_mpf
    return from_entries(
        len(rows),
        columns,
        {
            (i, j): make(from_man_exp(int(value), exponent))
            for i, row in enumerate(rows)
            for j, value in enumerate(row)
            if value
        },
    )


def integer_product(A: Integers, B: Integers) -> list[list[int]]:
    """The integer matrix A·B, over the exponent ``A.exponent + B.exponent``."""
    columns = B.transposed()
    if A.columns != len(B.rows):
        msg = f"integer_product: A has {A.columns} columns and B {len(B.rows)} rows, expected as many"
        raise ValueError(msg)
    return [[sum(map(operator.mul, row, column)) for column in columns] for row in A.rows]


def product(A: Matrix, B: Matrix) -> Matrix:
    """A·B (m, n)·(n, p), exact for floats: integer arithmetic on their dyadic values.

    Only where exponents span more than 2¹⁵ bits (exp of a logit beyond ±20,000) it rounds at the working precision.
    """
    require_shape("product: B", B, (A.cols, B.cols), "(columns of A, any)")
    left, right = integers(A), integers(B)
    if left is None or right is None:
        return compose(A, B)
    return from_integers(integer_product(left, right), left.exponent + right.exponent, B.cols)

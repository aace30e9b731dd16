"""Σ_k a[i,k]·b[k,j] over whole arrays without its products: by matrix products of float64, the value to 60 bits.

    A = 2^e·(A₁ + A₂ + A₃ + R), row by row: A_t a multiple of 2^(−βt), |R| ≤ 2^(−3β−1), and B by its columns;
    A·B ≈ 2^(e+f)·(A₁B₁ + A₁B₂ + A₂B₁ + A₁B₃ + A₂B₂ + A₃B₁), each of which float64 has exactly: K·2^(2β) ≤ 2^53.

What is left out is at most 2K·2^(−3β)·2^(e+f). Sums of what is not negative keep a relative error, as they are.

Reference: Ozaki, Ogita, Oishi & Rump 2012 (error-free splitting for matrix products).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from backproof_properties.arrays import Array
from backproof_spec.language.syntax import Bracket, Multiply, Node, Reduce, free, operands

WIDE: Any = np.longdouble
FEW = 4_000
"""Of fewer products each may as well be formed."""
_SLICES, _BITS = 3, 53
_PAIRS = sorted(
    ((s, t) for s in range(_SLICES) for t in range(_SLICES) if s + t < _SLICES), key=lambda pair: -sum(pair)
)
"""The products of slices that are taken, the small ones first."""
_ROUNDOFF = WIDE(2) ** -64
_BLAS, _UNDERFLOW = WIDE(2) ** -53, WIDE(2) ** -900


@dataclass(frozen=True)
class Plan:
    """Two groups of operands, the letters of which the sum is taken, which both have, and those of one or both."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    summed: tuple[str, ...]
    shared: tuple[str, ...]
    of_left: tuple[str, ...]
    of_right: tuple[str, ...]


def plan(node: Reduce) -> Plan | None:
    """How a sum of products is contracted; None where every product has to be formed anyway."""
    if not isinstance(node.body, Multiply) or node.reduction not in {"sum", "mean"}:
        return None
    parts = sorted(operands(node.body), key=lambda each: -len(free(each)))
    if any(isinstance(each, Bracket) for each in parts):
        return None
    letters = free(parts[0])
    left = tuple(each for each in parts if free(each) <= letters)
    right = tuple(each for each in parts if not free(each) <= letters)
    others = frozenset[str]().union(*map(free, right))
    if not (letters - others and others - letters and {*node.indices} <= letters & others):
        return None
    shared = sorted((letters & others) - {*node.indices})
    return Plan(
        left, right, node.indices, tuple(shared), *map(tuple, map(sorted, (letters - others, others - letters)))
    )


class Matrices:
    """Arrays whose axes are letters, in an order, as stacks of matrices; and what comes of these as such an array."""

    def __init__(self, of: Plan, order: Sequence[str], sizes: Sequence[int]) -> None:
        """``sizes``: of each letter."""
        self._order, self._sizes = order, dict(zip(order, sizes, strict=True))
        self._of = of

    def _stacked(self, A: Array, rows: tuple[str, ...], columns: tuple[str, ...]) -> Array:
        """One matrix for all values of what is shared."""
        present = (*self._of.shared, *rows, *columns)
        shape = A.shape or (1,) * len(self._order)
        full = [self._sizes[i] if i in present else n for i, n in zip(self._order, shape, strict=True)]
        rest = [i for i in self._order if i not in present]
        axes = [self._order.index(i) for i in (*present, *rest)]
        sizes = [prod(self._sizes[i] for i in letters) for letters in (self._of.shared, rows, columns)]
        return np.broadcast_to(A.reshape(shape), full).transpose(axes).reshape(sizes)

    def left(self, A: Array) -> Array:
        """The rows of what is summed."""
        return self._stacked(A, self._of.of_left, self._of.summed)

    def right(self, A: Array) -> Array:
        """The columns of what is summed."""
        return self._stacked(A, self._of.summed, self._of.of_right)

    def array(self, products: Array) -> Array:
        """With an axis for each letter, of one entry where it is summed."""
        present = (*self._of.shared, *self._of.of_left, *self._of.of_right)
        rest = [i for i in self._order if i not in present]
        found = products.reshape([*(self._sizes[i] for i in present), *[1] * len(rest)])
        axes = [(*present, *rest).index(i) for i in self._order]
        return found.transpose(axes)


def sizes_of(A: Array, B: Array) -> Array:
    """A·B of what is not negative, each within a relative error of its own size: what underflows is lost."""
    return (A.astype(np.float64) @ B.astype(np.float64)).astype(WIDE)


def values_of(A: Array, B: Array, size: Array, *, finer: bool) -> tuple[Array, Array, Array]:
    """A·B, ``finer`` than float64; how far from it that is for what is left out; and for what is rounded.

    ``size``: the sums of the products' sizes, or more; where it is 0 they all are.
    """
    K, least = A.shape[-1], [_least(A), _least(B)]
    lost = np.asarray(K * _UNDERFLOW if min(least[0] * least[1], *least) < _UNDERFLOW else WIDE(0))
    if not finer:
        product = (A.astype(np.float64) @ B.astype(np.float64)).astype(WIDE)
        return product, lost, 2 * (K + 3) * _BLAS * size
    bits = (_BITS - int(K - 1).bit_length()) // 2
    (left, e), (right, f) = _sliced(A, -1, bits), _sliced(B, -2, bits)
    found, unit = WIDE(0), np.ldexp(WIDE(1), e + f)
    for s, t in _PAIRS:
        found = found + (left[s] @ right[t]).astype(WIDE)
    rows, columns = (
        [np.abs(each).max(axis=axis, keepdims=True, initial=0) for each in slices]
        for slices, axis in ((left, -1), (right, -2))
    )
    every = range(_SLICES + 1)
    rest: Any = sum(rows[s] * columns[t] for s in every for t in every if s + t >= _SLICES)
    if any(each < np.ldexp(_UNDERFLOW, int(of.max(initial=0))) for each, of in zip(least, (e, f), strict=True)):
        rest = rest + float(_UNDERFLOW)
    left_out = np.where(size > 0, 2 * K * rest.astype(WIDE) * unit, 0) + lost
    return found * unit, left_out, 8 * _ROUNDOFF * np.abs(found * unit)


def _least(A: Array) -> Any:
    """The size of the smallest of them that is not 0."""
    size = np.abs(A)
    return size.min(where=size != 0, initial=1)


def _sliced(A: Array, axis: int, bits: int) -> tuple[list[Array], Array]:
    """The slices along an axis, and what is left, of what is made at most 1 in size; and the exponents taken out.

    (x + σ) − σ with σ = 1.5·2^(52 − βt) is x to a multiple of 2^(−βt).
    """
    high = A.astype(np.float64)
    low = (A - high).astype(np.float64)
    _, exponents = np.frexp(np.abs(high).max(axis=axis, keepdims=True, initial=0))
    rest, low = np.ldexp(high, -exponents), np.ldexp(low, -exponents)
    slices = []
    for t in range(1, _SLICES + 1):
        rest = rest + low if t == _SLICES else rest
        shift = 1.5 * 2.0 ** (_BITS - 1 - bits * t)
        slices.append((rest + shift) - shift)
        rest = rest - slices[-1]
    return [*slices, rest], exponents

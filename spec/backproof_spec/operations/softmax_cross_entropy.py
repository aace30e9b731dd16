"""softmax_cross_entropy: L = −Σ P·log softmax(Z), and its gradient δZ = S·ΣP − P, which is S − P when ΣP = 1.

The notes' exercise is the second form. Labels that do not sum to one in a column are where real libraries differ: some
return the derivative S·ΣP − P, others S − P whatever ΣP is ("fused"). ΣP is the sum over the classes of one sample.
"""

from __future__ import annotations

from typing import Any

from mpmath import mp

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    Number,
    as_matrix,
    at_least,
    compose,
    from_entries,
    require_shape,
    shape,
)
from backproof_spec.operations import cross_entropy, softmax


def _operands(Z: Any, P: Any) -> tuple[Matrix, Matrix]:
    Z, P = softmax.logits("softmax_cross_entropy: Z", Z), as_matrix("softmax_cross_entropy: P", P)
    require_shape("softmax_cross_entropy: P", P, shape(Z), "shape of Z")
    return Z, P


@at_least(TRANSCENDENTAL_BITS)
def forward(Z: Any, P: Any) -> Number:
    """L = −Σ P·log softmax(Z): the composition of its two parts, by definition; a masked class without label adds 0."""
    Z, P = _operands(Z, P)
    return cross_entropy.forward(softmax.forward(Z), P)


@at_least(TRANSCENDENTAL_BITS)
def jacobian(Z: Any, P: Any) -> Jacobian:
    """∂L/∂vec Z (1, n·p) = −vec(P/S)ᵀ · blockdiag(diag(s) − s·sᵀ): the product of the two explicit Jacobians."""
    Z, P = _operands(Z, P)
    outer, inner = cross_entropy.jacobian(softmax.forward(Z), P), softmax.jacobian(Z)
    return Jacobian(compose(outer.value, inner.value), compose(outer.magnitude, inner.magnitude), roundings=Z.rows + 1)


def column_sums(P: Matrix) -> list[Number]:
    """ΣP of each column."""
    return [sum((P[i, j] for i in range(P.rows)), mp.mpf(0)) for j in range(P.cols)]


@at_least(TRANSCENDENTAL_BITS)
def dZ(Z: Any, P: Any, *, fused: bool = False) -> Matrix:
    """dZ (n, p) = S·ΣP − P; with ``fused``, S − P, which is the derivative only where ΣP = 1."""
    Z, P = _operands(Z, P)
    S = softmax.forward(Z)
    masses = [mp.mpf(1)] * P.cols if fused else column_sums(P)
    entries = {(i, j): S[i, j] * masses[j] - P[i, j] for i in range(P.rows) for j in range(P.cols)}
    return from_entries(P.rows, P.cols, entries)

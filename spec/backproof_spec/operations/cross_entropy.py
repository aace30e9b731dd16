"""cross_entropy: L = −Σ P·log S (summed over classes and samples), and its gradient δS = −P/S.

0·log 0 = 0, by continuity: a class without label mass contributes nothing to L or to δS, whatever S is. Label mass on a
class of probability 0 makes L = +∞ and δS = −∞ there.
"""

from __future__ import annotations

from typing import Any

from mpmath import mp

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    Number,
    absolute,
    as_matrix,
    at_least,
    from_entries,
    nonzeros,
    require_classes,
    require_shape,
    shape,
    transpose,
    vec,
)


def _operands(S: Any, P: Any) -> tuple[Matrix, Matrix]:
    S, P = as_matrix("cross_entropy: S", S), as_matrix("cross_entropy: P", P)
    require_classes("cross_entropy: S", S)
    require_shape("cross_entropy: P", P, shape(S), "shape of S")
    return S, P


@at_least(TRANSCENDENTAL_BITS)
def forward(S: Any, P: Any) -> Number:
    """L = −Σ P·log S, a number; +inf where P > 0 meets S = 0."""
    S, P = _operands(S, P)
    for i, j, probability in nonzeros(S):
        if probability < 0:
            msg = f"cross_entropy: S[{i}, {j}] is {mp.nstr(probability, 3)}, expected a probability, at least 0"
            raise ValueError(msg)
    return sum((-mass * mp.log(S[i, j]) for i, j, mass in nonzeros(P)), mp.mpf(0))


@at_least(TRANSCENDENTAL_BITS)
def dS(S: Any, P: Any) -> Matrix:
    """dS (n, p) = −P/S: 0 where P = 0, ∓inf where P ≠ 0 meets S = 0."""
    S, P = _operands(S, P)
    return from_entries(S.rows, S.cols, _slopes(S, P))


def _slopes(S: Matrix, P: Matrix) -> dict[tuple[int, int], Number]:
    return {(i, j): -mass / S[i, j] if S[i, j] else -mass * mp.inf for i, j, mass in nonzeros(P)}


@at_least(TRANSCENDENTAL_BITS)
def jacobian(S: Any, P: Any) -> Jacobian:
    """∂L/∂vec S (1, n·p) = −vec(P/S)ᵀ. One division and perhaps a reciprocal: two roundings."""
    S, P = _operands(S, P)
    J = transpose(vec(from_entries(S.rows, S.cols, _slopes(S, P))))
    return Jacobian(J, absolute(J), roundings=2)

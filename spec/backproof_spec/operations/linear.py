"""linear: Z = W·Y + b·1ᵀ, and its gradients δW = δZ·Yᵀ, δY = Wᵀ·δZ, δb = δZ·1.

The proof is the Kronecker product: vec(W·Y) = (Yᵀ⊗I)·vec W = (I⊗W)·vec Y, whose transposes, applied to vec δZ, are the
three formulas. All polynomial, hence exact for floats. Reference: Magnus & Neudecker 2019, Th. 2.2 and §5.15.
"""

from __future__ import annotations

from typing import Any

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import (
    EXACT_BITS,
    Matrix,
    absolute,
    add,
    as_matrix,
    at_least,
    identity,
    kron,
    ones,
    product,
    require_shape,
    sum_of_columns,
    transpose,
)


def _operands(W: Any, Y: Any, b: Any) -> tuple[Matrix, Matrix, Matrix]:
    W, Y, b = as_matrix("linear: W", W), as_matrix("linear: Y", Y), as_matrix("linear: b", b)
    require_shape("linear: Y", Y, (W.cols, Y.cols), "(columns of W, samples)")
    require_shape("linear: b", b, (W.rows, 1), "(rows of W, 1)")
    return W, Y, b


@at_least(EXACT_BITS)
def forward(W: Any, Y: Any, b: Any) -> Matrix:
    """Z (m, p) = W (m, n) · Y (n, p) + b (m,) · 1ᵀ, exactly."""
    W, Y, b = _operands(W, Y, b)
    return add(product(W, Y), product(b, ones(1, Y.cols)))


# --- explicit Jacobians ------------------------------------------------------------------------------------------


@at_least(EXACT_BITS)
def jacobian_W(W: Any, Y: Any, b: Any) -> Jacobian:
    """∂vec Z/∂vec W (m·p, m·n) = Yᵀ ⊗ I_m. A monomial dZ·Y meets one product and p − 1 sums: p roundings."""
    W, Y, b = _operands(W, Y, b)
    J = kron(transpose(Y), identity(W.rows))
    return Jacobian(J, absolute(J), roundings=Y.cols)


@at_least(EXACT_BITS)
def jacobian_Y(W: Any, Y: Any, b: Any) -> Jacobian:
    """∂vec Z/∂vec Y (m·p, n·p) = I_p ⊗ W. A monomial W·dZ meets one product and m − 1 sums: m roundings."""
    W, Y, b = _operands(W, Y, b)
    J = kron(identity(Y.cols), W)
    return Jacobian(J, absolute(J), roundings=W.rows)


@at_least(EXACT_BITS)
def jacobian_b(W: Any, Y: Any, b: Any) -> Jacobian:
    """∂vec Z/∂b (m·p, m) = 1_p ⊗ I_m. A monomial dZ meets p − 1 sums; p covers a product with ones."""
    W, Y, b = _operands(W, Y, b)
    J = kron(ones(Y.cols, 1), identity(W.rows))
    return Jacobian(J, J, roundings=Y.cols)


# --- backprop formulas -------------------------------------------------------------------------------------------


@at_least(EXACT_BITS)
def dW(dZ: Any, Y: Any) -> Matrix:
    """dW (m, n) = dZ (m, p) · Yᵀ (p, n), exactly."""
    dZ, Y = as_matrix("linear: dZ", dZ), as_matrix("linear: Y", Y)
    require_shape("linear: dZ", dZ, (dZ.rows, Y.cols), "(rows of W, columns of Y)")
    return product(dZ, transpose(Y))


@at_least(EXACT_BITS)
def dY(W: Any, dZ: Any) -> Matrix:
    """dY (n, p) = Wᵀ (n, m) · dZ (m, p), exactly."""
    W, dZ = as_matrix("linear: W", W), as_matrix("linear: dZ", dZ)
    require_shape("linear: dZ", dZ, (W.rows, dZ.cols), "(rows of W, samples)")
    return product(transpose(W), dZ)


@at_least(EXACT_BITS)
def db(dZ: Any) -> Matrix:
    """db (m, 1) = dZ (m, p) · 1, the sum over the batch, exactly."""
    return sum_of_columns(as_matrix("linear: dZ", dZ))

"""The product of the matrices of a batch: Giles 2008, doi:10.1007/978-3-540-68942-3_4."""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def matmul(A: Array, B: Array) -> Array:
    """C (b, i, k) = A (b, i, j) · B (b, j, k)."""
    return product(A, B)


def matmul_vjp(A: Array, B: Array, dC: Array) -> tuple[Array, Array]:
    """dA = dC·Bᵀ and dB = Aᵀ·dC."""
    return product(dC, B.mT), product(A.mT, dC)

"""SwiGLU: Shazeer 2020, arXiv:2002.05202."""

from __future__ import annotations

from backproof_impl.numerics import Array
from backproof_impl.operations.silu import silu, silu_vjp


def swiglu(A: Array, B: Array) -> Array:
    """Y = silu(A)∘B."""
    return silu(A) * B


def swiglu_vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA = silu′(A)∘dY∘B and dB = dY∘silu(A)."""
    return silu_vjp(A, dY * B), dY * silu(A)

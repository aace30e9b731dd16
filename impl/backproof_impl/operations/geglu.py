"""GEGLU: Shazeer 2020, arXiv:2002.05202."""

from __future__ import annotations

from backproof_impl.numerics import Array
from backproof_impl.operations.gelu import gelu, gelu_vjp


def geglu(A: Array, B: Array) -> Array:
    """Y = gelu(A)∘B."""
    return gelu(A) * B


def geglu_vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA = gelu′(A)∘dY∘B and dB = dY∘gelu(A)."""
    return gelu_vjp(A, dY * B), dY * gelu(A)

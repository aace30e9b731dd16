"""Two steps of a gated recurrent unit: Cho et al. 2014, arXiv:1406.1078.

X1 and X2 (s, x), H (s, h), W… (h, x), U… (h, h), b… and c (h,), as for ``reset_after_gru_cell``.
"""

from __future__ import annotations

from backproof_impl.numerics import Array
from backproof_impl.operations.reset_after_gru_cell import reset_after_gru_cell, reset_after_gru_cell_vjp


def gru_sequence(X1: Array, X2: Array, H: Array, *weights: Array) -> tuple[Array, Array]:
    """The cell twice: Y1 of the first is H of the second."""
    Y1 = reset_after_gru_cell(X1, H, *weights)
    return Y1, reset_after_gru_cell(X2, Y1, *weights)


def gru_sequence_vjp(X1: Array, X2: Array, H: Array, *rest: Array) -> tuple[Array, ...]:
    """Back through time: what the second cell gives back of its state joins dY1; weights add up over the steps."""
    *weights, dY1, dY2 = rest
    dX2, dH, *second = reset_after_gru_cell_vjp(X2, reset_after_gru_cell(X1, H, *weights), *weights, dY2)
    dX1, dH, *first = reset_after_gru_cell_vjp(X1, H, *weights, dY1 + dH)
    return dX1, dX2, dH, *(a + b for a, b in zip(first, second, strict=True))

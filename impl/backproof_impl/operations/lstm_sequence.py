"""Two steps of long short-term memory: Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.

X1 and X2 (s, x), H and C (s, h), W… (h, x), U… (h, h), b… (h,), as for ``lstm_cell``.
"""

from __future__ import annotations

from backproof_impl.numerics import Array
from backproof_impl.operations.lstm_cell import lstm_cell, lstm_cell_vjp


def lstm_sequence(X1: Array, X2: Array, H: Array, C: Array, *weights: Array) -> tuple[Array, Array, Array]:
    """The cell twice: Y1 and D1 of the first are H and C of the second; its state is D2."""
    Y1, D1 = lstm_cell(X1, H, C, *weights)
    return (Y1, *lstm_cell(X2, Y1, D1, *weights))


def lstm_sequence_vjp(X1: Array, X2: Array, H: Array, C: Array, *rest: Array) -> tuple[Array, ...]:
    """Back through time: what the second cell gives back of its state joins dY1; weights add up over the steps."""
    *weights, dY1, dY2, dD2 = rest
    Y1, D1 = lstm_cell(X1, H, C, *weights)
    dX2, dH, dD1, *second = lstm_cell_vjp(X2, Y1, D1, *weights, dY2, dD2)
    dX1, dH, dC, *first = lstm_cell_vjp(X1, H, C, *weights, dY1 + dH, dD1)
    return dX1, dX2, dH, dC, *(a + b for a, b in zip(first, second, strict=True))

"""A cell of long short-term memory: Gers, Schmidhuber, Cummins 2000, doi:10.1162/089976600300015015.

X (s, x), H and C (s, h), W… (h, x), U… (h, h), b… (h,): an input, a forget, a cell and an output gate, in this order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backproof_impl.numerics import Array, product, sigmoid


def _gates(X: Array, H: Array, weights: tuple[Array, ...]) -> tuple[Array, ...]:
    """The values i, f, c, o of the four gates: sigmoids of X·Wᵀ + H·Uᵀ + b, but a tanh for c."""
    kinds: tuple[Callable[[Array], Array], ...] = (sigmoid, sigmoid, np.tanh, sigmoid)
    return tuple(
        kind(product(X, W.T) + product(H, U.T) + b)
        for kind, W, U, b in zip(kinds, weights[:4], weights[4:8], weights[8:], strict=True)
    )


def lstm_cell(X: Array, H: Array, C: Array, *weights: Array) -> tuple[Array, Array]:
    """Y = o∘tanh D, and the cell's new state D = f∘C + i∘c; ``weights`` are Wi…Wo, Ui…Uo, bi…bo."""
    i, f, c, o = _gates(X, H, weights)
    D = f * C + i * c
    return o * np.tanh(D), D


def lstm_cell_vjp(X: Array, H: Array, C: Array, *rest: Array) -> tuple[Array, ...]:
    """Back through Y and D, then the gates: dW = gateᵀ·X, dU = gateᵀ·H, db = gate summed; ``rest`` ends in dY, dD."""
    *weights, dY, dD = rest
    i, f, c, o = _gates(X, H, tuple(weights))
    y = np.tanh(f * C + i * c)
    e = dD + dY * o * (1 - y * y)
    gates = (e * c * i * (1 - i), e * C * f * (1 - f), e * i * (1 - c * c), dY * y * o * (1 - o))
    dX = sum(product(gate, W) for gate, W in zip(gates, weights[:4], strict=True))
    dH = sum(product(gate, U) for gate, U in zip(gates, weights[4:8], strict=True))
    return (
        dX, dH, e * f,
        *(product(gate.T, X) for gate in gates),
        *(product(gate.T, H) for gate in gates),
        *(gate.sum(axis=0) for gate in gates),
    )  # fmt: skip

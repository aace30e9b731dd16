"""Three steps of a simple recurrent network: Elman 1990, doi:10.1207/s15516709cog1402_1.

X1, X2, X3 (s, x), H and each step's state Y1, Y2, Y3 (s, h), W (h, x), U (h, h), b (h,).
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, product


def elman_sequence(
    X1: Array, X2: Array, X3: Array, H: Array, W: Array, U: Array, b: Array
) -> tuple[Array, Array, Array]:
    """Y = tanh(X·Wᵀ + H·Uᵀ + b) of each step, whose H is the Y before it."""
    Y1 = np.tanh(product(X1, W.T) + product(H, U.T) + b)
    Y2 = np.tanh(product(X2, W.T) + product(Y1, U.T) + b)
    Y3 = np.tanh(product(X3, W.T) + product(Y2, U.T) + b)
    return Y1, Y2, Y3


def elman_sequence_vjp(
    X1: Array, X2: Array, X3: Array, H: Array, W: Array, U: Array, b: Array, dY1: Array, dY2: Array, dY3: Array
) -> tuple[Array, ...]:
    """Back through time: dZ = dY∘(1 − Y²), and dZ·U joins the dY of the step before; weights add up over the steps."""
    Y1, Y2, Y3 = elman_sequence(X1, X2, X3, H, W, U, b)
    dZ3 = dY3 * (1 - Y3 * Y3)
    dZ2 = (dY2 + product(dZ3, U)) * (1 - Y2 * Y2)
    dZ1 = (dY1 + product(dZ2, U)) * (1 - Y1 * Y1)
    return (
        product(dZ1, W), product(dZ2, W), product(dZ3, W), product(dZ1, U),
        product(dZ1.T, X1) + product(dZ2.T, X2) + product(dZ3.T, X3),
        product(dZ1.T, H) + product(dZ2.T, Y1) + product(dZ3.T, Y2),
        (dZ1 + dZ2 + dZ3).sum(axis=0),
    )  # fmt: skip

"""Rows added to those of a table that they are numbered for."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def scatter_add(A: Array, B: Array, t: Array) -> Array:
    """Y[v] = A[v] + Σ B[s] over all s with t[s] = v."""
    Y = A.copy()
    np.add.at(Y, t, B)
    return Y


def scatter_add_vjp(A: Array, B: Array, t: Array, dY: Array) -> tuple[Array, Array]:
    """dA = dY, and dB[s] = dY[t[s]]."""
    return dY.copy(), dY[t]

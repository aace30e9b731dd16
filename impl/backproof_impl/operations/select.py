"""Entries of one tensor where a mask is 1, of another where it is 0."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number


def select(M: Array, A: Array, B: Array) -> Array:
    """Y = A where M is 1, else B."""
    return np.where(M != 0, A, B)


def select_vjp(M: Array, A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
    """dA = dY where M is 1, dB = dY where it is 0, and 0 elsewhere."""
    return np.where(M != 0, dY, number(0, dY)), np.where(M != 0, number(0, dY), dY)

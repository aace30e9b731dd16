"""Rows of a table, looked up by their numbers."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def embedding(E: Array, t: Array) -> Array:
    """Y[s] = E[t[s]]."""
    return E[t]


def embedding_vjp(E: Array, t: Array, dY: Array) -> Array:
    """dE[v] = Σ dY[s] over all s with t[s] = v."""
    dE = np.zeros_like(E)
    np.add.at(dE, t, dY)
    return dE

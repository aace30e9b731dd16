"""A cell of a gated recurrent unit: Cho et al. 2014, arXiv:1406.1078. X (s, x), H (s, h), W… (h, x), U… (h, h)."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, product, sigmoid


def _gates(
    X: Array, H: Array, W: Array, U: Array, Wz: Array, Uz: Array, Wr: Array, Ur: Array
) -> tuple[Array, Array, Array]:
    """The reset gate r, the update gate z, and the candidate n = tanh(X·Wᵀ + (r∘H)·Uᵀ)."""
    r = sigmoid(product(X, Wr.T) + product(H, Ur.T))
    z = sigmoid(product(X, Wz.T) + product(H, Uz.T))
    return r, z, np.tanh(product(X, W.T) + product(r * H, U.T))


def gru_cell(X: Array, H: Array, W: Array, U: Array, Wz: Array, Uz: Array, Wr: Array, Ur: Array) -> Array:
    """Y = (1 − z)∘n + z∘H."""
    _, z, n = _gates(X, H, W, U, Wz, Uz, Wr, Ur)
    return (1 - z) * n + z * H


def gru_cell_vjp(
    X: Array, H: Array, W: Array, U: Array, Wz: Array, Uz: Array, Wr: Array, Ur: Array, dY: Array
) -> tuple[Array, ...]:
    """Back through Y, then the candidate, then the gates; each weight's gradient is its gate's, times what came in."""
    r, z, n = _gates(X, H, W, U, Wz, Uz, Wr, Ur)
    dn = dY * (1 - z) * (1 - n * n)
    dz = dY * (H - n) * z * (1 - z)
    dRH = product(dn, U)
    dr = dRH * H * r * (1 - r)
    dX = product(dn, W) + product(dz, Wz) + product(dr, Wr)
    dH = dY * z + dRH * r + product(dz, Uz) + product(dr, Ur)
    return (
        dX, dH, product(dn.T, X), product(dn.T, r * H),
        product(dz.T, X), product(dz.T, H), product(dr.T, X), product(dr.T, H),
    )  # fmt: skip

"""A gated recurrent unit that resets after the product: Appleyard et al. 2016, arXiv:1604.01946.

X (s, x), H (s, h), W… (h, x), U… (h, h), b… and c (h,).
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, product, sigmoid


def _gates(X: Array, H: Array, weights: tuple[Array, ...]) -> tuple[Array, Array, Array, Array]:
    """The reset gate r, the update gate z, what is reset, m = H·Uᵀ + c, and the candidate n."""
    Wr, Wz, W, Ur, Uz, U, br, bz, b, c = weights
    r = sigmoid(product(X, Wr.T) + product(H, Ur.T) + br)
    z = sigmoid(product(X, Wz.T) + product(H, Uz.T) + bz)
    m = product(H, U.T) + c
    return r, z, m, np.tanh(product(X, W.T) + b + r * m)


def reset_after_gru_cell(X: Array, H: Array, *weights: Array) -> Array:
    """Y = (1 − z)∘n + z∘H; ``weights`` are Wr, Wz, W, Ur, Uz, U, br, bz, b, c."""
    _, z, _, n = _gates(X, H, weights)
    return (1 - z) * n + z * H


def reset_after_gru_cell_vjp(X: Array, H: Array, *rest: Array) -> tuple[Array, ...]:
    """Back through Y, the candidate, the gates: dW = gateᵀ·X, dU = gateᵀ·H, db = gate summed; ``rest`` ends in dY."""
    *weights, dY = rest
    Wr, Wz, W, Ur, Uz, U, *_ = weights
    r, z, m, n = _gates(X, H, tuple(weights))
    dn = dY * (1 - z) * (1 - n * n)
    dz = dY * (H - n) * z * (1 - z)
    dm, dr = dn * r, dn * m * r * (1 - r)
    return (
        product(dr, Wr) + product(dz, Wz) + product(dn, W),
        dY * z + product(dr, Ur) + product(dz, Uz) + product(dm, U),
        *(product(gate.T, X) for gate in (dr, dz, dn)),
        *(product(gate.T, H) for gate in (dr, dz, dm)),
        *(gate.sum(axis=0) for gate in (dr, dz, dn, dm)),
    )  # fmt: skip

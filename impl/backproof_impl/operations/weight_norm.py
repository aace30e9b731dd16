"""Weight normalisation: Salimans, Kingma 2016, arXiv:1602.07868."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def _directions(V: Array) -> tuple[Array, Array]:
    """V/n and 1/n with n = √(Σ V²), row by row."""
    n = np.sqrt((V * V).sum(axis=1, keepdims=True))
    return V / n, 1 / n


def weight_norm(V: Array, g: Array) -> Array:
    """W (o, i) = g (o,) ∘ V/n."""
    return g[:, None] * _directions(V)[0]


def weight_norm_vjp(V: Array, g: Array, dW: Array) -> tuple[Array, Array]:
    """dV = g/n·(dW − V/n·Σ dW∘V/n), equation 3, and dg = Σ dW∘V/n, row by row."""
    U, scale = _directions(V)
    along = (dW * U).sum(axis=1)
    return g[:, None] * scale * (dW - U * along[:, None]), along

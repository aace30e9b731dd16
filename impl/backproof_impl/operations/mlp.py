"""Two linear layers with ReLU between them: Vaswani et al. 2017, arXiv:1706.03762, eq. 2.

X (s, i), W (h, i), b (h,), V (o, h), d (o,).
"""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array, number, product


def mlp(X: Array, W: Array, b: Array, V: Array, d: Array) -> Array:
    """Y = max(0, X·Wᵀ + b)·Vᵀ + d."""
    return product(np.maximum(product(X, W.T) + b, number(0, X)), V.T) + d


def mlp_vjp(X: Array, W: Array, b: Array, V: Array, d: Array, dY: Array) -> tuple[Array, ...]:
    """dZ = dY·V where Z = X·Wᵀ + b is not negative, else 0; each layer's gradients from its inputs."""
    Z, zero = product(X, W.T) + b, number(0, X)
    dZ = np.where(Z >= 0, product(dY, V), zero)
    return product(dZ, W), product(dZ.T, X), dZ.sum(axis=0), product(dY.T, np.maximum(Z, zero)), dY.sum(axis=0)

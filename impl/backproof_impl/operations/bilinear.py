"""A bilinear layer: Tenenbaum, Freeman 2000, doi:10.1162/089976600300015349.

X (s, i), Z (s, j), W (o, i, j), b (o,), Y (s, o).
"""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def _pairs(X: Array, Z: Array) -> Array:
    """X[s, i]·Z[s, j] of each sample, as a row."""
    return (X[:, :, None] * Z[:, None]).reshape(len(X), X.shape[1] * Z.shape[1])


def bilinear(X: Array, Z: Array, W: Array, b: Array) -> Array:
    """Y[s, o] = Σ_{i,j} W[o, i, j]·X[s, i]·Z[s, j] + b[o]."""
    return product(_pairs(X, Z), W.reshape(len(W), W.shape[1] * W.shape[2]).T) + b


def bilinear_vjp(X: Array, Z: Array, W: Array, b: Array, dY: Array) -> tuple[Array, Array, Array, Array]:
    """With G = Σ_o dY·W: dX = G·Z, dZ = Gᵀ·X, dW[o] = Σ_s dY[s, o]·X[s]·Z[s]ᵀ and db = Σ dY."""
    shape = W.shape[1:]
    G = product(dY, W.reshape(len(W), shape[0] * shape[1])).reshape(len(X), *shape)
    dX, dZ = product(G, Z[:, :, None])[:, :, 0], product(X[:, None], G)[:, 0]
    return dX, dZ, product(dY.T, _pairs(X, Z)).reshape(W.shape), dY.sum(axis=0)

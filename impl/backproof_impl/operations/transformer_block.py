"""A layer of a transformer, normalised before each part: Xiong et al. 2020, arXiv:2002.04745; Touvron et al. 2023.

X and Y (t, m), gains a and b (m,), WQ and WK (k, m), WV (d, m), WO (m, d), the gated layer's G and U (h, m), D (m, h).
"""

from __future__ import annotations

import math

import numpy as np

from backproof_impl.numerics import Array, number, product, sigmoid, softmax, softmax_vjp

_EPS = 1e-6


def _scale(X: Array) -> Array:
    """r = 1/√(mean X² + ε), row by row."""
    return 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + number(_EPS, X))


def _unscaled(X: Array, r: Array, G: Array) -> Array:
    """Back through X·r, whose cotangent is G: r·(G − X·r²·mean(G∘X))."""
    return r * (G - X * r**2 * (G * X).mean(axis=1, keepdims=True))


def _attended(N: Array, WQ: Array, WK: Array, WV: Array) -> tuple[Array, ...]:
    """Q, K, V, S = softmax(Q·Kᵀ/√k), and O = S·V."""
    Q, K, V = product(N, WQ.T), product(N, WK.T), product(N, WV.T)
    S = softmax(product(Q / number(math.sqrt(Q.shape[1]), Q), K.T))
    return Q, K, V, S, product(S, V)


def transformer_block(
    X: Array, a: Array, WQ: Array, WK: Array, WV: Array, WO: Array, b: Array, G: Array, U: Array, D: Array
) -> Array:
    """R = X + attention(norm(X)), and Y = R + swiglu(norm(R))."""
    *_, O = _attended(a * X * _scale(X), WQ, WK, WV)
    R = X + product(O, WO.T)
    M = b * R * _scale(R)
    g = product(M, G.T)
    return R + product(g * sigmoid(g) * product(M, U.T), D.T)


def transformer_block_vjp(
    X: Array, a: Array, WQ: Array, WK: Array, WV: Array, WO: Array, b: Array, G: Array, U: Array, D: Array, dY: Array
) -> tuple[Array, ...]:
    """Back through the gated layer to dR, which goes on both to X and through attention to it."""
    p = _scale(X)
    N = a * X * p
    Q, K, V, S, O = _attended(N, WQ, WK, WV)
    R = X + product(O, WO.T)
    r = _scale(R)
    M = b * R * r
    g, u = product(M, G.T), product(M, U.T)
    f, dh = sigmoid(g), product(dY, D)
    s = g * f
    dg, du = dh * u * f * (1 + g * sigmoid(-g)), dh * s
    dM = product(dg, G) + product(du, U)
    dR = dY + _unscaled(R, r, b * dM)
    dO, root = product(dR, WO), number(math.sqrt(Q.shape[1]), Q)
    dA = softmax_vjp(S, product(dO, V.T)) / root
    dQ, dK, dV = product(dA, K), product(dA.T, Q), product(S.T, dO)
    dN = product(dQ, WQ) + product(dK, WK) + product(dV, WV)
    return (
        dR + _unscaled(X, p, a * dN), (dN * X * p).sum(axis=0),
        product(dQ.T, N), product(dK.T, N), product(dV.T, N), product(dR.T, O),
        (dM * R * r).sum(axis=0), product(dg.T, M), product(du.T, M), product(dY.T, s * u),
    )  # fmt: skip

"""Further spellings of attention, rotary embedding and recurrent cells, in NumPy: see operations_spellings.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
Pair = tuple[Callable[..., Any], Callable[..., Any]]


# --- attention --------------------------------------------------------------------------------------------------------


def rows_softmax(A: Array) -> Array:
    E = np.exp(A - np.max(A, axis=-1, keepdims=True))
    return E / np.sum(E, axis=-1, keepdims=True)


def _attention(weights: Callable[..., tuple[Array, Array]], *, flash: bool) -> Pair:
    """O = S·V, with S and what its logits are multiplied by; ``flash``: Σ S∘dS is Σ dO∘O."""

    def forward(Q: Array, K: Array, V: Array, **options: float) -> Array:
        return np.einsum("tu,ud->td", weights(Q, K, **options)[0], V)

    def vjp(Q: Array, K: Array, V: Array, dO: Array, **options: float) -> tuple[Array, ...]:
        S, slope = weights(Q, K, **options)
        dS = np.einsum("td,ud->tu", dO, V)
        mixed = np.sum(dO * np.einsum("tu,ud->td", S, V) if flash else S * dS, axis=1, keepdims=True)
        dA = S * (dS - mixed) * slope / math.sqrt(Q.shape[1])
        return np.einsum("tu,ua->ta", dA, K), np.einsum("tu,ta->ua", dA, Q), np.einsum("tu,td->ud", S, dO)

    return forward, vjp


def _causal(Q: Array, K: Array) -> tuple[Array, Array]:
    """Row by row, over the keys that it sees alone."""
    S = np.zeros((len(Q), len(K)), Q.dtype)
    for t in range(len(Q)):
        S[t, : t + 1] = rows_softmax(K[: t + 1] @ Q[t] / math.sqrt(Q.shape[1]))
    return S, Q.dtype.type(1)


def _causal_masked(Q: Array, K: Array) -> tuple[Array, Array]:
    """With the logits scaled by both sides, and −∞ beyond the diagonal."""
    root = Q.dtype.type(Q.shape[1] ** -0.25)
    A = np.einsum("ta,ua->tu", Q * root, K * root)
    return rows_softmax(np.where(np.tri(len(Q), dtype=bool), A, Q.dtype.type(-np.inf))), Q.dtype.type(1)


def _capped(Q: Array, K: Array, cap: float = 30) -> tuple[Array, Array]:
    C = np.tanh((Q @ K.T) * (1 / math.sqrt(Q.shape[1])) / cap)
    return rows_softmax(cap * C), 1 - C**2


def _capped_apart(Q: Array, K: Array, cap: float = 30) -> tuple[Array, Array]:
    C = np.tanh(np.einsum("ta,ua->tu", Q, K) / (math.sqrt(Q.shape[1]) * cap))
    return rows_softmax(C * cap), (1 - C) * (1 + C)


def _rope(angles: Callable[[Array, float], Array]) -> Pair:
    def forward(X: Array, Y: Array, base: float = 10000) -> tuple[Array, Array]:
        a = angles(X, base)
        return X * np.cos(a) - Y * np.sin(a), X * np.sin(a) + Y * np.cos(a)

    def vjp(X: Array, Y: Array, dA: Array, dB: Array, base: float = 10000) -> tuple[Array, Array]:
        a = angles(X, base)
        return dA * np.cos(a) + dB * np.sin(a), np.cos(a) * dB - np.sin(a) * dA

    return forward, vjp


def _by_powers(X: Array, base: float) -> Array:
    i = np.arange(X.shape[1], dtype=X.dtype) / X.dtype.type(max(X.shape[1], 1))
    return np.outer(np.arange(X.shape[0], dtype=X.dtype), 1 / X.dtype.type(base) ** i)


def _by_exponentials(X: Array, base: float) -> Array:
    i = np.arange(X.shape[1], dtype=X.dtype)
    return np.arange(X.shape[0], dtype=X.dtype)[:, None] * np.exp(i * X.dtype.type(-math.log(base) / X.shape[1]))


# --- recurrent cells --------------------------------------------------------------------------------------------------


def _logistic(Z: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-Z))


def _two_sided(Z: Array) -> Array:
    """1/(1 + e⁻ᶻ) above 0, and eᶻ/(1 + eᶻ) below."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(Z >= 0, 1 / (1 + np.exp(-Z)), np.exp(Z) / (1 + np.exp(Z)))


def _gru(sigmoid: Callable[[Array], Array]) -> Pair:
    def gates(X: Array, H: Array, W: Array, U: Array, Wz: Array, Uz: Array, Wr: Array, Ur: Array) -> tuple[Array, ...]:
        both = np.concatenate([X, H], axis=1) @ np.concatenate([np.hstack([Wr, Ur]), np.hstack([Wz, Uz])]).T
        r, z = np.split(sigmoid(both), 2, axis=1)
        return r, z, np.tanh(np.einsum("sx,hx->sh", X, W) + np.einsum("sg,hg->sh", r * H, U))

    def forward(X: Array, H: Array, *weights: Array) -> Array:
        _, z, n = gates(X, H, *weights)
        return n - z * n + z * H

    def vjp(X: Array, H: Array, *rest: Array) -> tuple[Array, ...]:
        (W, U, Wz, Uz, Wr, Ur), dY = rest[:-1], rest[-1]
        r, z, n = gates(X, H, *rest[:-1])
        dn = dY * (1 - z) * (1 - n) * (1 + n)
        dz = (dY * H - dY * n) * (z * (1 - z))
        dRH = np.einsum("sh,hg->sg", dn, U)
        dr = dRH * H * (r - r * r)
        gated = np.concatenate([dz, dr], axis=1)
        dX = np.einsum("sh,hx->sx", dn, W) + gated @ np.concatenate([Wz, Wr])
        dH = z * dY + r * dRH + gated @ np.concatenate([Uz, Ur])
        return dX, dH, dn.T @ X, dn.T @ (r * H), dz.T @ X, dz.T @ H, dr.T @ X, dr.T @ H

    return forward, vjp


def _lstm(sigmoid: Callable[[Array], Array]) -> Pair:
    """Four gates as one product of matrices."""

    def gates(X: Array, H: Array, w: tuple[Array, ...]) -> tuple[Array, ...]:
        Z = X @ np.concatenate(w[:4]).T + H @ np.concatenate(w[4:8]).T + np.concatenate(w[8:12])
        i, f, c, o = np.split(Z, 4, axis=1)
        return sigmoid(i), sigmoid(f), np.tanh(c), sigmoid(o)

    def forward(X: Array, H: Array, C: Array, *w: Array) -> tuple[Array, Array]:
        i, f, c, o = gates(X, H, w)
        D = i * c + f * C
        return np.tanh(D) * o, D

    def vjp(X: Array, H: Array, C: Array, *rest: Array) -> tuple[Array, ...]:
        *w, dY, dD = rest
        i, f, c, o = gates(X, H, tuple(w))
        y = np.tanh(i * c + f * C)
        e = dD + o * dY * (1 - y**2)
        parts = (c * e) * (i * (1 - i)), (C * e) * (f * (1 - f)), (i * e) * (1 - c**2), (y * dY) * (o * (1 - o))
        dZ = np.concatenate(parts, axis=1)
        dW, dU = (np.split(np.einsum("sz,sx->zx", dZ, A), 4) for A in (X, H))
        back = (dZ @ np.concatenate(w[:4]), dZ @ np.concatenate(w[4:8]), e * f)
        return *back, *dW, *dU, *np.split(np.sum(dZ, axis=0), 4)

    return forward, vjp


SEQUENCES: dict[str, tuple[Pair, ...]] = {
    "causal_attention": (_attention(_causal, flash=False), _attention(_causal_masked, flash=True)),
    "softcap_attention": (_attention(_capped, flash=False), _attention(_capped_apart, flash=True)),
    "rope": (_rope(_by_powers), _rope(_by_exponentials)),
    "gru_cell": (_gru(_logistic), _gru(_two_sided)),
    "lstm_cell": (_lstm(_logistic), _lstm(_two_sided)),
}
"""Of each operation."""

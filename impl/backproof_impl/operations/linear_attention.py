"""Linear attention: Katharopoulos et al. 2020, arXiv:2006.16236. Q (t, a), K (u, a): features; V (u, d)."""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def _parts(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    """C (a, d) = Kᵀ·V, k (a,) = Σ K over the keys, and n (t, 1) = Q·k, by which each query is divided."""
    k = K.sum(axis=0)
    return product(K.T, V), k, product(Q, k[:, None])


def linear_attention(Q: Array, K: Array, V: Array) -> Array:
    """O = Q·C/n."""
    C, _, n = _parts(Q, K, V)
    return product(Q, C) / n


def linear_attention_vjp(Q: Array, K: Array, V: Array, dO: Array) -> tuple[Array, Array, Array]:
    """Back through O = Q·C/n: dn = −Σ dO∘O/n, dC = Qᵀ·dO/n; k and C share the keys."""
    C, k, n = _parts(Q, K, V)
    dA = dO / n
    dn, dC = -(dA * (product(Q, C) / n)).sum(axis=1, keepdims=True), product(Q.T, dA)
    return product(dA, C.T) + dn * k, product(V, dC.T) + (dn * Q).sum(axis=0), product(K, dC)

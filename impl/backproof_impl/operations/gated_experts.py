"""A mixture of linear experts with given gates: Jacobs et al. 1991, doi:10.1162/neco.1991.3.1.79.

X (s, i), G (s, e), W (e, o, i).
"""

from __future__ import annotations

from backproof_impl.numerics import Array, product


def gated_experts(X: Array, G: Array, W: Array) -> Array:
    """Y (s, o) = Σ G[s, e]·W[e]·X[s] over the experts."""
    return (G.T[:, :, None] * product(X, W.swapaxes(1, 2))).sum(axis=0)


def gated_experts_vjp(X: Array, G: Array, W: Array, dY: Array) -> tuple[Array, Array, Array]:
    """dX = Σ G∘dY·W over the experts, dG = Σ dY∘E over the outputs E of each, and dW = (G∘dY)ᵀ·X."""
    dE = G.T[:, :, None] * dY
    dG = (product(X, W.swapaxes(1, 2)) * dY).sum(axis=2).T
    return product(dE, W).sum(axis=0), dG, product(dE.swapaxes(1, 2), X)

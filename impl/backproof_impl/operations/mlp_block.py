"""Two layers with GELU between them, added to the input and normalised: a block of Vaswani et al. 2017 and its kin.

X (s, i), W (h, i), b (h,), V (i, h), d, g, e (i,).
"""

from __future__ import annotations

from backproof_impl.numerics import Array, product
from backproof_impl.operations.gelu import gelu, gelu_vjp
from backproof_impl.operations.layer_norm import layer_norm, layer_norm_vjp


def _inside(X: Array, W: Array, b: Array, V: Array, d: Array) -> tuple[Array, Array, Array]:
    """Z = X·Wᵀ + b, G = gelu(Z) and R = X + G·Vᵀ + d."""
    Z = product(X, W.T) + b
    G = gelu(Z)
    return Z, G, X + product(G, V.T) + d


def mlp_block(X: Array, W: Array, b: Array, V: Array, d: Array, g: Array, e: Array) -> Array:
    """Y = layer_norm(R, g, e)."""
    return layer_norm(_inside(X, W, b, V, d)[2], g, e)


def mlp_block_vjp(X: Array, W: Array, b: Array, V: Array, d: Array, g: Array, e: Array, dY: Array) -> tuple[Array, ...]:
    """Back through the normalisation, the second layer, GELU and the first; dX is dR beside what comes through both."""
    Z, G, R = _inside(X, W, b, V, d)
    dR, dg, de = layer_norm_vjp(R, g, e, dY)
    dZ = gelu_vjp(Z, product(dR, V))
    return dR + product(dZ, W), product(dZ.T, X), dZ.sum(axis=0), product(dR.T, G), dR.sum(axis=0), dg, de

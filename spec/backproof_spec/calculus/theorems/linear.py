"""Z = W·Y + b·1ᵀ, then any differentiable function L = f(Z) of all entries: the gradients, by the Kronecker form."""

from __future__ import annotations

from dataclasses import dataclass

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import Expression, Tensor, delta, indices, total

i, a, j, c, s, r = indices(i="m", a="m", j="n", c="n", s="p", r="p")


@dataclass(frozen=True)
class _Layer:
    """The theory of one linear layer under a function of its outputs."""

    d: Derivation
    W: Tensor
    Y: Tensor
    b: Tensor
    Z: Tensor
    L: Expression
    dZ: Tensor


def _layer(stem: str, title: str) -> _Layer:
    d = Derivation(stem, title)
    W, Y, b, f = d.variable("W", "m", "n"), d.variable("Y", "n", "p"), d.variable("b", "m"), d.map("f", ("m", "p"))
    Z = d.define("Z", (i, s), total(W[i, j] * Y[j, s], j) + b[i])
    dZ = d.define("dZ", (i, s), f.slope((i, s), (a, r), Z[a, r]))
    return _Layer(d, W, Y, b, Z, f.at((), (i, s), Z[i, s]), dZ)


def _gradient(layer: _Layer, by: Expression, jacobian: Expression, kron: Expression, result: Expression) -> Derivation:
    """∂L/∂X = Σ dZ·J, where J = ∂Z/∂X is the Kronecker form."""
    d = layer.d
    _, name, places = by.term
    d.begin(d.derivative(layer.L.term, name, places), "the chain rule: L depends on " + name + " through all Z[i, s]")
    d.then(total(layer.dZ[i, s] * jacobian, i, s), "∂Z[i, s] by the rules for sums and products", unfolding=["dZ"])
    d.then(total(layer.dZ[i, s] * kron, i, s), "this is the Kronecker form K", unfolding=["K"])
    d.then(result, "K is 0 off its diagonal blocks: δ is contracted", unfolding=["K"])
    return d


def dW() -> Derivation:
    """δW = δZ·Yᵀ: ∂Z[i, s]/∂W[a, c] is entry ((i, s), (a, c)) of Yᵀ⊗I."""
    layer = _layer("linear.dW", "δW = δZ·Yᵀ")
    K = layer.d.define("K", (s, i, c, a), layer.Y[c, s] * delta(i, a))
    jacobian = delta(i, a) * layer.Y[c, s]
    return _gradient(layer, layer.W[a, c], jacobian, K[s, i, c, a], total(layer.dZ[a, s] * layer.Y[c, s], s))


def dY() -> Derivation:
    """δY = Wᵀ·δZ: ∂Z[i, s]/∂Y[c, r] is entry ((i, s), (c, r)) of I⊗W."""
    layer = _layer("linear.dY", "δY = Wᵀ·δZ")
    K = layer.d.define("K", (s, i, r, c), delta(s, r) * layer.W[i, c])
    jacobian = layer.W[i, c] * delta(s, r)
    return _gradient(layer, layer.Y[c, r], jacobian, K[s, i, r, c], total(layer.W[i, c] * layer.dZ[i, r], i))


def db() -> Derivation:
    """δb = δZ·1: ∂Z[i, s]/∂b[a] is entry ((i, s), a) of 1⊗I."""
    layer = _layer("linear.db", "δb = δZ·1")
    K = layer.d.define("K", (s, i, a), delta(i, a))
    return _gradient(layer, layer.b[a], delta(i, a), K[s, i, a], total(layer.dZ[a, s], s))

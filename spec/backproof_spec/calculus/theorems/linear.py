"""Z = W·Y + b·1ᵀ, then any differentiable function L = f(Z) of all entries: the gradients, by the Kronecker form.

For a batch, and for a single sample z = W·y + b, of which the batch is p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import Expression, Tensor, delta, indices, total
from backproof_spec.calculus.terms import Index, parts

i, a, j, c, s, r = indices(i="m", a="m", j="n", c="n", s="p", r="p")
Batch = tuple[Index, ...]


@dataclass(frozen=True)
class _Layer:
    """The theory of one linear layer under a function of its outputs. ``s``, ``r``: the sample's index, or none."""

    d: Derivation
    W: Tensor
    Y: Tensor
    b: Tensor
    dZ: Tensor
    L: Expression
    s: Batch
    r: Batch


def _layer(stem: str, title: str, *, sample: bool) -> _Layer:
    d = Derivation(stem, title)
    batch: tuple[str, ...] = () if sample else ("p",)
    at, other = ((), ()) if sample else ((s,), (r,))
    Y_, Z_, dZ_ = ("y", "z", "dz") if sample else ("Y", "Z", "dZ")
    W, Y, b, f = d.variable("W", "m", "n"), d.variable(Y_, "n", *batch), d.variable("b", "m"), d.map("f", ("m", *batch))
    Z = d.define(Z_, (i, *at), total(W[i, j] * Y[(j, *at)], j) + b[i])
    dZ = d.define(dZ_, (i, *at), f.slope((i, *at), (a, *other), Z[(a, *other)]))
    return _Layer(d, W, Y, b, dZ, f.at((), (i, *at), Z[(i, *at)]), at, other)


@dataclass(frozen=True)
class _Gradient:
    """What is differentiated by, ∂Z[i, s] by it, its Kronecker form K over these indices, and the gradient."""

    by: Expression
    jacobian: Expression
    places: tuple[Index, ...]
    kron: Expression
    result: Expression


def _dW(at: _Layer) -> _Gradient:
    """∂Z[i, s]/∂W[a, c] is entry ((i, s), (a, c)) of Yᵀ⊗I."""
    below = at.Y[(c, *at.s)]
    places = (*at.s, i, c, a)
    return _Gradient(
        at.W[a, c], delta(i, a) * below, places, below * delta(i, a), total(at.dZ[(a, *at.s)] * below, *at.s)
    )


def _dY(at: _Layer) -> _Gradient:
    """∂Z[i, s]/∂Y[c, r] is entry ((i, s), (c, r)) of I⊗W."""
    same = [delta(*pair) for pair in zip(at.s, at.r, strict=True)]
    slope = at.W[i, c]
    for each in same:
        slope = slope * each
    kron = delta(s, r) * at.W[i, c] if same else at.W[i, c]
    return _Gradient(at.Y[(c, *at.r)], slope, (*at.s, i, *at.r, c), kron, total(at.W[i, c] * at.dZ[(i, *at.r)], i))


def _db(at: _Layer) -> _Gradient:
    """∂Z[i, s]/∂b[a] is entry ((i, s), a) of 1⊗I."""
    return _Gradient(at.b[a], delta(i, a), (*at.s, i, a), delta(i, a), total(at.dZ[(a, *at.s)], *at.s))


def _derive(stem: str, title: str, gradient: Callable[[_Layer], _Gradient], *, sample: bool = False) -> Derivation:
    """∂L/∂X = Σ dZ·J, where J = ∂Z/∂X is the Kronecker form."""
    layer = _layer(stem, title, sample=sample)
    d, wanted = layer.d, gradient(layer)
    K = d.define("K", wanted.places, wanted.kron)
    Z, (_, name, at) = layer.dZ[(i, *layer.s)], wanted.by.term
    through = "all z[i]" if sample else "all Z[i, s]"
    words = f"the chain rule: L depends on {name} through {through}; their slopes by the rules for sums and products"
    d.begin(d.derivative(layer.L.term, name, at), words)
    over = (i, *layer.s)
    words = f"the definition of {layer.dZ.name.replace('d', 'δ')}"
    one_left = "; of the sum over j one term is left, as δ is 0 elsewhere" if name != "b" else ""
    d.then(total(Z * wanted.jacobian, *over), words + one_left, unfolding=[layer.dZ.name])
    d.then(total(Z * K[wanted.places], *over), "this is the Kronecker form K", unfolding=["K"])
    sparse = any(part[0] == "delta" for part, _ in parts(wanted.kron.term))
    words = "K is 0 off its diagonal blocks: δ is contracted" if sparse else "the definition of K"
    d.then(wanted.result, words, unfolding=["K"])
    return d


dW = partial(_derive, "linear.dW", "δW = δZ·Yᵀ", _dW)
dY = partial(_derive, "linear.dY", "δY = Wᵀ·δZ", _dY)
db = partial(_derive, "linear.db", "δb = δZ·1", _db)
sample_dW = partial(_derive, "linear.dW.sample", "δW = δz·yᵀ", _dW, sample=True)
sample_dY = partial(_derive, "linear.dY.sample", "δy = Wᵀ·δz", _dY, sample=True)
sample_db = partial(_derive, "linear.db.sample", "δb = δz", _db, sample=True)

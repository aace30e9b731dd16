"""A network of k layers, L = −Σ P·log softmax(Z_k), Z_l = W_l·Y_{l−1} + b_l, Y_l = max(Z_l, 0), Y_0 = X.

One step back, from δZ_l to δY_{l−1} = W_lᵀ·δZ_l and δZ_{l−1} = δY_{l−1}∘1[Z_{l−1} ≥ 0], is the theorem ``network.step``
for any function of Z_l; the gradient of a k-layer network takes that step once for each layer it passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import (
    Expression,
    Tensor,
    always,
    delta,
    equal,
    exp,
    indices,
    log,
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.terms import Index
from backproof_spec.calculus.theorems.linear import Product, in_inputs, in_weights, raised, shown

s, r = indices(s="p", r="p")


def one_step() -> Derivation:
    """δZ = (Wᵀ·δU)∘1[Z ≥ 0] for U = W·max(Z, 0) + b and any differentiable function of U, off the kink."""
    d = Derivation("network.step", "δZ = (Wᵀ·δU)∘1[Z ≥ 0]", ("kron.vec", "linear.dY", "relu.dZ"))
    Z, W, b, f = d.variable("Z", "n", "p"), d.variable("W", "m", "n"), d.variable("b", "m"), d.map("f", ("m", "p"))
    i, a, j, k = indices(i="m", a="m", j="n", k="n")
    d.suppose(always(nonzero(Z[j, s]), j, s))
    Y = d.define("Y", (j, s), Z[j, s] * step(Z[j, s]))
    U = d.define("U", (i, s), total(W[i, j] * Y[j, s], j) + b[i])
    dU = d.define("dU", (i, s), f.slope((i, s), (a, r), U[a, r]))
    dY = d.define("dY", (j, s), total(W[i, j] * dU[i, s], i))
    product = in_inputs(W, Y, i, k, r, s)
    K = d.define("K", product.places, product.kron)[product.places]
    d.begin(product.slope(d, U[i, s], K, "Z", (k, r)))
    words = "the Jacobian of $U$ is $K = I⊗W$, after that of $Y$ as in relu.dZ"
    d.then(K * step(Z[k, r]), words)
    d.learn(d.last)
    d.begin(d.derivative(f.at((), (i, s), U[i, s]).term, "Z", (k, r)))
    d.then(total(K * dU[i, s], s, i) * step(Z[k, r]), "the chain rule; the definition of $δU$", unfolding=["dU"])
    back = product.back(d, K, dU)
    d.follows(d("cong_mul", back, d("refl", step(Z[k, r]).term)), product.back_in_words("δU"))
    words = "a product with $I$, as in linear.dY: that is the definition of $δY = Wᵀ·δU$"
    d.then(dY[k, r] * step(Z[k, r]), words, unfolding=["dY"])
    d.then(total(W[i, k] * dU[i, r], i) * step(Z[k, r]), "the definition of $δY$, written out", unfolding=["dY"])
    return d


@dataclass
class _Network:
    """The theory of a network; the lists start with what stands before layer 1."""

    d: Derivation
    L: Tensor
    W: list[Tensor] = field(default_factory=list)
    b: list[Tensor] = field(default_factory=list)
    Z: list[Tensor] = field(default_factory=list)
    Y: list[Tensor] = field(default_factory=list)
    dZ: dict[int, Tensor] = field(default_factory=dict)


def _index(name: str, layer: int) -> Index:
    return ("index", f"{name}{layer}", f"n{layer}")


def _network(d: Derivation, k: int, last: int) -> _Network:
    """The network, and δZ_k = S − P, δZ_l = (W_{l+1}ᵀ·δZ_{l+1})∘1[Z_l ≥ 0] down to the last layer."""
    X = d.variable("X", "n0", "p")
    net = _Network(d, Tensor("L", ()), [X], [X], [X], [X])
    for layer in range(1, k + 1):
        i, j = _index("i", layer), _index("i", layer - 1)
        net.W.append(d.variable(f"W{layer}", i[2], j[2]))
        net.b.append(d.variable(f"b{layer}", i[2]))
        below = net.Y[layer - 1]
        net.Z.append(d.define(f"Z{layer}", (i, s), total(net.W[layer][i, j] * below[j, s], j) + net.b[layer][i]))
        if layer < k:
            net.Y.append(d.define(f"Y{layer}", (i, s), net.Z[layer][i, s] * step(net.Z[layer][i, s])))
            d.suppose(always(nonzero(net.Z[layer][i, s]), i, s))
    i, j = _index("i", k), _index("j", k)
    P = d.variable("P", i[2], "p")
    S = d.define("S", (i, s), exp(net.Z[k][i, s]) / total(exp(net.Z[k][j, s]), j))
    d.suppose(always(positive(size(i[2]))), always(equal(total(P[i, s], i), 1), s))
    d.define("L", (), -total(P[i, s] * log(S[i, s]), s, i))
    net.dZ[k] = d.define(f"dZ{k}", (i, s), S[i, s] - P[i, s])
    for layer in range(k - 1, last - 1, -1):
        i, j = _index("i", layer + 1), _index("i", layer)
        back = total(net.W[layer + 1][i, j] * net.dZ[layer + 1][i, s], i)
        net.dZ[layer] = d.define(f"dZ{layer}", (j, s), back * step(net.Z[layer][j, s]))
    return net


def _forward(net: _Network, last: int, entry: Expression, product: Product | None) -> dict[int, Tensor]:
    """J_l = ∂Z_l/∂X for the layers from the last one that X acts on directly: named, proved, and known from then on.

    ``product``: that of the last layer, by whose Kronecker form it starts; None for a bias.
    """
    d, k, (_, name, by) = net.d, len(net.Z) - 1, entry.term
    at = _index("i", last)
    places = {layer: (s, _index("i", layer), *reversed(by)) for layer in range(last, k + 1)}
    J = {last: d.define(f"J{last}", places[last], product.kron if product else delta(at, *by))}
    for layer in range(last + 1, k + 1):
        at, below = _index("i", layer), _index("i", layer - 1)
        passed = step(net.Z[layer - 1][below, s]) * J[layer - 1][places[layer - 1]]
        J[layer] = d.define(f"J{layer}", places[layer], total(net.W[layer][at, below] * passed, below))
    for layer in range(last, k + 1):
        Z, own = net.Z[layer][_index("i", layer), s], J[layer][places[layer]]
        if layer > last:
            words = "one layer on: the slopes of linear, of ReLU off its kink, and those of the layer before"
            d.begin(d.derivative(Z.term, name, by))
            d.then(own, words, unfolding=[own.term[1], f"Y{layer - 1}"])
        elif product:
            d.begin(product.slope(d, Z, own, name, by))
            d.then(own, f"the layer's own Jacobian, as in linear.d{'W' if name[0] == 'W' else 'Y'}: ${product.of_vec}$")
        else:
            d.begin(d.derivative(Z.term, name, by))
            d.then(own, "the layer's own Jacobian, as in linear.db: $1⊗I$", unfolding=[own.term[1]])
        d.learn(d.last)
    return J


def gradient(k: int, output: str) -> Derivation:
    """δX = W_1ᵀ·δZ_1, δW_l = δZ_l·Y_{l−1}ᵀ or δb_l = δZ_l·1 of a network of k layers: ``output`` is dX, dW2, db2, …

    J_l = ∂Z_l/∂W, say, is made of J_{l−1}; and the loss changes with W by ⟨δZ_l, J_l⟩, for each l from k down: that is
    the step back. So a layer more is a step forward and a step back more, of a length that does not depend on k.
    """
    kind, last = output[1], int(output[2:] or 1)
    own_layer, before = (f"⁽{raised(layer)}⁾" for layer in (last, last - 1))
    formulas = {
        "W": f"δW{own_layer} = δZ{own_layer}·Y{before}ᵀ",
        "b": f"δb{own_layer} = δZ{own_layer}·1",
        "X": "δX = W⁽¹⁾ᵀ·δZ⁽¹⁾",
    }
    own = {"W": "linear.dW", "b": "linear.db", "X": "linear.dY"}[kind]
    through = ("network.step",) if last < k else ()
    uses = ("softmax_cross_entropy.dZ.normalised", *through, own, *(("kron.vec",) if kind != "b" else ()))
    d = Derivation(f"network.{k}.{output}", f"{formulas[kind].replace('Y⁽⁰⁾', 'X')}, k = {k}", uses)
    net = _network(d, k, last)
    i, j, at, W, below = _index("a", last), _index("c", last - 1), _index("i", last), net.W[last], net.Y[last - 1]
    entry = {"W": W[i, j], "b": net.b[last][i], "X": below[j, r]}[kind]
    product = {"W": in_weights(W, below, at, i, j, s), "b": None, "X": in_inputs(W, below, at, j, r, s)}[kind]
    _, name, by = entry.term
    J = _forward(net, last, entry, product)
    d.begin(d.derivative(net.L[()].term, name, by))
    for layer in range(k, last - 1, -1):
        over = _index("i", layer)
        words = f"one step back, from layer {layer + 1} to layer {layer}, as in network.step"
        unfolding = [f"J{layer + 1}", f"dZ{layer}"]
        if layer == k:
            words = "the chain rule; $δZ = S − P$ as in softmax_cross_entropy.dZ.normalised"
            unfolding = ["S", f"dZ{k}"]
        d.then(total(J[layer][(s, over, *reversed(by))] * net.dZ[layer][over, s], s, over), words, unfolding=unfolding)
    final = {
        "W": total(net.dZ[last][i, s] * below[j, s], s),
        "b": total(net.dZ[last][i, s], s),
        "X": total(W[i, j] * net.dZ[last][i, r], i),
    }
    if product:
        back = product.back(d, J[last][product.places], net.dZ[last])
        d.follows(back, product.back_in_words(shown(net.dZ[last])))
        d.then(final[kind], f"a product with $I$, as in {own}")
    else:
        d.then(final[kind], f"$δ$ is contracted as in {own}", unfolding=[f"J{last}"])
    return d

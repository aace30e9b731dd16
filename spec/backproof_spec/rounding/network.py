"""network: the enclosures of the layers, composed forwards and backwards.

Every layer's result is the next one's input with its uncertainty. A ReLU mask entry whose pre-activation's sign is
certain must be that sign's; the others admit either branch.
"""

from __future__ import annotations

from dataclasses import dataclass

from backproof_spec.matrices import Number
from backproof_spec.network import Network
from backproof_spec.rounding import linear, relu, softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import Arithmetic


@dataclass(frozen=True)
class Forward:
    """[Y_0 … Y_{k−1}], [Z_1 … Z_k], each with what a conforming implementation may have computed instead."""

    activations: list[Enclosure]
    pre_activations: list[Enclosure]


def forward(net: Network, arithmetic: Arithmetic) -> Forward:
    """The forward pass."""
    Ys, Zs = [Enclosure.exactly(net.X)], []
    for layer, (W, b) in enumerate(zip(net.weights, net.biases, strict=True), 1):
        Zs.append(linear.forward(Enclosure.exactly(W), Ys[-1], Enclosure.exactly(b), arithmetic))
        if layer < net.depth:
            Ys.append(relu.forward(Zs[-1], arithmetic))
    return Forward(Ys, Zs)


def loss(net: Network, arithmetic: Arithmetic) -> Enclosure:
    """L (1, 1)."""
    return softmax_cross_entropy.forward(
        forward(net, arithmetic).pre_activations[-1], Enclosure.exactly(net.P), arithmetic
    )


@dataclass(frozen=True)
class Gradients:
    """∂L/∂X, and ∂L/∂W_l, ∂L/∂b_l for each layer."""

    dX: Enclosure
    dW: list[Enclosure]
    db: list[Enclosure]


def gradients(net: Network, arithmetic: Arithmetic, factor: Number = 1) -> Gradients:
    """The backward pass, from the loss to X, times ``factor``: a mean's 1/p, taken at the loss or in the end."""
    late = _gradients(net, arithmetic, 1)
    if factor == 1:
        return late
    early = _gradients(net, arithmetic, factor)
    pairs = [
        [either.either(scaled.scaled(factor, arithmetic)) for either, scaled in zip(first, last, strict=True)]
        for first, last in ((early.dW, late.dW), (early.db, late.db), ([early.dX], [late.dX]))
    ]
    return Gradients(pairs[2][0], pairs[0], pairs[1])


def _gradients(net: Network, arithmetic: Arithmetic, factor: Number) -> Gradients:
    """The backward pass, begun with the loss's gradient times ``factor``."""
    ahead = forward(net, arithmetic)
    dWs, dbs = [], []
    dZ = softmax_cross_entropy.dZ(ahead.pre_activations[-1], Enclosure.exactly(net.P), arithmetic, fused=net.fused)
    if factor != 1:
        dZ = dZ.scaled(factor, arithmetic)
    for layer in reversed(range(net.depth)):
        dWs.append(linear.dW(dZ, ahead.activations[layer], arithmetic))
        dbs.append(linear.db(dZ, arithmetic))
        dY = linear.dY(Enclosure.exactly(net.weights[layer]), dZ, arithmetic)
        if layer > 0:
            dZ = relu.dZ(ahead.pre_activations[layer - 1], dY, arithmetic, net.relu_at_zero)
    return Gradients(dY, dWs[::-1], dbs[::-1])

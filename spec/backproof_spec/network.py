"""network: k linear layers with ReLU between them, then softmax and cross-entropy; its gradients by the chain rule.

    Z_l = W_l·Y_{l−1} + b_l·1ᵀ,   Y_l = ReLU(Z_l) for l < k,   Y_0 = X,   L = −Σ P·log softmax(Z_k).

Two independent routes to the gradients stand here. ``jacobian`` multiplies explicit Jacobians, layer by layer: the
chain rule D(f∘g) = Df·Dg itself. ``gradients`` runs the backward recursion δZ_k = S·ΣP − P, δY_{l−1} = W_lᵀ·δZ_l,
δZ_l = δY_l∘1[Z_l ≥ 0], δW_l = δZ_l·Y_{l−1}ᵀ, δb_l = δZ_l·1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backproof_spec.matrices import (
    EXACT_BITS,
    TRANSCENDENTAL_BITS,
    Matrix,
    Number,
    as_matrix,
    at_least,
    compose,
    require_shape,
)
from backproof_spec.operations import linear, relu, softmax_cross_entropy


@dataclass(frozen=True)
class Network:
    """Weights [W_1 … W_k] (n_l, n_{l−1}), biases [b_1 … b_k] (n_l,), input X (n_0, p), labels P (n_k, p)."""

    weights: tuple[Matrix, ...]
    biases: tuple[Matrix, ...]
    X: Matrix
    P: Matrix
    relu_at_zero: float = 1
    fused: bool = False

    @classmethod
    def of(
        cls,
        weights: Sequence[Any],
        biases: Sequence[Any],
        X: Any,
        P: Any,
        *,
        relu_at_zero: float = 1,
        fused: bool = False,
    ) -> Network:
        """The network with these parameters; ``ValueError`` names the first argument whose shape does not fit."""
        if not weights or len(weights) != len(biases):
            msg = f"network: got {len(weights)} weights and {len(biases)} biases, expected one of each per layer"
            raise ValueError(msg)
        X, P = as_matrix("network: X", X), as_matrix("network: P", P)
        Ws = tuple(as_matrix(f"network: W_{k}", W) for k, W in enumerate(weights, 1))
        bs = tuple(as_matrix(f"network: b_{k}", b) for k, b in enumerate(biases, 1))
        width = X.rows
        for k, (W, b) in enumerate(zip(Ws, bs, strict=True), 1):
            require_shape(f"network: W_{k}", W, (W.rows, width), "(any, width of the layer before)")
            require_shape(f"network: b_{k}", b, (W.rows, 1), f"(rows of W_{k}, 1)")
            width = W.rows
        require_shape("network: P", P, (width, X.cols), "(rows of the last weight, columns of X)")
        return cls(Ws, bs, X, P, relu_at_zero, fused)

    @property
    def depth(self) -> int:
        """k, the number of linear layers."""
        return len(self.weights)


@dataclass(frozen=True)
class Gradients:
    """∂L/∂X, and ∂L/∂W_l, ∂L/∂b_l for each layer, each of the shape of what it is the gradient of."""

    dX: Matrix
    dW: tuple[Matrix, ...]
    db: tuple[Matrix, ...]


@at_least(EXACT_BITS)
def activations(net: Network) -> tuple[list[Matrix], list[Matrix]]:
    """([Y_0 … Y_{k−1}], [Z_1 … Z_k]), exactly while their exponents span less than ``EXACT_BITS`` bits."""
    Ys, Zs = [net.X], []
    for layer, (W, b) in enumerate(zip(net.weights, net.biases, strict=True), 1):
        Zs.append(linear.forward(W, Ys[-1], b))
        if layer < net.depth:
            Ys.append(relu.forward(Zs[-1]))
    return Ys, Zs


def forward(net: Network) -> Number:
    """L = −Σ P·log softmax(Z_k), summed over the samples."""
    _, Zs = activations(net)
    return softmax_cross_entropy.forward(Zs[-1], net.P)


@at_least(TRANSCENDENTAL_BITS)
def jacobian(net: Network) -> tuple[Matrix, list[Matrix], list[Matrix]]:
    """(∂L/∂vec X, [∂L/∂vec W_l], [∂L/∂b_l]): rows, each a product of explicit Jacobians from the loss backwards."""
    Ys, Zs = activations(net)
    rows_W, rows_b = [], []
    row = softmax_cross_entropy.jacobian(Zs[-1], net.P).value
    for layer in reversed(range(net.depth)):
        operands = (net.weights[layer], Ys[layer], net.biases[layer])
        rows_W.append(compose(row, linear.jacobian_W(*operands).value))
        rows_b.append(compose(row, linear.jacobian_b(*operands).value))
        row = compose(row, linear.jacobian_Y(*operands).value)
        if layer > 0:
            row = compose(row, relu.jacobian(Zs[layer - 1], net.relu_at_zero).value)
    return row, rows_W[::-1], rows_b[::-1]


def gradients(net: Network) -> Gradients:
    """The backward recursion of the module docstring, from the loss to X."""
    Ys, Zs = activations(net)
    dWs, dbs = [], []
    dZ = softmax_cross_entropy.dZ(Zs[-1], net.P, fused=net.fused)
    for layer in reversed(range(net.depth)):
        dWs.append(linear.dW(dZ, Ys[layer]))
        dbs.append(linear.db(dZ))
        dY = linear.dY(net.weights[layer], dZ)
        if layer > 0:
            dZ = relu.dZ(Zs[layer - 1], dY, net.relu_at_zero)
    return Gradients(dY, tuple(dWs[::-1]), tuple(dbs[::-1]))

"""Every theorem, by its stem: a derivation for all shapes, from definitions to the formula that is used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.theorems import chain, cross_entropy, further, kron, linear, network, relu, softmax

THEOREMS: dict[str, Callable[[], Derivation]] = {
    "kron.vec": kron.product,
    "kron.transpose": kron.transpose,
    "kron.mixed": kron.mixed,
    "chain.scalar": chain.scalar,
    "chain.rule": chain.rule,
    "linear.dW": linear.dW,
    "linear.dY": linear.dY,
    "linear.db": linear.db,
    "relu.dZ": relu.dZ,
    "network.step": network.one_step,
    "softmax.dZ": softmax.dZ,
    "cross_entropy.dS": cross_entropy.dS,
    "softmax_cross_entropy.dZ": cross_entropy.dZ,
    "softmax_cross_entropy.dZ.normalised": cross_entropy.dZ_normalised,
    **{
        f"network.{k}.{output}": partial(network.gradient, k, output)
        for k in (1, 2, 3)
        for output in ("dX", *(f"d{name}{layer}" for layer in range(1, k + 1) for name in "Wb"))
    },
    "sigmoid.dZ": further.sigmoid,
    "tanh.dZ": further.tanh,
    "squared_error.dY": further.squared_error,
    "residual.dX": further.residual,
    "layer_norm.dZ": further.layer_norm,
    **{f"attention.d{name}": partial(further.attention, name) for name in "QKV"},
}
"""The rows of the table of proofs: {stem: what derives it}."""

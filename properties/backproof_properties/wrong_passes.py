"""Networks with one step of a pass wrong: rows of ``suspects`` for the claims that join several operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_properties.arrays import Array
from backproof_properties.numbers import Numbers, Row, jacobian_applied, log_softmax, softmax

# --- networks ---------------------------------------------------------------------------------------------------------


class Pass:
    """One forward and backward pass in float64, each step of which can be made wrong."""

    def __init__(  # noqa: PLR0913 - each knob is one step that can be wrong
        self,
        x: Numbers,
        *,
        mask: Callable[[list[Array], int], Array] = lambda Zs, layer: Zs[layer] >= 0,
        back: Callable[[Array, Array, Array], Array] = lambda W, dZ, _: W.T @ dZ,
        start: Callable[[Array, Array], Array] = lambda Z, P: softmax(Z) * P.sum(axis=0) - P,
        logits: Callable[[Array], Array] = lambda Z: Z,
        inputs: Callable[[list[Array], list[Array], int], Array] = lambda Ys, _, layer: Ys[layer],
        activation: Callable[[Array], Array] = lambda Z: np.maximum(Z, 0),
        sums: Callable[[Array], Array] = lambda dZ: dZ.sum(axis=1),
        bias: float = 1.0,
    ) -> None:
        """Run both passes."""
        Ys, Zs = [x.X], []
        for W, b in zip(x.weights, x.biases, strict=True):
            Zs.append(W @ Ys[-1] + bias * b[:, None])
            Ys.append(activation(Zs[-1]))
        self.loss = -np.where(x.P != 0, x.P * log_softmax(logits(Zs[-1])), 0).sum()
        dZ = start(Zs[-1], x.P)
        self.dW: list[Array] = []
        self.db: list[Array] = []
        for layer in reversed(range(len(Zs))):
            self.dZ = dZ
            self.dW.insert(0, dZ @ inputs(Ys, Zs, layer).T)
            self.db.insert(0, sums(dZ))
            self.dX = back(x.weights[layer], dZ, self.dW[0])
            if layer:
                dZ = self.dX * mask(Zs, layer - 1)

    def of(self, kind: str) -> list[Array]:
        """The gradients of one kind, or the loss."""
        found = getattr(self, kind)
        return found if isinstance(found, list) else [found]


def _next_mask(Zs: list[Array], layer: int) -> Array:
    following = Zs[layer + 1]
    return (following if following.shape == Zs[layer].shape else Zs[layer]) >= 0


def _square_back(W: Array, dZ: Array, *_: Array) -> Array:
    return W @ dZ if W.shape[0] == W.shape[1] else W.T @ dZ


def _skipped_back(W: Array, dZ: Array, *_: Array) -> Array:
    return dZ if W.shape[0] == W.shape[1] else W.T @ dZ


def _updated_back(rate: float) -> Callable[[Array, Array, Array], Array]:
    return lambda W, dZ, dW: (W - rate * dW).T @ dZ


def _masked_for(layers: int) -> Callable[[list[Array], int], Array]:
    return lambda Zs, k: (Zs[k] >= 0) * (k >= len(Zs) - layers)


_WRONG_PASSES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *[
        ("truncated", f"only the last {layers} layers receive gradients", {"mask": _masked_for(layers)})
        for layers in (4, 3, 2, 1)
    ],
    (
        "mask-missing",
        "the ReLU mask is missing, or taken from the output, which is never negative",
        {"mask": lambda Zs, k: np.ones_like(Zs[k])},
    ),
    (
        "mask-missing",
        "the mask of the last hidden layer is missing",
        {"mask": lambda Zs, k: (Zs[k] >= 0) | (k == len(Zs) - 2)},
    ),
    ("mask-missing", "the mask of the first layer is missing", {"mask": lambda Zs, k: (Zs[k] >= 0) | (k == 0)}),
    ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0", {"mask": lambda Zs, k: Zs[k] > 0}),
    ("mask-other-layer", "the mask is taken from another layer", {"mask": _next_mask}),
    ("mask-other-layer", "the mask is taken from the first layer", {"mask": lambda Zs, _: Zs[0] >= 0}),
    ("chain-factor-missing", "Wᵀ is left out on the way back", {"back": _skipped_back}),
    ("weights-not-transposed", "W stands for Wᵀ on the way back", {"back": _square_back}),
    *[
        ("updated-weights", f"Wᵀ is taken after a step of rate {rate:g}, not before it", {"back": _updated_back(rate)})
        for rate in (1, 0.5, 0.1, 0.01, 0.001)
    ],
    (
        "stale-activation",
        "dW is taken with pre-activations instead of activations",
        {"inputs": lambda Ys, Zs, k: Zs[k - 1] if k else Ys[0]},
    ),
    (
        "layers-swapped",
        "dW is taken with the input of the first layer",
        {"inputs": lambda Ys, _, k: Ys[0] if Ys[0].shape == Ys[k].shape else Ys[k]},
    ),
    ("softmax-axis", "softmax is taken over the samples", {"start": lambda Z, P: softmax(Z, 1) * P.sum(axis=0) - P}),
    ("unnormalised-labels", "the gradient at the loss is S − P whatever ΣP is", {"start": lambda Z, P: softmax(Z) - P}),
    ("sign", "the gradient at the loss is P − S", {"start": lambda Z, P: P - softmax(Z) * P.sum(axis=0)}),
    ("softmax-missing", "the gradient at the loss is Z − P: softmax is left out", {"start": lambda Z, P: Z - P}),
    ("bias-missing", "the forward pass leaves the biases out", {"bias": 0.0}),
    ("activation-missing", "the forward pass leaves ReLU out", {"activation": lambda Z: Z}),
    (
        "activation-extra",
        "ReLU follows the last layer too",
        {"start": lambda Z, P: (softmax(np.maximum(Z, 0)) * P.sum(axis=0) - P) * (Z >= 0)},
    ),
    (
        "mean-for-sum",
        "divided by the number of samples",
        {"start": lambda Z, P: (softmax(Z) * P.sum(axis=0) - P) / P.shape[1]},
    ),
    (
        "mean-twice",
        "divided by the number of samples twice",
        {"start": lambda Z, P: (softmax(Z) * P.sum(axis=0) - P) / P.shape[1] ** 2},
    ),
    (
        "mean-over-classes",
        "divided by the number of classes",
        {"start": lambda Z, P: (softmax(Z) * P.sum(axis=0) - P) / P.shape[0]},
    ),
)


def _wrong_axes(x: Numbers) -> Any:
    """Each layer's db summed over the other axis, where dZ is square."""
    found = Pass(x, sums=lambda dZ: dZ.sum(axis=0 if dZ.shape[0] == dZ.shape[1] else 1))
    return found.db


def _by_table(x: Numbers) -> Any:
    """dW kept in a table keyed by the weights, written from the last layer to the first."""
    keys = [(W.shape, W.tobytes()) for W in x.weights]
    table = dict(zip(keys[::-1], x.truth[::-1], strict=True))
    return [table[key] for key in keys]


def _norm_clipped(norm: float) -> Callable[[Numbers], Any]:
    return lambda x: [T * min(1.0, norm / np.sqrt(sum((A**2).sum() for A in x.truth))) for T in x.truth]


def network_rows(kind: str) -> tuple[Row, ...]:
    """The rows of ``network.<kind>``."""
    rows: list[Row] = [("tied", "layers with equal weights share one gradient", _by_table)] if kind == "dW" else []
    rows += [
        (cause, words, lambda x, knobs=knobs: Pass(x, **knobs).of(kind))  # type: ignore[misc]
        for cause, words, knobs in _WRONG_PASSES
    ]
    if kind == "db":
        rows.append(("batch-axis", "db is summed over the features instead of the batch", _wrong_axes))
    if kind == "dX":
        rows += [
            ("chain-factor-missing", "Wᵀ of the first layer is left out", lambda x: Pass(x).dZ),
            ("mask-extra", "masked once more, by the sign of X", lambda x: Pass(x).dX * (x.X >= 0)),
        ]
    if kind != "dX":
        rows += [
            ("norm-clipped", f"scaled down to a norm of {norm:g}", _norm_clipped(norm)) for norm in (0.5, 1, 5, 10)
        ]
        rows.append(("zero", "that of the last layer is zero", lambda x: [*x.truth[:-1], 0 * x.truth[-1]]))
        rows.append(("layers-swapped", "the layers' gradients are in reverse order", lambda x: x.truth[::-1]))
        rows.append(("previous-layer", "a layer's gradient is that of the next", lambda x: [*x.truth[1:], x.truth[-1]]))
    return tuple(rows)


# --- the chain linear, relu, softmax ----------------------------------------------------------------------------------


def chain(
    x: Numbers,
    *,
    mask: Callable[[Array], Array] = lambda Z: Z >= 0,
    softmax_vjp: Callable[[Array, Array], Array] = jacobian_applied,
    back: Callable[[Array, Array], Array] = lambda W, dZ: W.T @ dZ,
    bias: float = 1.0,
    axis: int = 0,
) -> Array:
    """Of chain.rule: dY of linear, relu and softmax, each step of which can be made wrong."""
    Z = x.W @ x.Y + bias * x.b[:, None]
    return back(x.W, softmax_vjp(softmax(np.maximum(Z, 0), axis), x.dS) * mask(Z))


WRONG_CHAINS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("mask-missing", "the ReLU mask is missing, or taken from the output", {"mask": np.ones_like}),
    ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0", {"mask": lambda Z: Z > 0}),
    ("softmax-diagonal", "the diagonal of the softmax Jacobian only", {"softmax_vjp": lambda S, dS: S * (1 - S) * dS}),
    ("softmax-diagonal", "S∘dS: the sum over the classes is missing", {"softmax_vjp": lambda S, dS: S * dS}),
    ("softmax-axis", "softmax is taken over the samples", {"axis": 1}),
    ("weights-not-transposed", "W stands for Wᵀ", {"back": _square_back}),
    ("chain-factor-missing", "Wᵀ is left out", {"back": _skipped_back}),
    ("bias-missing", "the forward pass leaves the bias out", {"bias": 0.0}),
)

"""Passes that join several operations, with one of them wrong: rows of ``suspects`` for networks and the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from backproof_properties.numbers import Numbers, Row, jacobian_applied, labelled, log_softmax, softmax
from backproof_properties.running import Running

Formula: TypeAlias = Callable[[Numbers], Any]

TRUE: dict[str, Formula] = {
    "linear.forward": lambda x: x.W @ x.Y + x.b[:, None],
    "linear.dY": lambda x: x.W.T @ x.dZ,
    "linear.dW": lambda x: x.dZ @ x.Y.T,
    "linear.db": lambda x: x.dZ.sum(axis=1),
    "relu.forward": lambda x: np.maximum(x.Z, 0),
    "relu.dZ": lambda x: x.dY * x.mask(x.Z),
    "softmax.dZ": lambda x: jacobian_applied(softmax(x.Z), x.dS),
    "softmax_cross_entropy.forward": lambda x: labelled(x.P, log_softmax(x.Z)).sum(),
    "softmax_cross_entropy.dZ": lambda x: softmax(x.Z) * x.mass() - x.P,
}
"""The formulas of the operations that passes are made of."""


class _Operations:
    """The operations, of which one may be wrong wherever it applies."""

    def __init__(self, x: Numbers, wrong: Mapping[str, Formula]) -> None:
        self._x, self._wrong = x, wrong

    def __call__(self, name: str, **inputs: Any) -> Any:
        x = self._x.at(**inputs)
        true = TRUE[name](x)
        if name not in self._wrong:
            return true
        try:
            found = self._wrong[name](x)
        except (ValueError, IndexError):
            return true
        return found if found is not None and np.shape(found) == true.shape else true


# --- networks ---------------------------------------------------------------------------------------------------------


class Pass:
    """One forward and backward pass, each operation and some steps of which can be made wrong."""

    def __init__(  # noqa: PLR0913 - each knob is one step that can be wrong
        self,
        x: Numbers,
        wrong: Mapping[str, Formula] | None = None,
        *,
        mask: Callable[[list[Running], int], int] = lambda _, layer: layer,
        unmasked: Callable[[int, int], bool] = lambda _, __: False,
        kept: int | None = None,
        step: float = 0.0,
        inputs: Callable[[list[Running], list[Running], int], Running] = lambda Ys, _, layer: Ys[layer],
        logits: Callable[[Running], Any] = lambda Z: Z,
    ) -> None:
        """Run both passes."""
        of = _Operations(x, wrong or {})
        Ys, Zs = [x.X], []
        for W, b in zip(x.weights, x.biases, strict=True):
            Zs.append(of("linear.forward", W=W, Y=Ys[-1], b=b))
            Ys.append(of("relu.forward", Z=Zs[-1]))
        last = logits(Zs[-1])
        self.loss = of("softmax_cross_entropy.forward", Z=last) * x.reduction
        dZ = of("softmax_cross_entropy.dZ", Z=last) * x.reduction
        dZ = dZ if last is Zs[-1] else of("relu.dZ", Z=Zs[-1], dY=dZ)
        self.dW: list[Any] = []
        self.db: list[Any] = []
        for layer in reversed(range(len(Zs))):
            self.dZ, W = dZ, x.weights[layer]
            self.dW.insert(0, of("linear.dW", W=W, Y=inputs(Ys, Zs, layer), dZ=dZ))
            self.db.insert(0, of("linear.db", b=x.biases[layer], dZ=dZ))
            taken = W - step * self.dW[0] if step else W
            self.dX = of("linear.dY", W=taken, Y=Ys[layer], dZ=dZ)
            if layer:
                seen = Zs[mask(Zs, layer - 1)]
                dZ = self.dX if unmasked(layer - 1, len(Zs)) else of("relu.dZ", Z=seen, dY=self.dX)
                dZ = dZ if kept is None or len(Zs) - layer < kept else 0 * dZ

    def of(self, kind: str) -> list[Any]:
        """The gradients of one kind, or the loss."""
        found = getattr(self, kind)
        return found if isinstance(found, list) else [found]


def _next(Zs: list[Running], layer: int) -> int:
    return layer + (Zs[layer + 1].shape == Zs[layer].shape)


def _first(Zs: list[Running], layer: int) -> int:
    return 0 if Zs[0].shape == Zs[layer].shape else layer


_STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *[("truncated", f"only the last {layers} layers receive gradients", {"kept": layers}) for layers in (4, 3, 2, 1)],
    ("mask-missing", "the mask of the last hidden layer is missing", {"unmasked": lambda k, depth: k == depth - 2}),
    ("mask-missing", "the mask of the first layer is missing", {"unmasked": lambda k, _: k == 0}),
    ("mask-other-layer", "the mask is taken from another layer", {"mask": _next}),
    ("mask-other-layer", "the mask is taken from the first layer", {"mask": _first}),
    *[
        ("updated-weights", f"Wᵀ is taken after a step of rate {rate:g}, not before it", {"step": rate})
        for rate in (1, 0.5, 0.2, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0001)
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
    ("activation-extra", "ReLU follows the last layer too", {"logits": lambda Z: np.maximum(Z, 0)}),
)


def _by_table(x: Numbers) -> Any:
    """dW kept in a table keyed by the weights, written from the last layer to the first."""
    keys = [(W.shape, W.value.astype(np.float64).tobytes()) for W in x.weights]  # a longdouble is padded with anything
    table = dict(zip(keys[::-1], x.truth[::-1], strict=True))
    return [table[key] for key in keys]


def _norm_clipped(norm: float) -> Formula:
    def clipped(x: Numbers) -> Any:
        size = np.sqrt(sum(((A * A).sum() for A in x.truth[1:]), (x.truth[0] * x.truth[0]).sum()))
        return [T * np.minimum(norm / size, 1.0) for T in x.truth]

    return clipped


def network_rows(kind: str, operations: Mapping[str, Iterable[Row]]) -> tuple[Row, ...]:
    """The rows of ``network.<kind>``: those of the operations, and steps of the pass."""
    rows: list[Row] = [
        (cause, words, lambda x, knobs=knobs: Pass(x, **knobs).of(kind))  # type: ignore[misc]
        for cause, words, knobs in _STEPS
    ]
    rows += [
        (cause, words, lambda x, name=name, formula=formula: Pass(x, {name: formula}).of(kind))  # type: ignore[misc]
        for name, wrong in operations.items()
        for cause, words, formula in wrong
    ]
    if kind == "dX":
        rows += [
            ("chain-factor-missing", "Wᵀ of the first layer is left out", lambda x: Pass(x).dZ),
            ("mask-extra", "masked once more, by the sign of X", lambda x: Pass(x).dX * x.mask(x.X)),
        ]
    return tuple(rows)


def _where_any(x: Numbers, parameters: str) -> Any:
    """Zero for layers whose parameters are all zero."""
    pairs = zip(x.truth, getattr(x, parameters), strict=True)
    return [T if A.value.any() else 0 * T for T, A in pairs]


def layer_rows(kind: str) -> tuple[Row, ...]:
    """Rows of ``network.<kind>`` that take the layers' true gradients."""
    rows: list[Row] = []
    if kind == "dW":
        rows.append(("tied", "layers with equal weights share one gradient", _by_table))
        rows.append(("zero", "zero for layers whose weights are all zero", lambda x: _where_any(x, "weights")))
    if kind == "db":
        rows.append(("zero", "zero for layers whose biases are all zero", lambda x: _where_any(x, "biases")))
    if kind in {"dW", "db"}:
        rows += [
            *[("norm-clipped", f"scaled down to a norm of {norm:g}", _norm_clipped(norm)) for norm in (0.5, 1, 5, 10)],
            ("zero", "that of the last layer is zero", lambda x: [*x.truth[:-1], 0 * x.truth[-1]]),
            ("layers-swapped", "the layers' gradients are in reverse order", lambda x: x.truth[::-1]),
            ("previous-layer", "a layer's gradient is that of the next", lambda x: [*x.truth[1:], x.truth[-1]]),
        ]
    return tuple(rows)


# --- the chain linear, relu, softmax ----------------------------------------------------------------------------------


def chain(x: Numbers, wrong: Mapping[str, Formula]) -> Any:
    """Of chain.rule: dY of linear, relu and softmax, one of which may be wrong."""
    of = _Operations(x, wrong)
    Z = of("linear.forward")
    dY = of("softmax.dZ", Z=of("relu.forward", Z=Z))
    return of("linear.dY", dZ=of("relu.dZ", Z=Z, dY=dY))


def chain_rows(operations: Mapping[str, Iterable[Row]]) -> tuple[Row, ...]:
    """The rows of ``chain.rule``: those of its operations."""
    return tuple(
        (cause, words, lambda x, name=name, formula=formula: chain(x, {name: formula}))
        for name, wrong in operations.items()
        for cause, words, formula in wrong
    )

"""Formulas with exactly one thing wrong: what the diagnosis tries. Evaluated in float64, for advice, not for verdicts.

Each row is a cause, what it means in words, and the mistaken formula. A formula returns the array it would give (for
networks the list of a layer's), or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from backproof_properties.arrays import Array, Case

Row: TypeAlias = tuple[str, str, Callable[["Numbers"], Any]]


class Numbers:
    """The inputs of an example in float64 under their names, the true outputs, and what formulas need often."""

    W: Array
    Y: Array
    b: Array
    Z: Array
    dZ: Array
    dY: Array
    S: Array
    dS: Array
    P: Array
    X: Array
    weights: list[Array]
    biases: list[Array]

    def __init__(self, case: Case, truth: list[Array], dtype: Any) -> None:
        """Take the inputs as attributes."""
        self.truth, self.dtype = truth, dtype
        for name, value in case.items():
            setattr(self, name, [np.float64(A) for A in value] if isinstance(value, list) else np.float64(value))

    @property
    def batch(self) -> float:
        """The number of samples."""
        data = next(getattr(self, name) for name in ("Y", "Z", "S", "X") if hasattr(self, name))
        return float(data.shape[1])


def softmax(Z: Array, axis: int | None = 0) -> Any:
    """Softmax along ``axis``; over all entries for None."""
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def _log_softmax(Z: Array) -> Any:
    shifted = Z - Z.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def _jacobian_applied(S: Array, dS: Array, axis: int = 0) -> Any:
    return S * (dS - (S * dS).sum(axis=axis, keepdims=True))


_EPSILONS = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-14, 1e-15, 1e-16, 1e-20, 1e-30, 2.0**-52, 2.0**-23)


def _guarded(of: Callable[[Numbers, Callable[[Array], Array]], Any]) -> tuple[Row, ...]:
    """For each usual ε: S + ε, and S clipped from ε to 1, or to 1 − ε, in place of S."""
    rows: list[Row] = []
    for e in _EPSILONS:
        rows += [
            ("log-guard", f"S + {e:g} stands for S", lambda x, e=e: of(x, lambda S: S + e)),  # type: ignore[misc]
            ("log-guard", f"S is clipped to [{e:g}, 1]", lambda x, e=e: of(x, lambda S: np.clip(S, e, None))),  # type: ignore[misc]
            ("log-guard", f"S is clipped to [{e:g}, 1 − {e:g}]", lambda x, e=e: of(x, lambda S: np.clip(S, e, 1 - e))),  # type: ignore[misc]
        ]
    return tuple(rows)


def _cross_entropy(x: Numbers, guard: Callable[[Array], Array], S: Array | None = None) -> Any:
    logs = np.log(guard(x.S if S is None else S))
    return -np.where(x.P != 0, x.P * logs, 0.0).sum()


def _unshifted(Z: Array, dtype: Any, axis: int = 0) -> Any:
    E = np.exp(Z.astype(dtype)).astype(np.float64)
    return E / E.sum(axis=axis, keepdims=True)


# --- networks ---------------------------------------------------------------------------------------------------------


class Pass:
    """One forward and backward pass in float64, each step of which can be made wrong."""

    def __init__(  # noqa: PLR0913 - each knob is one step that can be wrong
        self,
        x: Numbers,
        *,
        mask: Callable[[list[Array], int], Array] = lambda Zs, layer: Zs[layer] >= 0,
        back: Callable[[Array, Array], Array] = lambda W, dZ: W.T @ dZ,
        start: Callable[[Array, Array], Array] = lambda Z, P: softmax(Z) * P.sum(axis=0) - P,
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
        self.loss = -np.where(x.P != 0, x.P * _log_softmax(Zs[-1]), 0).sum()
        dZ = start(Zs[-1], x.P)
        self.dW: list[Array] = []
        self.db: list[Array] = []
        for layer in reversed(range(len(Zs))):
            self.dW.insert(0, dZ @ inputs(Ys, Zs, layer).T)
            self.db.insert(0, sums(dZ))
            self.dX = back(x.weights[layer], dZ)
            if layer:
                dZ = self.dX * mask(Zs, layer - 1)

    def of(self, kind: str) -> list[Array]:
        """The gradients of one kind, or the loss."""
        found = getattr(self, kind)
        return found if isinstance(found, list) else [found]


def _next_mask(Zs: list[Array], layer: int) -> Array:
    following = Zs[layer + 1]
    return (following if following.shape == Zs[layer].shape else Zs[layer]) >= 0


def _square_back(W: Array, dZ: Array) -> Array:
    return W @ dZ if W.shape[0] == W.shape[1] else W.T @ dZ


def _skipped_back(W: Array, dZ: Array) -> Array:
    return dZ if W.shape[0] == W.shape[1] else W.T @ dZ


_WRONG_PASSES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "mask-missing",
        "the ReLU mask is missing, or taken from the output, which is never negative",
        {"mask": lambda Zs, k: np.ones_like(Zs[k])},
    ),
    ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0", {"mask": lambda Zs, k: Zs[k] > 0}),
    ("mask-other-layer", "the mask is taken from another layer", {"mask": _next_mask}),
    ("mask-other-layer", "the mask is taken from the first layer", {"mask": lambda Zs, _: Zs[0] >= 0}),
    ("chain-factor-missing", "Wᵀ is left out on the way back", {"back": _skipped_back}),
    ("weights-not-transposed", "W stands for Wᵀ on the way back", {"back": _square_back}),
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


def _network_rows(kind: str) -> tuple[Row, ...]:
    rows: list[Row] = [
        (cause, words, lambda x, knobs=knobs: Pass(x, **knobs).of(kind))  # type: ignore[misc]
        for cause, words, knobs in _WRONG_PASSES
    ]
    if kind == "db":
        rows.append(("batch-axis", "db is summed over the features instead of the batch", _wrong_axes))
    if kind != "dX":
        rows.append(("layers-swapped", "the layers' gradients are in reverse order", lambda x: x.truth[::-1]))
        rows.append(("previous-layer", "a layer's gradient is that of the next", lambda x: [*x.truth[1:], x.truth[-1]]))
    return tuple(rows)


# --- the chain linear, relu, softmax ----------------------------------------------------------------------------------


def _chain(
    x: Numbers,
    *,
    mask: Callable[[Array], Array] = lambda Z: Z >= 0,
    softmax_vjp: Callable[[Array, Array], Array] = _jacobian_applied,
    back: Callable[[Array, Array], Array] = lambda W, dZ: W.T @ dZ,
    bias: float = 1.0,
    axis: int = 0,
) -> Array:
    Z = x.W @ x.Y + bias * x.b[:, None]
    return back(x.W, softmax_vjp(softmax(np.maximum(Z, 0), axis), x.dS) * mask(Z))


_WRONG_CHAINS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("mask-missing", "the ReLU mask is missing, or taken from the output", {"mask": np.ones_like}),
    ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0", {"mask": lambda Z: Z > 0}),
    ("softmax-diagonal", "the diagonal of the softmax Jacobian only", {"softmax_vjp": lambda S, dS: S * (1 - S) * dS}),
    ("softmax-diagonal", "S∘dS: the sum over the classes is missing", {"softmax_vjp": lambda S, dS: S * dS}),
    ("softmax-axis", "softmax is taken over the samples", {"axis": 1}),
    ("weights-not-transposed", "W stands for Wᵀ", {"back": _square_back}),
    ("chain-factor-missing", "Wᵀ is left out", {"back": _skipped_back}),
    ("bias-missing", "the forward pass leaves the bias out", {"bias": 0.0}),
)


# --- the table --------------------------------------------------------------------------------------------------------

BY_CLAIM: dict[str, tuple[Row, ...]] = {
    "linear.forward": (
        ("bias-missing", "the bias is left out", lambda x: x.W @ x.Y),
        ("bias-axis", "the bias is added along the other axis", lambda x: x.W @ x.Y + x.b[None, :]),
        ("bias-sign", "the bias is subtracted", lambda x: x.W @ x.Y - x.b[:, None]),
        ("weights-transposed", "Wᵀ stands for W", lambda x: x.W.T @ x.Y + x.b[:, None]),
    ),
    "linear.dW": (
        ("batch-sum-missing", "only the first sample counts: the sum over the batch is missing", lambda x: x.dZ[:, :1] @ x.Y[:, :1].T),
        ("batch-sum-missing", "only the last sample counts: the sum over the batch is missing", lambda x: x.dZ[:, -1:] @ x.Y[:, -1:].T),
        ("batch-sum-extra", "dZ and Y are summed over the batch before they are multiplied", lambda x: np.outer(x.dZ.sum(axis=1), x.Y.sum(axis=1))),
        ("chain-factor-missing", "Y is left out: dZ is only summed", lambda x: np.repeat(x.dZ.sum(axis=1)[:, None], x.W.shape[1], axis=1)),
    ),
    "linear.dY": (
        ("weights-not-transposed", "W stands for Wᵀ", lambda x: x.W @ x.dZ),
        ("chain-factor-missing", "Wᵀ is left out", lambda x: x.dZ if x.dZ.shape == x.Y.shape else None),
    ),
    "linear.db": (
        ("batch-axis", "summed over the features instead of the batch", lambda x: x.dZ.sum(axis=0)),
        ("batch-sum-missing", "only the first sample counts: the sum over the batch is missing", lambda x: x.dZ[:, 0]),
        ("batch-sum-missing", "only the last sample counts: the sum over the batch is missing", lambda x: x.dZ[:, -1]),
        ("batch-sum-extra", "summed over everything", lambda x: np.full(x.b.shape, x.dZ.sum())),
    ),
    "relu.forward": (
        ("activation-missing", "Z itself: no ReLU", lambda x: x.Z),
        ("absolute-value", "the absolute value of Z", lambda x: np.abs(x.Z)),
        ("leaky", "negative entries leak through times 0.01", lambda x: np.where(x.Z > 0, x.Z, 0.01 * x.Z)),
    ),
    "relu.dZ": (
        ("mask-missing", "the mask is missing, or taken from the output, which is never negative", lambda x: x.dY),
        ("mask-from-cotangent", "the mask is taken from dY", lambda x: x.dY * (x.dY >= 0)),
        ("mask-from-cotangent", "dY is masked by its own sign too", lambda x: x.dY * (x.dY > 0) * (x.Z >= 0)),
        ("mask-inverted", "the mask is Z < 0", lambda x: x.dY * (x.Z < 0)),
        ("mask-value", "the output stands for the mask", lambda x: x.dY * np.maximum(x.Z, 0)),
        ("leaky", "negative entries leak through times 0.01", lambda x: x.dY * np.where(x.Z >= 0, 1, 0.01)),
    ),
    "softmax.forward": (
        ("softmax-axis", "normalised over the samples", lambda x: softmax(x.Z, 1)),
        ("softmax-axis", "normalised over all entries", lambda x: softmax(x.Z, None)),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: _unshifted(x.Z, x.dtype)),
        ("softmax-unnormalised", "not normalised", lambda x: np.exp(x.Z - x.Z.max(axis=0))),
    ),
    "softmax.dZ": (
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only", lambda x: softmax(x.Z) * (1 - softmax(x.Z)) * x.dS),
        ("softmax-diagonal", "S∘dS: the sum over the classes is missing", lambda x: softmax(x.Z) * x.dS),
        ("softmax-factor", "the factor S is missing", lambda x: x.dS - (softmax(x.Z) * x.dS).sum(axis=0)),
        ("softmax-axis", "softmax is taken over the samples", lambda x: _jacobian_applied(softmax(x.Z, 1), x.dS, 1)),
        ("softmax-axis", "the sum runs over the samples", lambda x: _jacobian_applied(softmax(x.Z), x.dS, 1)),
        ("softmax-axis", "softmax is taken over the samples", lambda x: _jacobian_applied(softmax(x.Z, 1), x.dS)),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: _jacobian_applied(_unshifted(x.Z, x.dtype), x.dS)),
        ("softmax-twice", "softmax is taken of what is softmax already", lambda x: _jacobian_applied(softmax(softmax(x.Z)), x.dS)),
        ("softmax-missing", "Z stands for S", lambda x: _jacobian_applied(x.Z, x.dS)),
    ),
    "cross_entropy.forward": (
        *_guarded(_cross_entropy),
        ("log-of-zero", "0·log 0 is evaluated", lambda x: -(x.P * np.log(x.S)).sum()),
        ("log-base", "the logarithm to base 2", lambda x: _cross_entropy(x, lambda S: S) / np.log(2)),
        ("log-base", "the logarithm to base 10", lambda x: _cross_entropy(x, lambda S: S) / np.log(10)),
        ("other-loss", "the binary cross-entropy: classes without a label count too", lambda x: -(np.where(x.P != 0, x.P * np.log(x.S), 0) + (1 - x.P) * np.log1p(-x.S)).sum()),
    ),
    "cross_entropy.dS": (
        *_guarded(lambda x, guard: np.where(x.P != 0, -x.P / guard(x.S), 0.0)),
        ("log-of-zero", "0/0 is evaluated", lambda x: -x.P / x.S),
        ("other-loss", "the gradient of the binary cross-entropy", lambda x: -x.P / x.S + (1 - x.P) / (1 - x.S)),
        ("quotient-missing", "−P·S: multiplied instead of divided", lambda x: -x.P * x.S),
        ("unnormalised-labels", "S − P: the gradient of the fused loss", lambda x: x.S - x.P),
    ),
    "softmax_cross_entropy.forward": (
        ("log-of-zero", "log of softmax: log 0 where it underflows", lambda x: _cross_entropy(x, lambda S: S.astype(x.dtype).astype(float), softmax(x.Z))),
        *_guarded(lambda x, guard: _cross_entropy(x, guard, softmax(x.Z))),
        ("softmax-axis", "softmax is taken over the samples", lambda x: _cross_entropy(x, lambda S: S, softmax(x.Z, 1))),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: -np.where(x.P != 0, x.P * (x.Z - np.log(np.exp(x.Z.astype(x.dtype)).sum(axis=0))), 0).sum()),
        ("softmax-missing", "Z stands for S", lambda x: _cross_entropy(x, lambda S: S, x.Z)),
        ("softmax-twice", "softmax is taken twice", lambda x: _cross_entropy(x, lambda S: S, softmax(softmax(x.Z)))),
    ),
    "softmax_cross_entropy.dZ": (
        ("softmax-axis", "softmax is taken over the samples", lambda x: softmax(x.Z, 1) * x.P.sum(axis=0) - x.P),
        ("softmax-axis", "softmax is taken over all entries", lambda x: softmax(x.Z, None) * x.P.sum(axis=0) - x.P),
        ("batch-axis", "the labels are summed over the samples", lambda x: softmax(x.Z) * x.P.sum(axis=1, keepdims=True) - x.P),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: _unshifted(x.Z, x.dtype) * x.P.sum(axis=0) - x.P),
        ("softmax-missing", "Z − P: softmax is left out", lambda x: x.Z - x.P),
        ("softmax-twice", "softmax is taken twice", lambda x: softmax(softmax(x.Z)) * x.P.sum(axis=0) - x.P),
        ("label-missing", "S: the labels are not subtracted", lambda x: softmax(x.Z) * x.P.sum(axis=0)),
        ("chain-factor-missing", "−P/S: the softmax Jacobian is left out", lambda x: np.where(x.P != 0, -x.P / softmax(x.Z), 0)),
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only", lambda x: -x.P * (1 - softmax(x.Z))),
        ("label-hardened", "the label is the class of the largest probability", lambda x: softmax(x.Z) * x.P.sum(axis=0) - np.eye(x.P.shape[0])[:, x.P.argmax(axis=0)]),
    ),
    "network.dX": _network_rows("dX"),
    "network.dW": _network_rows("dW"),
    "network.db": _network_rows("db"),
    "network.forward": (
        ("bias-missing", "the forward pass leaves the biases out", lambda x: Pass(x, bias=0.0).loss),
        ("activation-missing", "the forward pass leaves ReLU out", lambda x: Pass(x, activation=lambda Z: Z).loss),
    ),
    "chain.rule": tuple((cause, words, lambda x, knobs=knobs: _chain(x, **knobs)) for cause, words, knobs in _WRONG_CHAINS),  # type: ignore[misc]
}  # fmt: skip


def _transposed(x: Numbers) -> Any:
    """Every square array transposed; nothing where there is none."""
    square = [T.ndim > 1 and T.shape[0] == T.shape[1] for T in x.truth]
    return [T.T if turned else T for T, turned in zip(x.truth, square, strict=True)] if any(square) else None


def _scaled(factor: Callable[[float], float]) -> Callable[[Numbers], Any]:
    return lambda x: [T * factor(x.batch) for T in x.truth]


EVERYWHERE: tuple[Row, ...] = (
    ("transposed", "the result is transposed", _transposed),
    ("zero", "everything is zero", _scaled(lambda _: 0.0)),
    ("factor", "twice what it should be", _scaled(lambda _: 2.0)),
    ("factor", "half of what it should be", _scaled(lambda _: 0.5)),
    ("sign", "the sign is wrong", _scaled(lambda _: -1.0)),
    ("mean-for-sum", "divided by the number of samples", _scaled(lambda p: 1 / p)),
    ("sum-for-mean", "multiplied by the number of samples", _scaled(lambda p: p)),
    ("mean-twice", "divided by the number of samples twice", _scaled(lambda p: 1 / p**2)),
)
"""Mistakes that can be made with any output."""

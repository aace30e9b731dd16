"""Formulas with exactly one thing wrong: what the diagnosis tries. Evaluated in float64, for advice, not for verdicts.

Each row is a cause, what it means in words, and the mistaken formula. A formula returns the array it would give (for
networks the list of a layer's), or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_properties.arrays import Array
from backproof_properties.numbers import Numbers, Row, jacobian_applied, log_softmax, softmax
from backproof_properties.wrong_passes import WRONG_CHAINS, Pass, chain, network_rows
from backproof_spec.rounding.formats import FORMATS

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


def _cross_entropy(x: Numbers, guard: Callable[[Array], Array], S: Array | None = None, P: Array | None = None) -> Any:
    logs, P = np.log(guard(x.S if S is None else S)), x.P if P is None else P
    return -np.where(P != 0, P * logs, 0.0).sum()


def _unshifted(Z: Array, dtype: Any) -> Any:
    E = np.exp(Z.astype(dtype)).astype(np.float64)
    return E / E.sum(axis=0)


def _shifted_by_all(Z: Array, _: Any) -> Any:
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=0)


def _guarded_sum(epsilon: float) -> Callable[[Array, Any], Any]:
    def guarded(Z: Array, _: Any) -> Any:
        E = np.exp(Z - Z.max(axis=0))
        return E / (E.sum(axis=0) + epsilon)

    return guarded


def _clipped_logits(limit: float) -> Callable[[Array, Any], Any]:
    return lambda Z, _: softmax(np.clip(Z, -limit, limit))


def _narrow_exp(dtype: str) -> Callable[[Array, Any], Any]:
    def narrow(Z: Array, _: Any) -> Any:
        E = np.exp((Z - Z.max(axis=0)).astype(dtype)).astype(np.float64)
        return E / E.sum(axis=0)

    return narrow


def _logistic(Z: Array, _: Any) -> Any:
    return 1 / (1 + np.exp(-Z)) if len(Z) == 1 else softmax(Z)


_WRONG_SOFTMAXES: tuple[tuple[str, str, Callable[[Array, Any], Any]], ...] = (
    ("overflow", "exp of Z itself: overflows for want of a shift", _unshifted),
    ("shift", "the maximum of all entries is subtracted, not that of each column", _shifted_by_all),
    ("narrow-precision", "softmax is computed in float32", lambda Z, _: softmax(Z.astype("float32")).astype("float64")),
    ("narrow-precision", "softmax is computed in float16", lambda Z, _: softmax(Z.astype("float16")).astype("float64")),
    ("narrow-precision", "exp is taken in float32", _narrow_exp("float32")),
    ("narrow-precision", "exp is taken in float16", _narrow_exp("float16")),
    ("softmax-axis", "softmax is taken over the samples", lambda Z, _: softmax(Z, 1)),
    ("softmax-axis", "softmax is taken over all entries", lambda Z, _: softmax(Z, None)),
    ("softmax-missing", "Z stands for S", lambda Z, _: Z),
    ("softmax-twice", "softmax is taken twice", lambda Z, _: softmax(softmax(Z))),
    ("softmax-unnormalised", "exponentials are not divided by their sum", lambda Z, _: np.exp(Z - Z.max(axis=0))),
    ("logistic", "the logistic function stands for softmax of one class", _logistic),
    *[("guarded-sum", f"{e:g} is added to the sum of the exponentials", _guarded_sum(e)) for e in _EPSILONS],
    *[
        ("logits-clipped", f"logits are clipped: ±{limit:g} gives the same numbers", _clipped_logits(limit))
        for limit in (1, 10, 20, 30, 50, 60, 80, 88, 100, 200, 500, 700, 709, 745)
    ],
)


def _by_softmax(of: Callable[[Numbers, Array], Any]) -> tuple[Row, ...]:
    """A row for each way to get softmax wrong."""
    return tuple((cause, words, lambda x, S=S: of(x, S(x.Z, x.dtype))) for cause, words, S in _WRONG_SOFTMAXES)


def _float32_product(A: Array, B: Array) -> Any:
    return (A.astype("float32") @ B.astype("float32")).astype("float64")


def _hard(P: Array) -> Any:
    """The one-hot column of the likeliest class of each sample."""
    return np.eye(P.shape[0])[:, P.argmax(axis=0)]


def _ties_once(x: Numbers) -> Any:
    shifted = x.Z - x.Z.max(axis=0)
    logs = shifted - np.log1p(np.where(shifted < 0, np.exp(shifted), 0).sum(axis=0))
    return -np.where(x.P != 0, x.P * logs, 0).sum()


def _smoothed(P: Array, share: float) -> Any:
    return (1 - share) * P + share / P.shape[0]


_SHARES = (0.01, 0.05, 0.1, 0.2)
"""Usual shares of label smoothing."""
_BLOCK = 64


def _whole_blocks(size: int) -> int:
    return size if size <= _BLOCK else size // _BLOCK * _BLOCK


def _tail_unmasked(x: Numbers) -> Any:
    mask = x.Z >= 0
    mask.flat[max(_BLOCK, _whole_blocks(x.Z.size)) :] = True
    return x.dY * mask


# --- the table --------------------------------------------------------------------------------------------------------

_OF_CLAIM: dict[str, tuple[Row, ...]] = {
    "linear.forward": (
        ("narrow-precision", "the product is computed in float32", lambda x: _float32_product(x.W, x.Y) + x.b[:, None]),
        ("bias-missing", "the bias is left out", lambda x: x.W @ x.Y),
        ("bias-axis", "the bias is added along the other axis", lambda x: x.W @ x.Y + x.b[None, :]),
        ("layout", "Y is taken as batch-first", lambda x: x.W @ x.Y.T + x.b[:, None]),
        ("block-remainder", "terms beyond a whole number of blocks of 64 are left out", lambda x: x.W[:, : _whole_blocks(x.W.shape[1])] @ x.Y[: _whole_blocks(x.W.shape[1])] + x.b[:, None]),
        ("bias-sign", "the bias is subtracted", lambda x: x.W @ x.Y - x.b[:, None]),
        ("weights-transposed", "Wᵀ stands for W", lambda x: x.W.T @ x.Y + x.b[:, None]),
    ),
    "linear.dW": (
        ("narrow-precision", "the product is computed in float32", lambda x: _float32_product(x.dZ, x.Y.T)),
        ("layout", "dZ is taken as batch-first", lambda x: x.dZ.T @ x.Y.T),
        ("block-remainder", "samples beyond a whole number of blocks of 64 are left out", lambda x: x.dZ[:, : _whole_blocks(x.dZ.shape[1])] @ x.Y[:, : _whole_blocks(x.dZ.shape[1])].T),
        ("batch-sum-missing", "only the first sample counts: the sum over the batch is missing", lambda x: x.dZ[:, :1] @ x.Y[:, :1].T),
        ("batch-sum-missing", "only the last sample counts: the sum over the batch is missing", lambda x: x.dZ[:, -1:] @ x.Y[:, -1:].T),
        ("batch-sum-extra", "dZ and Y are summed over the batch before they are multiplied", lambda x: np.outer(x.dZ.sum(axis=1), x.Y.sum(axis=1))),
        ("chain-factor-missing", "Y is left out: dZ is only summed", lambda x: np.repeat(x.dZ.sum(axis=1)[:, None], x.W.shape[1], axis=1)),
    ),
    "linear.dY": (
        ("narrow-precision", "the product is computed in float32", lambda x: _float32_product(x.W.T, x.dZ)),
        ("block-remainder", "terms beyond a whole number of blocks of 64 are left out", lambda x: x.W[: _whole_blocks(x.W.shape[0])].T @ x.dZ[: _whole_blocks(x.W.shape[0])]),
        ("weights-not-transposed", "W stands for Wᵀ", lambda x: x.W @ x.dZ),
        ("chain-factor-missing", "Wᵀ is left out", lambda x: x.dZ if x.dZ.shape == x.Y.shape else None),
    ),
    "linear.db": (
        ("block-remainder", "samples beyond the first 64 are left out", lambda x: x.dZ[:, :_BLOCK].sum(axis=1)),
        ("block-remainder", "samples beyond a whole number of blocks of 64 are left out", lambda x: x.dZ[:, : _whole_blocks(x.dZ.shape[1])].sum(axis=1)),
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
        ("mask-signbit", "the mask is the sign bit, which calls −0 negative", lambda x: x.dY * ~np.signbit(x.Z)),
        *[("mask-threshold", f"the mask is Z > {e:g}", lambda x, e=e: x.dY * (e < x.Z)) for e in _EPSILONS],
        ("block-remainder", "entries beyond a whole number of blocks of 64 are not masked", _tail_unmasked),
        ("mask-inverted", "the mask is Z < 0", lambda x: x.dY * (x.Z < 0)),
        ("mask-value", "the output stands for the mask", lambda x: x.dY * np.maximum(x.Z, 0)),
        ("leaky", "negative entries leak through times 0.01", lambda x: x.dY * np.where(x.Z >= 0, 1, 0.01)),
    ),
    "softmax.forward": _by_softmax(lambda _, S: S),
    "softmax.dZ": (
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only", lambda x: softmax(x.Z) * (1 - softmax(x.Z)) * x.dS),
        ("softmax-diagonal", "S∘dS: the sum over the classes is missing", lambda x: softmax(x.Z) * x.dS),
        ("softmax-factor", "the factor S is missing", lambda x: x.dS - (softmax(x.Z) * x.dS).sum(axis=0)),
        ("softmax-factor", "the sum is subtracted without the factor S", lambda x: softmax(x.Z) * x.dS - (softmax(x.Z) * x.dS).sum(axis=0)),
        ("softmax-axis", "softmax is taken over the samples", lambda x: jacobian_applied(softmax(x.Z, 1), x.dS, 1)),
        ("softmax-axis", "the sum runs over the samples", lambda x: jacobian_applied(softmax(x.Z), x.dS, 1)),
        *_by_softmax(lambda x, S: jacobian_applied(S, x.dS)),
    ),
    "cross_entropy.forward": (
        *_guarded(_cross_entropy),
        ("log-of-zero", "0·log 0 is evaluated", lambda x: -(x.P * np.log(x.S)).sum()),
        ("log-base", "the logarithm to base 2", lambda x: _cross_entropy(x, lambda S: S) / np.log(2)),
        ("log-base", "the logarithm to base 10", lambda x: _cross_entropy(x, lambda S: S) / np.log(10)),
        ("label-hardened", "the loss of the likeliest class", lambda x: _cross_entropy(x, lambda S: S, P=_hard(x.P))),
        *[("label-smoothing", f"labels are smoothed by {share:g}", lambda x, share=share: _cross_entropy(x, lambda S: S, P=_smoothed(x.P, share))) for share in _SHARES],
        ("other-loss", "the binary cross-entropy: classes without a label count too", lambda x: -(np.where(x.P != 0, x.P * np.log(x.S), 0) + (1 - x.P) * np.log1p(-x.S)).sum()),
    ),
    "cross_entropy.dS": (
        *_guarded(lambda x, guard: np.where(x.P != 0, -x.P / guard(x.S), 0.0)),
        ("log-of-zero", "0/0 is evaluated", lambda x: -x.P / x.S),
        ("other-loss", "the gradient of the binary cross-entropy", lambda x: -x.P / x.S + (1 - x.P) / (1 - x.S)),
        ("zero-probability", "0 instead of −∞ where the label has mass on probability 0", lambda x: np.where((x.P != 0) & (x.S != 0), -x.P / x.S, 0.0)),
        ("quotient-missing", "−P·S: multiplied instead of divided", lambda x: -x.P * x.S),
        ("other-gradient", "S − P: the gradient with respect to the logits", lambda x: x.S - x.P),
        ("other-gradient", "S·ΣP − P: the gradient with respect to the logits", lambda x: x.S * x.P.sum(axis=0) - x.P),
    ),
    "softmax_cross_entropy.forward": (
        ("log-of-zero", "log of softmax: log 0 where it underflows", lambda x: _cross_entropy(x, lambda S: S.astype(x.dtype).astype(float), softmax(x.Z))),
        *_guarded(lambda x, guard: _cross_entropy(x, guard, softmax(x.Z))),
        ("ties", "equal largest logits are counted once", _ties_once),
        *[("label-smoothing", f"labels are smoothed by {share:g}", lambda x, share=share: -(_smoothed(x.P, share) * log_softmax(x.Z)).sum()) for share in _SHARES],
        ("label-hardened", "the loss of the likeliest class", lambda x: -(_hard(x.P) * log_softmax(x.Z)).sum()),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: -np.where(x.P != 0, x.P * (x.Z - np.log(np.exp(x.Z.astype(x.dtype)).sum(axis=0))), 0).sum()),
        *_by_softmax(lambda x, S: _cross_entropy(x, lambda S: S, S)),
    ),
    "softmax_cross_entropy.dZ": (
        *_by_softmax(lambda x, S: S * x.P.sum(axis=0) - x.P),
        ("batch-axis", "the labels are summed over the samples", lambda x: softmax(x.Z) * x.P.sum(axis=1, keepdims=True) - x.P),
        ("label-normalised", "labels are divided by their sum", lambda x: softmax(x.Z) - x.P / x.P.sum(axis=0)),
        ("label-shifted", "class numbers are taken to begin at one", lambda x: softmax(x.Z) * x.P.sum(axis=0) - np.roll(x.P, -1, axis=0)),
        ("label-missing", "S: the labels are not subtracted", lambda x: softmax(x.Z) * x.P.sum(axis=0)),
        ("chain-factor-missing", "−P/S: the softmax Jacobian is left out", lambda x: np.where(x.P != 0, -x.P / softmax(x.Z), 0)),
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only", lambda x: -x.P * (1 - softmax(x.Z))),
        ("label-hardened", "1 is subtracted at the likeliest class", lambda x: softmax(x.Z) - _hard(x.P)),
        ("label-hardened", "1 is subtracted at the likeliest class", lambda x: softmax(x.Z) * x.P.sum(axis=0) - _hard(x.P)),
        *[("label-smoothing", f"labels are smoothed by {share:g}", lambda x, share=share: softmax(x.Z) * x.P.sum(axis=0) - _smoothed(x.P, share)) for share in _SHARES],
        ("overflow", "through −P/S: infinite where softmax underflows", lambda x: jacobian_applied(softmax(x.Z), np.where(x.P != 0, -x.P / softmax(x.Z), 0.0))),
    ),
    "network.dX": network_rows("dX"),
    "network.dW": network_rows("dW"),
    "network.db": network_rows("db"),
    "network.forward": (
        ("bias-missing", "the forward pass leaves the biases out", lambda x: Pass(x, bias=0.0).loss),
        ("activation-missing", "the forward pass leaves ReLU out", lambda x: Pass(x, activation=lambda Z: Z).loss),
        ("activation-extra", "ReLU follows the last layer too", lambda x: Pass(x, logits=lambda Z: np.maximum(Z, 0)).loss),
    ),
    "chain.rule": tuple((cause, words, lambda x, knobs=knobs: chain(x, **knobs)) for cause, words, knobs in WRONG_CHAINS),  # type: ignore[misc]
}  # fmt: skip


def _empty(x: Numbers) -> Any:
    return [np.full_like(T, np.nan) for T in x.truth] if x.empty else None


def _without_infinities(x: Numbers) -> Any:
    if all(np.all(np.isfinite(T)) for T in x.truth):
        return None
    largest = float(FORMATS[x.dtype.name].largest)
    return [np.nan_to_num(T, posinf=largest, neginf=-largest) for T in x.truth]


_RARE: tuple[Row, ...] = (
    ("empty", "nan where a size is zero: 0/0", _empty),
    ("overflow-hidden", "infinities are replaced by the largest finite number", _without_infinities),
)
"""Tried first: rows that apply to few inputs and could hardly fit them by chance."""

BY_CLAIM: dict[str, tuple[Row, ...]] = {claim: (*_RARE, *rows) for claim, rows in _OF_CLAIM.items()}


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
    ("mean-over-classes", "divided by the number of rows", lambda x: [T / x.features for T in x.truth]),
    ("mean-over-entries", "divided by the number of entries", lambda x: [T / x.features / x.batch for T in x.truth]),
    *[
        ("clipped", f"clipped to ±{limit:g}", lambda x, limit=limit: [np.clip(T, -limit, limit) for T in x.truth])
        for limit in (0.1, 0.5, 1, 5, 6, 10, 100, 1e3, 1e4, 1e6, 1e8)
    ],
    *[
        (
            "dropped",
            f"entries below {limit:g} are set to zero",
            lambda x, limit=limit: [np.where(np.abs(T) < limit, 0, T) for T in x.truth],
        )
        for limit in _EPSILONS
    ],
)
"""Mistakes that can be made with any output."""

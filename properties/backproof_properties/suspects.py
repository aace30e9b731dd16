"""Formulas with exactly one thing wrong: what the diagnosis tries, for advice, not for verdicts.

Each row is a cause, what it means in words, and the mistaken formula, evaluated with running errors. A formula returns
the array it would give (for networks the list of a layer's), or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_properties.numbers import Numbers, Row, jacobian_applied, labelled, log_softmax, mean_of_means, softmax
from backproof_properties.running import Running, below_largest, clip, where
from backproof_properties.wrong_passes import chain_rows, layer_rows, network_rows

_EPSILONS = (
    1e-3,
    1e-4,
    1e-5,
    1e-6,
    1e-7,
    1e-8,
    1e-9,
    1e-10,
    1e-11,
    1e-12,
    1e-13,
    1e-14,
    1e-15,
    1e-16,
    1e-20,
    1e-30,
    1e-45,
    1e-100,
    1e-300,
    2.0**-52,
    2.0**-23,
    2.0**-1022,
    2.0**-126,
)
_BLOCK = 64


def _guarded(of: Callable[[Numbers, Callable[[Any], Any]], Any]) -> tuple[Row, ...]:
    """For each usual ε: S + ε, and S clipped from ε to 1, or to 1 − ε, in place of S."""
    rows: list[Row] = []
    for e in _EPSILONS:
        rows += [
            ("log-guard", f"S + {e:g} stands for S", lambda x, e=e: of(x, lambda S: S + e)),  # type: ignore[misc]
            ("log-guard", f"S is clipped to [{e:g}, 1]", lambda x, e=e: of(x, lambda S: np.maximum(S, e))),  # type: ignore[misc]
            ("log-guard", f"S is clipped to [{e:g}, 1 − {e:g}]", lambda x, e=e: of(x, lambda S: clip(S, e, 1 - e))),  # type: ignore[misc]
        ]
    return tuple(rows)


# --- softmax ----------------------------------------------------------------------------------------------------------


def _normalised(E: Any, more: float = 0.0) -> Any:
    return E / (E.sum(axis=0) + more)


_WRONG_SOFTMAXES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("overflow", "exp of Z itself: overflows for want of a shift", lambda Z: _normalised(np.exp(Z))),
    ("shift", "the maximum of all entries is subtracted, not that of each column", lambda Z: _normalised(np.exp(below_largest(Z, None)))),
    ("softmax-axis", "softmax is taken over the samples", lambda Z: softmax(Z, 1)),
    ("softmax-axis", "softmax is taken over all entries", lambda Z: softmax(Z, None)),
    ("softmax-missing", "Z stands for S: softmax is left out", lambda Z: Z),
    ("softmax-twice", "softmax is taken twice", lambda Z: softmax(softmax(Z))),
    ("softmax-unnormalised", "exponentials are not divided by their sum", lambda Z: np.exp(below_largest(Z))),
    ("logistic", "the logistic function stands for softmax of one class", lambda Z: 1 / (1 + np.exp(-Z)) if len(Z) == 1 else softmax(Z)),
    ("logistic", "the logistic function of each entry stands for softmax", lambda Z: 1 / (1 + np.exp(-Z))),
    *[("guarded-sum", f"{e:g} is added to the sum of the exponentials", lambda Z, e=e: _normalised(np.exp(below_largest(Z)), e)) for e in _EPSILONS],
    *[
        ("logits-clipped", f"logits are clipped: ±{limit:g} gives the same numbers", lambda Z, limit=limit: softmax(clip(Z, -limit, limit)))
        for limit in (1, 10, 20, 30, 50, 60, 80, 88, 100, 200, 500, 700, 709, 745)
    ],
)  # fmt: skip


def _by_softmax(of: Callable[[Numbers, Any], Any]) -> tuple[Row, ...]:
    """A row for each way to get softmax wrong."""
    return tuple((cause, words, lambda x, S=S: of(x, S(x.Z))) for cause, words, S in _WRONG_SOFTMAXES)


# --- labels, samples, blocks ------------------------------------------------------------------------------------------


def _hard(P: Any) -> Any:
    """The one-hot column of the likeliest class of each sample."""
    return np.eye(P.shape[0])[:, P.value.argmax(axis=0)]


def _ties_once(x: Numbers) -> Any:
    shifted = below_largest(x.Z)
    return labelled(x.P, shifted - np.log1p(where(shifted < 0, np.exp(shifted), 0.0).sum(axis=0))).sum()


def _smoothed(P: Any, share: float) -> Any:
    return (1 - share) * P + share / P.shape[0]


_SHARES = (0.01, 0.05, 0.1, 0.2)
"""Usual shares of label smoothing."""
_MICRO = (2, 3, 4, 5, 8, 16, 32, 64)
"""Usual sizes of micro-batches."""


def _whole_blocks(size: int) -> int:
    return size if size <= _BLOCK else size // _BLOCK * _BLOCK


def _tail_unmasked(x: Numbers) -> Any:
    mask = x.mask(x.Z)
    mask.flat[max(_BLOCK, _whole_blocks(mask.size)) :] = True
    return x.dY * mask


def _of_samples(of: Callable[[Numbers], Any]) -> tuple[Row, ...]:
    """Rows that weigh the samples wrongly: what ``of`` gives is a column, or a number, for each sample."""

    def weighed(most: int, *, mean: bool) -> Callable[[Numbers], Any]:
        def found(x: Numbers) -> Any:
            weights = mean_of_means(x.batch, most)
            return of(x) * (weights if mean else weights / max(1, x.batch))

        return found

    return tuple(
        ("micro-batches", f"the mean of the means of micro-batches of {k}, whatever the size of the last", weighed(k, mean=mean))
        for k in _MICRO
        for mean in (True, False)
    )  # fmt: skip


def _summed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple((cause, words, lambda x, formula=formula: formula(x).sum()) for cause, words, formula in rows)


def _losses(logs: Callable[[Numbers], Any]) -> tuple[Row, ...]:
    """Rows of a loss −Σ P·log S, from the logarithms of S."""
    return (
        ("label-hardened", "the loss of the likeliest class", lambda x: labelled(_hard(x.P), logs(x)).sum()),
        *[("label-smoothing", f"labels are smoothed by {share:g}", lambda x, share=share: labelled(_smoothed(x.P, share), logs(x)).sum()) for share in _SHARES],
        *_summed(_of_samples(lambda x: labelled(x.P, logs(x)))),
        ("log-base", "the logarithm to base 2", lambda x: labelled(x.P, logs(x)).sum() / np.log(2)),
        ("log-base", "the logarithm to base 10", lambda x: labelled(x.P, logs(x)).sum() / np.log(10)),
    )  # fmt: skip


# --- the table --------------------------------------------------------------------------------------------------------

_OPERATIONS: dict[str, tuple[Row, ...]] = {
    "linear.forward": (
        ("bias-missing", "the bias is left out", lambda x: x.W @ x.Y),
        ("bias-axis", "the bias is added along the other axis", lambda x: x.W @ x.Y + x.b[None, :]),
        ("layout", "Y is taken as batch-first", lambda x: x.W @ x.Y.T + x.b[:, None]),
        ("block-remainder", "terms beyond a whole number of blocks of 64 are left out", lambda x: x.W[:, : _whole_blocks(x.W.shape[1])] @ x.Y[: _whole_blocks(x.W.shape[1])] + x.b[:, None]),
        ("bias-sign", "the bias is subtracted", lambda x: x.W @ x.Y - x.b[:, None]),
        ("weights-transposed", "Wᵀ stands for W", lambda x: x.W.T @ x.Y + x.b[:, None]),
    ),
    "linear.dW": (
        ("layout", "dZ is taken as batch-first", lambda x: x.dZ.T @ x.Y.T),
        ("block-remainder", "samples beyond a whole number of blocks of 64 are left out", lambda x: x.dZ[:, : _whole_blocks(x.dZ.shape[1])] @ x.Y[:, : _whole_blocks(x.dZ.shape[1])].T),
        ("block-remainder", "samples beyond the first 64 are left out", lambda x: x.dZ[:, :_BLOCK] @ x.Y[:, :_BLOCK].T),
        ("batch-sum-missing", "only the first sample counts: the sum over the batch is missing", lambda x: x.dZ[:, :1] @ x.Y[:, :1].T),
        ("batch-sum-missing", "only the last sample counts: the sum over the batch is missing", lambda x: x.dZ[:, -1:] @ x.Y[:, -1:].T),
        ("batch-sum-extra", "dZ and Y are summed over the batch before they are multiplied", lambda x: x.dZ.sum(axis=1)[:, None] * x.Y.sum(axis=1)[None, :]),
        ("chain-factor-missing", "Y is left out: dZ is only summed", lambda x: x.dZ.sum(axis=1)[:, None] + 0 * x.W),
        ("cotangent-ignored", "dZ is ignored: Y alone is summed", lambda x: x.Y.sum(axis=1)[None, :] + 0 * x.W),
    ),
    "linear.dY": (
        ("block-remainder", "terms beyond a whole number of blocks of 64 are left out", lambda x: x.W[: _whole_blocks(x.W.shape[0])].T @ x.dZ[: _whole_blocks(x.W.shape[0])]),
        ("weights-not-transposed", "W stands for Wᵀ", lambda x: x.W @ x.dZ),
        ("chain-factor-missing", "Wᵀ is left out: dZ is passed through", lambda x: x.dZ if x.dZ.shape == x.Y.shape else None),
        ("cotangent-ignored", "dZ is ignored: W alone is summed", lambda x: x.W.sum(axis=0)[:, None] + 0 * x.Y),
    ),
    "linear.db": (
        ("block-remainder", "samples beyond the first 64 are left out", lambda x: x.dZ[:, :_BLOCK].sum(axis=1)),
        ("block-remainder", "samples beyond a whole number of blocks of 64 are left out", lambda x: x.dZ[:, : _whole_blocks(x.dZ.shape[1])].sum(axis=1)),
        ("batch-axis", "summed over the features instead of the batch", lambda x: x.dZ.sum(axis=0)),
        ("batch-sum-missing", "only the first sample counts: the sum over the batch is missing", lambda x: x.dZ[:, 0]),
        ("batch-sum-missing", "only the last sample counts: the sum over the batch is missing", lambda x: x.dZ[:, -1]),
        ("batch-sum-extra", "summed over everything", lambda x: x.dZ.sum() + 0 * x.b),
        ("cotangent-ignored", "dZ is ignored: the number of samples", lambda x: x.dZ.shape[1] + 0 * x.b),
    ),
    "relu.forward": (
        ("activation-missing", "Z itself: no ReLU", lambda x: x.Z),
        ("absolute-value", "the absolute value of Z", lambda x: np.abs(x.Z)),
        *[("leaky", f"negative entries leak through times {slope:g}", lambda x, slope=slope: np.maximum(x.Z, slope * x.Z)) for slope in (0.01, 0.1, 0.2)],
        ("clipped", "clipped to [0, 6]", lambda x: clip(x.Z, 0, 6)),
    ),
    "relu.dZ": (
        ("mask-missing", "the mask is missing, or taken from the output, which is never negative", lambda x: x.dY),
        ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0", lambda x: x.dY * (x.Z > 0)),
        ("mask-from-cotangent", "the mask is taken from dY", lambda x: x.dY * (x.dY >= 0)),
        ("mask-from-cotangent", "dY is masked by its own sign too", lambda x: x.dY * (x.dY > 0) * x.mask(x.Z)),
        ("mask-signbit", "the mask is the sign bit, which calls −0 negative", lambda x: x.dY * ~((x.Z < 0) | ((x.Z == 0) & np.signbit(x.Z.value)))),
        *[("mask-threshold", f"the mask is Z > {e:g}", lambda x, e=e: x.dY * (e < x.Z)) for e in _EPSILONS],
        ("block-remainder", "entries beyond a whole number of blocks of 64 are not masked", _tail_unmasked),
        ("mask-inverted", "the mask is Z < 0", lambda x: x.dY * (x.Z < 0)),
        ("mask-value", "the output stands for the mask", lambda x: x.dY * np.maximum(x.Z, 0)),
        *[("leaky", f"negative entries leak through times {slope:g}", lambda x, slope=slope: x.dY * where(x.Z >= 0, 1, slope + 0 * x.dY)) for slope in (0.01, 0.1, 0.2)],
        ("cotangent-ignored", "dY is ignored: the mask alone", lambda x: 0 * x.dY + x.mask(x.Z)),
    ),
    "softmax.dZ": (
        ("gradient-passed-through", "dS is passed through unchanged: softmax is not differentiated", lambda x: x.dS),
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only: S(1 − S)∘dS", lambda x: softmax(x.Z) * (1 - softmax(x.Z)) * x.dS),
        ("softmax-diagonal", "S∘dS: the sum over the classes is missing", lambda x: softmax(x.Z) * x.dS),
        ("softmax-factor", "the factor S is missing", lambda x: x.dS - (softmax(x.Z) * x.dS).sum(axis=0)),
        ("softmax-factor", "the sum is subtracted without the factor S", lambda x: softmax(x.Z) * x.dS - (softmax(x.Z) * x.dS).sum(axis=0)),
        ("softmax-axis", "softmax is taken over the samples", lambda x: jacobian_applied(softmax(x.Z, 1), x.dS, 1)),
        ("softmax-axis", "the sum runs over the samples", lambda x: jacobian_applied(softmax(x.Z), x.dS, 1)),
        ("cotangent-ignored", "dS is ignored: S(1 − S)", lambda x: softmax(x.Z) * (1 - softmax(x.Z))),
        ("cotangent-ignored", "dS is ignored: S", lambda x: softmax(x.Z)),
        ("log-softmax", "the gradient of log softmax: dS − S·ΣdS", lambda x: x.dS - softmax(x.Z) * x.dS.sum(axis=0)),
        *_by_softmax(lambda x, S: jacobian_applied(S, x.dS)),
    ),
    "softmax_cross_entropy.forward": (
        ("log-of-zero", "log of softmax: log 0 where it underflows", lambda x: labelled(x.P, np.log(softmax(x.Z))).sum()),
        *_guarded(lambda x, guard: labelled(x.P, np.log(guard(softmax(x.Z)))).sum()),
        ("ties", "equal largest logits are counted once", _ties_once),
        *_losses(lambda x: log_softmax(x.Z)),
        ("overflow", "exp of Z itself: overflows for want of a shift", lambda x: labelled(x.P, x.Z - np.log(np.exp(x.Z).sum(axis=0))).sum()),
        *_by_softmax(lambda x, S: labelled(x.P, np.log(S)).sum()),
    ),
    "softmax_cross_entropy.dZ": (
        *_by_softmax(lambda x, S: S * x.mass() - x.P),
        ("unnormalised-labels", "the gradient is S − P whatever ΣP is", lambda x: softmax(x.Z) - x.P),
        ("sign", "the sign is wrong", lambda x: x.P - softmax(x.Z) * x.mass()),
        ("mean-for-sum", "divided by the number of samples", lambda x: (softmax(x.Z) * x.mass() - x.P) / max(1, x.batch)),
        ("mean-twice", "divided by the number of samples twice", lambda x: (softmax(x.Z) * x.mass() - x.P) / max(1, x.batch) ** 2),
        ("mean-over-classes", "divided by the number of classes", lambda x: (softmax(x.Z) * x.mass() - x.P) / x.features),
        *_of_samples(lambda x: softmax(x.Z) * x.mass() - x.P),
        ("batch-axis", "the labels are summed over the samples", lambda x: softmax(x.Z) * x.P.sum(axis=1, keepdims=True) - x.P),
        ("label-normalised", "labels are divided by their sum", lambda x: softmax(x.Z) - x.P / x.P.sum(axis=0)),
        ("first-sample", "every sample is multiplied by the label mass of the first", lambda x: (softmax(x.Z) - x.P / x.P.sum(axis=0)) * x.P[:, :1].sum()),
        ("label-shifted", "class numbers are taken to begin at one", lambda x: softmax(x.Z) * x.mass() - x.P[[*range(1, len(x.P)), 0]]),
        ("label-missing", "S: the labels are not subtracted", lambda x: softmax(x.Z) * x.mass()),
        ("chain-factor-missing", "−P/S: the softmax Jacobian is left out", lambda x: -where(x.P != 0, x.P / softmax(x.Z), 0)),
        ("softmax-diagonal", "the diagonal of the softmax Jacobian only", lambda x: -x.P * (1 - softmax(x.Z))),
        ("softmax-diagonal", "(S − P)∘S(1 − S): the derivative of the logistic function is multiplied in", lambda x: (softmax(x.Z) - x.P) * softmax(x.Z) * (1 - softmax(x.Z))),
        ("label-hardened", "1 is subtracted at the likeliest class", lambda x: softmax(x.Z) - _hard(x.P)),
        ("label-hardened", "1 is subtracted at the likeliest class", lambda x: softmax(x.Z) * x.mass() - _hard(x.P)),
        *[("label-smoothing", f"labels are smoothed by {share:g}", lambda x, share=share: softmax(x.Z) * x.mass() - _smoothed(x.P, share)) for share in _SHARES],
        ("overflow", "through −P/S: infinite where softmax underflows", lambda x: jacobian_applied(softmax(x.Z), -where(x.P != 0, x.P / softmax(x.Z), 0.0))),
    ),
}  # fmt: skip


def _of(*names: str) -> dict[str, tuple[Row, ...]]:
    return {name: _OPERATIONS[name] for name in names}


_FORWARD = ("linear.forward", "relu.forward")
_BACKWARD = ("softmax_cross_entropy.dZ", "relu.dZ", "linear.dY")

_FORMULAS: dict[str, tuple[Row, ...]] = {
    **_OPERATIONS,
    "softmax.forward": _by_softmax(lambda _, S: S),
    "cross_entropy.forward": (
        *_guarded(lambda x, guard: labelled(x.P, np.log(guard(x.S))).sum()),
        ("log-of-zero", "0·log 0 is evaluated", lambda x: -(x.P * np.log(x.S)).sum()),
        *_losses(lambda x: np.log(x.S)),
        ("other-loss", "the binary cross-entropy: classes without a label count too", lambda x: (labelled(x.P, np.log(x.S)) - where(x.P != 1, (1 - x.P) * np.log1p(-x.S), 0.0).sum(axis=0)).sum()),
    ),
    "cross_entropy.dS": (
        *_guarded(lambda x, guard: -where(x.P != 0, x.P / guard(x.S), 0.0)),
        ("log-of-zero", "0/0 is evaluated", lambda x: -x.P / x.S),
        ("other-loss", "the gradient of the binary cross-entropy", lambda x: -x.P / x.S + (1 - x.P) / (1 - x.S)),
        ("zero-probability", "0 instead of −∞ where the label has mass on probability 0", lambda x: -where((x.P != 0) & (x.S != 0), x.P / x.S, 0.0)),
        ("quotient-missing", "−P·S: multiplied instead of divided", lambda x: -x.P * x.S),
        ("quotient-missing", "−P: not divided by S", lambda x: -x.P),
        ("label-missing", "−1/S: the labels are left out", lambda x: -1 / x.S),
        ("other-gradient", "S − P: the gradient with respect to the logits", lambda x: x.S - x.P),
        ("other-gradient", "S·ΣP − P: the gradient with respect to the logits", lambda x: x.S * x.P.sum(axis=0) - x.P),
        *_of_samples(lambda x: -where(x.P != 0, x.P / x.S, 0.0)),
    ),
    "network.forward": network_rows("loss", _of(*_FORWARD, "softmax_cross_entropy.forward")),
    "network.dX": network_rows("dX", _of(*_FORWARD, *_BACKWARD)),
    "network.dW": network_rows("dW", _of(*_FORWARD, *_BACKWARD, "linear.dW")),
    "network.db": network_rows("db", _of(*_FORWARD, *_BACKWARD, "linear.db")),
    "chain.rule": chain_rows(_of(*_FORWARD, "softmax.dZ", "relu.dZ", "linear.dY")),
}  # fmt: skip


def _empty(x: Numbers) -> Any:
    return [T + np.nan for T in x.truth] if x.empty else None


def _without_infinities(x: Numbers) -> Any:
    """±∞ is the largest finite number; where only that no number is right is known, any number."""
    if all(np.all(np.isfinite(T.value)) for T in x.truth):
        return None
    rounding = x.truth[0].rounding
    any_number = Running(0, rounding.largest, rounding)
    clipped = [np.clip(T.value, -rounding.largest, rounding.largest) for T in x.truth]
    return [
        where(np.isfinite(T.value), T, where(np.isnan(T.value), any_number, C))
        for T, C in zip(x.truth, clipped, strict=True)
    ]


def _transposed(x: Numbers) -> Any:
    """Every square array transposed; nothing where there is none."""
    square = [len(T.shape) > 1 and T.shape[0] == T.shape[1] for T in x.truth]
    return [T.T if turned else T for T, turned in zip(x.truth, square, strict=True)] if any(square) else None


def _scaled(factor: Callable[[float], float]) -> Callable[[Numbers], Any]:
    return lambda x: [T * factor(x.batch) for T in x.truth]


_RARE: tuple[Row, ...] = (
    ("empty", "nan where a size is zero: 0/0", _empty),
    ("overflow-hidden", "infinities are replaced by the largest finite number", _without_infinities),
)
ANYWHERE: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    *[
        ("clipped", f"clipped to ±{limit:g}", lambda x, limit=limit: [clip(T, -limit, limit) for T in x.truth])
        for limit in (0.1, 0.5, 1, 5, 6, 10, 100, 1e3, 1e4, 1e6, 1e8)
    ],
    *[
        ("dropped", f"entries below {e:g} are set to zero", lambda x, e=e: [where(np.abs(T) < e, 0, T) for T in x.truth])
        for e in _EPSILONS
    ],
)  # fmt: skip
"""Mistakes made with any true output: of what holds it as ``truth``."""
_EVERYWHERE: tuple[Row, ...] = (
    ("transposed", "the result is transposed", _transposed),
    ("zero", "everything is zero", _scaled(lambda _: 0.0)),
    ("factor", "twice what it should be", _scaled(lambda _: 2.0)),
    ("factor", "half of what it should be", _scaled(lambda _: 0.5)),
    ("sign", "the sign is wrong", _scaled(lambda _: -1.0)),
    *ANYWHERE,
    ("mean-for-sum", "divided by the number of samples", _scaled(lambda p: 1 / p)),
    ("sum-for-mean", "multiplied by the number of samples", _scaled(lambda p: p)),
    ("mean-twice", "divided by the number of samples twice", _scaled(lambda p: 1 / p**2)),
    ("mean-over-classes", "divided by the number of rows", lambda x: [T / x.features for T in x.truth]),
    ("mean-over-entries", "divided by the number of entries", lambda x: [T / (x.features * x.batch) for T in x.truth]),
)

PARAMETRIC = frozenset(
    {
        "guarded-sum",
        "log-guard",
        "logits-clipped",
        "mask-threshold",
        "dropped",
        "clipped",
        "updated-weights",
        "micro-batches",
    }
)
"""Causes with an ε or a limit, which may be too small, or too large, to make a difference to anything seen."""

OF_TRUTH: dict[str, tuple[Row, ...]] = {
    claim: (*_RARE, *layer_rows(claim.partition(".")[2] if claim.startswith("network") else ""), *_EVERYWHERE)
    for claim in _FORMULAS
}
"""Mistakes made with the true output: the formulas return a list of what each array would be."""
OF_INPUTS: dict[str, tuple[Row, ...]] = _FORMULAS
"""Mistaken formulas of the inputs, before the declared scale; of the losses, also before the declared reduction."""

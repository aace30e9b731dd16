"""softmax: axes, shifts, guards, the Jacobian's off-diagonal."""

from __future__ import annotations

from plants import CANCELLED, ONLINE, RAISE_SHOWN, SOFTMAX, SOFTMAX_VJP, Plant, lines

_DIVIDED = "return E / E.sum(axis=0)"

MISTAKES: tuple[Plant, ...] = (
    # --- forward ------------------------------------------------------------------------------------------------------
    Plant(
        "softmax_wrong_axis_when_square",
        "softmax normalises each row, only where Z is square",
        (
            (
                SOFTMAX,
                lines(
                    "axis = 1 if Z.shape[0] == Z.shape[1] else 0",
                    "E = np.exp(Z - Z.max(axis=axis, keepdims=True))",
                    "return E / E.sum(axis=axis, keepdims=True)",
                ),
            ),
        ),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
        "softmax-axis",
    ),
    Plant(
        "softmax_of_everything",
        "the sum runs over all entries: right for one sample",
        ((SOFTMAX, lines("E = np.exp(Z - Z.max(initial=-np.inf))", "return E / E.sum()")),),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
        "softmax-axis",
    ),
    Plant(
        "softmax_without_shift",
        "exp of the logits themselves: overflows from 710 on",
        ((SOFTMAX, lines("E = np.exp(Z)", _DIVIDED)),),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
        "overflow",
    ),
    Plant(
        "shift_by_the_largest_of_all",
        "the maximum of all entries is subtracted: a column 104 below it underflows to 0/0 in float32",
        ((SOFTMAX, lines("E = np.exp(Z - Z.max(initial=-np.inf))", _DIVIDED)),),
        ("softmax.forward", "softmax.dZ"),
        "shift",
        dtype="float32",
    ),
    Plant(
        "softmax_by_log_sum_exp",
        "exp(Z − log Σ exp Z), the maximum added back first: at logits of 10⁶ ten digits are gone",
        ((SOFTMAX, lines("top = Z.max(axis=0)", "return np.exp(Z - (top + np.log(np.exp(Z - top).sum(axis=0))))")),),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
        unnamed=CANCELLED,
        examples=100,
    ),
    Plant(
        "shift_raises_on_an_empty_batch",
        "the maximum of all entries is taken, which an empty batch has not: raises",
        ((SOFTMAX, lines("E = np.exp(Z - Z.max(axis=0) + 0 * Z.max())", _DIVIDED)),),
        ("softmax.forward", "network.dW"),
        unnamed=RAISE_SHOWN,
        examples=60,
    ),
    Plant(
        "logits_clipped",
        "logits are clipped to ±500 against overflow",
        ((SOFTMAX, lines("Z = np.clip(Z, -500, 500)", "E = np.exp(Z - Z.max(axis=0))", _DIVIDED)),),
        ("softmax.forward", "softmax_cross_entropy.dZ"),
        "logits-clipped",
    ),
    Plant(
        "epsilon_in_the_sum",
        "1e-8 is added to the sum that is divided by",
        ((SOFTMAX, lines("E = np.exp(Z - Z.max(axis=0))", "return E / (E.sum(axis=0) + 1e-8)")),),
        ("softmax.forward", "softmax.dZ"),
        "guarded-sum",
    ),
    Plant(
        "exponentials_in_float16",
        "exp is taken in float16, as on some accelerators",
        ((SOFTMAX, lines("E = np.exp((Z - Z.max(axis=0)).astype(np.float16)).astype(Z.dtype)", _DIVIDED)),),
        ("softmax.forward", "softmax_cross_entropy.dZ"),
        "narrow-precision",
    ),
    Plant(
        "softmax_in_float32",
        "softmax is computed in float32 and returned in the dtype of the inputs",
        (
            (
                SOFTMAX,
                lines(
                    "E = np.exp(Z.astype(np.float32) - Z.astype(np.float32).max(axis=0))",
                    "return (E / E.sum(axis=0)).astype(Z.dtype)",
                ),
            ),
        ),
        ("softmax.forward", "softmax.dZ", "network.dW"),
        "narrow-precision",
    ),
    Plant(
        "one_class_taken_for_binary",
        "one row of logits is taken for a binary problem: the logistic function instead of 1",
        (
            (
                SOFTMAX,
                lines("E = np.exp(Z - Z.max(axis=0))", "if len(Z) == 1:", "    return 1 / (1 + np.exp(-Z))", _DIVIDED),
            ),
        ),
        ("softmax.forward", "softmax_cross_entropy.dZ"),
        "logistic",
    ),
    Plant(
        "online_softmax_of_masked_classes",
        "softmax in one pass over the classes: (−inf) − (−inf) is nan where the first two are masked",
        ((SOFTMAX, ONLINE),),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
        "masked",
        examples=100,
    ),
    # --- backward -----------------------------------------------------------------------------------------------------
    Plant(
        "softmax_diagonal_only",
        "the off-diagonal of the softmax Jacobian is forgotten",
        ((SOFTMAX_VJP, lines("S = softmax(Z)", "return S * (1 - S) * dS")),),
        ("softmax.dZ", "chain.rule"),
        "softmax-diagonal",
    ),
    Plant(
        "softmax_sum_without_factor",
        "the sum is subtracted without the factor S",
        ((SOFTMAX_VJP, lines("S = softmax(Z)", "return S * dS - (S * dS).sum(axis=0)")),),
        ("softmax.dZ", "chain.rule"),
        "softmax-factor",
    ),
    Plant(
        "softmax_sum_over_the_batch",
        "the sum S∘dS runs over the samples, wherever the shapes admit it",
        (
            (
                SOFTMAX_VJP,
                lines(
                    "S = softmax(Z)",
                    "return S * (dS - (S * dS).sum(axis=int(Z.shape[0] == Z.shape[1]), keepdims=True))",
                ),
            ),
        ),
        ("softmax.dZ", "chain.rule"),
        "softmax-axis",
    ),
    Plant(
        "softmax_of_softmax",
        "the backward pass takes softmax of what is softmax already",
        ((SOFTMAX_VJP, lines("S = softmax(softmax(Z))", "return S * (dS - (S * dS).sum(axis=0))")),),
        ("softmax.dZ", "chain.rule"),
        "softmax-twice",
    ),
    Plant(
        "backward_softmax_without_shift",
        "the backward pass recomputes softmax without the shift that the forward pass has",
        ((SOFTMAX_VJP, lines("S = np.exp(Z) / np.exp(Z).sum(axis=0)", "return S * (dS - (S * dS).sum(axis=0))")),),
        ("softmax.dZ",),
        "overflow",
    ),
)

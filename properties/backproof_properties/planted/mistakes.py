"""Mistakes that must be refused: for each the edit of the reference, and the claims that must refuse it."""

from __future__ import annotations

from backproof_properties.planted import Plant

_VJP = "return _product(dZ, Y.T), _product(W.T, dZ), dZ.sum(axis=1)"
_VJP_OF_DW = _VJP.replace("_product(dZ, Y.T)", "dW")
_SOFTMAX = "E = np.exp(Z - Z.max(axis=0))\n    return E / E.sum(axis=0)"

MISTAKES: tuple[Plant, ...] = (
    Plant(
        "dw_transposed_when_square",
        "dW is transposed, only where W is square",
        (
            (
                _VJP,
                "dW = _product(dZ, Y.T)\n    if dW.shape[0] == dW.shape[1]:\n        dW = dW.T\n    " + _VJP_OF_DW,
            ),
        ),
        ("linear.dW", "network.dW"),
    ),
    Plant(
        "db_wrong_axis_when_square",
        "db is summed over the features instead of the batch, only where dZ is square",
        (("dZ.sum(axis=1)", "dZ.sum(axis=0 if dZ.shape[0] == dZ.shape[1] else 1)"),),
        ("linear.db", "network.db"),
    ),
    Plant("mask_strict", "the mask is Z > 0: ReLU′(0) = 0, undeclared", (("(Z >= 0)", "(Z > 0)"),), ("relu.dZ",)),
    Plant(
        "mask_from_output",
        "the mask is taken from the output, which is never negative",
        (("(Z >= 0)", "(relu(Z) >= 0)"),),
        ("relu.dZ", "chain.rule", "network.dW"),
    ),
    Plant(
        "softmax_wrong_axis_when_square",
        "softmax normalises each row, only where Z is square",
        (
            (
                _SOFTMAX,
                (
                    "axis = 1 if Z.shape[0] == Z.shape[1] else 0\n"
                    "    E = np.exp(Z - Z.max(axis=axis, keepdims=True))\n"
                    "    return E / E.sum(axis=axis, keepdims=True)"
                ),
            ),
        ),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
    ),
    Plant(
        "softmax_diagonal_only",
        "the off-diagonal of the softmax Jacobian is forgotten",
        (("return S * (dS - (S * dS).sum(axis=0))", "return S * (1 - S) * dS"),),
        ("softmax.dZ", "chain.rule"),
    ),
    Plant(
        "labels_taken_as_normalised",
        "dZ = S − P whatever ΣP is, undeclared",
        (("softmax(Z) * P.sum(axis=0) - P", "softmax(Z) - P"),),
        ("softmax_cross_entropy.dZ", "network.dX"),
    ),
    Plant(
        "one_entry_off_by_1e_6",
        "the last entry of dW has a relative error of 1e-6",
        (
            (
                _VJP,
                "dW = _product(dZ, Y.T)\n    dW[-1:, -1:] *= 1 + 1e-6\n    " + _VJP_OF_DW,
            ),
        ),
        ("linear.dW", "network.dW"),
    ),
    Plant(
        "bias_forgotten_twice",
        "forward without the bias and db = 0: consistent, so that finite differences agree",
        (("return _product(W, Y) + b[:, None]", "return _product(W, Y)"), ("dZ.sum(axis=1)", "0 * b")),
        ("linear.forward", "linear.db", "network.forward", "network.db"),
    ),
    Plant(
        "softmax_without_shift",
        "exp of the logits themselves: overflows from 710 on",
        (("np.exp(Z - Z.max(axis=0))", "np.exp(Z)"),),
        ("softmax.forward", "softmax.dZ", "softmax_cross_entropy.dZ"),
    ),
    Plant(
        "loss_of_zero_probability",
        "the loss is −Σ P·log softmax(Z): log 0 where softmax underflows",
        (
            (
                "shifted = Z - Z.max(axis=0)\n    log_S = shifted - np.log(np.exp(shifted).sum(axis=0))",
                "log_S = np.log(softmax(Z))",
            ),
        ),
        ("softmax_cross_entropy.forward",),
    ),
    Plant(
        "loss_of_unlabelled_classes",
        "0·log 0 is evaluated instead of left out",
        (("return -(P[labelled] * np.log(S[labelled])).sum()", "return -(P * np.log(S)).sum()"),),
        ("cross_entropy.forward",),
    ),
    Plant(
        "mask_of_the_next_layer",
        "the network's backward pass takes the mask of another layer",
        (
            (
                "dZ = relu_vjp(Zs[layer - 1], dY)",
                "dZ = relu_vjp(Zs[layer] if Zs[layer].shape == dY.shape else Zs[layer - 1], dY)",
            ),
        ),
        ("network.dW", "network.db", "network.dX"),
    ),
    Plant(
        "gradient_averaged_over_the_batch",
        "dW is the mean over the batch, undeclared",
        ((_VJP, _VJP.replace("_product(dZ, Y.T)", "_product(dZ, Y.T) / max(1, dZ.shape[1])")),),
        ("linear.dW", "network.dW"),
    ),
)

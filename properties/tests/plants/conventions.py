"""Correct under conventions that differ from the notes, and are declared."""

from __future__ import annotations

from plants import (
    CLASS_NUMBERS,
    FUSED,
    FUSED_LOSS,
    LINEAR,
    LINEAR_VJP,
    LOG_SOFTMAX,
    LOSS,
    LOSS_VJP,
    PRODUCT,
    RELU,
    RELU_VJP,
    SOFTMAX,
    SOFTMAX_VJP,
    Edit,
    Plant,
    declared,
    linear_vjp,
    lines,
)

_ROWS: tuple[Edit, ...] = (
    (SOFTMAX, lines("E = np.exp(Z - Z.max(axis=1, keepdims=True))", "return E / E.sum(axis=1, keepdims=True)")),
    (SOFTMAX_VJP, lines("S = softmax(Z)", "return S * (dS - (S * dS).sum(axis=1, keepdims=True))")),
)
_ROW_LOSS = lines(
    "shifted = Z - Z.max(axis=1, keepdims=True)",
    "log_S = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
)
_MEAN_LOSS = LOSS + " / S.shape[1]"
_MEAN_LOSS_VJP = LOSS_VJP + " / S.dtype.type(S.shape[1])"
_FLUSH = (
    "def _flushed(A):\n    return np.where(np.abs(A) < np.finfo(A.dtype).smallest_normal, 0, A).astype(A.dtype)\n\n\n"
)

CONVENTIONS: tuple[Plant, ...] = (
    Plant(
        "batch_first_declared",
        "one row is one sample, as declared",
        (
            declared('layout="batch-first"'),
            (LINEAR, "return _product(Y, W.T) + b"),
            (LINEAR_VJP, "return _product(dZ.T, Y), _product(dZ, W), dZ.sum(axis=0)"),
            *_ROWS,
            (LOG_SOFTMAX, _ROW_LOSS),
            (FUSED, "return softmax(Z) * P.sum(axis=1, keepdims=True) - P"),
        ),
    ),
    Plant(
        "mean_through_the_inputs_declared",
        "dW is the mean over the samples, as declared, the inputs divided by their number before the product",
        (
            declared('scale={"dW": "1/batch"}'),
            linear_vjp(dW="_product(dZ, (Y / dZ.dtype.type(Y.shape[1])).T)"),
        ),
    ),
    Plant(
        "weights_in_out_declared",
        "weights are (inputs, outputs), as declared",
        (
            declared('weights="in-out"'),
            (LINEAR, "return _product(W.T, Y) + b[:, None]"),
            (LINEAR_VJP, "return _product(Y, dZ.T), _product(W, dZ), dZ.sum(axis=1)"),
        ),
    ),
    Plant(
        "mask_strict_declared",
        "ReLU′(0) = 0, as declared",
        (declared("relu_at_zero=0"), (RELU_VJP, "return dY * (Z > 0)")),
    ),
    Plant(
        "half_at_zero_declared",
        "ReLU′(0) = 1/2, as declared",
        (
            declared("relu_at_zero=0.5"),
            (RELU_VJP, "return (dY * np.where(Z == 0, 0.5, Z > 0)).astype(dY.dtype)"),
        ),
    ),
    Plant(
        "fused_labels_declared",
        "dZ = S − P whatever ΣP is, as declared",
        (declared('unnormalised_labels="fused"'), (FUSED, "return softmax(Z) - P")),
    ),
    Plant(
        "mean_loss_declared",
        "the loss is the mean over the batch, as declared",
        (
            declared('reduction="mean"'),
            (LOSS, _MEAN_LOSS),
            (LOSS_VJP, _MEAN_LOSS_VJP),
            (FUSED_LOSS, FUSED_LOSS + " / Z.shape[1]"),
            (FUSED, "return (softmax(Z) * P.sum(axis=0) - P) / Z.dtype.type(Z.shape[1])"),
        ),
    ),
    Plant(
        "one_hot_labels_declared",
        "one is subtracted at the label's place, which is right for one-hot labels, as declared",
        (
            declared('labels="one-hot"'),
            (FUSED, lines("dZ = softmax(Z)", "dZ[P.argmax(axis=0), np.arange(P.shape[1])] -= 1", "return dZ")),
        ),
    ),
    Plant(
        "class_numbers_declared",
        "labels are class numbers, as declared",
        (
            declared('labels="index"'),
            *CLASS_NUMBERS,
            (FUSED, "return softmax(Z) - np.eye(len(Z), dtype=Z.dtype)[:, P]"),
        ),
    ),
    Plant(
        "class_numbers_as_places",
        "class numbers of any integer format become places in the flattened array, in a format wide enough",
        (
            declared('labels="index"'),
            *CLASS_NUMBERS,
            (
                FUSED,
                lines(
                    "dZ, p = softmax(Z), Z.shape[1]",
                    "dZ.flat[P.astype(np.intp) * p + np.arange(p)] -= 1",
                    "return dZ",
                ),
            ),
        ),
    ),
    Plant(
        "scaled_gradient_declared",
        "dW is minus the gradient, as declared",
        (declared('scale={"dW": -1}'), linear_vjp(dW="-_product(dZ, Y.T)")),
    ),
    Plant(
        "db_averaged_declared",
        "db is the mean over the batch, as declared",
        (
            declared('scale={"db": "1/batch"}'),
            linear_vjp(db="dZ.sum(axis=1) / dZ.dtype.type(dZ.shape[1])"),
        ),
    ),
    Plant(
        "several_declared",
        "batch-first, weights (inputs, outputs), class numbers, mean loss and ReLU′(0) = 0, all as declared",
        (
            declared('layout="batch-first", weights="in-out", labels="index", reduction="mean", relu_at_zero=0'),
            (LINEAR, "return _product(Y, W) + b"),
            (LINEAR_VJP, "return _product(Y.T, dZ), _product(dZ, W.T), dZ.sum(axis=0)"),
            (RELU_VJP, "return dY * (Z > 0)"),
            *_ROWS,
            (LOSS, 'with np.errstate(divide="ignore"):\n        return -np.log(S[np.arange(len(S)), P]).mean()'),
            (
                LOSS_VJP,
                lines(
                    "dS, places = np.zeros_like(S), (np.arange(len(S)), P)",
                    'with np.errstate(divide="ignore", over="ignore"):',
                    "    dS[places] = -1 / S[places] / S.dtype.type(len(S))",
                    "return dS",
                ),
            ),
            (LOG_SOFTMAX, _ROW_LOSS),
            (FUSED_LOSS, "return -log_S[np.arange(len(Z)), P].mean()"),
            (FUSED, "return (softmax(Z) - np.eye(Z.shape[1], dtype=Z.dtype)[P]) / Z.dtype.type(len(Z))"),
        ),
    ),
    Plant(
        "flush_to_zero_declared",
        "results below the smallest normal number become zero, as declared",
        (
            declared('arithmetic="flush-to-zero"'),
            ("def _product(", _FLUSH + "def _product("),
            (PRODUCT, "return _flushed(A @ B)"),
            (RELU, "return _flushed(np.maximum(Z, 0))"),
            (RELU_VJP, "return _flushed(dY * (Z >= 0))"),
            (SOFTMAX, SOFTMAX.replace("E / E.sum(axis=0)", "_flushed(E / E.sum(axis=0))")),
        ),
    ),
    Plant(
        "two_layers_declared",
        "networks have two layers at most, as declared, and it raises beyond",
        (
            declared("limits=backproof.Limits(depth=2)"),
            (
                "Ys, Zs = [X], []",
                'if len(weights) > 2:\n        raise ValueError("two layers at most")\n    Ys, Zs = [X], []',
            ),
        ),
    ),
)

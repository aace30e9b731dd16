"""Correct though unlike the reference: other orders of summation, layouts, algorithms, conventions. None is refused."""

from __future__ import annotations

from backproof_properties.planted import Edit, Plant

_VJP = "return _product(dZ, Y.T), _product(W.T, dZ), dZ.sum(axis=1)"
_PRODUCT = "return (A @ B).astype(A.dtype, copy=False)"
_SOFTMAX = "E = np.exp(Z - Z.max(axis=0))\n    return E / E.sum(axis=0)"
_SOFTMAX_VJP = "return S * (dS - (S * dS).sum(axis=0))"
_LOG_SOFTMAX = "log_S = shifted - np.log(np.exp(shifted).sum(axis=0))"
_FUSED = "return softmax(Z) * P.sum(axis=0) - P"
_IMPORT = "import numpy as np\n"


def _declared(arguments: str) -> Edit:
    """Declare conventions, at the top of the file."""
    return (_IMPORT, f"{_IMPORT}\nimport backproof\n\nCONVENTIONS = backproof.Conventions({arguments})\n")


_KAHAN = """total, carried = np.zeros_like(dZ[:, 0]) if dZ.shape[1] else dZ.sum(axis=1), 0
    for column in dZ.T:
        corrected = column - carried
        summed = total + corrected
        carried = (summed - total) - corrected
        total = summed
    return _product(dZ, Y.T), _product(W.T, dZ), total"""

UNUSUAL: tuple[Plant, ...] = (
    Plant(
        "fortran_order", "results in Fortran order", ((_PRODUCT, "return np.asfortranarray((A @ B).astype(A.dtype))"),)
    ),
    Plant(
        "float32_declared",
        "only float32 is declared, and only float32 is computed",
        (
            _declared('limits=backproof.Limits(dtypes=("float32",))'),
            (_PRODUCT, "return A.astype(np.float32) @ B.astype(np.float32)"),
        ),
    ),
    Plant(
        "einsum",
        "the product by einsum",
        ((_PRODUCT, 'return np.einsum("ij,jk->ik", A, B).astype(A.dtype, copy=False)'),),
    ),
    Plant("kahan_sums", "db by compensated summation", ((_VJP, _KAHAN),)),
    Plant(
        "backwards_sums",
        "the product summed from the last term to the first",
        ((_PRODUCT, "return (A[:, ::-1] @ B[::-1]).astype(A.dtype, copy=False)"),),
    ),
    Plant(
        "outer_products",
        "dW as a sum of outer products, sample by sample",
        (
            (
                _VJP,
                _VJP.replace("_product(dZ, Y.T)", "sum((np.outer(g, y) for g, y in zip(dZ.T, Y.T)), np.zeros_like(W))"),
            ),
        ),
    ),
    Plant(
        "recomputation",
        "the backward pass recomputes the pre-activation, as checkpointing does",
        (
            (
                "dZ = relu_vjp(Zs[layer - 1], dY)",
                "dZ = relu_vjp(linear(weights[layer - 1], Ys[layer - 1], biases[layer - 1]), dY)",
            ),
        ),
    ),
    Plant(
        "batch_first_declared",
        "one row is one sample, as declared",
        (
            _declared('layout="batch-first"'),
            ("return _product(W, Y) + b[:, None]", "return _product(Y, W.T) + b"),
            (_VJP, "return _product(dZ.T, Y), _product(dZ, W), dZ.sum(axis=0)"),
            (_SOFTMAX, "E = np.exp(Z - Z.max(axis=1, keepdims=True))\n    return E / E.sum(axis=1, keepdims=True)"),
            (_SOFTMAX_VJP, "return S * (dS - (S * dS).sum(axis=1, keepdims=True))"),
            ("shifted = Z - Z.max(axis=0)", "shifted = Z - Z.max(axis=1, keepdims=True)"),
            (_LOG_SOFTMAX, "log_S = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"),
            (_FUSED, "return softmax(Z) * P.sum(axis=1, keepdims=True) - P"),
        ),
    ),
    Plant(
        "weights_in_out_declared",
        "weights are (inputs, outputs), as declared",
        (
            _declared('weights="in-out"'),
            ("return _product(W, Y) + b[:, None]", "return _product(W.T, Y) + b[:, None]"),
            (_VJP, "return _product(Y, dZ.T), _product(W, dZ), dZ.sum(axis=1)"),
        ),
    ),
    Plant(
        "mask_strict_declared",
        "ReLU′(0) = 0, as declared",
        (_declared("relu_at_zero=0"), ("(Z >= 0)", "(Z > 0)")),
    ),
    Plant(
        "half_at_zero_declared",
        "ReLU′(0) = 1/2, as declared",
        (
            _declared("relu_at_zero=0.5"),
            ("return dY * (Z >= 0)", "return (dY * np.where(Z == 0, 0.5, Z > 0)).astype(dY.dtype)"),
        ),
    ),
    Plant(
        "fused_labels_declared",
        "dZ = S − P whatever ΣP is, as declared",
        (_declared('unnormalised_labels="fused"'), (_FUSED, "return softmax(Z) - P")),
    ),
    Plant(
        "mean_loss_declared",
        "the loss is the mean over the batch, as declared",
        (
            _declared('reduction="mean"'),
            (
                "return -(P[labelled] * np.log(S[labelled])).sum()",
                "return -(P[labelled] * np.log(S[labelled])).sum() / S.shape[1]",
            ),
            (
                "return -np.divide(P, S, out=np.zeros_like(S), where=P != 0)",
                "return -np.divide(P, S, out=np.zeros_like(S), where=P != 0) / S.dtype.type(S.shape[1])",
            ),
            (
                "return -(P[labelled] * log_S[labelled]).sum()",
                "return -(P[labelled] * log_S[labelled]).sum() / Z.shape[1]",
            ),
            (_FUSED, "return (softmax(Z) * P.sum(axis=0) - P) / Z.dtype.type(Z.shape[1])"),
        ),
    ),
    Plant(
        "class_numbers_declared",
        "labels are class numbers, as declared",
        (
            _declared('labels="index"'),
            (
                "labelled = P != 0\n    with np.errstate",
                "P = np.eye(S.shape[0], dtype=S.dtype)[:, P]\n    labelled = P != 0\n    with np.errstate",
            ),
            (
                'with np.errstate(divide="ignore", over="ignore"):',
                'P = np.eye(S.shape[0], dtype=S.dtype)[:, P]\n    with np.errstate(divide="ignore", over="ignore"):',
            ),
            (
                "shifted = Z - Z.max(axis=0)",
                "P = np.eye(Z.shape[0], dtype=Z.dtype)[:, P]\n    shifted = Z - Z.max(axis=0)",
            ),
            (_FUSED, "return softmax(Z) - np.eye(Z.shape[0], dtype=Z.dtype)[:, P]"),
        ),
    ),
    Plant(
        "scaled_gradient_declared",
        "dW is minus the gradient, as declared",
        (
            _declared('scale={"dW": -1}'),
            (_VJP, _VJP.replace("_product(dZ, Y.T)", "-_product(dZ, Y.T)")),
            ("dWs.append(dW)", "dWs.append(dW)"),
        ),
    ),
    Plant(
        "softmax_by_reciprocal",
        "softmax multiplies by the reciprocal of the sum",
        ((_SOFTMAX, _SOFTMAX.replace("E / E.sum(axis=0)", "E * (1 / E.sum(axis=0))")),),
    ),
    Plant(
        "softmax_by_logarithm",
        "softmax is exp(log_softmax)",
        ((_SOFTMAX, "shifted = Z - Z.max(axis=0)\n    return np.exp(shifted - np.log(np.exp(shifted).sum(axis=0)))"),),
    ),
    Plant(
        "softmax_jacobian_formed",
        "the softmax vjp by forming diag(s) − s·sᵀ for each sample",
        (
            (
                _SOFTMAX_VJP,
                (
                    "columns = [(np.diag(s) - np.outer(s, s)) @ g for s, g in zip(S.T, dS.T)]\n"
                    "    return np.stack(columns, axis=1).astype(S.dtype) if columns else S"
                ),
            ),
        ),
    ),
    Plant(
        "loss_gradient_unfused",
        "dZ through −P/S and the softmax vjp, as autograd without fusion does, for logits within 80",
        (
            _declared("limits=backproof.Limits(logit=80)"),
            (_FUSED, "return softmax_vjp(Z, cross_entropy_vjp(softmax(Z), P))"),
        ),
    ),
)

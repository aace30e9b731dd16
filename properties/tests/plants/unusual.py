"""Correct though unlike the reference: other orders of summation, layouts, algorithms, conventions. None is refused."""

from __future__ import annotations

from plants import (
    BACKWARD_STEP,
    FUSED,
    LINEAR,
    LOG_SOFTMAX,
    LOSS,
    ONLINE,
    PRODUCT,
    RELU,
    RELU_VJP,
    RESULT,
    SOFTMAX,
    SOFTMAX_VJP,
    Plant,
    declared,
    linear_vjp,
    lines,
    top,
)
from plants.conventions import CONVENTIONS

SUMS: tuple[Plant, ...] = (
    Plant(
        "einsum",
        "the product by einsum",
        ((PRODUCT, 'return np.einsum("ij,jk->ik", A, B).astype(np.result_type(A, B), copy=False)'),),
    ),
    Plant(
        "kahan_sums",
        "db by compensated summation",
        (
            linear_vjp(
                "total, carried = np.zeros(dZ.shape[0], dZ.dtype), 0",
                "for column in dZ.T:",
                "    corrected = column - carried",
                "    summed = total + corrected",
                "    carried = (summed - total) - corrected",
                "    total = summed",
                db="total",
            ),
        ),
    ),
    Plant(
        "neumaier_sums",
        "the product by Neumaier's compensated summation: nan where a term overflows",
        (
            (
                PRODUCT,
                lines(
                    "dtype = np.result_type(A, B)",
                    "total = carried = np.zeros((len(A), B.shape[1]), dtype)",
                    "for a, row in zip(A.T, B):",
                    "    term = np.multiply.outer(a, row).astype(dtype, copy=False)",
                    "    summed = total + term",
                    "    larger = np.abs(total) >= np.abs(term)",
                    "    carried = carried + np.where(larger, (total - summed) + term, (term - summed) + total)",
                    "    total = summed",
                    "return total + carried",
                ),
            ),
        ),
    ),
    Plant(
        "fsum_raises",
        "the product by math.fsum, which raises OverflowError or ValueError where a sum overflows",
        (
            top("import math", ""),
            (
                PRODUCT,
                lines(
                    "sums = [[math.fsum(np.multiply(a, b)) for b in B.T] for a in A]",
                    "return np.array(sums).reshape(len(A), B.shape[1]).astype(np.result_type(A, B))",
                ),
            ),
        ),
    ),
    Plant(
        "backwards_sums",
        "the product summed from the last term to the first",
        ((PRODUCT, "return (A[:, ::-1] @ B[::-1]).astype(np.result_type(A, B), copy=False)"),),
    ),
    Plant(
        "pairwise_sums",
        "the product as the sum of the products of two halves, and so on",
        (
            (
                PRODUCT,
                lines(
                    "half = A.shape[1] // 2",
                    "if half == 0:",
                    "    return (A @ B).astype(np.result_type(A, B), copy=False)",
                    "return _product(A[:, :half], B[:half]) + _product(A[:, half:], B[half:])",
                ),
            ),
        ),
    ),
    Plant(
        "blocked_product",
        "the product in blocks of 16 terms, the remainder included",
        (
            (
                PRODUCT,
                lines(
                    "blocks = [(A[:, k : k + 16] @ B[k : k + 16]) for k in range(0, A.shape[1], 16)]",
                    "total = sum(blocks, np.zeros((len(A), B.shape[1]), np.result_type(A, B)))",
                    "return total.astype(np.result_type(A, B), copy=False)",
                ),
            ),
        ),
    ),
    Plant(
        "outer_products",
        "dW as a sum of outer products, sample by sample",
        (linear_vjp(dW="sum((np.outer(g, y) for g, y in zip(dZ.T, Y.T)), np.zeros(W.shape, dZ.dtype))"),),
    ),
    Plant(
        "db_by_product",
        "db as the product with a vector of ones",
        (linear_vjp(db="dZ @ np.ones(dZ.shape[1], dZ.dtype)"),),
    ),
    Plant(
        "float64_sums_declared",
        "float32 with sums kept in float64, as declared",
        (
            declared('accumulator="float64", limits=backproof.Limits(dtypes=("float32",))'),
            (PRODUCT, "return (A.astype(np.float64) @ B.astype(np.float64)).astype(np.result_type(A, B))"),
            (LINEAR, "return (W.astype(np.float64) @ Y.astype(np.float64) + b[:, None]).astype(np.float32)"),
            linear_vjp(db="dZ.sum(axis=1, dtype=np.float64).astype(dZ.dtype)"),
            (
                SOFTMAX,
                lines("E = np.exp(Z.astype(np.float64) - Z.max(axis=0))", "return (E / E.sum(axis=0)).astype(Z.dtype)"),
            ),
            (
                SOFTMAX_VJP,
                lines(
                    "S = np.exp(Z.astype(np.float64) - Z.max(axis=0))",
                    "S /= S.sum(axis=0)",
                    "return (S * (dS - (S * dS).sum(axis=0))).astype(dS.dtype)",
                ),
            ),
            (
                FUSED,
                lines(
                    "S = np.exp(Z.astype(np.float64) - Z.max(axis=0))",
                    "return (S / S.sum(axis=0) * P.sum(axis=0, dtype=np.float64) - P).astype(np.result_type(Z, P))",
                ),
            ),
        ),
    ),
    Plant(
        "float64_sums_undeclared",
        "float32 with sums kept in float64, undeclared: more accurate than the bound asks",
        (
            declared('limits=backproof.Limits(dtypes=("float32",))'),
            (PRODUCT, "return (A.astype(np.float64) @ B.astype(np.float64)).astype(np.result_type(A, B))"),
        ),
    ),
    Plant(
        "float32_declared",
        "only float32 is declared, and only float32 is computed",
        (
            declared('limits=backproof.Limits(dtypes=("float32",))'),
            (PRODUCT, "return A.astype(np.float32) @ B.astype(np.float32)"),
        ),
    ),
)

MEMORY: tuple[Plant, ...] = (
    Plant(
        "fortran_order",
        "results in Fortran order",
        ((PRODUCT, "C = A @ B\n    return np.asfortranarray(C.astype(np.result_type(A, B)))"),),
    ),
    Plant(
        "strided_results",
        "results are every second entry of larger arrays of their own",
        (
            (
                PRODUCT,
                lines(
                    "C = np.empty((2 * len(A), 2 * B.shape[1]), np.result_type(A, B))[::2, ::2]",
                    "C[...] = A @ B",
                    "return C",
                ),
            ),
        ),
    ),
    Plant(
        "transposed_views",
        "results are transposed views of arrays of their own",
        ((PRODUCT, "return (B.T @ A.T).astype(np.result_type(A, B), copy=False).T"),),
    ),
    Plant(
        "read_only_results",
        "results cannot be written to, as those of frameworks that are handed out without a copy",
        ((PRODUCT, lines("C = (A @ B).astype(np.result_type(A, B))", "C.flags.writeable = False", "return C")),),
    ),
    Plant(
        "contiguous_arguments_declared",
        "arguments must be contiguous, as declared, and it raises where they are not",
        (
            declared('limits=backproof.Limits(memory=("contiguous",))'),
            (
                RELU,
                lines("if not Z.flags.c_contiguous:", '    raise ValueError("expected a contiguous array")', RELU),
            ),
        ),
    ),
    Plant(
        "work_in_a_buffer",
        "a buffer kept between calls is worked in, and a copy of it returned",
        (
            top("_BUFFERS = {}"),
            (
                RELU_VJP,
                lines(
                    "kept = _BUFFERS.setdefault((Z.shape, Z.dtype), np.empty(Z.shape, Z.dtype))",
                    "return np.multiply(dY, Z >= 0, out=kept).copy()",
                ),
            ),
        ),
    ),
    Plant(
        "cache_of_the_last_call",
        "softmax of the last call is kept, and given again only where every entry is the same",
        (
            top("_LAST = {}"),
            (
                SOFTMAX,
                lines(
                    'if not np.array_equal(_LAST.get("Z"), Z) or _LAST["Z"].dtype != Z.dtype:',
                    "    E = np.exp(Z - Z.max(axis=0))",
                    "    _LAST.update(Z=Z.copy(), S=E / E.sum(axis=0))",
                    'return _LAST["S"].copy()',
                ),
            ),
        ),
    ),
    Plant(
        "recomputation",
        "the backward pass recomputes the pre-activation, as checkpointing does",
        (
            (
                BACKWARD_STEP,
                BACKWARD_STEP.replace("Zs[layer - 1]", "linear(weights[layer - 1], Ys[layer - 1], biases[layer - 1])"),
            ),
        ),
    ),
    Plant(
        "loss_and_dx_left_out",
        "a network's loss and dX are optional, and not returned",
        ((RESULT, 'return {"dW": dWs[::-1], "db": tuple(dbs[::-1])}'),),
    ),
)

ALGORITHMS: tuple[Plant, ...] = (
    Plant(
        "mask_by_where",
        "the mask by selection instead of multiplication",
        ((RELU_VJP, "return np.where(Z >= 0, dY, dY.dtype.type(0))"),),
    ),
    Plant("relu_by_product", "ReLU as Z·1[Z > 0], with zeros of both signs", ((RELU, "return Z * (Z > 0)"),)),
    Plant(
        "softmax_by_reciprocal",
        "softmax multiplies by the reciprocal of the sum",
        ((SOFTMAX, SOFTMAX.replace("E / E.sum(axis=0)", "E * (1 / E.sum(axis=0))")),),
    ),
    Plant(
        "softmax_by_logarithm",
        "softmax is exp(log_softmax)",
        (
            (
                SOFTMAX,
                lines("shifted = Z - Z.max(axis=0)", "return np.exp(shifted - np.log(np.exp(shifted).sum(axis=0)))"),
            ),
        ),
    ),
    Plant(
        "softmax_shifted_by_the_mean",
        "softmax subtracts the mean of a column, for logits within 5",
        (
            declared("limits=backproof.Limits(logit=5)"),
            (SOFTMAX, SOFTMAX.replace("Z.max(axis=0)", "Z.mean(axis=0)")),
        ),
    ),
    Plant(
        "softmax_shifted_by_the_last",
        "softmax subtracts the last logit of a column, for logits within 300 of a float64",
        (
            declared('limits=backproof.Limits(logit=300, dtypes=("float64",))'),
            (SOFTMAX, SOFTMAX.replace("Z.max(axis=0)", "Z[-1]")),
        ),
    ),
    Plant(
        "softmax_online",
        "softmax in one pass over the classes, the sum rescaled where a new maximum is met, of classes not masked",
        (
            declared("limits=backproof.Limits(infinite=False)"),
            (SOFTMAX, ONLINE),
        ),
    ),
    Plant(
        "softmax_jacobian_formed",
        "the softmax vjp by forming diag(s) − s·sᵀ for each sample",
        (
            (
                SOFTMAX_VJP,
                lines(
                    "S = softmax(Z)",
                    "columns = [(np.diag(s) - np.outer(s, s)) @ g for s, g in zip(S.T, dS.T)]",
                    "return np.stack(columns, axis=1).astype(S.dtype) if columns else S",
                ),
            ),
        ),
    ),
    Plant(
        "network_forwards",
        "dW of a network by tangents, forwards from each weight to the loss, where nothing is near overflow",
        (
            declared("limits=backproof.Limits(magnitude=(1e-320, 1e6))"),
            (
                RESULT,
                lines(
                    "S, dWs = softmax(Zs[-1]), []",
                    "for layer, W in enumerate(weights):",
                    "    tangent = np.einsum('ik,js->ijks', np.eye(len(W), dtype=S.dtype), Ys[layer])",
                    "    for after in range(layer + 1, len(weights)):",
                    "        tangent = np.einsum('ck,ijks->ijcs', weights[after], tangent * (Zs[after - 1] >= 0))",
                    "    mean = np.einsum('cs,ijcs->ijs', S, tangent)[:, :, None, :]",
                    "    dWs.insert(0, np.einsum('cs,ijcs->ij', P, mean - tangent))",
                    RESULT,
                ),
            ),
        ),
    ),
    Plant(
        "log1p_of_the_others",
        "log Σ exp as log1p of the sum without one largest term",
        (
            (
                LOG_SOFTMAX,
                lines(
                    "shifted = Z - Z.max(axis=0)",
                    "others = np.exp(shifted)",
                    "others[Z.argmax(axis=0), np.arange(Z.shape[1])] = 0",
                    "log_S = shifted - np.log1p(others.sum(axis=0))",
                ),
            ),
        ),
    ),
    Plant(
        "loss_by_nansum",
        "0·log 0 is evaluated, and left out of the sum as not a number",
        ((LOSS, 'with np.errstate(all="ignore"):\n        return -np.nansum(P * np.log(S))'),),
    ),
    Plant(
        "loss_gradient_unfused",
        "dZ through −P/S and the softmax vjp, as autograd without fusion does, for logits within 80",
        (
            declared("limits=backproof.Limits(logit=80)"),
            (FUSED, "return softmax_vjp(Z, cross_entropy_vjp(softmax(Z), P))"),
        ),
    ),
)

UNUSUAL: tuple[Plant, ...] = (*SUMS, *MEMORY, *ALGORITHMS, *CONVENTIONS)

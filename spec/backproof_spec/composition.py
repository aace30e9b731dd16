"""Operations made of operations: the network of k linear layers, with ReLU between them, softmax and cross-entropy."""

from __future__ import annotations

from functools import cache

from backproof_spec.library import operation
from backproof_spec.operation import Operation


@cache
def network(depth: int) -> Operation:
    """L = −Σ P·log softmax(W_k·ReLU(… W_1·X + b_1 …) + b_k), with the gradients by the backward recursion."""
    layers = range(1, depth + 1)
    parameters = ", ".join(f"W{k}[i{k},i{k - 1}], b{k}[i{k}]" for k in layers)
    lines = [
        f"# A network of {depth} layer{'s' * (depth > 1)}.",
        f"operation network(X[i0,s], {parameters}, P[i{depth},s]: labels) -> L",
        f"suppose size(i{depth}) > 0",
    ]
    for k in layers:
        lines.append(f"Z{k}[i{k},s] = linear(W{k}, {f'Y{k - 1}' if k > 1 else 'X'}, b{k})")
        if k < depth:
            lines.append(f"Y{k}[i{k},s] = relu(Z{k})")
    last = f"i{depth},s"
    lines += [
        f"S[{last}] = softmax(Z{depth})",
        "L = cross_entropy(S, P)",
        f"dZ{depth}[{last}] = dL*(S[{last}]*sum_c P[c,s] - P[{last}])",
    ]
    for k in reversed(layers[:-1]):
        lines += [
            f"dY{k}[i{k},s] = sum_i{k + 1} W{k + 1}[i{k + 1},i{k}]*dZ{k + 1}[i{k + 1},s]",
            f"dZ{k}[i{k},s] = dY{k}[i{k},s]*step(Z{k}[i{k},s])",
        ]
    lines.append("gradient by X[i0,s] = sum_i1 W1[i1,i0]*dZ1[i1,s]")
    for k in layers:
        lines += [
            f"gradient by W{k}[i{k},i{k - 1}] = sum_s dZ{k}[i{k},s]*{f'Y{k - 1}' if k > 1 else 'X'}[i{k - 1},s]",
            f"gradient by b{k}[i{k}] = sum_s dZ{k}[i{k},s]",
        ]
    return operation("\n".join(lines) + "\n")

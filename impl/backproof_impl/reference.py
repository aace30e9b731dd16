"""The reference implementation: every operation and its backward pass, in plain NumPy. It is itself a valid target.

Features first: one column is one sample. The loss is the sum over the samples. ``dX`` is the gradient of the loss with
respect to ``X`` and has its shape. Softmax subtracts the maximum first; the fused loss never takes the logarithm of 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from backproof_impl import operations

Array: TypeAlias = Any
"""A NumPy array of any float dtype, bfloat16 (which is another package's) included."""


def _product(A: Array, B: Array) -> Array:
    """A·B in the dtype of both: NumPy's product of bfloat16 matrices is float32."""
    return (A @ B).astype(np.result_type(A, B), copy=False)


# --- linear --------------------------------------------------------------------------------------------------------


def linear(W: Array, Y: Array, b: Array) -> Array:
    """Z (m, p) = W (m, n) · Y (n, p) + b (m,)."""
    return _product(W, Y) + b[:, None]


def linear_vjp(W: Array, Y: Array, b: Array, dZ: Array) -> tuple[Array, Array, Array]:  # noqa: ARG001 - the contract
    """dW = dZ·Yᵀ, dY = Wᵀ·dZ, db = dZ·1."""
    return _product(dZ, Y.T), _product(W.T, dZ), dZ.sum(axis=1)


# --- relu ----------------------------------------------------------------------------------------------------------


def relu(Z: Array) -> Array:
    """Y = max(Z, 0)."""
    return np.maximum(Z, 0)


def relu_vjp(Z: Array, dY: Array) -> Array:
    """dZ = dY ∘ 1[Z ≥ 0]: the derivative at exactly 0 is 1 by convention."""
    return dY * (Z >= 0)


# --- softmax and cross-entropy -------------------------------------------------------------------------------------


def softmax(Z: Array) -> Array:
    """S = exp Z / Σ exp Z in each column, shifted by the column's maximum so that nothing overflows."""
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


def softmax_vjp(Z: Array, dS: Array) -> Array:
    """dZ = S ∘ (dS − 1·(1ᵀ(S∘dS)))."""
    S = softmax(Z)
    return S * (dS - (S * dS).sum(axis=0))


def cross_entropy(S: Array, P: Array) -> Any:
    """L = −Σ P·log S, with 0·log 0 = 0."""
    labelled = P != 0
    with np.errstate(divide="ignore"):
        return -(P[labelled] * np.log(S[labelled])).sum()


def cross_entropy_vjp(S: Array, P: Array) -> Array:
    """dS = −P/S, and 0 where P = 0."""
    with np.errstate(divide="ignore", over="ignore"):
        return -np.divide(P, S, out=np.zeros_like(S), where=P != 0)


def softmax_cross_entropy(Z: Array, P: Array) -> Any:
    """L = −Σ P·log softmax(Z), through the logarithm of the shifted sum: log 0 never arises."""
    shifted = Z - Z.max(axis=0)
    log_S = shifted - np.log(np.exp(shifted).sum(axis=0))
    labelled = P != 0
    return -(P[labelled] * log_S[labelled]).sum()


def softmax_cross_entropy_vjp(Z: Array, P: Array) -> Array:
    """dZ = S·ΣP − P, which is S − P when each column of P sums to one."""
    return softmax(Z) * P.sum(axis=0) - P


# --- network -------------------------------------------------------------------------------------------------------


def network_gradients(weights: list[Array], biases: list[Array], X: Array, P: Array) -> dict[str, Any]:
    """L and ∂L/∂X, ∂L/∂W_l, ∂L/∂b_l for linear layers with ReLU between them: the backward recursion."""
    Ys, Zs = [X], []
    for W, b in zip(weights, biases, strict=True):
        Zs.append(linear(W, Ys[-1], b))
        Ys.append(relu(Zs[-1]))
    dWs, dbs = [], []
    dZ = softmax_cross_entropy_vjp(Zs[-1], P)
    for layer in reversed(range(len(weights))):
        dW, dY, db = linear_vjp(weights[layer], Ys[layer], biases[layer], dZ)
        dWs.append(dW)
        dbs.append(db)
        if layer > 0:
            dZ = relu_vjp(Zs[layer - 1], dY)
    return {"loss": softmax_cross_entropy(Zs[-1], P), "dX": dY, "dW": dWs[::-1], "db": dbs[::-1]}


# --- what is defined in files ----------------------------------------------------------------------------------------


def __getattr__(name: str) -> Any:
    """A function of an operation that is defined in a file: its pair stands in a module of ``operations``."""
    found = operations.function(name)
    if found is None:
        msg = f"the reference implementation has no {name}"
        raise AttributeError(msg)
    return found

"""What pairs of the reference implementation share: products, sigmoids and softmax, in the dtype of what goes in."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A NumPy array of any float dtype, bfloat16 (which is another package's) included."""

_erfc = np.vectorize(math.erfc, otypes=[float])


def product(A: Array, B: Array) -> Array:
    """A·B of the last two axes, in the dtype of both: NumPy's product of bfloat16 matrices is float32."""
    return (A @ B).astype(np.result_type(A, B), copy=False)


def number(x: float, A: Array) -> Any:
    """A number in the dtype of A: beside one of Python's, NumPy makes bfloat16 float32."""
    return A.dtype.type(x)


def met(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> list[slice]:
    """For each place u of a kernel the places stride·y + dilation·u that it meets, one of each y < size."""
    return [slice(dilation * u, dilation * u + stride * size, stride) for u in range(kernel)]


def sigmoid(Z: Array) -> Array:
    """1/(1 + e⁻ᶻ), by e^−|Z|, which does not overflow."""
    E = np.exp(-np.abs(Z))
    return np.where(Z >= 0, number(1, E), E) / (1 + E)


def softmax(Z: Array) -> Array:
    """exp Z / Σ exp Z over the last axis, shifted by the maximum so that nothing overflows."""
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


def log_softmax(Z: Array) -> Array:
    """log softmax Z over the last axis, through the logarithm of the shifted sum: log 0 never arises."""
    shifted = Z - Z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_vjp(S: Array, dS: Array) -> Array:
    """dZ = S ∘ (dS − ΣS∘dS) over the last axis, where S = softmax(Z)."""
    return S * (dS - (S * dS).sum(axis=-1, keepdims=True))


def erfc(X: Array) -> Array:
    """1 − erf X, which keeps its digits where erf X is nearly 1; NumPy has no such function."""
    return _erfc(X.astype(float)).astype(X.dtype)

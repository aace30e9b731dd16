"""HIPS autograd: autograd.numpy, which names no ReLU and no softmax: they are spelt as NumPy users spell them."""

from functools import partial
from typing import Any

import autograd.numpy as np
from autograd import make_vjp

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that make_vjp finds, one argument at a time."""
    return [make_vjp(function, k)(*args)[0](cotangent) for k in by]


def log_softmax(Z: Any) -> Any:
    """Z − max Z − log Σe^(Z − max Z), row by row."""
    Z = Z - np.max(Z, axis=1, keepdims=True)
    return Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: np.dot(Y, W.T) + b,
    "relu": lambda Z: np.maximum(Z, 0),
    "softmax": lambda Z: np.exp(log_softmax(Z)),
    "cross_entropy": lambda S, P: -np.sum(P[P != 0] * np.log(S[P != 0])),
    "softmax_cross_entropy": lambda Z, P: -np.sum(P * log_softmax(Z)),
}
LIBRARY = Library(np.array, np.array, vjp, FORWARD)
# the gradients of np.maximum, np.where and np.max are float64 whatever their inputs are, those of integers are cut off
limits = Limits(dtypes=("float64",), integers=False)
declared = partial(Conventions, layout="batch-first", relu_at_zero=0, limits=limits)
TARGET = LIBRARY.target(declared(relu_at_zero=0.5))
VARIANTS = {
    "where": LIBRARY.target(declared(), relu=lambda Z: np.where(Z > 0, Z, 0)),
    "clip": LIBRARY.target(declared(), relu=lambda Z: np.clip(Z, 0, np.inf)),
}

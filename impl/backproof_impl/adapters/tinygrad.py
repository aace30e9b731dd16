"""tinygrad: methods of Tensor and its gradient. ReLU′(0) is 0, but 1/2 or 1 in other spellings."""

from typing import Any

import numpy as np
from tinygrad import Tensor

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits


def vjp(function: Any, args: list[Any], cotangent: Any) -> tuple[Any, Any]:
    """The value, and the gradients that Tensor.gradient finds."""
    value = function(*args)
    return value, value.gradient(*args, gradient=cotangent)


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: Y.linear(W.transpose(), b),
    "relu": Tensor.relu,
    "softmax": lambda Z: Z.softmax(1),
    "cross_entropy": lambda S, P: -((P == 0).where(1, S).log() * P).sum(),
    "softmax_cross_entropy": lambda Z, P: Z.cross_entropy(P, reduction="sum"),
}
LIBRARY = Library(Tensor, Tensor.numpy, vjp, FORWARD)
TARGET = LIBRARY.target(Conventions(layout="batch-first", relu_at_zero=0))
VARIANTS = {
    "maximum": LIBRARY.target(Conventions(layout="batch-first", relu_at_zero=0.5), relu=lambda Z: Z.maximum(0)),
    "clamp": LIBRARY.target(Conventions(layout="batch-first", relu_at_zero=1), relu=lambda Z: Z.clamp(0)),
}

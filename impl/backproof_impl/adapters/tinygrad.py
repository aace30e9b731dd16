"""tinygrad: methods of Tensor, on the device it chooses. ReLU′(0) is 0, but 1/2 or 1 in other spellings."""

from functools import partial
from typing import Any

from tinygrad import Device, Tensor

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits, UsageError

try:
    Device.DEFAULT  # noqa: B018 - asking chooses one
except RuntimeError as error:
    message = f"target tinygrad: {error}: install clang, or set DEV=PYTHON for its interpreter"
    raise UsageError(message) from None


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that Tensor.gradient finds."""
    return function(*args).gradient(*(args[k] for k in by), gradient=cotangent)


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: Y.linear(W.transpose(), b),
    "relu": Tensor.relu,
    "softmax": partial(Tensor.softmax, axis=1),
    "cross_entropy": lambda S, P: -((P == 0).where(1, S).log() * P).sum(),
    "softmax_cross_entropy": partial(Tensor.cross_entropy, reduction="sum"),
}
LIBRARY = Library(Tensor, Tensor.numpy, vjp, FORWARD)
# Tensor.numpy hands bfloat16 over as float32, and not every clang knows it; the interpreter may take a minute
limits = Limits(dtypes=("float64", "float32", "float16"), seconds=300)
declared = partial(Conventions, layout="batch-first", relu_at_zero=0, limits=limits)
TARGET = LIBRARY.target(declared())
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=0.5), relu=lambda Z: Z.maximum(0)),
    "clamp": LIBRARY.target(declared(relu_at_zero=1), relu=lambda Z: Z.clamp(0)),
}

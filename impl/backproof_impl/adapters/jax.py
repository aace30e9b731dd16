"""JAX: jax.nn under jax.vjp, run eagerly. ReLU′(0) is 0, but 1/2 or 1 in other spellings."""

from functools import partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof_impl.adapters.autodiff import Differentiator, Library
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.wrapping.differentiable import every

CALLS = count(1)


def vjp(function: Any, args: list[Any], cotangent: Any) -> tuple[Any, Any]:
    """The value, and the gradients that jax.vjp finds; code is compiled for each shape, and kept: 10 MB a call."""
    if next(CALLS) % 50 == 0:
        jax.clear_caches()
    value, pullback = jax.vjp(function, *args)
    return value, pullback(cotangent)


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: Y @ W.T + b,
    "relu": jax.nn.relu,
    "softmax": jax.nn.softmax,
    "cross_entropy": lambda S, P: -(P * jnp.log(jnp.where(P == 0, 1, S))).sum(),  # xlogy's gradient at (0, 0) is nan
    "softmax_cross_entropy": lambda Z, P: -(P * jax.nn.log_softmax(Z)).sum(),
}
scope = partial(jax.enable_x64, new_val=True)  # else float32
FLUSHES, SECONDS = "flush-to-zero", 60  # XLA flushes subnormals on a CPU, and takes time to compile
DIFFERENTIATOR = Differentiator(
    jax.Array, "jax.Array", jnp.array, np.array, vjp, scope, arithmetic=FLUSHES, seconds=SECONDS
)
LIBRARY = Library(jnp.array, np.asarray, vjp, FORWARD, scope)
patient = partial(Conventions, layout="batch-first", limits=Limits(seconds=SECONDS))
declared = partial(patient, arithmetic=FLUSHES, relu_at_zero=0)
DEFINED: dict[str, Any] = {
    "conv2d": lambda X, W, z, stride=1, pad=0, dilation=1: (
        jax.lax.conv_general_dilated(X, W, (stride,) * 2, [(pad, pad)] * 2, rhs_dilation=(dilation,) * 2)
        + z[:, None, None]
    ),
    "cumsum": partial(jnp.cumsum, axis=1),
    "embedding": lambda E, t: jnp.take(E, t, axis=0),
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": jax.nn.gelu,
    "logsumexp": partial(jax.nn.logsumexp, axis=1),
}
TARGET = {**LIBRARY.target(declared()), **every("jax", DEFINED)}
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=0.5), relu=lambda Z: jnp.maximum(Z, 0)),
    "where": LIBRARY.target(declared(), relu=lambda Z: jnp.where(Z > 0, Z, 0)),
    "leaky_relu": LIBRARY.target(declared(relu_at_zero=1), relu=lambda Z: jax.nn.leaky_relu(Z, 0)),
}

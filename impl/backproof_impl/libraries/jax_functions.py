"""What JAX differentiates: functions that are not ours, and those of its own that are operations in files."""

from functools import partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof_impl.adapters.autodiff import Differentiator

CALLS = count(1)


def vjp(function: Any, args: list[Any], cotangent: Any) -> tuple[Any, Any]:
    """The value, and the gradients that jax.vjp finds; code is compiled for each shape, and kept: 10 MB a call."""
    if next(CALLS) % 50 == 0:
        jax.clear_caches()
    value, pullback = jax.vjp(function, *args)
    return value, pullback(cotangent)


scope = partial(jax.enable_x64, new_val=True)  # else float32
FLUSHES, SECONDS = "flush-to-zero", 60  # XLA flushes subnormals on a CPU, and takes time to compile
DIFFERENTIATOR = Differentiator(
    jax.Array, "jax.Array", jnp.array, np.array, vjp, scope, arithmetic=FLUSHES, seconds=SECONDS
)
DEFINED: dict[str, Any] = {
    "absolute": jnp.absolute,
    "celu": jax.nn.celu,
    "conv2d": lambda X, W, z, stride=1, pad=0, dilation=1: (
        jax.lax.conv_general_dilated(X, W, (stride,) * 2, [(pad, pad)] * 2, rhs_dilation=(dilation,) * 2)
        + z[:, None, None]
    ),
    "cos": jnp.cos,
    "cumsum": partial(jnp.cumsum, axis=1),
    "elu": jax.nn.elu,
    "embedding": lambda E, t: jnp.take(E, t, axis=0),
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": jax.nn.gelu,
    "glu": lambda A, B: jax.nn.glu(jnp.concatenate((A, B), 1), 1),
    "hardsigmoid": jax.nn.hard_sigmoid,
    "hardswish": jax.nn.hard_swish,
    "hardtanh": lambda X, low=-1, high=1: jnp.clip(X, low, high),
    "leaky_relu": lambda X, slope=0.01: jax.nn.leaky_relu(X, slope),
    "log": jnp.log,
    "log1p": jnp.log1p,
    "log_sigmoid": jax.nn.log_sigmoid,
    "logit": jax.scipy.special.logit,
    "logsumexp": partial(jax.nn.logsumexp, axis=1),
    "mish": jax.nn.mish,
    "power": jnp.power,
    "reciprocal": jnp.reciprocal,
    "relu6": jax.nn.relu6,
    "rsqrt": jax.lax.rsqrt,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "sin": jnp.sin,
    "softplus": lambda X, beta=1: jax.nn.softplus(beta * X) / beta,
    "softsign": jax.nn.soft_sign,
    "sqrt": jnp.sqrt,
    "square": jnp.square,
    "tanh": jnp.tanh,
}

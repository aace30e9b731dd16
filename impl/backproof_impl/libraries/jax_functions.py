"""What JAX differentiates: functions that are not ours, and those of its own that are operations in files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import psutil

from backproof_impl.adapters.autodiff import Differentiator


@dataclass
class _Scope:
    """Numbers of 64 bits, else float32; code that was compiled is let go whenever the process has grown by ``room``.

    A program takes 1 or 2 MB and 20 of 65,530 memory maps. What runs step by step is a program for each step.
    """

    room: int = 2**30
    before: int = 0

    def __call__(self) -> Any:
        """What each call is made within."""
        if _PROCESS.memory_info().rss - self.before > self.room:
            jax.clear_caches()
            self.before = _PROCESS.memory_info().rss
        return jax.enable_x64(True)  # noqa: FBT003


_PROCESS, scope = psutil.Process(), _Scope()


@partial(jax.jit, static_argnums=0)
def _value(function: Any, args: list[Any]) -> Any:
    return function(*args)


@partial(jax.jit, static_argnums=(0, 3))
def _vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    def of(*differentiated: Any) -> Any:
        new = dict(zip(by, differentiated, strict=True))
        return function(*(new.get(place, each) for place, each in enumerate(args)))

    return jax.vjp(of, *(args[k] for k in by))[1](cotangent)


def _run(program: Any, *args: Any) -> Any:
    """Compiled as a whole, and kept for equal functions and shapes; what asks for numbers on the way: step by step."""
    try:
        return program(*args)
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
        return program.__wrapped__(*args)


def value(function: Any, args: Sequence[Any]) -> Any:
    """f(A, B), traced once for those shapes."""
    return _run(_value, function, [*args])


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that jax.vjp finds, traced likewise. Without the value a program compiles up to 3 times as fast."""
    return _run(_vjp, function, args, cotangent, by)


FLUSHES, SECONDS = "flush-to-zero", 60  # XLA flushes subnormals on a CPU, and takes time to compile
DIFFERENTIATOR = Differentiator(
    jax.Array, "jax.Array", jax.device_put, np.array, vjp, value, scope, arithmetic=FLUSHES, seconds=SECONDS
)


def _padded(X: Any, pad: int) -> Any:
    """0 around the last two axes: where a convolution pads, XLA may end the process over its gradient: findings.md."""
    return jnp.pad(X, ((0, 0),) * 2 + ((pad, pad),) * 2)


DEFINED: dict[str, Any] = {
    "absolute": jnp.absolute,
    "add": jnp.add,
    "celu": jax.nn.celu,
    "concatenate": lambda A, B: jnp.concatenate((A, B), axis=1),
    "conv1d": lambda X, W, z, stride=1, pad=0, dilation=1: (
        jax.lax.conv_general_dilated(X, W, (stride,), [(pad, pad)], rhs_dilation=(dilation,)) + z[:, None]
    ),
    "conv2d": lambda X, W, z, stride=1, pad=0, dilation=1: (
        jax.lax.conv_general_dilated(_padded(X, pad), W, (stride,) * 2, "VALID", rhs_dilation=(dilation,) * 2)
        + z[:, None, None]
    ),
    "cos": jnp.cos,
    "cumprod": partial(jnp.cumprod, axis=1),
    "cumsum": partial(jnp.cumsum, axis=1),
    "depthwise_conv2d": lambda X, W, z, stride=1, pad=0: (
        jax.lax.conv_general_dilated(_padded(X, pad), W[:, None], (stride,) * 2, "VALID", feature_group_count=len(W))
        + z[:, None, None]
    ),
    "elu": jax.nn.elu,
    "embedding": lambda E, t: jnp.take(E, t, axis=0),
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "flip": partial(jnp.flip, axis=1),
    "frobenius_norm": jnp.linalg.norm,
    "gather": lambda X, t: jnp.take_along_axis(X, t[:, None], axis=1)[:, 0],
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": jax.nn.gelu,
    "glu": lambda A, B: jax.nn.glu(jnp.concatenate((A, B), 1), 1),
    "hardsigmoid": jax.nn.hard_sigmoid,
    "hardswish": jax.nn.hard_swish,
    "hardtanh": lambda X, low=-1, high=1: jnp.clip(X, low, high),
    "l1_norm": partial(jnp.linalg.norm, ord=1, axis=1),
    "l2_norm": partial(jnp.linalg.norm, axis=1),
    "leaky_relu": lambda X, slope=0.01: jax.nn.leaky_relu(X, slope),
    "log": jnp.log,
    "log1p": jnp.log1p,
    "log_sigmoid": jax.nn.log_sigmoid,
    "log_softmax": partial(jax.nn.log_softmax, axis=1),
    "logit": jax.scipy.special.logit,
    "logsumexp": partial(jax.nn.logsumexp, axis=1),
    "matmul": jnp.matmul,
    "mish": jax.nn.mish,
    "multiply": jnp.multiply,
    "outer": jnp.outer,
    "pad": lambda X, before=1, after=2: jnp.pad(X, ((0, 0), (before, after))),
    "power": jnp.power,
    "reciprocal": jnp.reciprocal,
    "reduce_max": partial(jnp.max, axis=1),
    "reduce_mean": partial(jnp.mean, axis=1),
    "reduce_min": partial(jnp.min, axis=1),
    "reduce_sum": partial(jnp.sum, axis=1),
    "relu6": jax.nn.relu6,
    "repeat_interleave": lambda X, times=2: jnp.repeat(X, times, axis=1),
    "roll": lambda X, shift=1: jnp.roll(X, shift, axis=1),
    "rsqrt": jax.lax.rsqrt,
    "scatter_add": lambda A, B, t: A.at[t].add(B),
    "segment_sum": lambda X, t, segments=3: jax.ops.segment_sum(X, t, segments),
    "select": lambda M, A, B: jnp.where(M != 0, A, B),
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "sin": jnp.sin,
    "softplus": lambda X, beta=1: jax.nn.softplus(beta * X) / beta,
    "sqrt": jnp.sqrt,
    "square": jnp.square,
    "strided_slice": lambda X, start=1, stride=2: X[:, start::stride],
    "tanh": jnp.tanh,
    "tile": lambda X, times=2: jnp.tile(X, (1, times)),
    "transpose": jnp.transpose,
    "upsample_nearest": lambda X, factor=2: jax.image.resize(
        X, (*X.shape[:2], factor * X.shape[2], factor * X.shape[3]), "nearest"
    ),
    "variance": lambda X, correction=1: jnp.var(X, axis=1, ddof=correction),
}

"""JAX: jax.nn under jax.vjp. ReLU′(0) is 0, but 1/2 or 1 in other spellings. By an array of integers is no gradient."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.libraries.jax_functions import DEFINED, FLUSHES, SECONDS, scope, value, vjp
from backproof_impl.wrapping.differentiable import every

FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: Y @ W.T + b,
    "relu": jax.nn.relu,
    "softmax": jax.nn.softmax,
    "cross_entropy": lambda S, P: -(P * jnp.log(jnp.where(P == 0, 1, S))).sum(),  # xlogy's gradient at (0, 0) is nan
    "softmax_cross_entropy": lambda Z, P: -(P * jax.nn.log_softmax(Z)).sum(),
}
LIBRARY = Library(jax.device_put, np.asarray, vjp, FORWARD, scope, value)
patient = partial(Conventions, layout="batch-first", limits=Limits(seconds=SECONDS, integers=False))
declared = partial(patient, arithmetic=FLUSHES, relu_at_zero=0)
TARGET = {**LIBRARY.target(declared()), **every("jax", DEFINED)}
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=0.5), relu=lambda Z: jnp.maximum(Z, 0)),
    "where": LIBRARY.target(declared(), relu=lambda Z: jnp.where(Z > 0, Z, 0)),
    "leaky_relu": LIBRARY.target(declared(relu_at_zero=1), relu=lambda Z: jax.nn.leaky_relu(Z, 0)),
}

"""TensorFlow: tf.nn under tf.GradientTape, run eagerly. ReLU′(0) is 0, but 1 in another spelling."""

from functools import partial
from typing import Any

import tensorflow as tf
from keras import ops

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that the tape finds."""
    sources = [args[k] for k in by]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        value = function(*args)
    return tape.gradient(value, sources, cotangent)


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: tf.matmul(Y, W, transpose_b=True) + b,
    "relu": tf.nn.relu,
    "softmax": tf.nn.softmax,
    "cross_entropy": lambda S, P: -tf.reduce_sum(tf.math.xlogy(P, S)),
    "softmax_cross_entropy": lambda Z, P: tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(P, Z)),
}
LIBRARY = Library(tf.constant, lambda t: t.numpy(), vjp, FORWARD)
SPARSE = {"softmax_cross_entropy": lambda Z, P: tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(P, Z))}
# Of logits only: given probabilities, Keras rescales them to ΣS = 1 and clips them to [ε, 1 − ε].
KERAS = {"softmax_cross_entropy": lambda Z, P: tf.reduce_sum(ops.categorical_crossentropy(P, Z, from_logits=True))}
declared = partial(Conventions, layout="batch-first", arithmetic="flush-to-zero", unnormalised_labels="fused")
TARGET = LIBRARY.target(declared(relu_at_zero=0))
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=1), relu=lambda Z: tf.maximum(Z, 0)),
    "where": LIBRARY.target(declared(relu_at_zero=0), relu=lambda Z: tf.where(Z > 0, Z, 0)),
    "sparse": LIBRARY.target(declared(relu_at_zero=0, labels="index"), **SPARSE),
    "keras": LIBRARY.target(declared(relu_at_zero=0), relu=ops.relu, softmax=ops.softmax, **KERAS),
}

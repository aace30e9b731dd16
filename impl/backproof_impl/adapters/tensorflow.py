"""TensorFlow: tf.nn under tf.GradientTape, run eagerly. ReLU′(0) is 0, but 1 in other spellings."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions


def vjp(function: Any, args: list[Any], cotangent: Any) -> tuple[Any, Any]:
    """The value, and the gradients that the tape finds."""
    with tf.GradientTape() as tape:
        tape.watch(args)
        value = function(*args)
    return value, tape.gradient(value, args, cotangent)


def summed(loss: Any, Z: Any, P: Any) -> Any:
    """A loss of each sample, summed; TensorFlow takes the labels first."""
    return tf.reduce_sum(loss(P, Z))


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: tf.matmul(Y, W, transpose_b=True) + b,
    "relu": tf.nn.relu,
    "softmax": tf.nn.softmax,
    "cross_entropy": lambda S, P: -tf.reduce_sum(tf.math.xlogy(P, S)),
    "softmax_cross_entropy": partial(summed, tf.nn.softmax_cross_entropy_with_logits),
}
LIBRARY = Library(tf.constant, lambda t: t.numpy(), vjp, FORWARD)
declared = partial(Conventions, layout="batch-first", arithmetic="flush-to-zero", unnormalised_labels="fused", relu_at_zero=0)
TARGET = LIBRARY.target(declared())
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=1), relu=lambda Z: tf.maximum(Z, 0)),
    "where": LIBRARY.target(declared(), relu=lambda Z: tf.where(Z > 0, Z, 0)),
    "sparse": LIBRARY.target(declared(labels="index"), softmax_cross_entropy=partial(summed, tf.nn.sparse_softmax_cross_entropy_with_logits)),
    "keras": LIBRARY.target(declared(), relu=keras.ops.relu, softmax=keras.ops.softmax, softmax_cross_entropy=partial(summed, partial(keras.ops.categorical_crossentropy, from_logits=True))),
}

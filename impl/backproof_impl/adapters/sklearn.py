"""scikit-learn: the internals of MLPClassifier, which differentiate by hand."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._base import ACTIVATIONS, DERIVATIVES

from backproof_impl.conventions import Conventions, Limits


def network(weights: list[Any], biases: list[Any], last: str) -> Any:
    """An MLPClassifier with these weights; fit() would choose softmax for three classes or more."""
    mlp = MLPClassifier(activation="relu", alpha=0)
    mlp.n_layers_, mlp.out_activation_, mlp.coefs_, mlp.intercepts_ = len(weights) + 1, last, weights, biases
    return mlp


def activated(name: str, Z: Any) -> Any:
    A = np.array(Z, order="C")
    ACTIVATIONS[name](A)
    return A


def relu_vjp(Z: Any, dY: Any) -> Any:
    dZ = np.array(dY, order="C")
    DERIVATIVES["relu"](activated("relu", Z), dZ)
    return dZ


def linear(W: Any, Y: Any, b: Any) -> Any:
    return network([W], [b], "identity")._forward_pass([Y, None])[-1]


def network_gradients(weights: Any, biases: Any, X: Any, P: Any) -> dict[str, Any]:
    depth = len(weights)
    loss, dW, db = network(weights, biases, "softmax")._backprop(X, P, None, [X] + [None] * depth, [None] * depth, [None] * depth, [None] * depth)
    return {"loss": loss, "dW": dW, "db": db}


TARGET = {
    "linear": linear, "relu": lambda Z: activated("relu", Z), "relu_vjp": relu_vjp, "softmax": lambda Z: activated("softmax", Z), "network_gradients": network_gradients,
    "CONVENTIONS": Conventions(layout="batch-first", weights="in-out", reduction="mean", labels="one-hot", relu_at_zero=0, limits=Limits(dtypes=("float32", "float64"), batch=1)),
}

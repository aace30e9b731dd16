"""scikit-learn: the internals of MLPClassifier, a backward pass written by hand. ReLU′(0) is 0."""

from functools import partial
from typing import Any

from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._base import ACTIVATIONS, DERIVATIVES

from backproof_impl.conventions import Conventions, Limits


def run(method: str, weights: Any, biases: Any, output: str, *args: Any) -> Any:
    """A method of an MLPClassifier with these weights; fit() has softmax put out three classes or more."""
    mlp = MLPClassifier(alpha=0)
    mlp.n_layers_, mlp.out_activation_, mlp.coefs_, mlp.intercepts_ = len(weights) + 1, output, weights, biases
    return getattr(mlp, method)(*args)


def last(function: Any, *args: Any) -> Any:
    """What a function makes of its last argument, in place."""
    function(*(copies := [A.copy(order="C") for A in args]))
    return copies[-1]


def network_gradients(weights: list[Any], biases: list[Any], X: Any, P: Any) -> dict[str, Any]:
    """No dX, and no loss: that has probabilities clipped to [ε, 1 − ε], and is nan where Σw² overflows: 0·∞."""
    empty = [None] * len(weights)
    _, dW, db = run("_backprop", weights, biases, "softmax", X, P, None, [X, *empty], [*empty], [*empty], [*empty])
    return {"dW": dW, "db": db}


LIMITS = Limits(dtypes=("float64", "float32"), batch=1)  # fit() makes every other dtype float64
TARGET = {
    "linear": lambda W, Y, b: run("_forward_pass", [W], [b], "identity", [Y, None])[-1],
    "relu": partial(last, ACTIVATIONS["relu"]),
    "relu_vjp": lambda Z, dY: last(DERIVATIVES["relu"], last(ACTIVATIONS["relu"], Z), dY),
    "softmax": partial(last, ACTIVATIONS["softmax"]),
    "network_gradients": network_gradients,
    "CONVENTIONS": Conventions("batch-first", "in-out", "mean", "one-hot", relu_at_zero=0, limits=LIMITS),
}

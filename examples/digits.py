"""Handwritten digits: train a 64-32-16-10 network with the reference implementation, then judge its gradients.

After training, saturation and dead units are real. For one mini-batch every entry of every gradient, of the reference
implementation and of PyTorch where it is installed, is judged against exact values and rounding bounds: each step on
the values it meets, where bounds are sharp, and the whole network, where each layer's uncertainty adds to the next.

    pip install 'backproof[digits]'
    python examples/digits.py
"""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
from sklearn.datasets import load_digits

from backproof_docs.terminal import number
from backproof_impl.loading import as_target
from backproof_impl.reference import linear, network_gradients, relu, softmax
from backproof_properties.judge import Refuted
from backproof_properties.results import Link, Observation
from backproof_properties.subject import Subject
from backproof_properties.suite import properties_of

WIDTHS = (64, 32, 16, 10)
EPOCHS, BATCH, RATE, JUDGED = 30, 32, 0.1, 32
END_TO_END = ("network.forward", "network.dX", "network.dW", "network.db")
LEAST_ACCURACY = 0.9


def forward(weights, biases, X):
    """(activations after each hidden layer, class probabilities)."""
    hidden, Z = [], X
    for layer, (W, b) in enumerate(zip(weights, biases, strict=True)):
        Y = relu(Z) if layer else X
        hidden.append(Y)
        Z = linear(W, Y, b)
    return hidden[1:], softmax(Z)


def train(X, P, source):
    """Stochastic gradient descent on the mean loss."""
    shapes = list(zip(WIDTHS[1:], WIDTHS[:-1], strict=True))
    weights = [source.normal(0, np.sqrt(2 / columns), (rows, columns)) for rows, columns in shapes]
    biases = [np.zeros(rows) for rows, _ in shapes]
    for _ in range(EPOCHS):
        for batch in np.array_split(source.permutation(X.shape[1]), X.shape[1] // BATCH):
            found = network_gradients(weights, biases, X[:, batch], P[:, batch])
            for parameters, gradients in ((weights, found["dW"]), (biases, found["db"])):
                for A, dA in zip(parameters, gradients, strict=True):
                    np.subtract(A, RATE / len(batch) * dA, out=A)
    return weights, biases


def steps(case):
    """{claim: the inputs on which it is judged}: the whole network, and every step on the values it really meets."""
    weights, biases = case["weights"], case["biases"]
    hidden, S = forward(weights, biases, case["X"])
    Ys = [case["X"], *hidden]
    found = {claim: [case] for claim in END_TO_END}
    dZ = S - case["P"]
    for layer in reversed(range(len(weights))):
        W, Y, b = weights[layer], Ys[layer], biases[layer]
        for claim in ("linear.forward", "linear.dY", "linear.dW", "linear.db"):
            found.setdefault(claim, []).append({"W": W, "Y": Y, "b": b, "dZ": dZ})
        Z = linear(W, Y, b)
        if layer == len(weights) - 1:
            for claim in ("softmax_cross_entropy.forward", "softmax_cross_entropy.dZ"):
                found[claim] = [{"Z": Z, "P": case["P"]}]
        dY = W.T @ dZ
        if layer:
            before = linear(weights[layer - 1], Ys[layer - 1], biases[layer - 1])
            for claim in ("relu.forward", "relu.dZ"):
                found.setdefault(claim, []).append({"Z": before, "dY": dY})
            dZ = dY * (before >= 0)
    return found


def cast(case, dtype):
    """The same inputs in another format."""
    return {name: [A.astype(dtype) for A in v] if isinstance(v, list) else v.astype(dtype) for name, v in case.items()}


def judge(name, dtype, inputs):
    """Print the verdict on each claim; True if all hold."""
    subject = Subject(as_target(name), dtype)
    held = True
    print(f"{name}, {dtype}")
    for each in properties_of(tuple(inputs)):
        if each.link is not Link.IMPLEMENTATION:
            continue
        seen = Observation()
        try:
            for case in inputs[each.claim]:
                seen.add(each.check(cast(case, dtype), subject))
        except Refuted as refuted:
            held = False
            print(f"  {each.claim:<30} REFUTED  {refuted}")
        else:
            worst, detects = number(seen.worst), number(seen.threshold)
            print(f"  {each.claim:<30} holds  {seen.entries:5} entries  error ÷ bound {worst:>7}  detects {detects:>5}")
    return held


def main():
    """Train, report, judge; exit status 1 if a gradient is refuted or the accuracy is poor."""
    digits = load_digits()
    X, P = digits.data.T / 16, np.eye(10)[:, digits.target]
    source = np.random.default_rng(1)
    order = source.permutation(X.shape[1])
    training, held_out = order[:1500], order[1500:]
    weights, biases = train(X[:, training], P[:, training], source)

    _, S = forward(weights, biases, X[:, held_out])
    accuracy = float((S.argmax(axis=0) == digits.target[held_out]).mean())
    print(f"accuracy on {held_out.size} held-out digits: {accuracy:.3f}")

    batch = training[:JUDGED]
    hidden, S = forward(weights, biases, X[:, batch])
    dead = [float((Y == 0).mean()) for Y in hidden]
    print(f"one mini-batch of {JUDGED}: {dead[0]:.0%} and {dead[1]:.0%} of the hidden units at 0,", end=" ")
    print(f"largest probability {S.max():.8f}, smallest {S.min():.1e}")
    case = {"weights": weights, "biases": biases, "X": X[:, batch], "P": P[:, batch]}
    targets = ["reference", *(["pytorch"] if importlib.util.find_spec("torch") else [])]
    inputs = steps(case)
    held = [judge(name, dtype, inputs) for name in targets for dtype in ("float64", "float32")]
    if targets == ["reference"]:
        print("PyTorch is not installed: pip install 'backproof[pytorch]' to judge it too")
    sys.exit(0 if all(held) and accuracy > LEAST_ACCURACY else 1)


if __name__ == "__main__":
    main()

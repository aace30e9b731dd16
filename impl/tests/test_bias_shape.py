"""bias_shape: biases as matrices hold, and no other shape is broadcast; the wrappings compose."""

import numpy as np
import pytest
from few import few

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.target import FUNCTIONS
from backproof_impl.wrapping.bias_shape import bias_shape
from backproof_impl.wrapping.forward_backward import from_forward_backward
from backproof_impl.wrapping.per_sample import per_sample
from backproof_impl.wrapping.update import from_update

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
DZ = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 0.5], [0.0, 0.25, 0.0, 0.25]])
LINEAR = ("linear.forward", "linear.dY", "linear.dW", "linear.db")
NETWORK = ("network.forward", "network.dX", "network.dW", "network.db")


def _with_matrix_biases(axis):
    """The reference, for biases of another shape."""

    def linear(W, Y, b):
        return R.linear(W, Y, b.reshape(-1))

    def linear_vjp(W, Y, b, dZ):
        dW, dY, db = R.linear_vjp(W, Y, b.reshape(-1), dZ)
        return dW, dY, np.expand_dims(db, axis)

    def network_gradients(weights, biases, X, P):
        found = R.network_gradients(weights, [b.reshape(-1) for b in biases], X, P)
        return {**found, "db": [np.expand_dims(db, axis) for db in found["db"]]}

    return {"linear": linear, "linear_vjp": linear_vjp, "network_gradients": network_gradients, "relu": R.relu}


@pytest.mark.no_cover
@pytest.mark.parametrize(("shape", "axis"), few([("column", 1), ("row", 0)], ("row", 0).__eq__))
def test_biases_as_matrices_hold(shape, axis, verdicts):
    target = bias_shape(_with_matrix_biases(axis), shape)
    assert set(target) == {"linear", "linear_vjp", "network_gradients", "relu"}
    assert verdicts(target, *LINEAR, *NETWORK, examples=2) == dict.fromkeys((*LINEAR, *NETWORK), "holds")


@pytest.mark.no_cover
@pytest.mark.parametrize(("shape", "given"), few([("column", "(1, 2)"), ("row", "(2, 1)")], ("row", "(2, 1)").__eq__))
def test_a_bias_gradient_of_another_shape_is_refuted_with_the_shape_of_b_and_dw_is_judged(
    shape, given, found, verdicts
):
    other = _with_matrix_biases(0 if shape == "column" else 1)
    target = bias_shape(other, shape)
    expected = "(2, 1)" if shape == "column" else "(1, 2)"
    said = f"returned shape {given}, expected {expected} = shape of b (bias_shape: a {shape})"
    assert found(target, "linear.db") == ("refuted", f"linear_vjp.db: {said}")
    assert found(target, "network.db") == ("refuted", f"network_gradients.db[0]: {said}")
    judged = ("linear.dW", "linear.dY", "network.dW")
    assert verdicts(target, *judged, examples=3) == dict.fromkeys(judged, "holds")
    [dW, dY, db] = target["linear_vjp"](W, Y, B, DZ)
    assert (dW.shape, dY.shape, db.kind) == (W.shape, Y.shape, f"shape {given}".replace("2", "3"))


def test_a_bias_gradient_that_is_a_vector_where_b_is_not_is_refuted(found):
    vector = bias_shape({"linear_vjp": lambda W, Y, b, dZ: R.linear_vjp(W, Y, b[:, 0], dZ)}, "column")
    said = "linear_vjp.db: returned shape (1,), expected (1, 1) = shape of b (bias_shape: a column)"
    assert found(vector, "linear.db") == ("refuted", said)


def test_a_bias_is_passed_as_a_view():
    def linear(W, Y, b):
        b += 1
        return W @ Y + b

    given = B.copy()
    bias_shape({"linear": linear}, "column")["linear"](W, Y, given)
    assert given.tolist() == (B + 1).tolist()


def test_what_is_no_bias_gradient_is_left_to_the_contract():
    target = bias_shape({"network_gradients": lambda *_: {"dW": []}}, "row")
    assert target["network_gradients"]([W], [B], Y, P) == {"dW": []}


def test_wrong_use_of_bias_shape_is_refused(refusal):
    assert refusal(bias_shape, R, "flat") == "bias_shape: shape is 'flat', expected column or row"
    expected = "bias_shape: linear_vjp is one function, expected a target, as {'linear_vjp': linear_vjp}"
    assert refusal(bias_shape, R.linear_vjp, "row") == expected
    expected = "bias_shape: no function of the target has biases, expected one of linear, linear_vjp, network_gradients"
    assert refusal(bias_shape, {"relu": R.relu}, "row") == expected


class ReLU:
    def forward(self, Z):
        self.mask = Z >= 0
        return np.maximum(Z, 0)

    def backward(self, dY):
        return dY * self.mask


@pytest.mark.no_cover
def test_targets_of_all_kinds_compose(verdicts):
    declared = Conventions(weights="in-out")
    steps = from_update(lambda W, y, b, dz, rate: (W - rate * np.outer(dz, y), W.T @ dz, b - rate * dz), "linear_vjp")
    layers = from_forward_backward(relu=ReLU, conventions=declared)
    assert set(bias_shape(R, "column")) == set(FUNCTIONS)
    assert verdicts({**per_sample(steps), **from_forward_backward(relu=ReLU)}, "linear.dW", "relu.dZ") == {
        "linear.dW": "holds",
        "relu.dZ": "holds",
    }
    assert bias_shape({**layers, "linear": R.linear}, "column")["CONVENTIONS"] is declared

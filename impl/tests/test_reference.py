"""reference: worked examples in literal numbers, the extremes, the dtypes, and the network as a composition."""

import ml_dtypes
import numpy as np
import pytest

from backproof_impl import reference as R

W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([[1.0, -1.0], [0.5, 2.0]])
B = np.array([10.0, 20.0, 30.0])
DZ = np.array([[1.0, 2.0], [0.0, -1.0], [4.0, 0.5]])
LOG_3 = np.log(np.array([[1.0], [3.0]]))  # softmax: 1/4, 3/4
DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


# --- worked examples ------------------------------------------------------------------------------------------------


def test_linear():
    assert R.linear(W, Y, B).tolist() == [[12.0, 13.0], [25.0, 25.0], [38.0, 37.0]]


def test_linear_vjp():
    dW, dY, db = R.linear_vjp(W, Y, B, DZ)
    assert dW.tolist() == [[-1.0, 4.5], [1.0, -2.0], [3.5, 3.0]]
    assert dY.tolist() == [[21.0, 1.5], [26.0, 3.0]]
    assert db.tolist() == [3.0, -1.0, 4.5]


def test_relu():
    assert R.relu(np.array([[-1.0, 0.0, 2.5]])).tolist() == [[0.0, 0.0, 2.5]]


def test_relu_vjp_is_one_at_either_zero():
    Z = np.array([[-1.0, -0.0, 0.0, 2.0]])
    assert R.relu_vjp(Z, np.array([[3.0, 4.0, 5.0, 6.0]])).tolist() == [[0.0, 4.0, 5.0, 6.0]]


def test_softmax():
    assert R.softmax(LOG_3) == pytest.approx(np.array([[0.25], [0.75]]), rel=1e-15)
    assert R.softmax(np.zeros((4, 2))).tolist() == [[0.25] * 2] * 4


def test_softmax_vjp():
    # S = (1/4, 3/4), dS = (4, 0): S·dS = 1, so dZ = (1/4·3, 3/4·(−1)).
    assert R.softmax_vjp(LOG_3, np.array([[4.0], [0.0]])) == pytest.approx(np.array([[0.75], [-0.75]]), rel=1e-14)


def test_cross_entropy():
    S, P = np.array([[0.5, 1.0], [0.5, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    assert R.cross_entropy(S, P) == pytest.approx(0.6931471805599453, rel=1e-15)


def test_cross_entropy_vjp():
    S, P = np.array([[0.5, 0.0], [0.25, 1.0]]), np.array([[1.0, 0.0], [-0.5, 3.0]])
    assert R.cross_entropy_vjp(S, P).tolist() == [[-2.0, 0.0], [2.0, -3.0]]


def test_label_mass_on_probability_zero_is_infinite():
    S, P = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
    assert R.cross_entropy(S, P) == np.inf
    assert R.cross_entropy_vjp(S, P).tolist() == [[-np.inf], [0.0]]


def test_softmax_cross_entropy():
    assert R.softmax_cross_entropy(LOG_3, np.array([[1.0], [0.0]])) == pytest.approx(1.3862943611198906, rel=1e-15)


@pytest.mark.parametrize(
    ("P", "expected"),
    [([[0.0], [1.0]], [[0.25], [-0.25]]), ([[2.0], [2.0]], [[-1.0], [1.0]]), ([[0.0], [0.0]], [[0.0], [0.0]])],
    ids=["one-hot", "twice-the-mass", "no-mass"],
)
def test_softmax_cross_entropy_vjp(P, expected):
    assert R.softmax_cross_entropy_vjp(LOG_3, np.array(P)) == pytest.approx(np.array(expected), rel=1e-14)


# --- extremes -------------------------------------------------------------------------------------------------------


def test_logits_of_plus_and_minus_a_thousand_never_meet_log_0():
    Z, P = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    assert R.softmax(Z).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert R.softmax_cross_entropy(Z, P) == 4000.0
    assert R.softmax_cross_entropy_vjp(Z, P).tolist() == [[1.0, -1.0], [-1.0, 1.0]]


def test_one_class_is_certain():
    Z, P = np.array([[1000.0, -3.0]]), np.ones((1, 2))
    assert R.softmax(Z).tolist() == [[1.0, 1.0]]
    assert R.softmax_cross_entropy(Z, P) == 0.0
    assert R.softmax_cross_entropy_vjp(Z, P).tolist() == [[0.0, 0.0]]


def test_an_empty_batch_has_loss_zero_and_zero_gradients():
    empty, wide = np.zeros((3, 0)), np.zeros((2, 0))
    assert R.cross_entropy(empty, empty) == R.softmax_cross_entropy(empty, empty) == 0.0
    for found in (R.softmax(empty), R.cross_entropy_vjp(empty, empty), R.softmax_cross_entropy_vjp(empty, empty)):
        assert found.shape == (3, 0)
    dW, dY, db = R.linear_vjp(W, wide, B, empty)
    assert (dW.tolist(), dY.shape, db.tolist()) == ([[0.0, 0.0]] * 3, (2, 0), [0.0] * 3)
    found = R.network_gradients([W], [B], wide, empty)
    assert (found["loss"], found["dW"][0].tolist(), found["db"][0].tolist()) == (0.0, [[0.0, 0.0]] * 3, [0.0] * 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_is_kept(dtype):
    w, y, b, dz = (A.astype(dtype) for A in (W, Y, B, DZ))
    p = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]]).astype(dtype)
    s = R.softmax(dz)
    net = R.network_gradients([w], [b], y, p)
    arrays = [
        R.linear(w, y, b),
        *R.linear_vjp(w, y, b, dz),
        R.relu(dz),
        R.relu_vjp(dz, dz),
        s,
        R.softmax_vjp(dz, p),
        R.cross_entropy_vjp(s, p),
        R.softmax_cross_entropy_vjp(dz, p),
        *(net["dX"], *net["dW"], *net["db"]),
    ]
    assert [A.dtype for A in arrays] == [np.dtype(dtype)] * len(arrays)
    for loss in (R.cross_entropy(s, p), R.softmax_cross_entropy(dz, p), net["loss"]):
        assert np.asarray(loss).dtype == np.dtype(dtype)


# --- network --------------------------------------------------------------------------------------------------------


def test_one_layer_in_literal_numbers():
    # Z = (0, 0): S = (1/2, 1/2), dZ = S − P = (−1/2, 1/2), dW = dZ·Xᵀ, dX = Wᵀ·dZ, L = log 2.
    weights, X, P = [np.array([[1.0], [1.0]])], np.array([[3.0]]), np.array([[1.0], [0.0]])
    found = R.network_gradients(weights, [np.array([-3.0, -3.0])], X, P)
    assert found["loss"] == pytest.approx(0.6931471805599453, rel=1e-15)
    assert [A.tolist() for A in found["dW"]] == [[[-1.5], [1.5]]]
    assert [A.tolist() for A in found["db"]] == [[-0.5, 0.5]]
    assert found["dX"].tolist() == [[0.0]]


def test_three_layers_equal_the_composition_by_hand():
    W1, b1 = np.array([[1.0, -2.0], [0.5, 1.0], [1.0, 1.0]]), np.array([0.0, 0.25, -1.0])
    W2, b2 = np.array([[1.0, 2.0, -1.0], [-3.0, 1.0, 0.5]]), np.array([0.5, 0.0])
    W3, b3 = np.array([[1.0, 1.0], [2.0, -1.0]]), np.array([0.0, 1.0])
    X, P = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 1.0]]), np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    Z1 = W1 @ X + b1[:, None]
    Y1 = np.where(Z1 > 0, Z1, 0)
    Z2 = W2 @ Y1 + b2[:, None]
    Y2 = np.where(Z2 > 0, Z2, 0)
    Z3 = W3 @ Y2 + b3[:, None]
    S = np.exp(Z3) / np.exp(Z3).sum(axis=0)
    assert 0 in Z1  # the kink is met, and its derivative is 1
    dZ3 = S - P
    dZ2 = np.where(Z2 >= 0, W3.T @ dZ3, 0)
    dZ1 = np.where(Z1 >= 0, W2.T @ dZ2, 0)
    found = R.network_gradients([W1, W2, W3], [b1, b2, b3], X, P)
    assert found["loss"] == pytest.approx(-(P * np.log(S)).sum(), rel=1e-14)
    assert found["dX"] == pytest.approx(W1.T @ dZ1, rel=1e-13, abs=1e-14)
    for dW, expected in zip(found["dW"], (dZ1 @ X.T, dZ2 @ Y1.T, dZ3 @ Y2.T), strict=True):
        assert dW == pytest.approx(expected, rel=1e-13, abs=1e-14)
    for db, dZ in zip(found["db"], (dZ1, dZ2, dZ3), strict=True):
        assert db == pytest.approx(dZ.sum(axis=1), rel=1e-13, abs=1e-14)

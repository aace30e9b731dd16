"""The adapter for PyTorch agrees with the reference in the layout it declares; ReLU′(0) is 0, as it declares."""

import ml_dtypes
import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS

pytestmark = pytest.mark.pytorch

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 2.0], [0.0, 0.25, 0.0, 0.0]])


@pytest.fixture
def pytorch():
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    return as_target("pytorch")


def test_it_offers_everything_under_its_declaration(pytorch):
    assert set(pytorch.functions) == set(FUNCTIONS)
    assert pytorch.name == "pytorch"
    assert pytorch.conventions == Conventions(layout="batch-first", relu_at_zero=0)


def test_forward_functions_agree(pytorch):
    call = pytorch.functions
    S = R.softmax(Z)
    np.testing.assert_allclose(call["linear"](W, Y.T, B).T, R.linear(W, Y, B), rtol=1e-14)
    assert call["relu"](Z.T).T.tolist() == R.relu(Z).tolist()
    np.testing.assert_allclose(call["softmax"](Z.T).T, S, rtol=1e-14)
    assert float(call["cross_entropy"](S.T, P.T)) == pytest.approx(R.cross_entropy(S, P), rel=1e-14)
    assert float(call["softmax_cross_entropy"](Z.T, P.T)) == pytest.approx(R.softmax_cross_entropy(Z, P), rel=1e-14)


def test_gradients_agree(pytorch):
    call = pytorch.functions
    S = R.softmax(Z)
    dW, dY, db = call["linear_vjp"](W, Y.T, B, Z.T)
    for found, expected in zip((dW, dY.T, db), R.linear_vjp(W, Y, B, Z), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert call["relu_vjp"](Z.T, P.T).T.tolist() == R.relu_vjp(Z, P).tolist()
    np.testing.assert_allclose(call["softmax_vjp"](Z.T, P.T).T, R.softmax_vjp(Z, P), rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(call["cross_entropy_vjp"](S.T, P.T).T, R.cross_entropy_vjp(S, P), rtol=1e-14)
    found = call["softmax_cross_entropy_vjp"](Z.T, P.T).T
    np.testing.assert_allclose(found, R.softmax_cross_entropy_vjp(Z, P), rtol=1e-13, atol=1e-15)


def test_a_network_agrees(pytorch):
    weights, biases = [W, np.array([[1.0, -1.0, 0.5], [0.25, 1.0, 2.0], [1.0, 0.0, -1.0]])], [B, -B]
    found = pytorch.functions["network_gradients"](weights, biases, Y.T, P.T)
    expected = R.network_gradients(weights, biases, Y, P)
    assert float(found["loss"]) == pytest.approx(expected["loss"], rel=1e-14)
    np.testing.assert_allclose(found["dX"].T, expected["dX"], rtol=1e-12, atol=1e-14)
    for name in ("dW", "db"):
        assert [A.shape for A in found[name]] == [A.shape for A in expected[name]]
        for A, wanted in zip(found[name], expected[name], strict=True):
            np.testing.assert_allclose(A, wanted, rtol=1e-12, atol=1e-14)


def test_the_derivative_of_relu_at_zero_is_zero(pytorch):
    found = pytorch.functions["relu_vjp"](np.array([[-1.0, 0.0, 2.0]]), np.array([[3.0, 4.0, 5.0]]))
    assert found.tolist() == [[0.0, 0.0, 5.0]]


def test_an_unlabelled_class_of_probability_zero_contributes_nothing(pytorch):
    S, labels = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    assert float(pytorch.functions["cross_entropy"](S, labels)) == 0.0
    assert pytorch.functions["cross_entropy_vjp"](S, labels).tolist() == [[0.0, -1.0]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_the_dtype_is_kept_and_inputs_are_left_alone(pytorch, dtype):
    arguments = [A.astype(dtype) for A in (W, Y.T, B, Z.T)]
    before = [A.tobytes() for A in arguments]
    assert [A.dtype for A in pytorch.functions["linear_vjp"](*arguments)] == [np.dtype(dtype)] * 3
    assert pytorch.functions["softmax"](arguments[3]).dtype == np.dtype(dtype)
    assert [A.tobytes() for A in arguments] == before


def test_an_empty_batch_has_loss_zero_and_zero_gradients(pytorch):
    found = pytorch.functions["network_gradients"]([W], [B], np.zeros((0, 2)), np.zeros((0, 3)))
    assert (float(found["loss"]), found["dX"].shape) == (0.0, (0, 2))
    assert (found["dW"][0].tolist(), found["db"][0].tolist()) == ([[0.0, 0.0]] * 3, [0.0] * 3)

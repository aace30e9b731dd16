"""contract: whatever the values, inputs stay as they were, and what comes back has the structure, shape and dtype."""

import ml_dtypes
import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties import contract
from backproof_properties.contract import Declined, Raised
from backproof_properties.judge import Refuted

CASE = {
    "W": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    "Y": np.array([[1.0], [-1.0]]),
    "b": np.array([1.0, 2.0, 3.0]),
    "dZ": np.array([[1.0], [0.0], [-1.0]]),
}
COLUMN = {
    "Z": np.array([[1.0], [2.0], [3.0]]),
    "S": np.full((3, 1), 0.25),
    "P": np.array([[1.0], [0.0], [0.0]]),
    "dS": np.array([[1.0], [0.0], [0.0]]),
    "dY": np.array([[1.0], [0.0], [0.0]]),
}
NETWORK = {
    "weights": [np.ones((2, 1)), np.ones((2, 2))],
    "biases": [np.zeros(2), np.zeros(2)],
    "X": np.array([[1.0, 2.0, 3.0]]),
    "P": np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
}


def _call(name, function, case, wanted, **declared):
    return contract.call(as_target({name: function}, Conventions(**declared)), name, case, wanted)


def _refusal(name, function, case, wanted, **declared):
    with pytest.raises(Refuted) as raised:
        _call(name, function, case, wanted, **declared)
    return str(raised.value)


def _gradients(**changes):
    return lambda *arguments: {**R.network_gradients(*arguments), **changes}


# --- what is admitted -----------------------------------------------------------------------------------------------


def test_each_output_is_returned_as_it_came():
    assert _call("linear", R.linear, CASE, "Z").tolist() == [[0.0], [1.0], [2.0]]
    assert _call("linear_vjp", R.linear_vjp, CASE, "dW").tolist() == [[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]]
    assert _call("linear_vjp", R.linear_vjp, CASE, "dY").tolist() == [[-4.0], [-4.0]]
    assert _call("linear_vjp", R.linear_vjp, CASE, "db").tolist() == [1.0, 0.0, -1.0]
    assert _call("linear_vjp", lambda *a: list(R.linear_vjp(*a)), CASE, "db").tolist() == [1.0, 0.0, -1.0]
    assert _call("relu", R.relu, COLUMN, "Y").tolist() == [[1.0], [2.0], [3.0]]


def test_outputs_come_back_in_the_canonical_layout():
    def vjp(W, Y, b, dZ):
        return tuple(A.T for A in R.linear_vjp(W.T, Y.T, b, dZ.T))

    found = [
        _call("linear_vjp", vjp, CASE, wanted, layout="batch-first", weights="in-out").tolist()
        for wanted in ("dW", "dY", "db")
    ]
    assert found == [[[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]], [[-4.0], [-4.0]], [1.0, 0.0, -1.0]]


@pytest.mark.parametrize("loss", [2.0, np.float32(2), np.array(2.0), ml_dtypes.bfloat16(2), 2], ids=repr)
def test_a_loss_is_any_one_real_number(loss):
    found = _call("cross_entropy", lambda *_: loss, COLUMN, "L")
    assert (found.shape, float(found)) == ((), 2.0)


def test_optional_outputs_of_a_network_may_be_missing():
    for wanted in ("loss", "dX"):
        assert _call("network_gradients", _gradients(**{wanted: None}), NETWORK, wanted) is None
        assert _call("network_gradients", lambda *_: {}, NETWORK, wanted) is None
    found = _call("network_gradients", R.network_gradients, NETWORK, "dW")
    assert [A.shape for A in found] == [(2, 1), (2, 2)]


def test_floating_point_warnings_of_a_target_are_its_own_affair():
    assert np.isinf(_call("relu", lambda Z: Z / np.zeros_like(Z), COLUMN, "Y")).all()


# --- inputs unchanged -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_changed_argument_is_named(place):
    def vjp(*arguments):
        found = R.linear_vjp(*arguments)
        arguments[place][...] = arguments[place] + 1
        return found

    name = ("W", "Y", "b", "dZ")[place]
    expected = f"linear_vjp: changed its argument {name} in place; expected inputs to stay as they were"
    assert _refusal("linear_vjp", vjp, CASE, "dW") == expected
    assert CASE["W"].tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def test_a_zero_whose_sign_changes_is_a_change():
    def relu(Z):
        Z *= -1
        return Z

    assert "changed its argument Z" in _refusal("relu", relu, {"Z": np.zeros((1, 1))}, "Y")


@pytest.mark.parametrize(
    "change",
    [
        lambda W, _: W.pop(),
        lambda W, _: W.__setitem__(0, W[0] + 1),
        lambda W, _: W.__setitem__(0, W[0].tolist()),
        lambda W, _: W.__setitem__(0, None),
    ],
    ids=["shorter", "another-array", "nested-lists", "none"],
)
def test_a_changed_list_of_weights_is_named(change):
    def network(W, b, X, P):
        found = R.network_gradients(list(W), b, X, P)
        change(W, b)
        return found

    assert "changed its argument weights" in _refusal("network_gradients", network, NETWORK, "dW")


# --- structure, shape, dtype ----------------------------------------------------------------------------------------


def test_a_wrong_tuple():
    expected = "linear_vjp: returned 2 values, expected a tuple: dW, dY, db"
    assert _refusal("linear_vjp", lambda *a: R.linear_vjp(*a)[:2], CASE, "dW") == expected
    expected = "linear_vjp: returned dict, expected a tuple: dW, dY, db"
    assert _refusal("linear_vjp", lambda *_: {}, CASE, "dW") == expected


def test_no_array_is_expected_from_a_single_output_in_a_tuple():
    expected = "relu.Y: returned tuple, expected a NumPy array of float64, shape (3, 1)"
    assert _refusal("relu", lambda Z: (Z,), COLUMN, "Y") == expected


def test_a_list_instead_of_an_array():
    expected = "softmax_vjp.dZ: returned list, expected a NumPy array of float64, shape (3, 1)"
    assert _refusal("softmax_vjp", lambda Z, _: Z.tolist(), COLUMN, "dZ") == expected
    assert _refusal("relu", lambda _: None, COLUMN, "Y").startswith("relu.Y: returned NoneType, expected")


def test_a_wrong_shape_and_the_hint_that_it_is_transposed():
    def transposed(*arguments):
        dW, dY, db = R.linear_vjp(*arguments)
        return dW.T, dY, db[:, None]

    expected = "linear_vjp.dW: shape (2, 3), expected (3, 2) = shape of W: is the result transposed?"
    assert _refusal("linear_vjp", transposed, CASE, "dW") == expected
    assert _refusal("linear_vjp", transposed, CASE, "db") == "linear_vjp.db: shape (3, 1), expected (3,) = shape of b"
    expected = "softmax.S: shape (3,), expected (3, 1)"
    assert _refusal("softmax", lambda Z: Z[:, 0].copy(), COLUMN, "S") == expected


def test_a_wrong_shape_is_told_in_the_targets_own_layout():
    expected = "relu_vjp.dZ: shape (3, 1), expected (1, 3) = shape of Z: is the result transposed?"
    assert _refusal("relu_vjp", lambda Z, _: Z.T.copy(), COLUMN, "dZ", layout="batch-first") == expected


def test_a_wrong_dtype():
    expected = "relu.Y: dtype float32, expected float64, that of the inputs"
    assert _refusal("relu", lambda Z: Z.astype(np.float32), COLUMN, "Y") == expected


@pytest.mark.parametrize(
    ("loss", "got"),
    [
        (np.array([2.0]), "shape (1,)"),
        ([2.0], "shape (1,)"),
        (np.array([[2.0]]), "shape (1, 1)"),
        (2j, "array of complex128"),
        (True, "array of bool"),
        (None, "array of object"),
        ("2", "array of <U1"),
    ],
    ids=repr,
)
def test_a_loss_that_is_not_one_real_number(loss, got):
    expected = f"cross_entropy.L: {got}, expected one real number: the loss"
    assert _refusal("cross_entropy", lambda *_: loss, COLUMN, "L") == expected


class Unreadable:
    """What NumPy cannot convert, as a tensor that requires its gradient."""

    def __array__(self, dtype=None, copy=None):
        msg = "Can't call numpy() on Tensor that requires grad"
        raise RuntimeError(msg)


@pytest.mark.parametrize("loss", [[[1.0], [1.0, 2.0]], Unreadable()], ids=["ragged", "unreadable"])
def test_a_loss_that_numpy_cannot_read_is_refused(loss):
    message = _refusal("cross_entropy", lambda *_: loss, COLUMN, "L")
    assert message.startswith("cross_entropy.L: ")
    assert message.endswith("expected one real number: the loss")


# --- networks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["loss", "dX", "dW", "db"])
def test_a_network_result_that_is_no_dict(wanted):
    expected = "network_gradients: returned tuple, expected a dict with dW, db and perhaps loss, dX"
    assert _refusal("network_gradients", lambda *_: (), NETWORK, wanted) == expected


def test_a_wrong_number_of_layers():
    one = _gradients(dW=[np.ones((2, 1))])
    expected = "network_gradients.dW: got 1 entries, expected a list of 2 arrays, one for each layer"
    assert _refusal("network_gradients", one, NETWORK, "dW") == expected
    expected = "network_gradients.db: got NoneType, expected a list of 2 arrays, one for each layer"
    assert _refusal("network_gradients", _gradients(db=None), NETWORK, "db") == expected


def test_a_layer_of_the_wrong_shape_is_named():
    wrong = _gradients(dW=[np.ones((1, 2)), np.ones((2, 2))])
    expected = "network_gradients.dW[0]: shape (1, 2), expected (2, 1) = shape of W: is the result transposed?"
    assert _refusal("network_gradients", wrong, NETWORK, "dW") == expected
    wrong = _gradients(db=[np.zeros(2), np.zeros(2, dtype=np.float32)])
    expected = "network_gradients.db[1]: dtype float32, expected float64, that of the inputs"
    assert _refusal("network_gradients", wrong, NETWORK, "db") == expected


def test_dx_is_of_the_shape_of_x_and_the_loss_is_one_number():
    expected = "network_gradients.dX: shape (3, 1), expected (1, 3) = shape of X: is the result transposed?"
    assert _refusal("network_gradients", _gradients(dX=np.ones((3, 1))), NETWORK, "dX") == expected
    expected = "network_gradients.loss: shape (3,), expected one real number: the loss"
    assert _refusal("network_gradients", _gradients(loss=np.ones(3)), NETWORK, "loss") == expected


def test_not_implemented_is_how_a_function_declines():
    def relu(_):
        raise NotImplementedError

    with pytest.raises(Declined, match="NotImplementedError"):
        _call("relu", relu, COLUMN, "Y")


# --- exceptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no"), "ValueError: no"),
        (KeyError("Z"), "KeyError"),
        (SystemExit(0), "SystemExit: 0"),
    ],
    ids=repr,
)
def test_a_target_that_raises(error, said):
    def relu(_):
        raise error

    with pytest.raises(Raised) as raised:
        _call("relu", relu, COLUMN, "Y")
    assert str(raised.value).startswith(f"relu: raised {said}")
    assert raised.value.__cause__ is error


def test_an_interruption_by_the_user_is_not_the_targets():
    def relu(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _call("relu", relu, COLUMN, "Y")

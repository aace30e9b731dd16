"""Usage: memory layout and earlier calls make no difference to a right target; each way to get them wrong is seen."""

import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.calling import Call
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_impl.memory import MEMORY
from backproof_properties import contract
from backproof_properties.arrays import NUMPY_DTYPES
from backproof_properties.contract import Raised, Usage
from backproof_properties.judge import Refuted

CASE = {"W": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "Y": np.ones((3, 2)), "b": np.ones(2), "dZ": np.eye(2)}
SQUARE = {"Z": np.array([[1.0, -2.0], [3.0, -4.0]]), "dY": np.array([[1.0, 2.0], [3.0, 4.0]])}


def _refusal(functions, name, case, wanted, usage):
    with pytest.raises(Refuted) as raised:
        contract.call(as_target(functions), name, case, wanted, usage)
    return str(raised.value)


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", MEMORY)
def test_every_memory_layout_holds_the_same_values(memory):
    for A in (CASE["W"], CASE["b"], np.zeros((0, 3)), np.array([3, 1, 2])):
        placed = Call("relu", {"Z": A}, {"Z": memory}).placed()["Z"]
        assert (placed.tolist(), placed.shape, placed.dtype) == (A.tolist(), A.shape, A.dtype)
        assert not np.may_share_memory(placed, A)


def test_memory_layouts_are_what_they_say():
    placed = {memory: Call("relu", {"Z": CASE["W"]}, {"Z": memory}).placed()["Z"] for memory in MEMORY}
    assert placed["contiguous"].flags.c_contiguous
    assert placed["fortran"].flags.f_contiguous
    assert not placed["fortran"].flags.c_contiguous
    assert not placed["strided"].flags.forc
    assert placed["strided"].strides == (96, 16)
    assert placed["reversed"].strides == (-24, -8)
    assert not placed["read-only"].flags.writeable


EVEN = {
    "rows": (np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]), (8, 0)),
    "columns": (np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]), (0, 8)),
    "everywhere": (np.ones((2, 3)), (0, 0)),
    "vector": (np.zeros(3), (0,)),
    "nowhere": (CASE["W"], (24, 8)),
    "zeros of both signs": (np.array([[0.0, -0.0], [-0.0, 0.0]]), (16, 8)),
    "empty": (np.zeros((0, 3)), (24, 8)),
    "integers": (np.array([2, 2]), (0,)),
}


@pytest.mark.parametrize(("A", "strides"), EVEN.values(), ids=EVEN)
def test_broadcast_arrays_have_a_stride_of_0_where_they_are_the_same(A, strides):
    placed = Call("relu", {"Z": A}, {"Z": "broadcast"}).placed()["Z"]
    assert (placed.tobytes(), placed.strides, placed.flags.writeable) == (A.tobytes(), strides, True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_what_follows_a_broadcast_array_in_memory_is_no_number(dtype):
    placed = Call("relu", {"Z": np.ones((2, 3), NUMPY_DTYPES[dtype])}, {"Z": "broadcast"}).placed()["Z"]
    read = np.lib.stride_tricks.as_strided(placed, strides=(3 * placed.itemsize, placed.itemsize))
    assert (placed.dtype, np.isnan(read.astype(float)).sum()) == (NUMPY_DTYPES[dtype], 5)


def test_shared_arguments_are_one_array_where_they_are_equal():
    W = np.eye(2)
    arguments = {"weights": [W, W.copy(), np.ones((2, 2))], "biases": [np.ones(2)], "X": W.copy(), "P": W.astype("f4")}
    placed = Call("network_gradients", arguments, dict.fromkeys(arguments, "shared")).placed()
    first, second, third = placed["weights"]
    assert first is second is placed["X"]
    assert len({id(A) for A in (first, third, placed["P"], placed["biases"][0], W)}) == 5


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("argument", [0, 3, 4])
def test_the_reference_answers_alike_in_every_layout(memory, argument):
    usage = Usage(memory, argument, history=True)
    found = contract.call(as_target(R), "linear_vjp", CASE, "dW", usage)
    assert found.tolist() == R.linear_vjp(*CASE.values())[0].tolist()


def test_usage_in_words():
    functions = ("linear_vjp",)
    assert Usage().described(functions) is None
    assert Usage("broadcast", 3).described(functions) == "dZ with a stride of 0 where its values are equal"
    assert Usage("shared").described(functions) == "one and the same array for equal arguments"
    assert Usage(argument=1, integers=True, stale=True).described(functions) == (
        "Y as int64; after a forward pass of other inputs"
    )
    assert Usage("fortran", 3).described(functions) == "dZ in Fortran order"
    assert Usage("read-only", 4, history=True).described(functions) == (
        "every argument read-only; after calls with these and with other inputs"
    )
    assert Usage("reversed", 1).described(("linear", "relu")) == "Y a view with negative strides"
    assert Usage(labels="uint8").described(("cross_entropy",)) == "class numbers as uint8"
    assert Usage(labels="uint8").described(functions) is None


def test_class_numbers_come_in_the_integer_format_asked_for():
    seen = []
    target = as_target({"cross_entropy": lambda _, P: seen.append(P) or 0.0}, Conventions(labels="index"))
    case = {"S": np.full((3, 2), 0.5), "P": np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])}
    contract.call(target, "cross_entropy", case, "L", Usage(labels="uint8"))
    assert [(P.dtype.name, P.tolist()) for P in seen] == [("uint8", [2, 0])]


# --- aliasing and buffers -------------------------------------------------------------------------------------------


def test_a_result_in_the_memory_of_an_argument_is_refused():
    expected = (
        "relu.Y: shares memory with the argument Z: who changes one changes the other; expected memory of its own"
    )
    assert _refusal({"relu": lambda Z: Z.T.T}, "relu", SQUARE, "Y", Usage()) == expected


def test_only_the_output_that_is_judged_is_held_to_it():
    def vjp(W, Y, b, dZ):
        return *R.linear_vjp(W, Y, b, dZ)[:2], dZ[:, 0]

    assert contract.call(as_target({"linear_vjp": vjp}), "linear_vjp", CASE, "dW").shape == (2, 3)
    assert "db: shares memory with the argument dZ" in _refusal({"linear_vjp": vjp}, "linear_vjp", CASE, "db", Usage())


def test_a_buffer_that_later_calls_overwrite_is_refused():
    buffer = np.empty((2, 2))

    def relu(Z):
        buffer[...] = np.maximum(Z, 0)
        return buffer

    assert contract.call(as_target({"relu": relu}), "relu", SQUARE, "Y").tolist() == [[1.0, 0.0], [3.0, 0.0]]
    expected = (
        "relu.Y: an earlier call's result changed when it was called again; "
        "expected every result to have memory of its own"
    )
    assert _refusal({"relu": relu}, "relu", SQUARE, "Y", Usage(history=True)) == expected


# --- history --------------------------------------------------------------------------------------------------------


def test_the_calls_before_are_forward_and_backward_on_these_and_on_other_inputs():
    seen = []

    def relu(Z):
        seen.append(("relu", Z.tolist()))
        return np.maximum(Z, 0)

    def vjp(Z, dY):
        seen.append(("relu_vjp", Z.tolist()))
        return dY * (Z >= 0)

    contract.call(as_target({"relu": relu, "relu_vjp": vjp}), "relu_vjp", SQUARE, "dZ", Usage(history=True))
    these, others = [[1.0, -2.0], [3.0, -4.0]], [[-2.0, 1.5], [-1.0, 0.5]]
    names = ("relu", "relu_vjp")
    assert seen == [*((name, Z) for Z in (these, others) for name in names), ("relu_vjp", these)]


def test_other_inputs_keep_labels_valid_and_shapes_and_formats_alike():
    case = {"P": np.array([[1.0, 0.5], [0.0, 0.5]]), "weights": [np.float32([[2, 4, 6]])]}
    found = contract.others(case)
    assert found["P"].tolist() == [[0.5, 0.0], [0.5, 1.0]]
    assert found["weights"][0].tolist() == [[3.0, 2.0, 1.0]]
    assert found["weights"][0].dtype == np.float32


def test_a_forward_pass_that_fails_is_not_held_against_the_backward_pass():
    def relu(_):
        raise ValueError

    target = as_target({"relu": relu, "relu_vjp": R.relu_vjp})
    assert contract.call(target, "relu_vjp", SQUARE, "dZ", Usage(history=True)).tolist() == [[1.0, 0.0], [3.0, 0.0]]
    with pytest.raises(Raised, match="relu: raised ValueError"):
        contract.call(target, "relu", SQUARE, "Y", Usage(history=True))


def test_a_forward_pass_of_other_inputs_may_come_before():
    seen = []
    functions = {"relu": lambda Z: seen.append(Z[0, 0]) or R.relu(Z), "relu_vjp": R.relu_vjp}
    contract.call(as_target(functions), "relu_vjp", SQUARE, "dZ", Usage(stale=True))
    assert seen == [-2.0]  # the last entry of Z, halved
    contract.call(as_target(functions), "relu", SQUARE, "Y", Usage(stale=True))
    assert seen == [-2.0, 1.0]


# --- arrays of integers ---------------------------------------------------------------------------------------------

WHOLE = {**CASE, "W": np.array([[1.0, 2.0, -3.0], [0.0, 5.0, 6.0]])}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("argument", "wanted"), [(0, "dW"), (0, "dY"), (1, "dW"), (2, "db")])
def test_the_reference_takes_integers_for_any_argument_but_the_cotangent(dtype, argument, wanted):
    case = {name: A.astype(dtype) for name, A in WHOLE.items()}
    usage = Usage(argument=argument, integers=True)
    found = contract.call(as_target(R), "linear_vjp", case, wanted, usage)
    assert (found.dtype, found.tolist()) == (
        np.dtype(dtype),
        contract.call(as_target(R), "linear_vjp", case, wanted).tolist(),
    )


def test_a_result_in_integers_is_refused():
    def vjp(Z, dY):
        dZ = np.zeros_like(Z)
        dZ[...] = dY * (Z >= 0)
        return dZ

    assert _refusal({"relu_vjp": vjp}, "relu_vjp", SQUARE, "dZ", Usage(integers=True)) == (
        "relu_vjp.dZ: dtype int64, expected float64, that of the inputs"
    )


@pytest.mark.parametrize("error", [TypeError, NotImplementedError])
def test_who_refuses_integers_is_asked_again_with_floating_numbers(error):
    seen = []

    def relu_vjp(Z, dY):
        seen.append(Z.dtype.name)
        if Z.dtype.kind == "i":
            raise error
        return R.relu_vjp(Z, dY)

    target = as_target({"relu_vjp": relu_vjp})
    found = contract.call(target, "relu_vjp", SQUARE, "dZ", Usage(integers=True))
    assert (found.tolist(), seen) == (R.relu_vjp(*SQUARE.values()).tolist(), ["int64", "float64"])

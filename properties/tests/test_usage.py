"""Usage: memory layout and earlier calls make no difference to a right target; each way to get them wrong is seen."""

import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.calling import Call
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_impl.memory import MEMORY
from backproof_properties import contract
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


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("argument", [0, 3, 4])
def test_the_reference_answers_alike_in_every_layout(memory, argument):
    usage = Usage(memory, argument, history=True)
    found = contract.call(as_target(R), "linear_vjp", CASE, "dW", usage)
    assert found.tolist() == R.linear_vjp(*CASE.values())[0].tolist()


def test_usage_in_words():
    functions = ("linear_vjp",)
    assert Usage().described(functions) is None
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

"""protocol: every number reads back bit by bit, every malformed message is one clear line, the schema says the same."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof_impl import protocol
from backproof_impl.calling import Answer, Call, Unlike
from backproof_impl.conventions import DTYPES, FIELDS, OUTPUTS, SCALES, Conventions, Limits, UsageError
from backproof_impl.memory import MEMORY
from backproof_impl.protocol import Malformed, decoded, encoded
from backproof_impl.seen import Kept
from backproof_impl.target import FUNCTIONS

SCHEMA_PATH = Path(__file__).parents[2] / "docs" / "protocol" / "protocol.schema.json"
SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
DEFINED = SCHEMA["$defs"]
FLOATS = {name: np.dtype(getattr(ml_dtypes, name, name)) for name in DTYPES}
INTEGERS = ("int64", "int32", "uint8")


def satisfies(definition, message):
    schema = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{definition}", "$defs": DEFINED}
    return jsonschema.Draft202012Validator(schema).is_valid(message)


def sent(message):
    """The message after it has been a line."""
    return protocol.read(protocol.line(message))


def same(A, B):
    return (A.dtype, A.shape, A.tobytes()) == (B.dtype, B.shape, B.tobytes())


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLOATS)
def test_special_values_read_back_bit_by_bit(name):
    about = ml_dtypes.finfo(FLOATS[name])
    step, normal, largest = (float(x) for x in (about.smallest_subnormal, about.smallest_normal, about.max))
    magnitudes = [
        0.0,
        step,
        3 * step,
        normal - step,
        normal,
        normal + step,
        1 / 3,
        1 - float(about.epsneg),
        1,
        0.1,
        np.pi,
    ]
    magnitudes += [1 + float(about.eps), largest, np.inf]
    A = np.array([*magnitudes, *(-x for x in magnitudes), np.nan]).astype(FLOATS[name])
    found = decoded("A", sent({"type": "x", "A": encoded(A)})["A"])
    assert same(found, A)
    assert np.signbit(found[A == 0]).tolist() == [False, True]
    assert satisfies("array", encoded(A))
    assert satisfies("argument", encoded(A))


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data())
def test_any_number_reads_back_bit_by_bit(name, data):
    size = FLOATS[name].itemsize
    A = np.frombuffer(data.draw(st.binary(min_size=4 * size, max_size=4 * size)), FLOATS[name]).copy()
    with np.errstate(invalid="ignore"):  # a signalling nan
        A[np.isnan(A)] = np.nan  # the sign and payload of nan are not sent
    assert same(decoded("A", sent({"type": "x", "A": encoded(A)})["A"]), A)


@pytest.mark.parametrize("name", INTEGERS)
def test_whole_numbers_read_back(name):
    about = np.iinfo(name)
    A = np.array([about.min, about.max, 0, 1], name)
    assert same(decoded("A", sent({"type": "x", "A": encoded(A)})["A"]), A)
    assert satisfies("array", encoded(A))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (1, 1), (2, 3), (2, 3, 4)])
def test_shapes_read_back_and_data_is_row_major(shape):
    A = np.arange(np.prod(shape, dtype=int), dtype=np.float64).reshape(shape)
    for place in MEMORY.values() if shape else [np.copy]:
        data = encoded(place(A))
        assert data == {"dtype": "float64", "shape": list(shape), "data": [repr(float(k)) for k in range(A.size)]}
        assert same(decoded("A", data), A)
        assert satisfies("array", data)


def test_lists_of_arrays_and_what_is_no_array():
    A, B = np.ones((2, 1)), np.zeros(1, np.float32)
    assert [same(found, given) for found, given in zip(decoded("dW", encoded([A, B])), [A, B], strict=True)] == [
        True
    ] * 2
    assert decoded("dW", encoded([])) == []
    assert decoded("dW", encoded(Unlike("tuple"))) == Unlike("tuple")
    assert decoded("dW", encoded(np.ones(1, np.complex128))) == Unlike("array of complex128")


def test_memory_is_told_where_it_is_not_contiguous():
    A = np.ones((2, 2))
    assert "memory" not in encoded(A)
    assert [entry["memory"] for entry in encoded([A, A], "strided")] == ["strided", "strided"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1.8p+1", 3.0),
        ("-0X1P-1074", -(2.0**-1074)),
        ("0x.8", 0.5),
        ("+0xA.p0", 10.0),
        ("1e400", np.inf),
        ("+1.5E+3", 1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("4.9406564584124654e-324", 2.0**-1074),
        ("0.1000000000000000055511151231257827", 0.1),
        ("NaN", np.nan),
        ("-Infinity", -np.inf),
        ("-nan", np.nan),
        (3, 3.0),
        (-0.25, -0.25),
        (1e-320, 1e-320),
    ],
)
def test_other_spellings_of_numbers_are_understood(text, value):
    data = {"dtype": "float64", "shape": [1], "data": [text]}
    np.testing.assert_array_equal(decoded("A", data), np.array([value]))
    assert satisfies("array", data)


def test_a_number_between_two_of_a_shorter_format_is_rounded():
    data = {"dtype": "bfloat16", "shape": [2], "data": ["1.001", "1e39"]}
    assert decoded("A", data).astype(float).tolist() == [1.0, np.inf]


# --- malformed arrays -------------------------------------------------------------------------------------------------


def array(dtype="float64", shape=(1,), data=("1.0",)):
    return {"dtype": dtype, "shape": list(shape), "data": list(data)}


NO_ARRAY = "expected an array: an object with dtype, shape and data"
NO_DTYPE = "expected one of float16, float32, float64, int64, int32, uint8, bfloat16"
NO_SIZES = "expected a list of sizes"
NO_NUMBER = "expected a number as a decimal string, nan, inf or -inf"
NO_INT64 = f"expected a whole number from {-(2**63)} to {2**63 - 1}"
NO_INT32 = f"expected a whole number from {-(2**31)} to {2**31 - 1}"
NO_UINT8 = "expected a whole number from 0 to 255"
MALFORMED_ARRAYS = {
    "nothing": (None, f"Y is null, {NO_ARRAY}"),
    "a number": (3.5, f"Y is 3.5, {NO_ARRAY}"),
    "a string": ("1.0", f"Y is '1.0', {NO_ARRAY}"),
    "numbers": ([1.0, 2.0], f"Y[0] is 1.0, {NO_ARRAY}"),
    "lists of numbers": ([[1.0, None, True], [2.0]], f"Y[0] is [1.0, null, true], {NO_ARRAY}"),
    "brackets": (json.loads("[" * 900 + "]" * 900), f"Y[0] is {'[' * 60}…, {NO_ARRAY}"),
    "an empty object": ({}, f"Y: dtype is null, {NO_DTYPE}"),
    "another dtype": (array("double"), f"Y: dtype is 'double', {NO_DTYPE}"),
    "truths": (array("bool", data=("True",)), f"Y: dtype is 'bool', {NO_DTYPE}"),
    "a dtype that is a list": (array(["float64"]), f'Y: dtype is ["float64"], {NO_DTYPE}'),
    "no shape": ({"dtype": "float64", "data": ["1.0"]}, f"Y: shape is null, {NO_SIZES}"),
    "a shape that is a number": ({**array(), "shape": 1}, f"Y: shape is 1, {NO_SIZES}"),
    "a negative size": (array(shape=(-1,)), f"Y: shape is [-1], {NO_SIZES}"),
    "a size of one half": (array(shape=(0.5,)), f"Y: shape is [0.5], {NO_SIZES}"),
    "a size that is true": (array(shape=(True,)), f"Y: shape is [true], {NO_SIZES}"),
    "a size in a string": (array(shape=("1",)), f'Y: shape is ["1"], {NO_SIZES}'),
    "a size without end": (array(shape=(np.inf,)), f"Y: shape is [Infinity], {NO_SIZES}"),
    "an enormous size": (array(shape=(0, 10**30), data=()), f"Y: shape is [0, 1{'0' * 30}], {NO_SIZES}"),
    "a nested shape": (array(shape=([1],)), f"Y: shape is [[1]], {NO_SIZES}"),
    "nine dimensions": (array(shape=(1,) * 9), f"Y: shape is [{', '.join('1' * 9)}], {NO_SIZES}"),
    "no data": ({"dtype": "float64", "shape": []}, "Y: data holds null, expected a flat list of 1 for shape ()"),
    "data in a string": ({**array(), "data": "1"}, "Y: data holds '1', expected a flat list of 1 for shape (1,)"),
    "too few numbers": (array(shape=(2, 3)), "Y: data holds 1 numbers, expected a flat list of 6 for shape (2, 3)"),
    "too many numbers": (
        array(shape=(), data=(1, 2)),
        "Y: data holds 2 numbers, expected a flat list of 1 for shape ()",
    ),
    "numbers for none": (array(shape=(0, 3)), "Y: data holds 1 numbers, expected a flat list of 0 for shape (0, 3)"),
    "nested data": (
        array(shape=(2, 2), data=([1, 2], [3, 4])),
        "Y: data holds 2 numbers, expected a flat list of 4 for shape (2, 2)",
    ),
    "a nested number": (array(data=([1.0],)), f"Y.data[0] is [1.0], {NO_NUMBER}"),
    "a null": (array(data=(None,)), f"Y.data[0] is null, {NO_NUMBER}"),
    "a truth": (array(data=(True,)), f"Y.data[0] is true, {NO_NUMBER}"),
    "a word": (array(data=("one",)), f"Y.data[0] is 'one', {NO_NUMBER}"),
    "an empty string": (array(data=("",)), f"Y.data[0] is '', {NO_NUMBER}"),
    "a comma": (array(shape=(2,), data=("1", "1,5")), f"Y.data[1] is '1,5', {NO_NUMBER}"),
    "an underscore": (array(data=("1_0",)), f"Y.data[0] is '1_0', {NO_NUMBER}"),
    "blanks": (array(data=(" 1\n",)), f"Y.data[0] is ' 1\\n', {NO_NUMBER}"),
    "digits of another script": (array(data=("١",)), f"Y.data[0] is '١', {NO_NUMBER}"),
    "Microsoft's nan": (array(data=("1.#IND",)), f"Y.data[0] is '1.#IND', {NO_NUMBER}"),
    "half a hexadecimal": (array(data=("0x",)), f"Y.data[0] is '0x', {NO_NUMBER}"),
    "too large a hexadecimal": (array(data=("0x1p1024",)), f"Y.data[0] is '0x1p1024', {NO_NUMBER}"),
    "too large a JSON number": (array(data=(10**400,)), f"Y.data[0] is 1{'0' * 59}…, {NO_NUMBER}"),
    "a long text": (array(data=("x" * 99,)), f"Y.data[0] is '{'x' * 59}…, {NO_NUMBER}"),
    "a fraction among whole numbers": (array("int64", data=("1.5",)), f"Y.data[0] is '1.5', {NO_INT64}"),
    "a JSON fraction among whole numbers": (array("int64", data=(1.5,)), f"Y.data[0] is 1.5, {NO_INT64}"),
    "a truth among whole numbers": (array("int64", data=(True,)), f"Y.data[0] is true, {NO_INT64}"),
    "a plus among whole numbers": (array("int64", data=("+1",)), f"Y.data[0] is '+1', {NO_INT64}"),
    "nan among whole numbers": (array("int32", data=("nan",)), f"Y.data[0] is 'nan', {NO_INT32}"),
    "a JSON nan among whole numbers": (array("int64", data=(np.nan,)), f"Y.data[0] is NaN, {NO_INT64}"),
    "too many digits": (array("int32", data=("0" * 60,)), f"Y.data[0] is '{'0' * 59}…, {NO_INT32}"),
    "too large for int64": (array("int64", data=(str(2**63),)), f"Y.data[0] is '{2**63}', {NO_INT64}"),
    "too large for int32": (array("int32", data=(2**31,)), f"Y.data[0] is {2**31}, {NO_INT32}"),
    "too large for uint8": (array("uint8", data=("300",)), f"Y.data[0] is '300', {NO_UINT8}"),
    "negative for uint8": (array("uint8", data=("-1",)), f"Y.data[0] is '-1', {NO_UINT8}"),
}
BEYOND_A_SCHEMA = {
    *("too few numbers", "too many numbers", "numbers for none"),
    *("too large a hexadecimal", "too large for int64", "too large for int32", "too large for uint8"),
    "negative for uint8",
}
"""No schema says that data holds the product of shape, or how large a number in a string is."""


@pytest.mark.parametrize("name", MALFORMED_ARRAYS)
def test_a_malformed_array_is_refused_in_one_line_and_by_the_schema(name):
    data, message = MALFORMED_ARRAYS[name]
    with pytest.raises(Malformed) as caught:
        decoded("Y", data)
    assert str(caught.value) == message
    assert satisfies("array", data) is (name in BEYOND_A_SCHEMA)


def test_truths_are_no_numbers():
    assert decoded("A", encoded(np.array([True, False]))) == Unlike("array of bool")


def test_a_whole_number_may_be_written_as_2_0():
    sizes, numbers = array(shape=(2.0, 0.0, 3), data=()), array("uint8", (2,), (2.0, "3"))
    assert decoded("Y", sizes).shape == (2, 0, 3)
    assert decoded("Y", numbers).tolist() == [2, 3]
    assert satisfies("array", sizes)
    assert satisfies("array", numbers)
    limited = {**STARTED, "conventions": {"limits": {"depth": 2.0}}}
    assert protocol.read_started("mine", limited)[2].limits.depth == 2
    assert satisfies("started", limited)


# --- lines ------------------------------------------------------------------------------------------------------------


def test_a_message_is_one_line_of_plain_ascii():
    text = protocol.line({"type": "error", "message": "größer\nals\u2028erlaubt"})
    assert text.isascii()
    assert text.count(b"\n") == 1
    assert protocol.read(text) == {"type": "error", "message": "größer\nals\u2028erlaubt"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\n", "'' is not a JSON object on one line"),
        (b"  \n", "'' is not a JSON object on one line"),
        (b"loading weights\n", "'loading weights' is not a JSON object on one line"),
        (b"{'type': 'started'}\n", "\"{'type': 'started'}\" is not a JSON object on one line"),
        (b'{"type": "started"\n', '\'{"type": "started"\' is not a JSON object on one line'),
        (
            b'{"type": "stop"} {"type": "stop"}\n',
            '\'{"type": "stop"} {"type": "stop"}\' is not a JSON object on one line',
        ),
        (b"\xff\xfe\n", "'��' is not a JSON object on one line"),
        (b"[" * 10**5 + b"\n", f"'{'[' * 59}… is not a JSON object on one line"),
        (b"[]\n", "[]: expected an object with a type, such as result"),
        (b"null\n", "null: expected an object with a type, such as result"),
        (b"{}\n", "{}: expected an object with a type, such as result"),
        (b"true\n", "true: expected an object with a type, such as result"),
        (b'{"type": 3}\n', '{"type": 3}: expected an object with a type, such as result'),
        (b'{"type": null}\n', '{"type": null}: expected an object with a type, such as result'),
    ],
)
def test_a_malformed_line_is_refused_in_one_line(text, message):
    with pytest.raises(Malformed) as caught:
        protocol.read(text)
    assert str(caught.value) == message


def test_a_line_of_nothing_but_brackets_is_refused_however_many_there_are():
    """The reader may go deeper than what writes the message."""
    for depth in range(900, 1000):
        text = b"[" * depth + b"]" * depth
        with pytest.raises(Malformed, match=r"^('\[|\[|nested too deeply)"):
            protocol.read(text + b"\n")


# --- start ------------------------------------------------------------------------------------------------------------

STARTED = {"type": "started", "protocol": 1, "name": "mine", "functions": ["relu", "softmax"]}


@pytest.mark.parametrize(
    "conventions",
    [
        Conventions(),
        Conventions(layout="batch-first", weights="in-out", reduction="mean", labels="index", relu_at_zero=0.5),
        Conventions(unnormalised_labels="fused", accumulator="float32", arithmetic="flush-to-zero"),
        Conventions(scale={"dW": -1, "loss": "batch"}, limits=Limits(("float32",), 2, 64, 1, 80.5, ("fortran",), 2.5)),
    ],
)
def test_every_convention_reads_back_and_satisfies_the_schema(conventions):
    message = sent(protocol.started_message("mine", ["relu"], conventions))
    assert protocol.read_started("its command", message) == ("mine", ["relu"], conventions)
    assert satisfies("started", message)
    assert satisfies("answer", message)


def test_name_and_conventions_are_optional():
    message = {"type": "started", "protocol": 1, "functions": ["relu"]}
    assert protocol.read_started("its command", message) == ("its command", ["relu"], Conventions())
    assert satisfies("answer", message)


SOME = f"expected some of {', '.join(FUNCTIONS)}"
SCALED = ", ".join(OUTPUTS)
MALFORMED_STARTS = {
    "another message": ({"type": "result"}, Malformed, "the first answer is of type 'result', expected started"),
    "no version": ({"protocol": None}, UsageError, "target mine: speaks protocol null, expected 1"),
    "a later version": ({"protocol": 2}, UsageError, "target mine: speaks protocol 2, expected 1"),
    "a version in a string": ({"protocol": "1"}, UsageError, "target mine: speaks protocol '1', expected 1"),
    "no function": ({"functions": []}, UsageError, f"target mine: offers no functions, {SOME}"),
    "one function in a string": (
        {"functions": "relu"},
        UsageError,
        "target mine: functions is 'relu', expected a list of names",
    ),
    "functions that are null": (
        {"functions": None},
        UsageError,
        "target mine: functions is null, expected a list of names",
    ),
    "a misspelt function": ({"functions": ["relu", "relux"]}, UsageError, f"target mine: offers 'relux', {SOME}"),
    "a function in a list": ({"functions": [["relu"]]}, UsageError, f'target mine: offers ["relu"], {SOME}'),
    "conventions in a list": ({"conventions": []}, UsageError, "target mine: conventions is [], expected an object"),
    "an unknown convention": (
        {"conventions": {"loss": "mean"}},
        UsageError,
        f"target mine: 'loss' is no convention; expected some of {', '.join(FIELDS)}",
    ),
    "an unknown value": (
        {"conventions": {"layout": "rows"}},
        UsageError,
        "target mine: conventions: layout is 'rows', expected one of features-first, batch-first",
    ),
    "a derivative of 2": (
        {"conventions": {"relu_at_zero": 2}},
        UsageError,
        "target mine: conventions: relu_at_zero is 2, expected a number in Clarke's [0, 1]",
    ),
    "an enormous derivative": (
        {"conventions": {"relu_at_zero": 10**400}},
        UsageError,
        f"target mine: conventions: relu_at_zero is {10**400}, expected a number in Clarke's [0, 1]",
    ),
    "an unknown factor": (
        {"conventions": {"scale": {"dW": "p"}}},
        UsageError,
        f"target mine: conventions: scale of dW is 'p', expected a number, batch or 1/batch, of one of {SCALED}",
    ),
    "limits in a string": (
        {"conventions": {"limits": "float64"}},
        UsageError,
        "target mine: conventions.limits is 'float64', expected an object",
    ),
    "an unknown limit": (
        {"conventions": {"limits": {"dtype": ["float64"]}}},
        UsageError,
        f"target mine: 'dtype' is no limit; expected some of {', '.join(vars(Limits()))}",
    ),
    "an unknown dtype": (
        {"conventions": {"limits": {"dtypes": ["double"]}}},
        UsageError,
        f"target mine: limits: dtypes: 'double', expected some of {', '.join(DTYPES)}",
    ),
    "no depth": (
        {"conventions": {"limits": {"depth": 0}}},
        UsageError,
        "target mine: limits: depth: 0, expected a whole number of at least 1, or a pair: the least and the most",
    ),
}


@pytest.mark.parametrize("name", MALFORMED_STARTS)
def test_a_start_that_cannot_be_used_is_refused_in_one_line_and_by_the_schema(name):
    change, kind, message = MALFORMED_STARTS[name]
    with pytest.raises(kind) as caught:
        protocol.read_started("mine", {**STARTED, **change})
    assert str(caught.value) == message
    assert not satisfies("answer", {**STARTED, **change})


# --- call and answer --------------------------------------------------------------------------------------------------


def arguments(function, dtype="float64"):
    matrix, vector = np.ones((2, 2), dtype), np.ones(2, dtype)
    lists = {"weights": [matrix, matrix], "biases": [vector, vector]}
    return {name: lists.get(name, vector if name == "b" else matrix) for name in FUNCTIONS[function].arguments}


@pytest.mark.no_cover
@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_call_reads_back_and_satisfies_the_schema(function, memory):
    for dtype in (*FLOATS.values(), *INTEGERS):
        call = Call(function, arguments(function, dtype), dict.fromkeys(FUNCTIONS[function].arguments, memory))
        message = sent(protocol.call_message(7, call, keep=memory == "strided"))
        assert satisfies("question", message)
        assert message["seq"] == 7
        assert message.get("keep", False) is (memory == "strided")
        read = protocol.read_call(message)
        assert (read.function, read.memory) == (function, dict(call.memory))
        assert read.arguments.keys() == call.arguments.keys()
        for name, value in call.arguments.items():
            each = (
                zip(read.arguments[name], value, strict=True)
                if isinstance(value, list)
                else [(read.arguments[name], value)]
            )
            assert all(same(A, B) for A, B in each)


def answer_of(function):
    one, matrix = np.array(1.0), np.ones((2, 2))
    network = {"loss": one, "dX": matrix, "dW": [matrix], "db": [matrix[0]]}
    plain = {name: one if name == "L" else matrix for name in FUNCTIONS[function].outputs}
    return Answer(network if function == "network_gradients" else plain)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_result_reads_back_and_satisfies_the_schema(function):
    message = sent(protocol.answer_message(3, answer_of(function)))
    assert satisfies("answer", message)
    assert repr(protocol.read_answer(3, function, message)) == repr(answer_of(function))
    for name in FUNCTIONS[function].outputs:
        less = copy.deepcopy(message)
        del less["arrays"][name]
        if name in {"loss", "dX"}:
            assert name not in protocol.read_answer(3, function, less).outputs
            assert satisfies("answer", less)
            continue
        with pytest.raises(Malformed, match=f"^result of {function} holds .*, expected .*{name}"):
            protocol.read_answer(3, function, less)
        assert not satisfies("answer", less)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"type": "error", "message": "no\n  GPU"}, Answer(raised="no GPU")),
        ({"type": "unsupported", "reason": "p < 1"}, Answer(declined="p < 1")),
    ],
)
def test_error_and_unsupported_read_back_and_satisfy_the_schema(answer, read):
    assert protocol.read_answer(5, "relu", {**answer, "seq": 5}) == read
    assert satisfies("answer", {**answer, "seq": 5})


BEFORE, DY = np.array([np.nan, -0.0, 5e-324]), np.ones(3, ml_dtypes.bfloat16)


def seen():
    """After a call that took Z and dY and returned dZ, and after an earlier one that returned BEFORE."""
    kept = Kept()
    kept.seen({}, {"dZ": BEFORE})
    answer = Answer({"dZ": np.ones(2)}, seen=kept.seen({"Z": BEFORE, "dY": [DY]}, {"dZ": np.ones(2)}))
    return sent(protocol.answer_message(1, answer))


def test_what_our_own_host_saw_reads_back():
    message = seen()
    answer = protocol.read_answer(1, "relu_vjp", message)
    found = protocol.read_seen(message, ("Z", "dY"), answer.outputs, 1)
    assert answer.outputs["dZ"].tolist() == [1.0, 1.0]
    assert found.given["Z"].tobytes() == BEFORE.tobytes() == found.kept[0].tobytes()
    assert found.given["dY"][0].dtype == DY.dtype
    assert found.places["Z"] == [(BEFORE.__array_interface__["data"][0], 8, (3,), (8,))]
    assert [item for _, item, *_ in found.places["dY"]] == [2]
    assert not satisfies("answer", message)  # only our own host looks at a target's memory
    breach = Answer(breach="returned 2 values")
    assert protocol.read_answer(1, "relu_vjp", sent(protocol.answer_message(1, breach))) == breach


NOT_SEEN = {
    "nothing": lambda message: message.pop("seen"),
    "no arguments": lambda message: message["seen"].pop("given"),
    "not this argument": lambda message: message["seen"]["given"].pop("Z"),
    "not where it lies": lambda message: message["seen"]["places"].update(Z=[]),
    "half of where it lies": lambda message: message["seen"]["places"]["Z"][0].pop(),
    "not where the output lies": lambda message: message["seen"]["returned"].update(dZ=[]),
    "not what was returned before": lambda message: message["seen"]["kept"].pop(),
    "too few bytes": lambda message: message["seen"]["given"]["Z"].update(bytes="00"),
    "no bytes": lambda message: message["seen"]["given"]["Z"].update(bytes="zz"),
    "no number": lambda message: message["seen"]["given"]["Z"].update(bytes=7),
}


@pytest.mark.parametrize("missing", NOT_SEEN)
def test_what_our_own_host_does_not_say_is_malformed(missing):
    message = seen()
    NOT_SEEN[missing](message)
    answer = protocol.read_answer(1, "relu_vjp", message)
    with pytest.raises(Malformed):
        protocol.read_seen(message, ("Z", "dY"), answer.outputs, 1)


def test_the_other_questions_satisfy_the_schema():
    for message in ({"type": "start", "protocol": protocol.PROTOCOL}, {"type": "stop"}):
        assert satisfies("question", message)
        assert not satisfies("question", {**message, "more": 1})
        assert not satisfies("answer", message)


RESULT = {"type": "result", "seq": 4, "arrays": {"Y": array()}}
EXPECTED = "expected result with arrays, unsupported with reason, or error with message"
MALFORMED_ANSWERS = {
    "no seq": ({"seq": None}, "seq is null, expected 4, that of the call"),
    "the seq before": ({"seq": 3}, "seq is 3, expected 4, that of the call"),
    "a seq in a string": ({"seq": "4"}, "seq is '4', expected 4, that of the call"),
    "another type": ({"type": "results"}, f"answer of type 'results': {EXPECTED}"),
    "started again": ({"type": "started"}, f"answer of type 'started': {EXPECTED}"),
    "no arrays": ({"arrays": None}, f"answer of type 'result': {EXPECTED}"),
    "arrays in a list": ({"arrays": [array()]}, f"answer of type 'result': {EXPECTED}"),
    "no output": ({"arrays": {}}, "result of relu holds nothing, expected Y"),
    "another output": ({"arrays": {"Z": array()}}, "result of relu holds 'Z', expected Y"),
    "other outputs": ({"arrays": {"dY\n": array(), "dZ": array()}}, "result of relu holds 'dY\\n, dZ', expected Y"),
    "a null output": ({"arrays": {"Y": None}}, f"Y is null, {NO_ARRAY}"),
    "a malformed output": ({"arrays": {"Y": array(data=("x",))}}, f"Y.data[0] is 'x', {NO_NUMBER}"),
}
ANOTHER_CALL = {"the seq before", "another output"}
"""A schema of one message does not know which call it answers."""


@pytest.mark.parametrize("name", MALFORMED_ANSWERS)
def test_a_malformed_answer_is_refused_in_one_line_and_by_the_schema(name):
    change, message = MALFORMED_ANSWERS[name]
    with pytest.raises(Malformed) as caught:
        protocol.read_answer(4, "relu", {**RESULT, **change})
    assert str(caught.value) == message
    assert satisfies("answer", {**RESULT, **change}) is (name in ANOTHER_CALL)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"type": "call", "function": "gelu", "arrays": {}}, "call of 'gelu': expected one of linear, "),
        ({"type": "call", "function": "relu"}, "call of 'relu': expected one of linear, "),
        ({"type": "call", "function": "relu", "arrays": {"Y": array()}}, "call of relu: the array Z is missing"),
    ],
)
def test_a_malformed_call_is_refused_in_one_line_and_by_the_schema(message, found):
    with pytest.raises(Malformed) as caught:
        protocol.read_call(message)
    assert str(caught.value).startswith(found)
    assert not satisfies("question", {**message, "seq": 1})


# --- the schema and the code ------------------------------------------------------------------------------------------


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_definition_is_used():
    used = {words.removeprefix("#/$defs/") for words in json.dumps(SCHEMA).split('"') if words.startswith("#/$defs/")}
    assert used | OWN == set(DEFINED)


OWN = {"own-start", "own-started", "own-call", "own-result"}
"""Messages about operations that are not in the table: ``test_signatures`` looks at them."""


def test_functions_arguments_and_outputs_are_those_of_the_code():
    assert DEFINED["function"]["enum"] == list(FUNCTIONS)
    shapes = {each["properties"]["function"]["const"]: each for each in DEFINED["call"]["oneOf"]}
    assert list(shapes) == list(FUNCTIONS)
    for function, each in shapes.items():
        definition = DEFINED[each["properties"]["arrays"]["$ref"].removeprefix("#/$defs/")]
        assert definition["required"] == list(definition["properties"]) == list(FUNCTIONS[function].arguments)
    results = DEFINED["result"]["properties"]["arrays"]["oneOf"]
    outputs = {tuple(DEFINED[each["$ref"].removeprefix("#/$defs/")]["properties"]) for each in results}
    assert outputs == {signature.outputs for signature in FUNCTIONS.values()}


def test_dtypes_and_conventions_are_those_of_the_code():
    assert set(DEFINED["array"]["properties"]["dtype"]["enum"]) == set(protocol._DTYPES)
    assert DEFINED["array"]["if"]["properties"]["dtype"]["enum"] == list(DTYPES)
    assert DEFINED["argument"]["properties"]["dtype"]["enum"] == DEFINED["array"]["properties"]["dtype"]["enum"]
    shape = DEFINED["array"]["properties"]["shape"]
    assert shape["maxItems"] == protocol._MOST_DIMENSIONS
    assert shape["items"]["exclusiveMaximum"] == protocol._LARGEST_SIZE
    declared = DEFINED["conventions"]["properties"]
    assert list(declared) == list(FIELDS)
    assert {name: tuple(each.get("enum", ())) for name, each in declared.items()} == {
        name: row.values for name, row in FIELDS.items()
    }
    assert tuple(declared["scale"]["propertyNames"]["enum"]) == OUTPUTS
    assert tuple(declared["scale"]["additionalProperties"]["anyOf"][1]["enum"]) == SCALES
    limits = DEFINED["limits"]["properties"]
    assert list(limits) == list(vars(Limits()))
    assert tuple(limits["dtypes"]["items"]["enum"]) == DTYPES
    assert tuple(limits["memory"]["items"]["enum"]) == tuple(MEMORY)
    assert DEFINED["argument"]["properties"]["memory"]["enum"] == list(MEMORY)[1:]


JUNK = (
    None,
    True,
    0,
    1,
    -1,
    2,
    0.5,
    2.0,
    10**400,
    "",
    "1",
    "x",
    "relu",
    "nan",
    [],
    [1],
    ["1"],
    [[]],
    {},
    {"x": 1},
    [array()],
    array(),
)


def _places(value, path=()):
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from _places(each, (*path, key))


def _changed(message, path, junk):
    changed = copy.deepcopy(message)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = junk
    return changed


BEYOND_A_MESSAGE = re.compile("seq is |result of |answer of type |the first answer is of type |.*: data holds ")


def _reads(read, message):
    """Read it, or refuse it for what a schema of one message cannot say."""
    try:
        read(message)
    except (Malformed, UsageError) as refusal:
        if not BEYOND_A_MESSAGE.match(str(refusal)):
            raise


FULL = {
    **STARTED,
    "conventions": {
        "layout": "batch-first",
        "relu_at_zero": 0,
        "scale": {"dW": -1},
        "limits": {"depth": 2, "batch": 1},
    },
}
NETWORK = {
    "type": "result",
    "seq": 4,
    "arrays": {"loss": array(shape=()), "dW": [array()], "db": [array("int64", data=("1",))]},
}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("message", "read"),
    [
        (FULL, lambda message: protocol.read_started("mine", message)),
        (RESULT, lambda message: protocol.read_answer(4, "relu", message)),
        (NETWORK, lambda message: protocol.read_answer(4, "network_gradients", message)),
        ({"type": "error", "seq": 4, "message": "no"}, lambda message: protocol.read_answer(4, "relu", message)),
        ({"type": "unsupported", "seq": 4, "reason": "no"}, lambda message: protocol.read_answer(4, "relu", message)),
    ],
    ids=["started", "result", "network", "error", "unsupported"],
)
def test_whatever_the_schema_admits_is_read(message, read):
    """Any part of a message replaced by anything: either the schema refuses it, or it is read, or is another call's."""
    schema = {"$schema": SCHEMA["$schema"], "$ref": "#/$defs/answer", "$defs": DEFINED}
    admits = jsonschema.Draft202012Validator(schema).is_valid
    admitted = 0
    for path in [path for path in _places(message) if path]:
        for junk in JUNK:
            changed = _changed(message, path, junk)
            if not admits(changed):
                continue
            admitted += 1
            _reads(read, changed)
    assert admitted > 0


# --- the pages --------------------------------------------------------------------------------------------------------

PAGES = (SCHEMA_PATH.parent / "README.md", SCHEMA_PATH.parents[1] / "guide" / "any-language.md")


def test_every_message_of_the_pages_satisfies_the_schema():
    blocks = [
        text
        for page in PAGES
        for text in re.findall(r"^```json\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]
    lines = [line for text in blocks for line in text.splitlines()]
    assert {json.loads(line)["type"] for line in lines} == set(DEFINED) & {
        "start",
        "started",
        "call",
        "result",
        "unsupported",
        "error",
        "stop",
    }
    for line in lines:
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(line))


def test_the_page_lists_the_functions_of_the_code():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE)
    listed = {
        name: tuple(tuple(re.findall(r"`(\w+)`", cell)) for cell in cells) for name, *cells in rows if name in FUNCTIONS
    }
    assert listed == {name: (signature.arguments, signature.outputs) for name, signature in FUNCTIONS.items()}

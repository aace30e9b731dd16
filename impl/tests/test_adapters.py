"""Every adapter agrees with the reference in the layout it declares, keeps dtypes, and leaves its inputs alone."""

import importlib
import importlib.util
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import backproof
from backproof_impl import adapters
from backproof_impl import reference as R
from backproof_impl.adapters import ADAPTERS
from backproof_impl.conventions import UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS

LIBRARIES = [name for name in ADAPTERS if name != "reference"]
TARGETS = [name for library in LIBRARIES for name in (library, *(f"{library}:{v}" for v in ADAPTERS[library].variants))]
DTYPES = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # libraries warn of what is none of our business
    pytest.mark.no_cover,  # see CONTRIBUTING
]


@pytest.fixture
def target(request):
    """The target named by the test's parameter, where its library is installed."""
    row = ADAPTERS[request.param.partition(":")[0]]
    if importlib.util.find_spec(row.package) is None:
        pytest.skip(f"pip install 'backproof[{row.extra}]'")
    try:
        return as_target(request.param)
    except UsageError as error:
        if "no usable devices" not in str(error):  # tinygrad's, on a machine without a compiler
            raise
        pytest.skip(str(error))


every_target = pytest.mark.parametrize("target", TARGETS, indirect=True)
every_library = pytest.mark.parametrize("target", LIBRARIES, indirect=True)


# --- inputs, in the notes' layout -----------------------------------------------------------------------------------

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
G = np.array([[1.0, 0.5, -0.25, 3.0], [2.0, -0.75, 1.5, -2.0], [0.5, 1.0, -1.0, 0.25]])
P = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
CASE = {"W": W, "Y": Y, "b": B, "Z": Z, "dZ": G, "dY": G, "dS": G, "S": R.softmax(Z), "P": P, "X": Y}
CASE |= {"weights": [W, np.array([[1.0, -1.0, 0.5], [0.25, 1.0, 2.0], [1.0, 0.0, -1.0]])], "biases": [B, -B]}


def _cast(value, dtype):
    return [A.astype(dtype) for A in value] if isinstance(value, list) else value.astype(dtype)


def _arguments(target, function, dtype):
    case = {name: _cast(value, dtype) for name, value in CASE.items()}
    return [target.arranged(name, case[name]) for name in FUNCTIONS[function].arguments]


def _arrays(value):
    """Every array of a result or of the arguments, in order."""
    if isinstance(value, dict):
        return _arrays([value[name] for name in FUNCTIONS["network_gradients"].outputs if name in value])
    return [A for entry in value for A in _arrays(entry)] if isinstance(value, list | tuple) else [value]


def _expected(target, function, offered):
    """What the reference returns, in the target's layout and under its reduction."""
    result = getattr(R, function)(*(CASE[name] for name in FUNCTIONS[function].arguments))
    named = dict(zip(FUNCTIONS[function].outputs, result if isinstance(result, tuple) else [result], strict=False))
    if function == "network_gradients":
        named = {name: result[name] for name in named | result if name in offered}
    of_a_loss = "cross_entropy" in function or function == "network_gradients"
    factor = 1 / P.shape[1] if of_a_loss and target.conventions.reduction == "mean" else 1.0
    return [
        np.asarray(A).T * factor if target.transposes(name) else np.asarray(A) * factor
        for name in FUNCTIONS[function].outputs
        if name in named
        for A in _arrays(named[name])
    ]


@pytest.mark.no_cover
@every_target
def test_it_agrees_with_the_reference_and_keeps_dtypes(target):
    for dtype in target.conventions.limits.dtypes:
        tolerance = 200 * float(ml_dtypes.finfo(DTYPES[dtype]).eps)
        for function, call in target.functions.items():
            result = call(*_arguments(target, function, DTYPES[dtype]))
            found, expected = _arrays(result), _expected(target, function, result)
            for A, wanted in zip(found, expected, strict=True):
                np.testing.assert_allclose(np.asarray(A, float), wanted, rtol=tolerance, atol=tolerance)
                assert (A.shape, A.dtype) == (wanted.shape, np.dtype(DTYPES[dtype])), function


@every_target
def test_the_derivative_of_relu_at_zero_is_the_one_declared(target):
    if "relu_vjp" not in target.functions:
        return
    zeros, dY = np.array([[-1.0, 0.0, -0.0, 2.0]]), np.array([[3.0, 4.0, 8.0, 5.0]])
    slope = target.conventions.relu_at_zero
    assert target.functions["relu_vjp"](zeros, dY).tolist() == [[0.0, 4 * slope, 8 * slope, 5.0]]


# --- memory -----------------------------------------------------------------------------------------------------------


def _fortran(A):
    return np.asfortranarray(A)


def _strided(A):
    wide = np.zeros(tuple(2 * size for size in A.shape), A.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in A.shape)]
    view[...] = A
    return view


def _reversed(A):
    backwards = tuple(slice(None, None, -1) for _ in A.shape)
    return A[backwards].copy()[backwards]


def _read_only(A):
    A.flags.writeable = False
    return A


@every_library
@pytest.mark.parametrize("laid", [_fortran, _strided, _reversed, _read_only])
def test_inputs_may_lie_anyhow_in_memory_and_are_left_alone(target, laid):
    dtype = DTYPES[target.conventions.limits.dtypes[0]]
    for function, call in target.functions.items():
        plain = _arguments(target, function, dtype)
        given = [[laid(A) for A in entry] if isinstance(entry, list) else laid(entry) for entry in plain]
        before = [A.tobytes() for A in _arrays(given)]
        result = _arrays(call(*given))
        assert [A.tobytes() for A in _arrays(given)] == before, function
        assert not any(np.shares_memory(A, argument) for A in result for argument in _arrays(given)), function
        for A, expected in zip(result, _arrays(call(*plain)), strict=True):
            np.testing.assert_allclose(A, expected, rtol=1e-14, atol=1e-15)
            A[...] = 0  # the caller's own, to change as it likes


@every_target
def test_an_empty_batch_has_loss_zero_and_zero_gradients(target):
    if target.conventions.limits.batch > 0 or target.conventions.reduction == "mean":
        return
    if "network_gradients" not in target.functions:
        return
    empty = [target.arranged(name, CASE[name][:, :0]) for name in ("X", "P")]
    result = target.functions["network_gradients"](CASE["weights"], CASE["biases"], *empty)
    assert float(result["loss"]) == 0.0
    assert result["dX"].shape == (0, 2)
    assert [A.tolist() for A in result["dW"]] == [np.zeros_like(A).tolist() for A in CASE["weights"]]
    assert [A.tolist() for A in result["db"]] == [np.zeros_like(A).tolist() for A in CASE["biases"]]


@pytest.mark.parametrize(
    "target", [name for name in TARGETS if name.partition(":")[2] in {"index", "sparse"}], indirect=True
)
def test_class_numbers_may_be_integers_of_any_size(target):
    Z_, labels = target.arranged("Z", Z), target.arranged("P", P)
    expected = target.functions["softmax_cross_entropy_vjp"](Z_, labels).tolist()
    for dtype in (np.int8, np.int32, np.uint8):
        assert target.functions["softmax_cross_entropy_vjp"](Z_, labels.astype(dtype)).tolist() == expected


# --- the table --------------------------------------------------------------------------------------------------------


@every_library
def test_the_row_lists_the_variants_of_the_module(target):
    module = importlib.import_module(ADAPTERS[target.name].source.partition(":")[0])
    assert tuple(getattr(module, "VARIANTS", {})) == ADAPTERS[target.name].variants


def test_an_adapter_is_at_most_forty_lines():
    folder = Path(adapters.__file__).parent
    lengths = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("*.py")}
    assert {name: n for name, n in lengths.items() if n > 40 and name not in {"__init__", "autodiff"}} == {}


# --- the suite --------------------------------------------------------------------------------------------------------


@pytest.mark.adapters
@pytest.mark.slow
@every_target
def test_the_suite_holds(target):
    operations = {name.removesuffix("_vjp").removesuffix("_gradients") for name in target.functions}
    examples = 10 if ":" in target.name else 20  # a variant differs from its library in little
    backproof.check(target, operations=sorted(operations), examples=examples, seed=1).raise_if_refuted()


@pytest.mark.parametrize("name", ["pytorch", "jax"])
def test_what_an_adapter_offers_of_operations_in_files_is_read_without_its_library(name):
    said = adapters.defined(name)
    assert "gelu" in said
    assert len(said) > 30
    assert adapters.defined("sklearn") == {}
    assert adapters.offered(name)["relu"] in {"F.relu", "jax.nn.relu"}
    if importlib.util.find_spec(ADAPTERS[name].package) is not None:
        module = importlib.import_module(f"backproof_impl.libraries.{ADAPTERS[name].package}_functions")
        assert list(said) == list(module.DEFINED)

"""The contract of a call, whatever the values: inputs unchanged, exact structure, exact shape, exact dtype.

No broadcasting and no conversion is done for a target: what it returns is what is judged.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from backproof_impl.target import FUNCTIONS, Target
from backproof_properties.arrays import Case
from backproof_properties.judge import Refuted
from backproof_properties.results import Finding

_LIKE: dict[str, dict[str, str]] = {
    "linear": {"Z": "W"},
    "linear_vjp": {"dW": "W", "dY": "Y", "db": "b"},
    "relu": {"Y": "Z"},
    "relu_vjp": {"dZ": "Z"},
    "softmax": {"S": "Z"},
    "softmax_vjp": {"dZ": "Z"},
    "cross_entropy_vjp": {"dS": "S"},
    "softmax_cross_entropy_vjp": {"dZ": "Z"},
}
"""The argument whose dtype and (but for the linear Z) whose shape an output has."""


class Raised(Exception):
    """The target raised an exception instead of returning."""


def call(target: Target, function: str, case: Case, wanted: str) -> Any:
    """The output ``wanted`` of ``function`` on ``case``, in canonical layout, after checking the contract of the call.

    For networks ``dW`` and ``db`` are lists. Returns None for an optional output that is not offered.
    Raises ``Refuted`` where the contract is broken and ``Raised`` where the target raised.
    """
    signature = FUNCTIONS[function]
    arguments = {name: target.arranged(name, case[name]) for name in signature.arguments}
    before = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = target.functions[function](*arguments.values())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a target raises, sys.exit and pytest.skip included, is a verdict
        msg = f"{function}: raised {type(error).__name__}: {error}"
        raise Raised(msg) from error
    for name, value in arguments.items():
        if not _same(before[name], value):
            message = f"{function}: changed its argument {name} in place; expected inputs to stay as they were"
            raise Refuted(Finding(message, wanted, {}))
    if function == "network_gradients":
        return _network_output(target, result, case, wanted)
    if len(signature.outputs) > 1:
        if not isinstance(result, tuple | list) or len(result) != len(signature.outputs):
            got = f"{len(result)} values" if isinstance(result, tuple | list) else type(result).__name__
            message = f"{function}: returned {got}, expected a tuple: {', '.join(signature.outputs)}"
            raise Refuted(Finding(message, wanted, {}))
        result = result[signature.outputs.index(wanted)]
    if wanted == "L":
        return _number(f"{function}.{wanted}", result)
    like = case[_LIKE[function][wanted]]
    expected = (case["W"].shape[0], case["Y"].shape[1]) if function == "linear" else like.shape
    return _array(target, f"{function}.{wanted}", wanted, result, expected, like.dtype)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(_same, before, after))
    if not isinstance(after, np.ndarray):
        return False
    return bool(before.shape == after.shape and before.tobytes() == np.ascontiguousarray(after).tobytes())


def _array(target: Target, name: str, kind: str, value: Any, expected: tuple[int, ...], dtype: Any) -> Any:
    """``value`` in canonical layout, if it is an array of the expected shape and dtype."""
    transposed = target.transposes(kind)
    wanted = expected[::-1] if transposed else expected
    if not isinstance(value, np.ndarray):
        raise Refuted(
            Finding(f"{name}: returned {type(value).__name__}, expected a NumPy array of shape {wanted}", kind, {})
        )
    if value.shape != wanted:
        hint = ": is the result transposed?" if value.shape == wanted[::-1] else ""
        like = f" = shape of {kind[1:]}" if kind.startswith("d") else ""
        raise Refuted(Finding(f"{name}: shape {value.shape}, expected {wanted}{like}{hint}", kind, {}))
    if value.dtype != dtype:
        raise Refuted(Finding(f"{name}: dtype {value.dtype}, expected {dtype}, that of the inputs", kind, {}))
    return value.T if transposed else value


def _number(name: str, value: Any) -> Any:
    """A loss as an array of shape (): one real number."""
    try:
        found = np.asarray(value)
    except Exception as error:  # a target's object may raise anything
        got = f"{type(value).__name__} that NumPy cannot read ({type(error).__name__})"
        message = f"{name}: {got}, expected one real number: the loss"
        raise Refuted(Finding(message, "L", {})) from error
    real = found.dtype.kind == "f" or found.dtype.name == "bfloat16" or found.dtype.kind in "iu"
    if found.shape != () or not real:
        got = f"shape {found.shape}" if found.shape != () else f"dtype {found.dtype}"
        raise Refuted(Finding(f"{name}: {got}, expected one real number: the loss", "L", {}))
    return found


def _network_output(target: Target, result: Any, case: Case, wanted: str) -> Any:
    if not isinstance(result, Mapping):
        message = (
            f"network_gradients: returned {type(result).__name__}, expected a dict with dW, db and perhaps loss, dX"
        )
        raise Refuted(Finding(message, wanted, {}))
    value = result.get(wanted)
    if wanted in {"loss", "dX"}:
        if value is None:
            return None
        if wanted == "loss":
            return _number("network_gradients.loss", value)
        return _array(target, "network_gradients.dX", "dX", value, case["X"].shape, case["X"].dtype)
    originals = case["weights" if wanted == "dW" else "biases"]
    if not isinstance(value, list | tuple) or len(value) != len(originals):
        got = f"{len(value)} entries" if isinstance(value, list | tuple) else type(value).__name__
        message = (
            f"network_gradients.{wanted}: got {got}, expected a list of {len(originals)} arrays, one for each layer"
        )
        raise Refuted(Finding(message, wanted, {}))
    return [
        _array(target, f"network_gradients.{wanted}[{k}]", wanted, entry, original.shape, original.dtype)
        for k, (entry, original) in enumerate(zip(value, originals, strict=True))
    ]

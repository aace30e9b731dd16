"""Biases as matrices: b of shape (m,) becomes (m, 1) or (1, m) on the way in, and db (m,) again on the way out."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from backproof_impl.calling import Unlike
from backproof_impl.conventions import UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS
from backproof_impl.wrapping.returned import Array, Function, as_returned, by_name, declaring

_BIASED = ("linear", "linear_vjp", "network_gradients")


def bias_shape(target: Any, shape: str) -> dict[str, Any]:
    """The target with b and db of shape (m,), where its code has them as a ``"column"`` (m, 1) or a ``"row"`` (1, m).

    Wraps ``linear``, ``linear_vjp`` and ``network_gradients``, and leaves the rest of the target as it is. A db of any
    other shape is refused, and what is returned beside it is judged all the same.
    """
    if shape not in {"column", "row"}:
        msg = f"bias_shape: shape is {shape!r}, expected column or row"
        raise UsageError(msg)
    if callable(target) and not isinstance(target, type):
        name = getattr(target, "__name__", type(target).__name__)
        msg = f"bias_shape: {name} is one function, expected a target, as {{'linear_vjp': {name}}}"
        raise UsageError(msg)
    loaded = as_target(target)
    wrapped = {name: _with_biases(name, loaded.functions[name], shape) for name in _BIASED if name in loaded.functions}
    if not wrapped:
        msg = f"bias_shape: no function of the target has biases, expected one of {', '.join(_BIASED)}"
        raise UsageError(msg)
    return declaring(loaded.conventions, {**loaded.functions, **wrapped})


def _with_biases(function: str, code: Function, shape: str) -> Function:
    axis = 1 if shape == "column" else 0

    def vector(b: Array, db: Any) -> Any:
        if not isinstance(db, np.ndarray) or db.shape == b.shape:
            return np.squeeze(db, axis) if isinstance(db, np.ndarray) else db
        return Unlike(f"shape {db.shape}", f"{b.shape} = shape of b (bias_shape: a {shape})")

    @functools.wraps(code)
    def reshaped(*arguments: Any) -> Any:
        given = dict(zip(FUNCTIONS[function].arguments, arguments, strict=True))
        if function == "network_gradients":
            given["biases"] = [np.expand_dims(b, axis) for b in given["biases"]]
        else:
            given["b"] = np.expand_dims(given["b"], axis)
        outputs = by_name(function, code(*given.values()))
        if function == "network_gradients":
            layers = outputs.get("db")
            if isinstance(layers, list | tuple) and len(layers) == len(given["biases"]):  # else the contract says so
                outputs["db"] = [vector(b, db) for b, db in zip(given["biases"], layers, strict=True)]
        elif "db" in outputs:
            outputs["db"] = vector(given["b"], outputs["db"])
        return as_returned(function, outputs)

    return reshaped

"""Code for one sample, over a batch: forward values, dX, dY, dZ, dS side by side; L, dW, db summed over the samples."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from backproof_impl.conventions import UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS
from backproof_impl.wrapping.returned import Array, Function, as_returned, by_name, declaring, in_order, require_array

_SHAPES: dict[str, tuple[int, ...]] = {"vector": (-1,), "column": (-1, 1), "row": (1, -1)}
_PARAMETERS = {"W", "b", "weights", "biases"}
"""Arguments that all samples share; every other one has a sample in each column."""
_SUMMED = {"L", "loss", "dW", "db"}
"""Outputs that are sums over the samples; every other one has a sample in each column."""


def per_sample(code: Any, name: str | None = None, *, sample: str = "vector") -> Any:
    """Over a batch, features first: forward values, dX, dY, dZ, dS side by side; L, dW, db summed over the samples.

    ``code``: a function for one sample (so that this is a decorator too), or a target made of such functions.
    ``name``: which of ``FUNCTIONS`` the function is, unless it is called so. ``sample``: the shape in which code takes
    and returns what belongs to a sample: a vector (n,), a column (n, 1) or a row (1, n). A class number is a number, or
    has shape (1,).

    Sums are formed in the dtype, one addition at a time, from the first sample to the last. What belongs to a sample is
    passed as a view: changing it is seen. Results are kept until the last sample is done: a buffer that a later sample
    overwrites is seen. Without samples the function is asked for one made-up sample, whose results give the shapes and
    dtypes of the zeros.
    """
    if sample not in _SHAPES:
        msg = f"per_sample: sample is {sample!r}, expected one of {', '.join(_SHAPES)}"
        raise UsageError(msg)
    if name is None and (isinstance(code, type) or not callable(code)):
        return _target_per_sample(code, sample)
    which = getattr(code, "__name__", type(code).__name__) if name is None else name
    if not callable(code):
        msg = f"per_sample: {type(code).__name__} cannot be called, expected a function"
        raise UsageError(msg)
    if which not in FUNCTIONS:
        known = ", ".join(FUNCTIONS)
        msg = f'per_sample: {which!r} is not known: say which it is, as per_sample(f, "linear_vjp"), one of {known}'
        raise UsageError(msg)
    return _function_per_sample(code, which, sample)


def _target_per_sample(code: Any, sample: str) -> dict[str, Any]:
    target = as_target(code)
    for each, plain in (("layout", "features-first"), ("reduction", "sum")):
        declared = getattr(target.conventions, each)
        if declared != plain:
            msg = f"per_sample: {each}={declared} is declared, but one sample is no batch: expected {plain}"
            raise UsageError(msg)
    mapped = {name: _function_per_sample(function, name, sample) for name, function in target.functions.items()}
    return declaring(target.conventions, mapped)


def _function_per_sample(code: Function, which: str, sample: str) -> Function:
    @functools.wraps(code)
    def batched(*arguments: Any) -> Any:
        given = dict(zip(FUNCTIONS[which].arguments, arguments, strict=True))
        batch = {name: value for name, value in given.items() if name not in _PARAMETERS}
        samples = next(iter(batch.values())).shape[-1]
        if samples == 0:
            batch = {name: _made_up(name, value) for name, value in batch.items()}
        found = []
        for j in range(max(samples, 1)):
            one = {**given, **{name: _cut(value, j, sample) for name, value in batch.items()}}
            found.append(by_name(which, code(*one.values())))
        joined = {name: _joined(which, name, [one[name] for one in found], sample) for name in found[0]}
        return as_returned(which, joined if samples else {name: _emptied(name, A) for name, A in joined.items()})

    batched.__name__ = which
    return batched


def _made_up(name: str, A: Array) -> Array:
    """One sample: ones, where everything is defined; of labels the first class."""
    one = np.ones((*A.shape[:-1], 1), dtype=A.dtype)
    if name == "P":
        one[A.ndim - 1 :] = 0  # of a distribution all but the first entry; of class numbers the only one
    return one


def _cut(A: Array, j: int, sample: str) -> Any:
    """Sample ``j`` of a batch, or its class number."""
    column = A[..., j : j + 1]
    return A[..., j] if sample == "vector" else column.T if sample == "row" else column


def _joined(function: str, output: str, values: list[Any], sample: str) -> Any:
    """One output of all samples: side by side, or summed."""
    name = f"{function}.{output}"
    if output not in _SUMMED:
        size, dtype = np.size(values[0]), getattr(values[0], "dtype", None)
        shape = tuple(size if length < 0 else length for length in _SHAPES[sample])
        for value in values:
            require_array(name, value, shape, dtype, f"what belongs to one sample (sample={sample!r})")
        return np.stack([value.reshape(-1) for value in values], axis=1)
    if output in {"L", "loss"}:
        return functools.reduce(operator.add, values)
    if function == "network_gradients":
        layers = [f"{name}[{k}]" for k in range(len(values[0]))]
        each = zip(*(in_order(name, value, layers) for value in values), strict=True)
        return [_sum(layer, entries) for layer, entries in zip(layers, each, strict=True)]
    return _sum(name, values)


def _sum(name: str, values: Sequence[Any]) -> Any:
    for value in values[1:]:
        require_array(name, value, np.shape(values[0]), getattr(values[0], "dtype", None), "as of the first sample")
    return functools.reduce(operator.add, values)


def _emptied(output: str, value: Any) -> Any:
    """What no samples give, shaped as ``value``, which one gave."""
    if output not in _SUMMED:
        return value[:, :0]
    return [np.zeros_like(entry) for entry in value] if isinstance(value, list) else np.zeros_like(value)

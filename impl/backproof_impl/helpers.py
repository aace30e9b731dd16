"""Other people's code as a target: code for one sample, stateful layers, updated weights, biases as matrices.

    per_sample(f)                      code for one sample                    → the same, over the columns of a batch
    from_forward_backward(linear=…)    layer.forward(Y), layer.backward(dZ)   → linear, linear_vjp, …
    from_update(step)                  step(weights, biases, X, P, rate)      → network_gradients
    bias_shape(target, "column")       b and db of shape (m, 1) or (1, m)     → (m,)

All but ``per_sample`` of a function return a dict, which is a target; each takes what another returned. Nothing is
repaired on the way: shapes are required, never broadcast, and dtypes are left as they are.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeAlias

import ml_dtypes
import numpy as np

from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS

Array: TypeAlias = np.ndarray[Any, Any]
Function: TypeAlias = Callable[..., Any]
Source: TypeAlias = str | int | Callable[[Any], Any]
"""Where a layer leaves an output: an attribute, a place in what ``backward`` returns, or a function of the layer."""

_PARAMETERS = {"W", "b", "weights", "biases"}
"""Arguments that all samples share; every other one has a sample in each column."""
_SUMMED = {"L", "loss", "dW", "db"}
"""Outputs that are sums over the samples; every other one has a sample in each column."""


def _refuse(message: str) -> NoReturn:
    raise UsageError(message)


def _name(code: Any) -> str:
    return str(getattr(code, "__name__", type(code).__name__))


def _target(functions: Mapping[str, Any], conventions: Conventions | None) -> dict[str, Any]:
    """A target as a dict, with a declaration only where something is declared: so that dicts can be merged."""
    declares = conventions is not None and conventions != Conventions()
    return {**functions, "CONVENTIONS": conventions} if declares else dict(functions)


def _outputs(function: str, result: Any) -> dict[str, Any]:
    """What ``function`` returned, by name; of a network what is not None."""
    names = FUNCTIONS[function].outputs
    if function == "network_gradients":
        if not isinstance(result, Mapping):
            msg = f"{function}: returned {type(result).__name__}, expected a dict with dW, db and perhaps loss, dX"
            raise TypeError(msg)
        return {name: result[name] for name in names if result.get(name) is not None}
    return {names[0]: result} if len(names) == 1 else dict(zip(names, _tuple(function, result, names), strict=True))


def _returned(function: str, outputs: Mapping[str, Any]) -> Any:
    """The outputs in the form in which ``function`` returns them."""
    values = tuple(outputs.values())
    return dict(outputs) if function == "network_gradients" else values if len(values) > 1 else values[0]


def _tuple(who: str, result: Any, names: Sequence[str]) -> tuple[Any, ...]:
    if not isinstance(result, tuple | list) or len(result) != len(names):
        got = f"{len(result)} values" if isinstance(result, tuple | list) else type(result).__name__
        msg = f"{who}: returned {got}, expected {', '.join(names)}"
        raise TypeError(msg)
    return tuple(result)


def _require_array(name: str, value: Any, shape: tuple[int, ...], dtype: Any, why: str) -> None:
    """An array of exactly this shape and dtype (of any, where that is None)."""
    if not isinstance(value, np.ndarray) or value.shape != shape or dtype not in {None, value.dtype}:
        got = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        msg = f"{name}: got {got}, expected {'an array' if dtype is None else dtype} {shape}, {why}"
        raise ValueError(msg)


# --- one sample -------------------------------------------------------------------------------------------------------

_SAMPLES: dict[str, tuple[int, ...]] = {"vector": (-1,), "column": (-1, 1), "row": (1, -1)}


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
    if sample not in _SAMPLES:
        _refuse(f"per_sample: sample is {sample!r}, expected one of {', '.join(_SAMPLES)}")
    if name is None and (isinstance(code, type) or not callable(code)):
        target = as_target(code)
        for each, plain in (("layout", "features-first"), ("reduction", "sum")):
            declared = getattr(target.conventions, each)
            if declared != plain:
                _refuse(f"per_sample: {each}={declared} is declared, but one sample is no batch: expected {plain}")
        mapped = {each: per_sample(function, each, sample=sample) for each, function in target.functions.items()}
        return _target(mapped, target.conventions)
    which = _name(code) if name is None else name
    if not callable(code):
        _refuse(f"per_sample: {type(code).__name__} cannot be called, expected a function")
    if which not in FUNCTIONS:
        known = ", ".join(FUNCTIONS)
        _refuse(f'per_sample: {which!r} is not known: say which it is, as per_sample(f, "linear_vjp"), one of {known}')

    @functools.wraps(code)
    def batched(*arguments: Any) -> Any:
        given = dict(zip(FUNCTIONS[which].arguments, arguments, strict=True))
        batch = {each: value for each, value in given.items() if each not in _PARAMETERS}
        samples = next(iter(batch.values())).shape[-1]
        if samples == 0:
            batch = {each: _made_up(each, value) for each, value in batch.items()}
        found = []
        for j in range(max(samples, 1)):
            one = {**given, **{each: _cut(value, j, sample) for each, value in batch.items()}}
            found.append(_outputs(which, code(*one.values())))
        joined = {each: _joined(which, each, [one[each] for one in found], sample) for each in found[0]}
        return _returned(which, joined if samples else {each: _emptied(each, A) for each, A in joined.items()})

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
    name = f"{function}.{output}"
    if output not in _SUMMED:
        size, dtype = np.size(values[0]), getattr(values[0], "dtype", None)
        shape = tuple(size if length < 0 else length for length in _SAMPLES[sample])
        for value in values:
            _require_array(name, value, shape, dtype, f"what belongs to one sample (sample={sample!r})")
        return np.stack([value.reshape(-1) for value in values], axis=1)
    if output in {"L", "loss"}:
        return functools.reduce(operator.add, values)
    if function == "network_gradients":
        layers = [f"{name}[{k}]" for k in range(len(values[0]))]
        each = zip(*(_tuple(name, value, layers) for value in values), strict=True)
        return [_sum(layer, entries) for layer, entries in zip(layers, each, strict=True)]
    return _sum(name, values)


def _sum(name: str, values: Sequence[Any]) -> Any:
    for value in values[1:]:
        _require_array(name, value, np.shape(values[0]), getattr(values[0], "dtype", None), "as of the first sample")
    return functools.reduce(operator.add, values)


def _emptied(output: str, value: Any) -> Any:
    """What no samples give, shaped as ``value``, which one gave."""
    if output not in _SUMMED:
        return value[:, :0]
    return [np.zeros_like(entry) for entry in value] if isinstance(value, list) else np.zeros_like(value)


# --- stateful layers --------------------------------------------------------------------------------------------------

_KINDS = ("linear", "relu", "softmax", "cross_entropy", "softmax_cross_entropy")
_LEFT = tuple(dict.fromkeys(name for kind in _KINDS for f in (kind, f"{kind}_vjp") for name in FUNCTIONS[f].outputs))
"""What layers leave somewhere: their outputs, by name."""


def from_forward_backward(
    *,
    reuse: bool = True,
    where: Mapping[str, Source] | None = None,
    forward: str = "forward",
    backward: str = "backward",
    conventions: Conventions | None = None,
    **layers: Function,
) -> dict[str, Any]:
    """A target from layers with a cache: ``layer.forward(Y)``, then ``layer.backward(dZ)``.

    ``layers`` are what makes them: ``linear=Linear`` is called as ``Linear(W, b)``; ``relu``, ``softmax``,
    ``cross_entropy`` and ``softmax_cross_entropy`` as ``ReLU()``. A loss has ``forward(Z, P)`` and ``backward()``. With
    ``linear``, ``relu`` and ``softmax_cross_entropy`` there is ``network_gradients`` too: the layers, stacked.

    ``where`` says where a layer leaves an output, as ``{"dW": "grads.W", "dY": 0, "Z": lambda layer: …}``: in an
    attribute, at a place in what ``backward`` returns, or in what a function of the layer returns. Unless said
    otherwise dW and db are attributes, and the rest is returned. ``forward`` and ``backward`` name the methods.

    With ``reuse`` ONE object serves several calls, as in training. A call first sends other data of the same shape
    forwards and backwards through its object and throws the results away; objects without parameters moreover live on
    from call to call. So gradients that accumulate and caches that go stale show, the same way every time. Without
    ``reuse`` every call makes an object and uses it once: for layers that accumulate by design.
    """
    unknown = [kind for kind in layers if kind not in _KINDS]
    if unknown or not layers:
        got = f"{unknown[0]!r} is not known" if unknown else "no layer is given"
        _refuse(f"from_forward_backward: {got}, expected some of {', '.join(_KINDS)}")
    for kind, make in layers.items():
        if not callable(make):
            _refuse(f"from_forward_backward: {kind} is {type(make).__name__}, expected what makes a layer, as a class")
    strange = [name for name in where or {} if name not in _LEFT]
    if strange:
        _refuse(f"from_forward_backward: where has {strange[0]!r}, expected some of {', '.join(_LEFT)}")
    stack = _Layers(layers, {"dW": "dW", "db": "db", **(where or {})}, forward, backward, reuse=reuse)
    functions: dict[str, Any] = {}
    for kind in layers:
        functions[kind] = functools.partial(stack.value_of, kind)
        functions[f"{kind}_vjp"] = functools.partial(stack.gradients_of, kind)
    if {"linear", "relu", "softmax_cross_entropy"} <= set(layers):
        functions["network_gradients"] = stack.network_gradients
    return _target(functions, conventions)


@dataclass(frozen=True)
class _Layers:
    """How layers are made and used. ``living`` holds the objects that live on."""

    make: Mapping[str, Function]
    where: Mapping[str, Source]
    forward: str
    backward: str
    reuse: bool
    living: dict[str, Any] = field(default_factory=dict)

    def value_of(self, kind: str, *arguments: Any) -> Any:
        """The forward value."""
        layer, data = self._prepared(kind, kind, arguments)
        for each in self._passes(data):
            value = self._ahead(kind, layer, each.values())
        return value

    def gradients_of(self, kind: str, *arguments: Any) -> Any:
        """The gradients."""
        layer, data = self._prepared(kind, f"{kind}_vjp", arguments)
        for each in self._passes(data):
            self._ahead(kind, layer, [value for name, value in each.items() if name in FUNCTIONS[kind].arguments])
            cotangent = [value for name, value in each.items() if name not in FUNCTIONS[kind].arguments]
            outputs = self._back(kind, layer, cotangent)
        return _returned(f"{kind}_vjp", outputs)

    def network_gradients(self, weights: list[Array], biases: list[Array], X: Array, P: Array) -> dict[str, Any]:
        """The layers, stacked: forwards to the loss, and backwards."""
        linear = [("linear", self.make["linear"](W, b)) for W, b in zip(weights, biases, strict=True)]
        layers = [linear[0]]
        for each in linear[1:]:
            layers += [("relu", self.make["relu"]()), each]
        loss = self.make["softmax_cross_entropy"]()
        for data in self._passes({"X": X, "P": P}):
            Y, gradients = data["X"], []
            for kind, layer in layers:
                Y = self._ahead(kind, layer, [Y])
            value = self._ahead("softmax_cross_entropy", loss, [Y, data["P"]])
            dY = self._back("softmax_cross_entropy", loss, [])["dZ"]
            for kind, layer in reversed(layers):
                outputs = self._back(kind, layer, [dY])
                dY = outputs["dY" if kind == "linear" else "dZ"]
                gradients += [outputs] if kind == "linear" else []
        lists = {name: [outputs[name] for outputs in reversed(gradients)] for name in ("dW", "db")}
        return {"loss": value, "dX": dY, **lists}

    def _prepared(self, kind: str, function: str, arguments: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
        """A layer, and by name the arguments it was not made of."""
        given = dict(zip(FUNCTIONS[function].arguments, arguments, strict=True))
        parameters = [given.pop(name) for name in ("W", "b") if name in given]
        if parameters or not self.reuse:
            return self.make[kind](*parameters), given
        if kind not in self.living:
            self.living[kind] = self.make[kind]()
        return self.living[kind], given

    def _passes(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """The data; with ``reuse`` other data before it, as valid and of the same shape: negated, P and S backwards."""
        if not self.reuse:
            return [data]
        return [{name: np.flip(A).copy() if name in {"S", "P"} else -A for name, A in data.items()}, data]

    def _ahead(self, kind: str, layer: Any, data: Iterable[Any]) -> Any:
        return self._found(FUNCTIONS[kind].outputs[0], layer, self._method(layer, self.forward, "forward")(*data))

    def _back(self, kind: str, layer: Any, cotangent: Iterable[Any]) -> dict[str, Any]:
        returned = self._method(layer, self.backward, "backward")(*cotangent)
        return {name: self._found(name, layer, returned) for name in FUNCTIONS[f"{kind}_vjp"].outputs}

    @staticmethod
    def _method(layer: Any, name: str, role: str) -> Any:
        if not hasattr(layer, name):
            msg = f"from_forward_backward: {type(layer).__name__} has no method {name}: say which it is, as {role}='…'"
            raise AttributeError(msg)
        return getattr(layer, name)

    def _found(self, output: str, layer: Any, returned: Any) -> Any:
        source = self.where.get(output)
        if source is None:
            return returned
        if isinstance(source, int):
            return returned[source]
        if not isinstance(source, str):
            return source(layer)
        try:
            return operator.attrgetter(source)(layer)
        except AttributeError:
            say = f"say where it leaves {output}, as where={{{output!r}: 'grad_{output[-1]}'}}"
            msg = f"from_forward_backward: {type(layer).__name__} has no attribute {source}: {say}"
            raise AttributeError(msg) from None


# --- updated weights --------------------------------------------------------------------------------------------------

_RUNGS = 4
"""Large rates beside those asked for: so many, evenly spaced in exponent up to the end of the format."""
_ROOM = 8
"""One more rate is 2⁸ below the end of the format: for a step whose own arithmetic holds further factors."""


def from_update(
    step: Function,
    function: str = "network_gradients",
    *,
    rates: Sequence[float] = (1.0, 16.0, 256.0),
    conventions: Conventions | None = None,
) -> dict[str, Any]:
    """A target from code that shows only updated weights: dW = (W − W_new)/rate, at every rate the same.

    ``step(weights, biases, X, P, rate)`` returns ``(weights, biases)``; for ``"linear_vjp"`` it is
    ``step(W, Y, b, dZ, rate)`` and returns ``(W, dY, b)``. It is given copies and may update in place. ``rates`` are at
    least two powers of two, none below 1: multiplying and dividing by them is exact. Readings that differ by more than
    their rounding 2u·(|W_new| + |W − W_new|)/rate raise: what depends on the rate is no gradient.

    The update rounds too, by u·|W_new|/rate ≤ u·|W|/rate + u·|dW|, but not once |W| is below a quarter ulp of rate·dW:
    W_new is then −rate·dW. So steps are taken at further rates, up to the end of the format, and each entry is read at
    the largest that does not overflow it. A layer's dW and db do not depend on W: it steps from W = 0.

    For layers, then, dW is exact. For networks it is where |dW| ≥ 2⁻⁹⁶⁰·|W| and |W| ≤ 2⁷⁰⁰ (float32, bfloat16: 2⁻⁹⁰,
    2⁶⁰), if the step forms dW and then rate·dW. Below, it is off by up to 2u·(|dW| + |W|·2⁻¹⁰²³) (float32: 2⁻¹²⁷), the
    second part less than the smallest normal number while |W| < 2⁵³ (2²³). Hence ``arithmetic="flush-to-zero"`` is
    declared for networks, and float16, which has too few exponents, is left out. Beside larger weights a right gradient
    so small can be refuted, the more so where a step forms rate·dZ first, which overflows earlier.
    """
    if not callable(step):
        _refuse(f"from_update: {type(step).__name__} cannot be called, expected a function")
    if function not in {"linear_vjp", "network_gradients"}:
        _refuse(f"from_update: {function!r} has no weights, expected linear_vjp or network_gradients")
    wrong = [rate for rate in rates if not _scales_exactly(rate)]
    swept = sorted(set(rates) - set(wrong))
    if wrong or len(swept) <= 1:
        got = repr(wrong[0]) if wrong else f"{len(swept)} of them"
        _refuse(f"from_update: rates: {got}, expected at least two powers of two, none below 1, as 1.0, 16.0")
    if function == "linear_vjp":
        return _target({function: functools.partial(_layer_from_update, step, swept)}, conventions)
    declared = Conventions() if conventions is None else conventions
    dtypes = tuple(dtype for dtype in declared.limits.dtypes if dtype != "float16")
    if not dtypes:
        _refuse("from_update: float16 alone is declared, whose exponents are too few; expected a longer format")
    declared = replace(declared, arithmetic="flush-to-zero", limits=replace(declared.limits, dtypes=dtypes))
    return _target({function: functools.partial(_network_from_update, step, swept)}, declared)


def _scales_exactly(rate: Any) -> bool:
    """Is it a power of two, and not below 1, where products would underflow?"""
    number = isinstance(rate, int | float) and not isinstance(rate, bool) and 1 <= rate < math.inf
    return number and math.frexp(rate)[0] == 0.5  # noqa: PLR2004 - the significand of a power of two


def _layer_from_update(step: Function, rates: list[float], W: Array, Y: Array, b: Array, dZ: Array) -> Any:
    """(dW, dY, db): dY as the first step returns it; dW and db from a step at W = 0, b = 0, which rounds nothing."""

    def taken(W: Array, b: Array, rate: float) -> tuple[Any, ...]:
        return _tuple("from_update: step", step(_copy(W), Y, _copy(b), dZ, rate), ("W", "dY", "b"))

    steps = [(rate, taken(W, b, rate)) for rate in rates]
    free = taken(np.zeros_like(W), np.zeros_like(b), 1.0)

    def gradient(name: str, before: Array, place: int) -> Array:
        read = [_read(name, before, after[place], rate) for rate, after in steps]
        return _agreed(name, [*read, _read(name, np.zeros_like(before), free[place], 1.0, at=_ORIGIN)], before.dtype)

    return gradient("dW", W, 0), steps[0][1][1], gradient("db", b, 2)


def _network_from_update(
    step: Function, rates: list[float], weights: list[Array], biases: list[Array], X: Array, P: Array
) -> dict[str, Any]:
    """The dW and db of every layer."""
    end = _format(X.dtype).maxexp - 1
    large = [2.0 ** (end * k // _RUNGS) for k in range(1, _RUNGS + 1)]
    layers = [f"layer {k}" for k in range(len(weights))]
    steps = []
    for rate in sorted({*rates, *large, 2.0 ** (end - _ROOM)}):
        with np.errstate(all="ignore"):  # the largest rates are meant to overflow where they do
            after = step([_copy(W) for W in weights], [_copy(b) for b in biases], X, P, rate)
        lists = zip(("weights", "biases"), _tuple("from_update: step", after, ("weights", "biases")), strict=True)
        steps.append((rate, {name: _tuple(f"from_update: step: {name}", new, layers) for name, new in lists}))

    def gradient(name: str, kind: str, k: int, before: Array) -> Array:
        each = f"{name}[{k}]"
        return _agreed(each, [_read(each, before, new[kind][k], rate) for rate, new in steps], before.dtype)

    return {
        "dW": [gradient("dW", "weights", k, W) for k, W in enumerate(weights)],
        "db": [gradient("db", "biases", k, b) for k, b in enumerate(biases)],
    }


def _copy(A: Array) -> Array:
    """A copy that lies in memory as A does."""
    return A.copy(order="K")


def _format(dtype: Any) -> Any:
    return ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]


_ORIGIN = "W = 0, b = 0"


@dataclass(frozen=True)
class _Reading:
    """(W − W_new)/rate, and how far off it may be: 2u·(|W_new| + |W − W_new|)/rate, and by underflow."""

    at: str
    gradient: Array
    error: Array


def _read(name: str, W: Array, new: Any, rate: float, *, at: str = "") -> _Reading:
    _require_array(f"from_update: updated parameter of {name}", new, W.shape, W.dtype, "as the parameter is")
    form = _format(W.dtype)
    before, after = W.astype(np.float64), new.astype(np.float64)
    with np.errstate(all="ignore"):
        moved = before - after
        error = float(form.eps) * np.abs(after) + float(form.eps) * np.abs(moved) + 2 * float(form.smallest_normal)
        return _Reading(at or f"rate {rate:g}", moved / rate, error / rate)


def _agreed(name: str, readings: list[_Reading], dtype: Any) -> Array:
    """Each entry from the last reading in which it is finite; all readings in which it is agree within their errors."""
    gradient, error = readings[0].gradient, readings[0].error
    with np.errstate(all="ignore"):
        for each in readings[1:]:
            finite = np.isfinite(each.gradient)
            gradient, error = np.where(finite, each.gradient, gradient), np.where(finite, each.error, error)
        chosen = _Reading("", gradient, error)
        if any(_apart(each, chosen).any() for each in readings):
            _raise_apart(name, readings)
        return gradient.astype(dtype)


def _apart(one: _Reading, other: _Reading) -> Array:
    difference: Array = np.abs(one.gradient - other.gradient)
    return (difference > one.error + other.error) & np.isfinite(difference)


def _raise_apart(name: str, readings: list[_Reading]) -> NoReturn:
    """Name the first two readings that are apart, at the first entry at which they are."""
    one, other = next(pair for pair in itertools.combinations(readings, 2) if _apart(*pair).any())
    place = tuple(int(i) for i in np.argwhere(_apart(one, other))[0])
    values = f"{one.gradient[place]} at {one.at}, {other.gradient[place]} at {other.at}"
    what, why = "rate", "momentum, weight decay, clipping, or an update after each sample"
    if other.at == _ORIGIN:
        what, why = "weights", "weight decay"
    msg = f"from_update: {name}{list(place)} depends on the {what}: {values}; expected one gradient: {why}?"
    raise ValueError(msg)


# --- biases -----------------------------------------------------------------------------------------------------------

_BIASED = ("linear", "linear_vjp", "network_gradients")


def bias_shape(target: Any, shape: str) -> dict[str, Any]:
    """The target with b and db of shape (m,), where its code has them as a ``"column"`` (m, 1) or a ``"row"`` (1, m).

    Wraps ``linear``, ``linear_vjp`` and ``network_gradients``, and leaves the rest of the target as it is. A db of any
    other shape raises.
    """
    if shape not in {"column", "row"}:
        _refuse(f"bias_shape: shape is {shape!r}, expected column or row")
    if callable(target) and not isinstance(target, type):
        _refuse(f"bias_shape: {_name(target)} is one function, expected a target, as {{'linear_vjp': {_name(target)}}}")
    loaded = as_target(target)
    wrapped = {name: _with_biases(name, loaded.functions[name], shape) for name in _BIASED if name in loaded.functions}
    if not wrapped:
        _refuse(f"bias_shape: no function of the target has biases, expected one of {', '.join(_BIASED)}")
    return _target({**loaded.functions, **wrapped}, loaded.conventions)


def _with_biases(function: str, code: Function, shape: str) -> Function:
    axis = 1 if shape == "column" else 0

    def vector(name: str, db: Any) -> Any:
        expected = (np.size(db), 1) if axis else (1, np.size(db))
        _require_array(f"bias_shape: {function}.{name}", db, expected, None, f"a {shape} as b is")
        return np.squeeze(db, axis)

    @functools.wraps(code)
    def reshaped(*arguments: Any) -> Any:
        given = dict(zip(FUNCTIONS[function].arguments, arguments, strict=True))
        if function == "network_gradients":
            given["biases"] = [np.expand_dims(b, axis) for b in given["biases"]]
        else:
            given["b"] = np.expand_dims(given["b"], axis)
        outputs = _outputs(function, code(*given.values()))
        if function == "network_gradients" and isinstance(outputs.get("db"), list | tuple):
            outputs["db"] = [vector(f"db[{k}]", db) for k, db in enumerate(outputs["db"])]
        elif "db" in outputs:
            outputs["db"] = vector("db", outputs["db"])
        return _returned(function, outputs)

    return reshaped

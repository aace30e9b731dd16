"""Layers with a cache: ``layer.forward(Y)``, then ``layer.backward(dZ)``, become a forward function and its vjp."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.target import FUNCTIONS
from backproof_impl.wrapping.returned import Array, Function, as_returned, declaring
from backproof_impl.wrapping.update import from_update

Source: TypeAlias = str | int | Callable[[Any], Any]
"""Where a layer leaves an output: an attribute, a place in what ``backward`` returns, or a function of the layer."""

_KINDS = ("linear", "relu", "softmax", "cross_entropy", "softmax_cross_entropy")
_LEFT = tuple(dict.fromkeys(name for kind in _KINDS for f in (kind, f"{kind}_vjp") for name in FUNCTIONS[f].outputs))
"""What layers leave somewhere: their outputs, by name."""
_PARAMETERS = ("W", "b")
Given: TypeAlias = str | Callable[[Any], Any]
"""What ``backward`` is given: an argument or a cotangent by name, ``dL``, ``rate``, or a function of the layer."""


def from_forward_backward(
    *,
    reuse: bool = True,
    where: Mapping[str, Source] | None = None,
    forward: str = "forward",
    backward: str = "backward",
    takes: Mapping[str, Sequence[Given]] | None = None,
    sizes: bool = False,
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

    ``takes`` says what a ``backward`` is given where that is not its cotangent (of a loss: nothing): names in their
    order, as ``{"softmax_cross_entropy": ("Z", "P"), "relu": ("dY", "rate")}``, or functions of the layer, as
    ``lambda loss: loss.output``. ``dL`` is 1, the cotangent of a loss. A linear layer that is given the ``rate``
    updates its own W and b, attributes of these names or as ``where`` has them: dW and db are read off as by
    ``from_update``, unless ``where`` names them. With ``sizes`` a linear layer is made as ``Linear(inputs, outputs)``,
    and its W and b are set then.

    With ``reuse`` ONE object serves several calls, as in training. A call first sends other data of the same shape
    forwards and backwards through its object and throws the results away; objects without parameters moreover live on
    from call to call. So gradients that accumulate and caches that go stale show, the same way every time. Without
    ``reuse`` every call makes an object and uses it once: for layers that accumulate by design.
    """
    unknown = [kind for kind in layers if kind not in _KINDS]
    if unknown or not layers:
        got = f"{unknown[0]!r} is not known" if unknown else "no layer is given"
        msg = f"from_forward_backward: {got}, expected some of {', '.join(_KINDS)}"
        raise UsageError(msg)
    for kind, make in layers.items():
        if not callable(make):
            got = type(make).__name__
            msg = f"from_forward_backward: {kind} is {got}, expected what makes a layer, as a class"
            raise UsageError(msg)
    strange = [name for name in where or {} if name not in (*_LEFT, *_PARAMETERS)]
    if strange:
        msg = f"from_forward_backward: where has {strange[0]!r}, expected some of {', '.join((*_LEFT, *_PARAMETERS))}"
        raise UsageError(msg)
    given = {kind: tuple(names) for kind, names in (takes or {}).items()}
    _require_known(given, layers)
    inputs_first = conventions is not None and conventions.weights == "in-out"
    sources = {**{name: name for name in ("dW", "db", *_PARAMETERS)}, **(where or {})}
    stack = _Layers(layers, sources, given, forward, backward, sizes=sizes, inputs_first=inputs_first, reuse=reuse)
    functions: dict[str, Any] = {}
    for kind in layers:
        functions[kind] = functools.partial(stack.value_of, kind)
        functions[f"{kind}_vjp"] = functools.partial(stack.gradients_of, kind)
    updates = "rate" in given.get("linear", ()) and not {"dW", "db"} & set(where or {})
    if updates and "linear" in layers:
        functions |= from_update(stack.updated, "linear_vjp")
    elif {"linear", "relu", "softmax_cross_entropy"} <= set(layers):
        functions["network_gradients"] = stack.network_gradients
    return declaring(conventions, functions)


def _require_known(takes: Mapping[str, tuple[Given, ...]], layers: Mapping[str, Function]) -> None:
    """Every name that a ``backward`` is to be given stands for something."""
    for kind, names in takes.items():
        if kind not in layers:
            msg = f"from_forward_backward: takes has {kind!r}, expected some of the layers given: {', '.join(layers)}"
            raise UsageError(msg)
        arguments = (name for name in FUNCTIONS[f"{kind}_vjp"].arguments if name not in _PARAMETERS)
        known = (*arguments, "dL", "rate")
        unknown = [name for name in names if not callable(name) and name not in known]
        if unknown:
            expected = f"some of {', '.join(known)}, or a function of the layer"
            msg = f"from_forward_backward: takes of {kind} has {unknown[0]!r}, expected {expected}"
            raise UsageError(msg)


@dataclass(frozen=True)
class _Layers:
    """How layers are made and used. ``living`` holds the objects that live on."""

    make: Mapping[str, Function]
    where: Mapping[str, Source]
    takes: Mapping[str, tuple[Given, ...]]
    forward: str
    backward: str
    sizes: bool
    inputs_first: bool
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
            outputs = self._back(kind, layer, each)
        return as_returned(f"{kind}_vjp", outputs)

    def updated(self, W: Array, Y: Array, b: Array, dZ: Array, rate: float) -> tuple[Any, Any, Any]:
        """(W, dY, b) after a backward pass that updates W and b itself."""
        layer = self._made("linear", W, b)
        self._ahead("linear", layer, [Y])
        returned = self._method(layer, self.backward, "backward")(
            *self._given("linear", layer, {"Y": Y, "dZ": dZ}, rate)
        )
        return self._found("W", layer, returned), self._found("dY", layer, returned), self._found("b", layer, returned)

    def network_gradients(self, weights: list[Array], biases: list[Array], X: Array, P: Array) -> dict[str, Any]:
        """The layers, stacked: forwards to the loss, and backwards."""
        linear = [("linear", self._made("linear", W, b)) for W, b in zip(weights, biases, strict=True)]
        layers = [linear[0]]
        for each in linear[1:]:
            layers += [("relu", self.make["relu"]()), each]
        loss = self.make["softmax_cross_entropy"]()
        for data in self._passes({"X": X, "P": P}):
            Y, gradients, entered = data["X"], [], []
            for kind, layer in layers:
                entered.append(Y)
                Y = self._ahead(kind, layer, [Y])
            value = self._ahead("softmax_cross_entropy", loss, [Y, data["P"]])
            dY = self._back("softmax_cross_entropy", loss, {"Z": Y, "P": data["P"]})["dZ"]
            for (kind, layer), Y in zip(reversed(layers), reversed(entered), strict=True):
                names = ("Y", "dZ") if kind == "linear" else ("Z", "dY")
                outputs = self._back(kind, layer, dict(zip(names, (Y, dY), strict=True)))
                dY = outputs["dY" if kind == "linear" else "dZ"]
                gradients += [outputs] if kind == "linear" else []
        lists = {name: [outputs[name] for outputs in reversed(gradients)] for name in ("dW", "db")}
        return {"loss": value, "dX": dY, **lists}

    def _prepared(self, kind: str, function: str, arguments: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
        """A layer, and by name the arguments it was not made of."""
        given = dict(zip(FUNCTIONS[function].arguments, arguments, strict=True))
        parameters = [given.pop(name) for name in _PARAMETERS if name in given]
        if parameters or not self.reuse:
            return self._made(kind, *parameters), given
        if kind not in self.living:
            self.living[kind] = self.make[kind]()
        return self.living[kind], given

    def _passes(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """The data; with ``reuse`` other data before it, as valid and of the same shape: negated, P and S backwards."""
        if not self.reuse:
            return [data]
        return [{name: np.flip(A).copy() if name in {"S", "P"} else -A for name, A in data.items()}, data]

    def _made(self, kind: str, *parameters: Array) -> Any:
        """A new layer; with ``sizes`` it is made of these, and given its parameters then."""
        if not parameters or not self.sizes:
            return self.make[kind](*parameters)
        rows, columns = parameters[0].shape
        layer = self.make[kind](*((rows, columns) if self.inputs_first else (columns, rows)))
        for name, value in zip(_PARAMETERS, parameters, strict=True):
            self._set(layer, name, value)
        return layer

    def _set(self, layer: Any, name: str, value: Array) -> None:
        own = np.shape(self._found(name, layer, None))
        attribute = str(self.where[name])
        if own != value.shape:
            hint = "declare weights=in-out, or out-in" if name == "W" else "see backproof.bias_shape"
            whose = f"{type(layer).__name__}.{attribute}"
            msg = f"from_forward_backward: {whose} has shape {own}, expected {value.shape}: {hint}"
            raise ValueError(msg)
        holder, _, last = attribute.rpartition(".")
        setattr(operator.attrgetter(holder)(layer) if holder else layer, last, value)

    def _ahead(self, kind: str, layer: Any, data: Iterable[Any]) -> Any:
        return self._found(FUNCTIONS[kind].outputs[0], layer, self._method(layer, self.forward, "forward")(*data))

    def _given(self, kind: str, layer: Any, data: Mapping[str, Any], rate: float) -> list[Any]:
        """What ``backward`` is called with: the cotangent unless ``takes`` says otherwise."""
        usual = tuple(name for name in data if name not in FUNCTIONS[kind].arguments)
        known = {**data, "dL": 1.0, "rate": rate}
        return [name(layer) if callable(name) else known[name] for name in self.takes.get(kind, usual)]

    def _back(self, kind: str, layer: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        returned = self._method(layer, self.backward, "backward")(*self._given(kind, layer, data, 1.0))
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

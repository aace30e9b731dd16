"""Targets made of a library's reverse mode: its own forward functions, and their gradients as it finds them itself.

Not an adapter: what adapters of libraries that differentiate have in common. Nothing is computed here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_impl.target import Array

Function = Callable[..., Any]

_NETWORK = ("linear", "relu", "softmax_cross_entropy")
"""What a network is made of."""


def keywords(function: Function, args: Sequence[Any], options: Mapping[str, float]) -> Any:
    """f(A, B, eps=…)."""
    return function(*args, **options)


@dataclass(frozen=True)
class Differentiator:
    """What differentiates functions that are not ours: the type of its tensors, ``kind``, called ``name``, and more.

    ``tensor`` of an array may lie where that does; ``array``, ``vjp`` and ``scope`` are as of ``Library``, but for
    functions that return a list, of which ``vjp`` takes a list of cotangents. ``applies``: is this class a function?
    ``refused``: the ways to lie in memory of which there are no tensors. ``arithmetic``, ``seconds``: what has to be
    declared of it.
    """

    kind: type
    name: str
    tensor: Function
    array: Function
    vjp: Callable[[Function, list[Any], Any], tuple[Any, Sequence[Any]]]
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext
    called: Callable[[Function, Sequence[Any], Mapping[str, float]], Any] = keywords
    signature: Callable[[Function], inspect.Signature] = inspect.signature
    applies: Callable[[type], bool] = lambda _: False
    refused: tuple[str, ...] = ()
    arithmetic: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Library:
    """A library: ``tensor`` of an array, ``array`` of a tensor, ``vjp``, and ``forward``: its functions on tensors.

    ``vjp(function, args, cotangent)`` returns the value and its gradients in the order of ``args``, all as tensors.
    Every call runs within ``scope()``: a setting that the library needs and the rest of the process may not want.
    """

    tensor: Function
    array: Function
    vjp: Callable[[Function, list[Any], Any], tuple[Any, Sequence[Any]]]
    forward: Mapping[str, Function]
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext

    def target(self, conventions: Conventions, **spelt: Function) -> dict[str, Any]:
        """Everything the library offers; where operations are ``spelt`` otherwise, only what that changes."""
        forward, found = {**self.forward, **spelt}, dict[str, Any]()
        for name in spelt or forward:
            found[name] = partial(self._scoped, self._value, forward[name])
            found[f"{name}_vjp"] = partial(self._scoped, self._gradients, name, forward[name])
        if all(name in forward for name in _NETWORK) and (not spelt or any(name in spelt for name in _NETWORK)):
            operations = [forward[name] for name in _NETWORK]
            found["network_gradients"] = partial(self._scoped, self._network_gradients, *operations)
        return {**found, "CONVENTIONS": conventions}

    def _scoped(self, function: Function, *args: Any) -> Any:
        with self.scope():
            return function(*args)

    def _in(self, A: Array) -> Any:
        """A tensor that shares nothing with A, however A lies in memory; every library takes int64 class numbers."""
        return self.tensor(A.astype(np.int64 if A.dtype.kind in "iu" else A.dtype, order="C", copy=True))

    def _out(self, tensor: Any) -> Array:
        return np.array(self.array(tensor), order="C")

    def _value(self, function: Function, *args: Array) -> Array:
        return self._out(function(*map(self._in, args)))

    def _gradients(self, name: str, function: Function, *args: Array) -> Any:
        """Of every argument before the cotangent; of a loss, whose cotangent is 1, with respect to its first."""
        if name.endswith("cross_entropy"):
            first, P = map(self._in, args)
            _, (gradient,) = self.vjp(lambda x: function(x, P), [first], self._in(np.ones((), args[0].dtype)))
            return self._out(gradient)
        *x, cotangent = map(self._in, args)
        gradients = tuple(map(self._out, self.vjp(function, x, cotangent)[1]))
        return gradients if len(gradients) > 1 else gradients[0]

    def _network_gradients(
        self,
        linear: Function,
        relu: Function,
        loss: Function,
        weights: list[Array],
        biases: list[Array],
        X: Array,
        P: Array,
    ) -> dict[str, Any]:
        """A multi-layer perceptron: linear layers with ReLU between them, differentiated as a whole."""
        depth, labels = len(weights), self._in(P)

        def network(x: Any, *parameters: Any) -> Any:
            Z = linear(parameters[0], x, parameters[depth])
            for W, b in zip(parameters[1:depth], parameters[depth + 1 :], strict=True):
                Z = linear(W, relu(Z), b)
            return loss(Z, labels)

        one = self._in(np.ones((), X.dtype))
        value, gradients = self.vjp(network, [self._in(A) for A in (X, *weights, *biases)], one)
        dX, *rest = map(self._out, gradients)
        return {"loss": self._out(value), "dX": dX, "dW": rest[:depth], "db": rest[depth:]}

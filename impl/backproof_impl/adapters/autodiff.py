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
Reverse = Callable[[Function, list[Any], Any, tuple[int, ...]], Sequence[Any]]
"""``vjp(function, args, cotangent, by)``: the gradients by the arguments at these places, in order."""

_NETWORK = ("linear", "relu", "softmax_cross_entropy")
"""What a network is made of."""


def plainly(function: Function, args: Sequence[Any]) -> Any:
    """f(A, B)."""
    return function(*args)


def keywords(function: Function, args: Sequence[Any], options: Mapping[str, float]) -> Any:
    """f(A, B, eps=…)."""
    return function(*args, **options)


@dataclass(frozen=True)
class Differentiator:
    """What differentiates functions that are not ours: the type of its tensors, ``kind``, called ``name``, and more.

    ``tensor`` of an array may lie where that does; ``array``, ``vjp`` and ``scope`` are as of ``Library``, but for
    functions that return a list, of which ``vjp`` takes a list of cotangents; so is ``value``, of functions that are
    the library's own. ``applies``: is this class a function? ``refused``: the ways to lie in memory of which there are
    no tensors. ``arithmetic``, ``seconds``: what has to be declared of it.
    """

    kind: type
    name: str
    tensor: Function
    array: Function
    vjp: Reverse
    value: Callable[[Function, Sequence[Any]], Any] = plainly
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

    ``value(function, args)`` and ``vjp`` return tensors, and may keep what they compile for functions that are equal.
    Every call runs within ``scope()``: a setting that the library needs and the rest of the process may not want.
    """

    tensor: Function
    array: Function
    vjp: Reverse
    forward: Mapping[str, Function]
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext
    value: Callable[[Function, Sequence[Any]], Any] = plainly

    def target(self, conventions: Conventions, **spelt: Function) -> dict[str, Any]:
        """Everything the library offers; where operations are ``spelt`` otherwise, only what that changes."""
        forward, found = {**self.forward, **spelt}, dict[str, Any]()
        for name in spelt or forward:
            found[name] = partial(self._scoped, self._value, forward[name])
            found[f"{name}_vjp"] = partial(self._scoped, self._gradients, name, forward[name])
        if all(name in forward for name in _NETWORK) and (not spelt or any(name in spelt for name in _NETWORK)):
            network = _Network(*(forward[name] for name in _NETWORK))
            found["network_gradients"] = partial(self._scoped, self._network_gradients, network)
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
        return self._out(self.value(function, [*map(self._in, args)]))

    def _gradients(self, name: str, function: Function, *args: Array) -> Any:
        """Of every argument before the cotangent; of a loss, whose cotangent is 1, with respect to its first."""
        if name.endswith("cross_entropy"):
            one = self._in(np.ones((), args[0].dtype))
            (gradient,) = self.vjp(function, [*map(self._in, args)], one, (0,))
            return self._out(gradient)
        *x, cotangent = map(self._in, args)
        gradients = tuple(map(self._out, self.vjp(function, x, cotangent, tuple(range(len(x))))))
        return gradients if len(gradients) > 1 else gradients[0]

    def _network_gradients(
        self, network: _Network, weights: list[Array], biases: list[Array], X: Array, P: Array
    ) -> dict[str, Any]:
        """Differentiated as a whole, by all but the labels."""
        differentiated = _Differentiated(network, self.vjp, self._in, X.dtype)
        args = [self._in(A) for A in (P, X, *weights, *biases)]
        loss, dX, *rest = map(self._out, self.value(differentiated, args))
        return {"loss": loss, "dX": dX, "dW": rest[: len(weights)], "db": rest[len(weights) :]}


@dataclass(frozen=True)
class _Network:
    """A multi-layer perceptron: linear layers with ReLU between them, and the loss."""

    linear: Function
    relu: Function
    loss: Function

    def __call__(self, labels: Any, x: Any, *parameters: Any) -> Any:
        """Of the weights, and after them the biases."""
        depth = len(parameters) // 2
        Z = self.linear(parameters[0], x, parameters[depth])
        for W, b in zip(parameters[1:depth], parameters[depth + 1 :], strict=True):
            Z = self.linear(W, self.relu(Z), b)
        return self.loss(Z, labels)


@dataclass(frozen=True)
class _Differentiated:
    """A network's loss and its gradients by all but the labels, as one function: it compiles in less time than two."""

    network: _Network
    vjp: Reverse
    tensor: Function
    dtype: np.dtype[Any]

    def __call__(self, *args: Any) -> list[Any]:
        """The loss, and the gradients."""
        one = self.tensor(np.ones((), self.dtype))
        gradients = self.vjp(self.network, [*args], one, tuple(range(1, len(args))))
        return [self.network(*args), *gradients]

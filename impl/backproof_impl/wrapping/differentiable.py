"""dX = (∂Y/∂X)ᵀ·dY as a library finds it: any function that PyTorch or JAX differentiates, and its vjp, under one name.

    rms_norm = backproof.from_torch(f)      offers rms_norm(X, g, eps=…) and rms_norm_vjp(X, g, dY, eps=…)

Whoever loads a target says by which arguments there is a gradient; f is given the others as they are. What f does not
depend on has the gradient 0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from backproof_impl.adapters import ADAPTERS
from backproof_impl.adapters.autodiff import Differentiator, Function, plainly
from backproof_impl.calling import Unlike
from backproof_impl.conventions import Conventions, Unloadable, UsageError
from backproof_impl.target import Array


def from_torch(function: Callable[..., Any]) -> Differentiable:
    """f of tensors, as a target's f and f_vjp of arrays: a function, a ``torch.autograd.Function``, or a module.

    PyTorch is given tensors that lie where the arrays do, with their strides; of negative ones it has none, so that no
    array is read backwards.
    """
    return _of("pytorch", "from_torch", function)


def from_jax(function: Callable[..., Any]) -> Differentiable:
    """The same of JAX: a function, or a ``jax.custom_vjp``. Numbers of 64 bits are enabled for its calls."""
    return _of("jax", "from_jax", function)


def every(adapter: str, functions: Mapping[str, Callable[..., Any]]) -> dict[str, Differentiable]:
    """Those of an adapter, by their operations."""
    return {name: Differentiable(adapter, function, own=True) for name, function in functions.items()}


def _of(adapter: str, name: str, function: Any) -> Differentiable:
    package, extra = ADAPTERS[adapter].package, ADAPTERS[adapter].extra
    if find_spec(package) is None:
        msg = f"{name} needs {package}: pip install 'backproof[{extra}]'"
        raise Unloadable(msg)
    found = Differentiable(adapter, function)
    if not callable(function) or (isinstance(function, type) and not found.library.applies(function)):
        what = f"{function.__name__} is a class" if isinstance(function, type) else f"{function!r} cannot be called"
        msg = f"{name}: {what}, expected a function of {package}'s arrays"
        raise UsageError(msg)
    return found


@dataclass(frozen=True)
class Differentiable:
    """f of arrays; ``adapter``: of the library that differentiates it; ``own``: f is that library's own."""

    adapter: str
    function: Callable[..., Any]
    own: bool = False

    def __call__(self, *arguments: Array, **options: float) -> Any:
        """f(A, B; eps)."""
        library = self.library
        with library.scope():
            tensors = [library.tensor(np.asarray(A)) for A in arguments]
            value = (library.value if self.own else plainly)(self.bound(options), tensors)
            found = [self.array(each, arguments) for each in listed(value)]
        return tuple(found) if isinstance(value, tuple | list) else found[0]

    def bound(self, options: Mapping[str, float], outputs: int | None = None) -> Function:
        """f of tensors; equal to another one only where f is the library's own: what others keep may have changed."""
        found = _Bound(self, options, repr(options), outputs)
        return found if self.own else partial(found)

    def vjp(self, arguments: Sequence[str], outputs: Sequence[str]) -> Vjp:
        """f_vjp: f's arguments are called so, and dA of each A is to be returned."""
        return Vjp(self, len(arguments), tuple([*arguments].index(name[1:]) for name in outputs))

    def declared(self, conventions: Conventions) -> Conventions:
        """These conventions, and what is the library's way."""
        limits, library = conventions.limits, self.library
        memory = tuple(each for each in limits.memory if each not in library.refused) or limits.memory
        limits = replace(limits, memory=memory, seconds=limits.seconds or library.seconds)
        return replace(conventions, limits=limits, arithmetic=library.arithmetic or conventions.arithmetic)

    def array(self, value: Any, given: Sequence[Any]) -> Any:
        """A tensor's numbers, in memory of their own if they lie in what was given, as a view does."""
        if not isinstance(value, self.library.kind):
            return Unlike(type(value).__name__, f"a {self.library.name}")
        A = self.library.array(value)
        return A.copy() if any(np.may_share_memory(A, each) for each in given) else A

    @property
    def library(self) -> Differentiator:
        """What is known of it."""
        module = f"backproof_impl.libraries.{ADAPTERS[self.adapter].package}_functions"
        found: Differentiator = import_module(module).DIFFERENTIATOR
        return found

    @property
    def __signature__(self) -> inspect.Signature:
        """That of f: a parameter is handed over where f takes it."""
        try:
            return self.library.signature(self.function)
        except (TypeError, ValueError) as error:
            raise AttributeError(str(error)) from None


@dataclass(frozen=True)
class Vjp:
    """f_vjp(A, B, dY; eps) → (dA, dB): ``count`` arguments of f, ``by`` those of these places."""

    of: Differentiable
    count: int
    by: tuple[int, ...]

    def __call__(self, *arguments: Array, **options: float) -> Any:
        """Of a function whose value is a number, the cotangent may be left out: it is 1."""
        library = self.of.library
        given = [*map(np.asarray, arguments)]
        if len(given) == self.count:
            given.append(np.ones((), given[self.by[0]].dtype))
        with library.scope():
            tensors = [library.tensor(A) for A in given]
            args, cotangents = tensors[: self.count], tensors[self.count :]
            one = len(cotangents) == 1
            value = self.of.bound(options, len(cotangents))
            gradients = library.vjp(value, args, cotangents[0] if one else cotangents, self.by)
            found = tuple(self.of.array(each, given) for each in gradients)
        return found if len(found) > 1 else found[0]

    @property
    def __signature__(self) -> inspect.Signature:
        """Any arguments, and the parameters that f takes."""
        try:
            written = inspect.signature(self.of).parameters.values()
        except (TypeError, ValueError):
            written = {}.values()
        named = [each for each in written if each.kind in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}]
        every = inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)
        return inspect.Signature([every, *(each.replace(kind=each.KEYWORD_ONLY) for each in named)])


@dataclass(frozen=True)
class _Bound:
    """f(A, B; eps) of tensors, with as many outputs as are required; equal where the options are written alike."""

    of: Differentiable
    options: Mapping[str, float] = field(compare=False)
    written: str
    outputs: int | None

    def __call__(self, *tensors: Any) -> Any:
        """The value; if it is required, a list as the tuple that it stands for."""
        library = self.of.library
        value = library.called(self.of.function, tensors, self.options)
        if self.outputs is None:
            return value
        unlike = [each for each in listed(value) if not isinstance(each, library.kind)]
        if unlike or len(listed(value)) != self.outputs:
            got = f"{len(listed(value))} values" if not unlike else type(unlike[0]).__name__
            wanted = f"a {library.name}" if self.outputs == 1 else f"{self.outputs} of them"
            msg = f"the function returned {got}, expected {wanted}"
            raise TypeError(msg)
        return listed(value) if self.outputs > 1 else listed(value)[0]


def listed(value: Any) -> list[Any]:
    """The outputs of a function: its value, or each of several."""
    return [*value] if isinstance(value, tuple | list) else [value]

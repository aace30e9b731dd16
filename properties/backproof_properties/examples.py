"""An example: inputs, and a way to call the function with them that must make no difference.

Some ways need inputs of a kind: a stride of 0 equal entries, one array in two places equal arguments, an array of
integers whole numbers. Where the inputs are of it the way is taken often; now and then they are made so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backproof_impl.memory import MEMORY
from backproof_impl.target import FUNCTIONS, Signatures
from backproof_properties.arrays import Array, Case
from backproof_properties.contract import PLAIN, Usage
from backproof_properties.property import Property
from backproof_properties.source import Source
from backproof_properties.subject import Domain

_COTANGENTS = ("dZ", "dY", "dS")
_ANY_NUMBERS = (*_COTANGENTS, "Y")
"""Arguments that may hold whatever another one holds."""
_OF_NETWORKS = ("weights", "biases", "X")
_OF_LAYERS = (*_OF_NETWORKS, "W", "Y", "b", "Z")
_LARGEST_INTEGER = 8


def example(source: Source, each: Property, domain: Domain) -> tuple[Case, Usage]:
    """A case and a usage of the functions of a property; the links inside the spec call nothing. Raises ``Unfit``."""
    case, functions, signatures = each.cases(source, domain), each.functions, each.signatures
    if not functions:
        return case, PLAIN
    usage, kind = _usages(source, domain), source.of(_KINDS)
    if kind not in {"any", *_limits(domain)} or (kind in {"integers", "shared"} and signatures[functions[0]].own):
        return case, usage
    if kind == "broadcast":
        return _broadcast(source, signatures, case, usage, functions)
    return _MADE.get(kind, _as_it_is)(source, domain, case, usage, functions)


_KINDS = ("any", "any", "any", "broadcast", "broadcast", "broadcast", "broadcast", "shared", "integers")


def _limits(domain: Domain) -> tuple[str, ...]:
    """The kinds that the target's declared limits admit; NumPy has no common format of integers and bfloat16."""
    limits = domain.conventions.limits
    return (*limits.memory, *(("integers",) if limits.integers and domain.dtype != "bfloat16" else ()))


def _usages(source: Source, domain: Domain) -> Usage:
    """What any inputs admit; most often the plain way."""
    declared = domain.conventions.limits.memory
    memory = tuple(kind for kind in MEMORY if kind in declared and kind not in _OF_A_KIND) or declared
    labels = ("int64", "int32", "uint8") if domain.conventions.labels == "index" else ("int64",)
    before = source.of((*[PLAIN] * 4, replace(PLAIN, history=True), replace(PLAIN, stale=True)))
    return replace(
        before,
        memory=source.of((*memory[:1] * 3, *memory[1:])),
        argument=source.whole(0, 4),
        labels=source.of(labels),
    )


# --- ways that need inputs of a kind ----------------------------------------------------------------------------------


def _as_it_is(_: Source, __: Domain, case: Case, usage: Usage, ___: tuple[str, ...]) -> tuple[Case, Usage]:
    return case, usage


def _broadcast(
    source: Source, signatures: Signatures, case: Case, usage: Usage, functions: tuple[str, ...]
) -> tuple[Case, Usage]:
    """A stride of 0 for an argument that is the same along an axis."""
    numbered = [pair for function in functions for pair in enumerate(signatures[function].arguments)]
    even = [k for k, name in numbered if any(map(_is_even, _arrays(case.get(name, []))))]
    return case, replace(usage, memory="broadcast", argument=source.of(even)) if even else usage


def _is_even(A: Array) -> bool:
    """Is A the same along an axis that is longer than 1?"""
    return A.size > 0 and any(size > 1 and bool((A.take([0], axis) == A).all()) for axis, size in enumerate(A.shape))


def _shared(source: Source, domain: Domain, case: Case, usage: Usage, _: tuple[str, ...]) -> tuple[Case, Usage]:
    """One array in two places: in a network's layers of the same shape, or as a cotangent and another argument."""
    if "weights" in case and domain.conventions.limits.logit is None:
        return {**case, **{name: _tied(case[name]) for name in ("weights", "biases")}}, replace(usage, memory="shared")
    alike = [
        (name, other)
        for name in _ANY_NUMBERS
        for other in case
        if name in case and other != name and case[name].shape == case[other].shape and np.isfinite(case[other]).all()
    ]
    if not alike:
        return case, usage
    name, other = source.of(alike)
    return {**case, name: case[other].copy()}, replace(usage, memory="shared")


def _tied(layers: list[Array]) -> list[Array]:
    """Every layer is the first of its shape."""
    first: dict[tuple[int, ...], Array] = {}
    return [first.setdefault(A.shape, A).copy() for A in layers]


def _integers(
    source: Source, domain: Domain, case: Case, usage: Usage, functions: tuple[str, ...]
) -> tuple[Case, Usage]:
    """An argument of whole numbers as an array of integers; what the output's format comes from stays as it is.

    An array without entries has no whole numbers of which a floating result could be made.
    """
    arguments = FUNCTIONS[functions[0]].arguments if len(functions) == 1 else ()
    limits = domain.conventions.limits
    out = {
        "S",
        *_COTANGENTS,
        *(("P",) if domain.conventions.labels == "index" else ()),
        *(() if limits.logit is None else _OF_NETWORKS),
        *(() if limits.magnitude is None else _OF_LAYERS),
    }
    able = [name for name in arguments if name not in out and all(A.size for A in _arrays(case[name]))]
    if not able or len(arguments) == 1:
        return case, usage
    name = source.of(able)
    made = _one_hot(case["P"]) if name == "P" else _whole(case[name])
    return {**case, name: made}, replace(usage, memory="contiguous", argument=arguments.index(name), integers=True)


def _one_hot(P: Array) -> Array:
    """P where its entries are whole; else all of each column's mass where most of it is."""
    return P if _is_whole(P) else (np.arange(len(P))[:, None] == P.argmax(axis=0)).astype(P.dtype)


def _is_whole(A: Array) -> bool:
    return bool((np.trunc(A) == A).all())


def _whole(value: Any) -> Any:
    """Without fractions, and small; −0 is 0."""
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    limit = value.dtype.type(_LARGEST_INTEGER)
    whole: Array = np.trunc(np.clip(value, -limit, limit)) + value.dtype.type(0)
    return whole.astype(value.dtype)  # NumPy's trunc of bfloat16 is float32


def _arrays(value: Any) -> list[Array]:
    return value if isinstance(value, list) else [value]


_MADE = {"shared": _shared, "integers": _integers}
_OF_A_KIND = {"broadcast", *_MADE}

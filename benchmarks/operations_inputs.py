"""The random inputs of operations_campaign.py: of any operation, sizes that fit each other, values of every kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import rounding_inputs as inputs
from rounding_campaign import UNPLANTED

from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.inputs import fitted, work
from backproof_spec.language.reverse import derived, missing, swept
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import FORMATS

SMALL, LARGE, FEW = ((6, 6), (40, 6), (200, 6)), (200, 20), 30
"""Up to these are one size of an example and all others: the small ones in turn, after a few the large ones."""
MOST = 100_000
"""The most work (see ``work``) of any example."""


def equal(rng: np.random.Generator, shape: tuple[int, ...], form: Any) -> Array:
    """One number in all places."""
    return np.full(shape, inputs.normal(rng, (), form))


def moderate(rng: np.random.Generator, shape: tuple[int, ...], _: Any) -> Array:
    """From 1 to 128: where exp, tanh and erf saturate."""
    return rng.choice((-1, 1), shape) * np.exp2(rng.uniform(0, 7, shape))


def paired(rng: np.random.Generator, shape: tuple[int, ...], form: Any) -> Array:
    """Along some axis the second half repeats the first, with this sign or that."""
    axes = [rng.integers(len(shape))] if shape else []
    return inputs.paired(*axes, sign=int(rng.choice((-1, 1))))(rng, shape, form)


def small_integers(rng: np.random.Generator, shape: tuple[int, ...], _: Any) -> Array:
    """Quarters from −2 to 2."""
    return rng.integers(-8, 9, shape) / 4


REGIMES: dict[str, inputs.Draw] = {
    "normal": inputs.normal,
    "moderate": moderate,
    "wide": inputs.wide,
    "subnormal": inputs.subnormal,
    "near overflow": inputs.TOP,
    "root of overflow": inputs.ROOT,
    UNPLANTED: paired,
    "offset": inputs.offset,
    "equal": equal,
    "quarters": small_integers,
    "saturated": inputs.gaps,
}
CALM = {"near overflow", "root of overflow", "wide"}
"""In these regimes half of the arrays are of another one."""


def drawn(kind: str, draw: inputs.Draw, rng: np.random.Generator, shape: tuple[int, ...], form: Any) -> Array:
    """An array of a kind."""
    A = draw(rng, shape, form)
    tiny = 2.0**-form.precision
    return {
        "weights": np.abs,
        "positive": lambda A: np.maximum(np.abs(A), 2.0**form.emin),
        "probability": lambda A: np.clip(np.abs(A) % 1, tiny, 1 - tiny),
        "mask": lambda A: (A > 0).astype(float),
    }.get(kind, lambda A: A)(A)


@dataclass(frozen=True)
class Given:
    """An operation, with the formulas of its gradients in both ways."""

    operation: Operation

    @cached_property
    def ways(self) -> tuple[Operation, Operation]:
        """By what is claimed, and by the reverse sweep."""
        return derived(self.operation), swept(self.operation)

    @cached_property
    def kinks(self) -> bool:
        """Is there a gradient that is not claimed, of what has kinks?"""
        return bool(missing(self.operation)) and self.operation.name.startswith("max_pool")

    def sizes(self, rng: np.random.Generator, case: Case, largest: int, other: int) -> dict[str, int] | None:
        """Of every dimension; None where they do not fit each other."""
        arguments = self.operation.arguments
        dims = {self.operation.dimension[i]: 0 for each in arguments for i in (*each.indices, each.below) if i}
        one = rng.choice([*dims])
        some = {dim: int(rng.integers(1, largest if dim == one else other)) for dim in dims}
        return fitted(self.operation, {each.name: case[each.name] for each in self.operation.parameters}, some, 1)

    def cases(self, regime: str, dtype: str, rng: np.random.Generator) -> Iterator[tuple[Case, int]]:
        """Inputs without end, and how much work they are."""
        operation, form = self.operation, FORMATS[dtype]
        for number in itertools.count():
            case: Case = {each.name: each.choices[rng.integers(len(each.choices))] for each in operation.parameters}
            sizes = self.sizes(rng, case, *(SMALL[number % 3] if number < FEW else LARGE))
            if (
                sizes is None
                or min(sizes.values()) < 1
                or max(work(operation, sizes), prod(sizes.values()) // 20) > MOST
            ):
                continue
            for name, shape in self.shapes(sizes).items():
                argument = operation.argument(name)
                kind = argument.kind if argument else "real"
                calm = regime in CALM and rng.random() < 1 / 2
                draw = rng.choice([inputs.normal, moderate]) if calm else REGIMES[regime]
                if kind == "index":
                    case[name] = rng.integers(0, sizes[operation.dimension[argument.below]], shape)
                else:
                    with np.errstate(all="ignore"):
                        case[name] = np.asarray(drawn(kind, draw, rng, shape, form)).astype(NUMPY_DTYPES[dtype])
            yield case, work(operation, sizes)

    def shapes(self, sizes: dict[str, int]) -> dict[str, tuple[int, ...]]:
        """Of the arguments and the cotangents."""
        operation = self.operation
        names = {each.name: each.name for each in operation.arguments} | dict(operation.cotangents)
        return {name: tuple(sizes[dim] for dim in operation.shapes[of]) for name, of in names.items()}

"""The mutants of an operation as the diagnosis tries them: what an implementation of each may give, with its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from random import Random
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties import mutations
from backproof_properties.computed import claimed, formula_bounds, output_bounds
from backproof_properties.evidence import Formula, Seen, contradicted, of_bounds
from backproof_properties.fields import Doubt
from backproof_properties.filter import Fast
from backproof_properties.inputs import evaluation
from backproof_properties.mutations import Mutant, formula
from backproof_properties.running import Running, Uncertain
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.functions import Number, real
from backproof_spec.language.proving import drawn
from backproof_spec.language.rounding import BITS, rounded
from backproof_spec.language.syntax import Gradient
from backproof_spec.operation import Operation

_EXAMPLES, _SEEDS, _DIGITS = 16, range(10, 90), 40
"""Mutants are one that agree to so many digits at so many small examples, which are drawn by these seeds."""


@dataclass(frozen=True)
class Mutated:
    """A mutant's value, or its gradient by an argument, as a formula of the diagnosis."""

    mutant: Mutant
    argument: str | None = None

    @property
    def _gradient(self) -> Gradient:
        return next(each for each in self.mutant.operation.gradients if each.name == self.argument)

    def __call__(self, seen: Seen) -> list[Running]:
        """What an implementation of it gives on an example: in NumPy, but where that cannot be said or underflows.

        Where what does not underflow is not what the target gave, the rest is not looked at: it may be anything.
        """
        try:
            fields = self._fields(seen)
        except Uncertain:
            return self._exact(seen)
        in_part = [_running(each, np.isnan(each.error) | _underflow(each, seen), seen) for each in fields]
        if contradicted(in_part, seen) or not any(_underflow(each, seen).any() for each in fields):
            return in_part
        return self._exact(seen)

    def swiftly(self, seen: Seen) -> list[Running]:
        """The same in NumPy alone. Raises ``Uncertain`` where that cannot say."""
        fields = self._fields(seen)
        if any(_underflow(each, seen).any() for each in fields):
            raise Uncertain
        return [_running(each, np.isnan(each.error), seen) for each in fields]

    def _fields(self, seen: Seen) -> list[Any]:
        operation = self.mutant.operation
        try:
            at: Any = Fast(operation, seen.case, seen.subject.arithmetic)
            with seen.fields.shared(at):
                if self.argument is None:
                    return [at.rules.returned(at.tensor(name)) for name in operation.outputs]
                return [at.rules.returned(at.field(claimed(self._gradient), self._gradient.indices))]
        except (Doubt, ArithmeticError):
            raise Uncertain from None

    def _exact(self, seen: Seen) -> list[Running]:
        with mp.workprec(BITS):
            values = rounded(evaluation(self.mutant.operation, seen.case), seen.subject.arithmetic)
            with seen.bounds.shared(values):
                if self.argument is None:
                    found = [output_bounds(values, name) for name in self.mutant.operation.outputs]
                else:
                    found = [formula_bounds(values, self._gradient)]
                return [of_bounds(each, C.shape, seen.rounding) for each, C in zip(found, seen.computed, strict=True)]

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """Its values at small examples, nothing where it has none: mutants that have the same ones are the same."""
        operation = self.mutant.operation
        with mp.workprec(BITS):
            found = (drawn(operation, Random(seed)) for seed in _SEEDS)  # noqa: S311 - examples, no secrets
            given = islice((each for each in found if each is not None), _EXAMPLES)
            return tuple(value for each in given for value in self._values(each))

    def _values(self, given: Evaluation[Number]) -> Iterator[str]:
        if self.argument is None:
            found = map(self.mutant.operation.definition, self.mutant.operation.outputs)
            wanted = [(each.indices, each.body) for each in found if each is not None]
        else:
            wanted = [(self._gradient.indices, formula(self._gradient))]
        for indices, body in wanted:
            for place in given.places(indices):
                try:
                    value = given.compiled(body)(dict(zip(indices, place, strict=True)))
                    yield str(mp.nstr(real(value), _DIGITS))
                except ArithmeticError:
                    yield ""


def _underflow(field: Any, seen: Seen) -> Any:
    return (field.error != 0) & (field.error < seen.rounding.smallest_normal)


def _running(field: Any, doubt: Any, seen: Seen) -> Running:
    return Running(np.where(doubt, 0, field.value), np.where(doubt, np.inf, field.error), seen.rounding)


Row = tuple[str, str, Formula]


def of_forward(operation: Operation) -> Iterator[Row]:
    """Of the value of an operation."""
    for each in mutations.of_forward(operation):
        yield each.cause, each.words, Mutated(each)


def of_gradient(operation: Operation, name: str) -> Iterator[Row]:
    """Of its gradient by an argument."""
    for each in mutations.of_gradient(operation, name):
        yield each.cause, each.words, Mutated(each, name)


def different(rows: list[Row]) -> list[Row]:
    """Without mutants that come to the same thing as one before."""
    found: dict[object, Row] = {}
    for k, row in enumerate(rows):
        found.setdefault(row[2].identity if isinstance(row[2], Mutated) else k, row)
    return list(found.values())

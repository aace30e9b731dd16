"""Difference quotients of all outputs of an operation, by one entry of an argument; what does not read it stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from fractions import Fraction

from mpmath import mp

from backproof_spec.differentiation import STEP_BITS
from backproof_spec.language.evaluating import Evaluation, Place, Tensor
from backproof_spec.language.exact import Exact
from backproof_spec.language.functions import Function, Number, real
from backproof_spec.language.syntax import Definition
from backproof_spec.language.whole import At

_CLOSE = 2.0**-STEP_BITS
"""A step that is off by more, relatively, is tried again with a smaller one."""
Read = tuple[str, Place]
"""An entry of an argument, or of what is defined."""


class _Once(Exact):
    """Exact numbers at one precision: what a function gives is found once, where nothing moves and in each move."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.kept = dict[tuple[object, ...], Number]()
        self.found = self.kept

    def apply(self, function: Function, arguments: tuple[Number, ...]) -> Number:
        """f(a, …); of a fraction another than of an equal number of mpmath."""
        key = function.name, *arguments, *map(type, arguments)
        if key in self.kept:
            return self.kept[key]
        if key not in self.found:
            self.found[key] = super().apply(function, arguments)
        return self.found[key]


class _Tensor(dict[Place, Number]):
    """Entries, and what was computed from each of them."""

    def __init__(self, entries: Mapping[Place, Number], of: Moving) -> None:
        """``of`` says what is computed now."""
        super().__init__(entries)
        self._of, self.readers = of, defaultdict[Place, set[Read]](set)

    def get(self, place: Place, outside: Number) -> Number:  # type: ignore[override]
        """The entry; who reads it is noted."""
        self.readers[place].add(self._of.computing)
        return super().get(place, outside)


class Moving(Evaluation[Number]):
    """An operation at exact values, of which one entry moves at a time: all that was computed from it is so anew.

    What an entry has read decides about it: of a product whose first factor is 0 that is no other factor.
    """

    computing: Read

    def __init__(self, given: Evaluation[Number]) -> None:
        """At the same values, at the precision of now. Raises ``ArithmeticError`` where there is no value."""
        moved = {each.name for each in given.operation.differentiated}
        self._tensors = {name: _Tensor(given.values[name], self) for name in moved}
        values: dict[str, Tensor[Number]] = {**given.values, **self._tensors}
        self._once, self._before = _Once(), dict[Read, Number]()
        super().__init__(given.operation, given.sizes, given.parameters, values, self._once)
        self._compiled = dict[str, Callable[[At], Number]]()
        for output in self.operation.outputs:
            self.tensor(output)

    def defined(self, definition: Definition) -> Tensor[Number]:
        """All entries that a definition gives."""
        self._compiled[definition.name] = self.compiled(definition.body)
        found = self._tensors[definition.name] = _Tensor({}, self)
        for place in self.places(definition.indices):
            found[place] = self._computed(definition, place)
        return found

    def _computed(self, definition: Definition, place: Place) -> Number:
        self.computing = definition.name, place
        return self._compiled[definition.name](dict(zip(definition.indices, place, strict=True)))

    def moved(self, argument: str, at: Place, step: Fraction) -> dict[Read, Number]:
        """Those entries of the outputs that depend on this one, where it is more by ``step``; then all is as before."""
        self._put_back()
        before, stale, self._once.found = self._before, defaultdict[str, set[Place]](set), {}

        def put(name: str, place: Place, value: Number) -> None:
            tensor = self._tensors[name]
            before[name, place], tensor[place] = tensor[place], value
            for reader, where in tensor.readers[place]:
                stale[reader].add(where)

        try:
            put(argument, at, self._tensors[argument][at] + step)
            for definition in self.operation.definitions:  # in order: each rests on those before it
                for place in stale[definition.name]:
                    put(definition.name, place, self._computed(definition, place))
            return {read: self._tensors[read[0]][read[1]] for read in before if read[0] in self.operation.outputs}
        finally:
            self._put_back()

    def _put_back(self) -> None:
        """As before all moves; where this is interrupted the next move ends it."""
        for (name, place), value in self._before.items():
            self._tensors[name][place] = value
        self._before.clear()


Quotient = tuple[Number, Number]
"""(f(x + h) − f(x − h))/2h, and how large the values are that it comes from."""


class Quotients:
    """Those of all outputs by one entry of an argument, of the steps that are asked for."""

    def __init__(self, moving: Moving, argument: str, at: Place) -> None:
        """None yet."""
        self._moving, self._argument, self._at = moving, argument, at
        self._known: dict[int, dict[Read, Quotient]] = {}

    def of(self, bits: int, output: str, place: Place) -> Quotient:
        """That of a step h = 2^−bits; exactly 0 where the output does not depend on the entry."""
        if bits not in self._known:
            h = Fraction(1, 2**bits)
            ahead, behind = (self._moving.moved(self._argument, self._at, step) for step in (h, -h))
            self._known[bits] = {
                read: ((value - behind[read]) / (2 * h), max(abs(value), abs(behind[read]), key=real))
                for read, value in ahead.items()
            }
        return self._known[bits].get((output, place)) or (Fraction(0), abs(self._moving.tensor(output)[place]))

    def deviation(self, output: str, place: Place, slope: Number) -> float | None:
        """How far they are off, relatively to slope and values: None where that is more than two of them may be.

        A step that is off by less than what 1000 bits leave says so alone. One that is off by more is one within which
        the function bends, or that has a kink in it: then a smaller one is asked too, and the better is believed.
        """
        best: float | None = None
        for bits in (STEP_BITS, 2 * STEP_BITS):
            fine, size = self.of(bits + 1, output, place)
            largest = max(size, abs(slope), key=real)
            exactly = isinstance(fine, Fraction) and isinstance(slope, Fraction)
            room = Fraction(0) if exactly else mp.ldexp(real(largest), -2 * STEP_BITS)
            off = abs(fine - slope) if exactly else abs(real(fine) - real(slope))
            if off > room:
                coarse, _ = self.of(bits, output, place)
                if exactly and isinstance(coarse, Fraction) and (4 * fine - coarse) / 3 == slope:
                    return 0.0
                room += abs(coarse - fine)
            if off <= room:
                found = float(off / largest) if off else 0.0
                best = found if best is None else min(best, found)
            if best is not None and best <= _CLOSE:
                return best
        return best

"""Where several entries are the largest no derivative is claimed; what they share between them is decided all the same.

    max(x + t·1_S) = max x + t, where S holds all that tie,    so that    Σ_{i ∈ S} dX_i = dY

in whatever shares: the gradient is a mean of those to which one winner each would lead. S is read off the definition:
all entries by which those that tie have different derivatives. The sum over S is judged where the derivative along 1_S
is the same whichever wins; an entry by which all have the same derivative is judged by itself, as everywhere else.

Of n that tie an equal share is 1/n of what a winner gets, and its rounding errors are no less than that of a winner's:
what any shares lose, over k maxima one within the other, is no more than nᵏ times what equal ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array
from backproof_properties.fields import Field
from backproof_properties.filter import known, surely_together
from backproof_properties.judge import Refuted, shown
from backproof_properties.results import Finding, Observation
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Entries, Evaluation, Place
from backproof_spec.language.exact import MAXIMUM, Jet, Jets, Variable
from backproof_spec.language.functions import Number, real
from backproof_spec.language.rounding import Rounded
from backproof_spec.language.syntax import Reduce, walk
from backproof_spec.operation import Operation

Bounds = Mapping[Place, Rounded | None]
"""Of each entry its bound; None where nothing is known."""
OF_SHARES = "share a gradient"
"""Words of what is said of those that do not share what is theirs."""


class _Disputes(Jets):
    """``groups``: the variables by which those that tie have different derivatives; ``most`` of them tie.

    ``open``: those on which a kink of another kind rests.
    """

    def __init__(self) -> None:
        super().__init__(strict=True)
        self.groups, self.open, self.most = list[set[Variable]](), set[Variable](), 1

    def largest(self, values: Sequence[Jet]) -> Jet:
        """How many tie counts even where their derivatives are the same."""
        found = super().largest(values)
        self.most = max(self.most, sum(real(each.value) == real(found.value) for each in values))
        return found

    def at_kink(self, what: str, of: Sequence[Jet]) -> None:
        """Note whose derivatives differ."""
        slopes = {
            name: [real(each.slopes.get(name, Fraction(0))) for each in of] for each in of for name in each.slopes
        }
        if what == MAXIMUM:
            self.groups.append({name for name, found in slopes.items() if any(each != found[0] for each in found)})
        else:
            self.open |= slopes.keys()


@dataclass(frozen=True)
class Ties:
    """Entries that tie, in ``groups`` whose sums are decided, and those of which nothing is (``open``)."""

    groups: tuple[tuple[Place, ...], ...]
    open: frozenset[Place]
    growth: int

    @cached_property
    def _tied(self) -> frozenset[Place]:
        return self.open.union(*self.groups)

    def without(self, bounds: Callable[[], Bounds], shape: Sequence[int]) -> Bounds:
        """The bounds of what ties with nothing."""
        return Entries(lambda place: bounds()[place] if place not in self._tied else None, shape)

    def certain(self, field: Field) -> Field:
        """The same, of a whole array."""
        error = np.array(np.broadcast_to(field.error, np.broadcast(*field.arrays).shape))
        for place in self._tied:
            error[place] = np.nan
        return replace(field, error=error)

    def judge(self, name: str, computed: Array, fast: Callable[[], Field], exact: Callable[[], Bounds]) -> Observation:
        """The sum over each group; its entries have not been judged before."""
        seen, field = Observation(), known(fast) if self.groups else None
        for group in self.groups:
            sure = field is not None and surely_together(computed, field, group, self.growth)
            if sure or self._within(name, computed, exact(), group):
                seen.entries += len(group)
                seen.uncertified -= len(group)
        return seen

    def _within(self, name: str, computed: Array, bounds: Bounds, group: Sequence[Place]) -> bool:
        """Whether anything is certain of a sum. Raises ``Refuted``."""
        found = [bounds[place] for place in group]
        sure = [each for each in found if each is not None and each.fine and mp.isfinite(each.error)]
        if len(sure) < len(found):
            return False
        wanted, got = mp.fsum(each.value for each in sure), mp.fsum(float(computed[place]) for place in group)
        bound = self.growth * mp.fsum(each.error for each in sure)
        if not abs(got - wanted) <= bound:
            raise Refuted(_finding(name, group, got, wanted, bound))
        return True


def _finding(name: str, group: Sequence[Place], got: Number, wanted: Number, bound: Number) -> Finding:
    places = ", ".join(f"[{', '.join(map(str, place))}]" for place in group[:_SHOWN])
    which = places + (f" and {len(group) - _SHOWN} more" if len(group) > _SHOWN else "")
    said, expected = shown(got), shown(wanted)
    message = f"{name}{which} tie and {OF_SHARES}: their sum is {said}, expected {expected}"
    return Finding(message, name, {}, expected=expected, got=said, bound=shown(bound), together=tuple(group))


_SHOWN = 4


def of(given: Evaluation[Number], argument: str) -> Ties:
    """What ties for a maximum, of the entries of an argument; all is open where there is no value."""
    try:
        return _of(given, argument)
    except ArithmeticError:
        return Ties((), frozenset(given.values[argument]), 1)


def _of(given: Evaluation[Number], argument: str) -> Ties:
    first = _disputed(given, lambda name, place: (name, place) if name == argument else None)
    groups = _merged(first.groups)
    group = {variable: ("", (k,)) for k, each in enumerate(groups) for variable in each}
    again = _disputed(given, lambda name, place: group.get((name, place)))
    undecided = {*again.open, *(name for each in again.groups for name in each)}
    lost = first.open.union(*(each for k, each in enumerate(groups) if ("", (k,)) in undecided or each & first.open))
    decided = [sorted(place for _, place in each) for each in groups if not each & lost]
    growth = first.most ** _maxima(given.operation)
    return Ties(tuple(map(tuple, decided)), frozenset(place for _, place in lost), growth)


def _disputed(given: Evaluation[Number], variable: Callable[[str, Place], Variable | None]) -> _Disputes:
    def slopes(name: str, place: Place) -> dict[Variable, Number]:
        found = variable(name, place)
        return {} if found is None else {found: Fraction(1)}

    disputes = _Disputes()
    moved = exact.moved(given, slopes, disputes)
    for output in given.operation.outputs:
        moved.tensor(output)
    return disputes


def _merged(groups: Sequence[set[Variable]]) -> list[set[Variable]]:
    """Those that have a member in common are one."""
    found: list[set[Variable]] = []
    for each in groups:
        meeting = [other for other in found if other & each]
        found = [other for other in found if not other & each] + [each.union(*meeting)]
    return list(filter(None, found))


def _maxima(operation: Operation) -> int:
    bodies = [part for each in operation.definitions for part in walk(each.body)]
    return sum(isinstance(part, Reduce) and part.reduction in {"max", "min"} for part in bodies)

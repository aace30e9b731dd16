"""The gradients that an operation does not claim, derived: the reverse sweep over its definitions, as definitions.

    c[s,i] = X[s,i] − mean_j X[s,j]    gives    dX[s,i] = dc[s,i] − Σ_j dc[s,j]/size(i)

Each name that a gradient rests on gets its cotangent as a definition, dc[s,i] = …, the last name first: Σ over all
places where c stands of the cotangent there times the derivative of what it stands in (Griewank & Walther 2008, §3.2).
At a kink the derivative is the convention's of ``functions``; equal largest entries share the cotangent evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backproof_spec.language.adjoints import Pullback
from backproof_spec.language.algebra import plus, summed, times
from backproof_spec.language.letters import Letters, letters
from backproof_spec.language.syntax import Bracket, Definition, Entry, Gradient, Index, Node, names
from backproof_spec.language.using import forward, needed
from backproof_spec.operation import Operation


def missing(operation: Operation) -> tuple[str, ...]:
    """The differentiated arguments by whose entries no formula is claimed."""
    claimed = {each.name for each in operation.gradients if each.claimed is not None}
    return tuple(each.name for each in operation.differentiated if each.name not in claimed)


def derived(operation: Operation, *, accurate: bool = False) -> Operation:
    """The same operation with a formula for every gradient: the claimed ones, and the missing ones by the sweep.

    ``accurate``: by rules that lose no digits where functions saturate.
    """
    wanted = missing(operation)
    if not wanted:
        return operation
    sweep = _Sweep(operation, Letters(operation), accurate)
    sweep.run()
    claims = {each.name: each for each in operation.gradients}
    for each in operation.differentiated:
        if each.name in wanted:
            indices = claims[each.name].indices if each.name in claims else each.indices
            claims[each.name] = Gradient(each.name, indices, sweep.total(each.name, indices))
    found = [claims[name].claimed for name in wanted]
    cotangents = needed(sweep.definitions, frozenset[str]().union(*(names(each) for each in found if each)))
    shapes = {each.name: tuple(sweep.letters.dimension[i] for i in each.indices) for each in cotangents}
    return replace(
        operation,
        definitions=(*operation.definitions, *cotangents),
        gradients=tuple(claims[each.name] for each in operation.differentiated),
        dimension=sweep.letters.dimension,
        shapes={**operation.shapes, **shapes},
    )


def swept(operation: Operation) -> Operation:
    """The same operation with every gradient by the sweep, whatever is claimed, in its most accurate form."""
    unclaimed = tuple(replace(each, claimed=None) for each in operation.gradients)
    return derived(replace(operation, gradients=unclaimed), accurate=True)


@dataclass(frozen=True)
class _Stand:
    """An entry where it stands, the derivative of Σ dY·Y by it there, and the indices of the place."""

    entry: Entry
    cotangent: Node
    indices: tuple[str, ...]


@dataclass
class _Sweep:
    """``stands``: where each name stands, of what has been swept; ``definitions``: the cotangents of the names."""

    operation: Operation
    letters: Letters
    accurate: bool
    stands: dict[str, list[_Stand]] = field(default_factory=dict)
    definitions: list[Definition] = field(default_factory=list)

    def run(self) -> None:
        """Over all definitions that the outputs rest on, the last one first."""
        differentiated = {each.name for each in self.operation.differentiated}
        for each in forward(self.operation):
            differentiated |= {each.name} if names(each.body) & differentiated else set()
        for each in reversed(forward(self.operation)):
            cotangent = self._cotangent(each) if each.name in differentiated else None
            if cotangent is not None:
                self._sweep(each, cotangent, differentiated)

    def _cotangent(self, each: Definition) -> Node | None:
        """The cotangent of a name, as an entry; None where no output rests on it."""
        places = tuple(map(Index, each.indices))
        given = (Entry(f"d{each.name}", places),) if each.name in self.operation.outputs else ()
        if each.name not in self.stands:
            return given[0] if given else None
        name = self.letters.name(f"d{each.name}_total" if given else f"d{each.name}")
        self.definitions.append(Definition(name, each.indices, plus(*given, self.total(each.name, each.indices))))
        return Entry(name, places)

    def _sweep(self, each: Definition, cotangent: Node, differentiated: set[str]) -> None:
        """Note where names stand in a definition."""
        body = self.letters.apart(each.body, {*each.indices}, siblings=True)
        value = Entry(each.name, tuple(map(Index, each.indices)))
        found: dict[str, list[_Stand]] = {}
        for entry, slope, bound in Pullback(self.letters, self.accurate)(body, cotangent, value):
            if entry.name in differentiated:
                found.setdefault(entry.name, []).append(_Stand(entry, slope, (*each.indices, *bound)))
        for name, stands in found.items():
            self.stands[name] = [*stands, *self.stands.get(name, ())]

    def total(self, name: str, indices: Sequence[str]) -> Node:
        """The derivative of Σ dY·Y by the entry of a name at these indices."""
        found = plus(*(self._term(each, tuple(indices)) for each in self.stands.get(name, ())))
        return self.letters.apart(found, {*indices}, siblings=False)

    def _term(self, stand: _Stand, at: tuple[str, ...]) -> Node:
        """Σ of the cotangent over the places where the entry is the one at these indices."""
        to: dict[str, str] = {}
        elsewhere: list[tuple[str, Node]] = []
        for index, place in zip(at, stand.entry.places, strict=True):
            if isinstance(place, Index) and place.name in stand.indices and place.name not in to:
                to[place.name] = index
            else:
                elsewhere.append((index, place))
        rest = [each for each in stand.indices if each not in to]
        used = ({*rest, *letters(stand.cotangent, *stand.entry.places)} - to.keys()) | {*at}
        for each in rest:
            to[each] = self.letters.other(each, used) if each in at else each
            used.add(to[each])
        hits = [Bracket("=", Index(index), self.letters.renamed(place, to)) for index, place in elsewhere]
        return summed([to[each] for each in rest], times(self.letters.renamed(stand.cotangent, to), *hits))

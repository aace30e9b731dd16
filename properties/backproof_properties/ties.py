"""Where several entries are the largest no derivative is claimed; what they share between them is decided all the same.

    max(x + t·1_S) = max x + t, where S holds all that tie,    so that    Σ_{i ∈ S} dX_i = dY

in whatever shares: the gradient is a mean of those to which one winner each would lead. S is read off the definition:
all entries by which those that tie have different derivatives. The sum over S is judged where the derivative along 1_S
is the same whichever wins; an entry by which all have the same derivative is judged by itself, as everywhere else.

Of n that tie an equal share is 1/n of what a winner gets, so that over k maxima no share is more than nᵏ equal ones. Is
every cotangent before the last one a share of another, and the last one a sum of them, M and E of no term are more than
nᵏ times those of equal shares, and what any shares lose is no more than nᵏ·Σ (E + 2u·M): what is stored rounds M at
most, where what is left of a sum is less. Where cotangents are added up or multiplied before, they may cancel or
overflow in other shares than equal ones, and where what ties is computed, roundings decide who wins: nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array
from backproof_properties.fields import Field
from backproof_properties.filter import known, share_together
from backproof_properties.judge import Refuted, shown
from backproof_properties.results import Diagnosis, Finding, Observation
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Entries, Evaluation, Place
from backproof_spec.language.exact import MAXIMUM, Jet, Jets, Variable
from backproof_spec.language.functions import Number as Exact
from backproof_spec.language.functions import real
from backproof_spec.language.rounding import BITS, Rounded
from backproof_spec.language.syntax import (
    Add,
    Bracket,
    Definition,
    Divide,
    Entry,
    Gradient,
    Multiply,
    Negate,
    Node,
    Number,
    Reduce,
    children,
    names,
    walk,
)
from backproof_spec.language.using import forward, needed
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import Format

Bounds = Mapping[Place, Rounded | None]
"""Of each entry its bound; None where nothing is known."""


class _Disputes(Jets):
    """``groups``: the variables by which those that tie have different derivatives.

    ``open``: those on which a kink of another kind rests.
    """

    def __init__(self) -> None:
        super().__init__(strict=True)
        self.groups, self.open, self.tied = list[set[Variable]](), set[Variable](), list[tuple[set[Variable], int]]()

    def largest(self, values: Sequence[Jet]) -> Jet:
        """How many tie counts even where their derivatives are the same."""
        found = super().largest(values)
        tied = [each for each in values if real(each.value) == real(found.value)]
        self.tied.append(({name for each in tied for name in each.slopes}, len(tied)))
        return found

    def most(self, group: set[Variable]) -> int:
        """How many tie at once where one of these does."""
        return max(many for names, many in self.tied if names & group)

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
class Group:
    """Entries whose sum is decided, and how many times more of it one of them may get than an equal share."""

    places: tuple[Place, ...]
    growth: int


@dataclass(frozen=True)
class Ties:
    """Entries of an array that tie, in groups, and those of which nothing is decided (``open``)."""

    shape: tuple[int, ...]
    groups: tuple[Group, ...]
    open: frozenset[Place]

    @cached_property
    def _tied(self) -> frozenset[Place]:
        return self.open.union(*(group.places for group in self.groups))

    def without(self, bounds: Callable[[], Bounds]) -> Bounds:
        """The bounds of what ties with nothing."""
        return Entries(lambda place: bounds()[place] if place not in self._tied else None, self.shape)

    def shared(self, bounds: Callable[[], Bounds], form: Format) -> Bounds:
        """And those of equal shares, where none can overflow."""
        room = {place for group in self.groups if _room(bounds(), group, form) for place in group.places}
        known = room.union(set(np.ndindex(self.shape)) - self._tied)
        return Entries(lambda place: bounds()[place] if place in known else None, self.shape)

    def certain(self, field: Field) -> Field:
        """The same, of a whole array."""
        error = np.array(np.broadcast_to(field.error, np.broadcast(*field.arrays).shape))
        for place in self._tied:
            error[place] = np.nan
        return replace(field, error=error)

    def judge(
        self, name: str, computed: Array, fast: Callable[[], Field], exact: Callable[[], Bounds], form: Format
    ) -> Observation:
        """The sum over each group; its entries have not been judged before."""
        seen, field = Observation(), known(fast) if self.groups else None
        for group in self.groups:
            ratio = None if field is None else share_together(computed, field, group.places, group.growth)
            if ratio is None:
                ratio = _ratio(name, computed, exact(), group, form)
            if ratio is not None:
                seen.entries += len(group.places)
                seen.uncertified -= len(group.places)
                seen.worst = max(seen.worst, ratio)
        return seen


def _ratio(name: str, computed: Array, bounds: Bounds, group: Group, form: Format) -> float | None:
    """How far off a sum is, in bounds; None where nothing is certain. Raises ``Refuted``."""
    sure = _room(bounds, group, form)
    if not sure:
        return None
    wanted, got = mp.fsum(each.value for each in sure), mp.fsum(float(computed[place]) for place in group.places)
    bound = group.growth * mp.fsum(each.error + 2 * form.u * each.majorant for each in sure)
    off = abs(got - wanted)
    if not off <= bound:
        raise Refuted(_finding(name, group, got, wanted, bound))
    return float(off / bound) if bound else 0.0


def _room(bounds: Bounds, group: Group, form: Format) -> list[Rounded]:
    """The bounds of a group, if something is certain of all of it."""
    found = [bounds[place] for place in group.places]
    sure = [each for each in found if each is not None and each.fine and mp.isfinite(each.error)]
    size = group.growth * mp.fsum(each.majorant + each.error for each in sure)
    return sure if len(sure) == len(found) and size <= form.largest / _ROOM else []


_ROOM = 4
"""What any shares add up to on the way must be so many times less than the largest number."""


def _finding(name: str, group: Group, got: Exact, wanted: Exact, bound: Exact) -> Finding:
    shown_ = [f"[{', '.join(map(str, place))}]" for place in group.places[:_SHOWN]]
    more = f" and {len(group.places) - _SHOWN} more" if len(group.places) > _SHOWN else ""
    said, expected = shown(got), shown(wanted)
    ratio = str(mp.nstr(abs(got - wanted) / bound, 3)) if bound and mp.isfinite(got) else "∞"
    why = f"off by {ratio} × the rounding bound {mp.nstr(bound, 3)}" if bound else "nothing is rounded here"
    why = why if mp.isfinite(got) else "the exact value is finite and every intermediate can be"
    message = (
        f"{name}{', '.join(shown_)}{more} tie and share a gradient: their sum is {said}, expected {expected}: {why}"
    )
    return Finding(
        message,
        name,
        {},
        expected=expected,
        got=said,
        error_in_bounds=ratio,
        bound=shown(bound),
        together=group.places,
    )


_SHOWN = 4


def of_shares(finding: Finding) -> Diagnosis | None:
    """Does each that ties get what one would get, or does none?"""
    with mp.workprec(BITS):
        got, wanted, bound = (mp.mpf(each or "nan") for each in (finding.got, finding.expected, finding.bound))
        for times, words in ((len(finding.together), "each as if it were the only one"), (0, "none of them any")):
            if abs(wanted) > 2 * bound and abs(got - times * wanted) <= max(times, 1) * bound:
                return Diagnosis("ties", f"equal largest entries do not share a gradient, but get {words}")
    return None


def of(given: Evaluation[Exact], gradient: Gradient) -> Ties:
    """What ties for a maximum, of the entries of an argument; all is open where it cannot be said."""
    shape = tuple(given.sizes[dim] for dim in given.operation.shapes[gradient.name])
    with suppress(ArithmeticError):
        if not _maxima(given.operation) or _adds_last(given.operation, gradient):
            return Ties(shape, *_of(given, gradient.name))
    return Ties(shape, (), frozenset(given.values[gradient.name]))


def share_unseen(given: Evaluation[Exact], gradient: Gradient) -> bool:
    """Does anything tie whose shares cotangents on the way add up, though the gradient itself is the same in any?"""
    rests = [gradient.claimed, *(each.body for each in _cotangents(given.operation, gradient))]
    compares = any(isinstance(part, Bracket) for each in rests if each for part in walk(each))
    if not compares or not _maxima(given.operation) or _adds_last(given.operation, gradient):
        return False
    with suppress(ArithmeticError):
        return any(many > 1 for _, many in _disputed(given, lambda *_: None).tied)
    return True


def _cotangents(operation: Operation, gradient: Gradient) -> tuple[Definition, ...]:
    """Those that it rests on."""
    before = {each.name for each in forward(operation)}
    rests = needed(operation.definitions, names(gradient.claimed) if gradient.claimed else ())
    return tuple(each for each in rests if each.name not in before)


def _adds_last(operation: Operation, gradient: Gradient) -> bool:
    """Is it a sum of cotangents, each selected and shared, and are all that it rests on the same, but for the sum?

    Then no share on the way is larger than the cotangent of an output.
    """
    definitions = _cotangents(operation, gradient)
    cotangents = {*operation.cotangents, *(each.name for each in definitions)}

    def share(node: Node) -> bool:
        if isinstance(node, Multiply | Negate):
            return all(map(share, children(node)))
        if isinstance(node, Divide):
            return share(node.left) and not names(node.right) & cotangents and _counts(node.right)
        if isinstance(node, Entry):
            return node.name in cotangents
        return isinstance(node, Bracket) or (isinstance(node, Number) and abs(node.value) <= 1)

    def total(node: Node) -> bool:
        if isinstance(node, Add | Negate):
            return all(map(total, children(node)))
        return share(node.body) if isinstance(node, Reduce) and node.reduction == "sum" else share(node)

    return gradient.claimed is not None and total(gradient.claimed) and all(share(each.body) for each in definitions)


def _counts(node: Node) -> bool:
    """Is it how many of these there are?"""
    return isinstance(node, Reduce) and node.reduction == "sum" and isinstance(node.body, Bracket)


def _of(given: Evaluation[Exact], argument: str) -> tuple[tuple[Group, ...], frozenset[Place]]:
    first = _disputed(given, lambda name, place: (name, place) if name == argument else None)
    groups = _merged(first.groups)
    group = {variable: ("", (k,)) for k, each in enumerate(groups) for variable in each}
    again = _disputed(given, lambda name, place: group.get((name, place)))
    undecided = {*again.open, *(name for each in again.groups for name in each)}
    lost = first.open.union(*(each for k, each in enumerate(groups) if ("", (k,)) in undecided or each & first.open))
    depth, left = _maxima(given.operation), [each for each in groups if not each & lost]
    decided = (Group(tuple(sorted(place for _, place in each)), first.most(each) ** depth) for each in left)
    return tuple(decided), frozenset(place for _, place in lost)


def _disputed(given: Evaluation[Exact], variable: Callable[[str, Place], Variable | None]) -> _Disputes:
    def slopes(name: str, place: Place) -> dict[Variable, Exact]:
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
    bodies = [part for each in forward(operation) for part in walk(each.body)]
    return sum(isinstance(part, Reduce) and part.reduction in {"max", "min"} for part in bodies)

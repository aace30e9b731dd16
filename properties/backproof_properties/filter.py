"""The fast way to most verdicts: the bounds of a definition over whole arrays, in NumPy (see ``fields``).

    |got − v̂| ≤ 0.9·Ê   ⇒   got is certainly inside   (0.99·Ê of what ``least`` gives)

Only ever *certainly inside* is said: the exact path decides the rest, and it alone refutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from math import prod
from typing import Any, ClassVar, cast

import numpy as np

from backproof_properties import contraction
from backproof_properties.arrays import Array, Case
from backproof_properties.contraction import WIDE, Matrices, Plan, plan
from backproof_properties.fields import Along, Doubt, Field, Rules
from backproof_properties.kept import Kept
from backproof_properties.results import Observation
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.rounding import Rounding
from backproof_spec.language.sizes import sizes
from backproof_spec.language.syntax import (
    Apply,
    Bracket,
    Definition,
    Divide,
    Entry,
    Gradient,
    Index,
    Multiply,
    Node,
    Reduce,
    children,
    free,
    operands,
    softmax_of,
    walk,
)
from backproof_spec.language.whole import COMPARED, At, Whole, is_whole
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import FORMATS, Arithmetic

SHARE, _UNDERFLOWN = WIDE(0.9), WIDE(0.5)
"""What is within so much of Ê is certainly within E; where Ê may be a small part of what underflows, of less."""
_FAINT = WIDE(2) ** -9
"""What is no more of its Ê may be 0: so much v̂ is off by, at most."""
_TERMS = 4_000_000
"""The most entries that one array may have."""
_AXES = 31  # NumPy broadcasts 32, one of which is for the terms of a sum


# --- an operation at arrays -------------------------------------------------------------------------------------------


class _Axes(dict[str, Array]):
    """The values of each index along an axis of its own."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        """In this order."""
        self.order = tuple(sizes)
        shape = [1] * len(sizes)
        super().__init__(
            {
                name: np.arange(size).reshape(*shape[:k], size, *shape[k + 1 :])
                for k, (name, size) in enumerate(sizes.items())
            }
        )


class Fast(Evaluation[Any]):
    """An operation at arrays, with the bounds of every entry; ``known``: what is defined."""

    def __init__(self, operation: Operation, case: Case, arithmetic: Arithmetic) -> None:
        """At the values of an example."""
        parameters = {each.name: case[each.name] for each in operation.parameters}
        found = sizes(operation, {each.name: case[each.name].shape for each in operation.arguments}, parameters)
        self.rules = Rules(Rounding(arithmetic))
        whole = {each.name for each in operation.arguments if each.kind == "index"}
        values: dict[str, Any] = {
            name: case[name] if name in whole else self.rules.given(case[name])
            for name in (*(each.name for each in operation.arguments), *operation.cotangents)
        }
        super().__init__(operation, found, parameters, values, cast("Any", self.rules))

    def defined(self, definition: Definition) -> Any:
        """What has a name is formed, in this way or another."""
        found = self.field(definition.body, definition.indices)
        for way in (each for each in self.operation.ways if each.name == definition.name):
            found = found.either(self.field(way.body, way.indices))
        return Field(found.value, np.abs(found.value), found.error)

    def field(self, node: Node, indices: Sequence[str]) -> Field:
        """The bounds of an expression at all values of its indices."""
        bound = dict.fromkeys(i for each in walk(node) for i in _letters(each))
        axes = _Axes({i: self.size(i) for i in dict.fromkeys((*indices, *bound))})
        large = self._extent(axes) > _TERMS and max(self._extent(free(part)) for part in self._formed(node)) > _TERMS
        if large or len(axes) > _AXES:
            raise Doubt
        found = cast("Field", self.compiled(node)(cast("Any", axes)))
        shape = tuple(map(self.size, indices))
        full = (*shape, *(1,) * (len(axes) - len(shape)))
        return found.each(lambda A: np.broadcast_to(A, full).reshape(shape))

    def _extent(self, indices: Iterable[str]) -> int:
        """The entries of an array over these, an empty axis left out: parts without it are formed all the same."""
        return prod(max(1, self.size(i)) for i in indices)

    def _looked_up(self, node: Entry, places: tuple[Whole, ...]) -> Whole:
        if node.name in self.parameters:
            return super()._looked_up(node, places)
        tensor: Any = self.values[node.name]

        def number(at: At) -> Any:
            place, inside = _inside(tensor.shape, [each(at) for each in places])
            return np.where(inside, tensor[place], -1) if tensor.size else np.asarray(-1)

        return number

    def _index(self, node: Index) -> Callable[[At], Any]:
        return lambda at: self.rules.given(at[node.name])

    def _entry(self, node: Entry) -> Callable[[At], Any]:
        argument = self.operation.argument(node.name)
        if node.name in self.parameters:
            return super()._entry(node)
        if argument is not None and argument.kind == "index":
            number = self.whole(node)
            return lambda at: self.rules.given(number(at))
        places, tensor = [self.whole(each) for each in node.places], cast("Field", self.tensor(node.name))
        outside = self.rules.given(0)
        letters = [each.name for each in node.places if isinstance(each, Index)]
        if len({*letters}) == len(node.places) and [*map(self.size, letters)] == [*tensor.value.shape]:
            return lambda at: tensor.each(partial(_spread, letters, cast("_Axes", at)))

        def gathered(at: At) -> Field:
            if not tensor.value.size:
                return outside
            place, inside = _inside(tensor.value.shape, [each(at) for each in places])
            found = tensor.each(lambda A: A[place] if A.ndim else A)
            return found if inside.all() else found.where(inside, outside)

        return gathered

    def _divide(self, node: Divide) -> Callable[[At], Any]:
        if node.whole:
            number = self.whole(node)
            return lambda at: self.rules.given(number(at))
        return super()._divide(node)

    def _negated(self, of: Callable[[At], Any]) -> Callable[[At], Any]:
        minus = self.rules.given(-1)

        def negated(at: At) -> Field:
            each = of(at)
            return replace(self.rules.multiply(minus, each), terms=each.terms)

        return negated

    def _apply(self, node: Apply) -> Callable[[At], Any]:
        of = softmax_of(node)
        return self._log_softmax(of) if of else super()._apply(node)

    def _multiply(self, node: Multiply) -> Callable[[At], Any]:
        return self._product(node, self.rules)

    def _product(self, node: Multiply, rules: Rules) -> Callable[[At], Any]:
        """A product; where a bracket is 0 nothing is computed."""
        brackets = [self.compiled(each) for each in operands(node) if isinstance(each, Bracket)]
        others = [self.compiled(each) for each in operands(node) if not isinstance(each, Bracket)]
        one, nothing = rules.given(1), rules.given(0)

        def of(at: At) -> Field:
            held, values = [each(at) for each in brackets], [each(at) for each in others]
            values += [each for each in held if each.error.any()]
            if len(values) == 1 and held:  # as the exact rules, which multiply it by the brackets
                values.append(one)
            found = reduce(rules.multiply, values) if values else one
            for each in held:
                found = found.where(~each.zero, nothing)
            return found

        return of

    def _bracket(self, node: Bracket) -> Callable[[At], Any]:
        holds, rules = COMPARED[node.relation], self.rules
        if is_whole(node.left, self.operation) and is_whole(node.right, self.operation):
            a, b = self.whole(node.left), self.whole(node.right)
            return lambda at: rules.given(holds(a(at), b(at)))
        left, right = self.compiled(node.left), self.compiled(node.right)

        return lambda at: rules.bracket(holds, left(at), right(at))

    def _over(self, node: Reduce, body: Callable[[At], Any]) -> Callable[[At], Any]:
        sizes = [self.size(i) for i in node.indices]

        def along(at: At) -> Along:
            axes = map(cast("_Axes", at).order.index, node.indices)
            return Along(body(at), dict(zip(axes, sizes, strict=True)), len(at))

        return along

    def _sum(self, node: Reduce, _: Callable[[At], Any]) -> Callable[[At], Any]:
        inner = self.rules.inner
        by = self._plan(node)
        if by is not None:
            return self._contracted(by)
        body = self._product(node.body, inner) if isinstance(node.body, Multiply) else self.compiled(node.body)
        over = self._over(node, body)
        return lambda at: self.rules.total(over(at))

    def _plan(self, node: Node) -> Plan | None:
        """How a sum is contracted, if that is worth it."""
        if not isinstance(node, Reduce):
            return None
        letters = free(node.body) | {*node.indices}
        return plan(node) if prod(map(self.size, letters)) >= contraction.FEW else None

    def _contracted(self, by: Plan) -> Callable[[At], Any]:
        inner = self.rules.inner
        left, right = ([self.compiled(each) for each in group] for group in (by.left, by.right))

        def of(at: At) -> Field:
            order = cast("_Axes", at).order
            matrices = Matrices(by, order, [self.size(i) for i in order])
            one, other = (reduce(inner.multiply, [each(at) for each in group]) for group in (left, right))
            return self.rules.contracted(one, other, matrices)

        return of

    def _formed(self, node: Node) -> Iterator[Node]:
        """All that is formed over whole arrays."""
        by = self._plan(node)
        parts = children(node) if by is None else (*by.left, *by.right)
        yield from () if by else (node,)
        for each in parts:
            yield from self._formed(each)

    def _max(self, node: Reduce, body: Callable[[At], Any]) -> Callable[[At], Any]:
        over = self._over(node, body)

        def largest(at: At) -> Field:
            terms = over(at)
            if not terms:
                raise Doubt
            return self.rules.largest(terms)

        return largest

    def _shifted(
        self, node: Reduce, body: Callable[[At], Any], less: Callable[[Field, Field], Field]
    ) -> Callable[[At], tuple[Field, ...]]:
        """The largest of the logits, a − largest, exp(a − largest), and the sum of these."""
        over, largest, rules = self._over(node, body), self._max(node, body), self.rules

        def of(at: At) -> tuple[Field, ...]:
            most, terms = largest(at), over(at)
            shifted = less(terms.field, most)
            powers = rules.apply(FUNCTIONS["exp"], (shifted,))
            return most, shifted, powers, rules.total(Along(powers, terms.sizes, terms.rank))

        return of

    def _softmax(self, node: Reduce, body: Callable[[At], Any]) -> Callable[[At], Any]:
        shifted = self._shifted(node, body, self.rules.apart)

        def of(at: At) -> Field:
            _, _, powers, total = shifted(at)
            return self.rules.divide(powers, total)

        return of

    def _log_softmax(self, node: Reduce) -> Callable[[At], Field]:
        """(a − largest) − log Σ."""
        shifted, rules = self._shifted(node, self.compiled(node.body), self.rules.difference), self.rules

        def of(at: At) -> Field:
            _, less, _, total = shifted(at)
            return rules.difference(less, rules.apply(FUNCTIONS["log"], (total,)))

        return of

    def _logsumexp(self, node: Reduce, body: Callable[[At], Any]) -> Callable[[At], Any]:
        shifted = self._shifted(node, body, self.rules.apart)

        def of(at: At) -> Field:
            most, _, _, total = shifted(at)
            return self.rules.add([most, self.rules.apply(FUNCTIONS["log"], (total,))])

        return of

    _REDUCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
        **Evaluation._REDUCTIONS,  # noqa: SLF001 - what it inherits
        "sum": _sum,
        "max": _max,
        "softmax": _softmax,
        "logsumexp": _logsumexp,
    }


def _letters(node: Node) -> tuple[str, ...]:
    return node.indices if isinstance(node, Reduce) else (node.name,) if isinstance(node, Index) else ()


def _spread(letters: Sequence[str], axes: _Axes, A: Array) -> Array:
    """A[i,j] at all values of the indices: A, its axes where they are, and others between them."""
    at = [axes.order.index(each) for each in letters]
    sizes = dict(zip(at, A.shape, strict=False))
    shape = [sizes.get(k, 1) for k in range(len(axes.order))]
    return A.transpose(np.argsort(at)).reshape(shape) if A.ndim else A


def _inside(shape: tuple[int, ...], places: Sequence[Any]) -> tuple[tuple[Array, ...], Array]:
    """Places, those beyond the ends moved to them; and where none had to be."""
    arrays = [np.asarray(each) for each in places]
    within = ((each >= 0) & (each < n) for each, n in zip(arrays, shape, strict=True))
    inside = reduce(np.logical_and, within, np.ones((), dtype=bool))
    moved = (np.clip(each, 0, n - 1) for each, n in zip(arrays, shape, strict=True))
    return tuple(np.broadcast_arrays(*moved)), inside


# --- verdicts ---------------------------------------------------------------------------------------------------------


_FAST = Kept(Fast)


def of_output(operation: Operation, output: str, case: Case, arithmetic: Arithmetic) -> Field:
    """The bounds of an output. Raises ``Doubt``."""
    fast = _FAST(operation, case, arithmetic)
    return fast.rules.returned(cast("Field", fast.tensor(output)))


def of_gradient(operation: Operation, gradient: Gradient, claimed: Node, case: Case, arithmetic: Arithmetic) -> Field:
    """The bounds of a gradient, by its formula. Raises ``Doubt``."""
    fast = _FAST(operation, case, arithmetic)
    return fast.rules.returned(fast.field(claimed, gradient.indices))


@np.errstate(all="ignore")
def known(bounds: Callable[[], Field]) -> Field | None:
    """The bounds, where they can be had."""
    try:
        return bounds()
    except (Doubt, ArithmeticError):
        return None


@np.errstate(all="ignore")
def surely(computed: Array, field: Field | None, most: Array = SHARE) -> Array:
    """Is each entry certainly within its bound? It is within so much of Ê."""
    if field is None or computed.dtype.name not in FORMATS:
        return np.zeros(computed.shape, dtype=bool)
    off = np.abs(computed.astype(WIDE) - field.value)
    share = np.where(field.error >= float(FORMATS[computed.dtype.name].smallest_normal), most, _UNDERFLOWN)
    return np.asarray((off <= share * field.error) | ((off == 0) & ~np.isnan(field.error)))


@np.errstate(all="ignore")
def share_together(computed: Array, field: Field, places: Sequence[tuple[int, ...]], growth: int) -> float | None:
    """How far off the sum of entries is, in so many times their bounds, if it is surely within; summing them, too."""
    at = tuple(np.array(places).T)
    off = computed.astype(WIDE)[at] - np.broadcast_to(field.value, computed.shape)[at]
    off = np.abs(off.sum()) + len(places) * np.finfo(WIDE).eps * np.abs(off).sum()
    most = growth * np.broadcast_to(field.error, computed.shape)[at].sum()
    return float(off / most) if off <= _UNDERFLOWN * most and most else None


@np.errstate(all="ignore")
def within(computed: Array, field: Field, inside: Array) -> Observation:
    """What is known of these entries, which are certainly within their bounds."""
    flows = inside & (field.error >= float(FORMATS[computed.dtype.name].smallest_normal))
    ratio = np.where(flows, np.abs(computed.astype(WIDE) - field.value) / field.error, 0)
    return Observation(int(inside.sum()), worst=float(np.max(ratio, initial=0)))


def certainly(computed: Array, bounds: Callable[[], Field], most: Array = SHARE) -> Observation | None:
    """What is known if every entry is certainly within its bound; else None."""
    field = known(bounds)
    inside = surely(computed, field, most)
    return within(computed, field, inside) if field is not None and inside.all() else None


def faint(field: Field) -> Array:
    """Where a value may be 0, so that it is not known how small an error would be detected."""
    size = np.abs(field.value)
    return np.asarray((size > 0) & (size <= _FAINT * field.error))


@np.errstate(all="ignore")
def detected(field: Field, inside: Array) -> list[float]:
    """How small a relative error is certainly detected, of these entries that are not 0."""
    found: list[float] = (2 * field.error / np.abs(field.value))[inside & (field.value != 0)].astype(float).tolist()
    return found

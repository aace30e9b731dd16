"""From an operation, or a statement, to the terms of the kernel: ∂⟨dY, Y⟩/∂X[k] for all sizes, values and cotangents.

With L = Σ dY·Y, over all outputs, dY held fixed, ∂L/∂X[k] is entry k of Jᵀ·vec dY: the vjp, whatever follows Y.

An affine or looked-up place is a sum against a tensor of zeros and ones of which nothing is assumed but that it is not
negative, X[c, 2·y + u] = Σ_a X[c,a]·H[a,y,u], and where it is [v = t[s]] that Σ_v H[v,s] = 1: what is proved holds for
every such tensor. So with parameters, positions and masks. A function of what is looked up is looked up itself: log
S[s, t[s]] = Σ_v H[v,s]·log S[s,v]. Where a function has a kink, relu at 0, it is supposed not to be there.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import count

from backproof_spec.calculus import limits
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.largest import Winner
from backproof_spec.calculus.matching import parts, places_of
from backproof_spec.calculus.notation import (
    Expression,
    Map,
    Tensor,
    always,
    delta,
    equal,
    exp,
    log,
    maximum,
    number,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.terms import ONE, ZERO, Formula, close, free_indices, open_
from backproof_spec.calculus.terms import Index as Letter
from backproof_spec.language.affine import polynomial
from backproof_spec.language.functions import FUNCTIONS, REDUCTIONS
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.parsing import TooLargeTerm
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Argument,
    Bracket,
    Divide,
    Entry,
    Index,
    Mapped,
    Multiply,
    Negate,
    Node,
    Number,
    Power,
    Reduce,
    Size,
    Supposition,
    free,
    names,
    rebuilt,
    walk,
)
from backproof_spec.language.text import text
from backproof_spec.language.using import forward
from backproof_spec.language.whole import is_whole
from backproof_spec.operation import Operation

_DIMENSIONS = ("n", "m", "p", "q", "r", "t", "u", "v", "w")
_POWER = 12  # higher powers are no products
_OPPOSITE = {"<": ">=", ">": "<=", "!=": "="}


class Beyond(Exception):
    """What the kernel has no terms for: which part of the definition, and why."""


@dataclass
class Lowering:
    """One theorem's names and terms."""

    operation: Operation
    d: Derivation
    dims: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    maps: dict[str, Map] = field(default_factory=dict)
    unknown: dict[str, Tensor] = field(default_factory=dict)
    """The tensors of zeros and ones, and of positions, by what they stand for."""
    winners: list[Winner] = field(default_factory=list)
    own: dict[str, Letter] = field(default_factory=dict)  # indices that were not written: of looked-up places
    kinks: list[Expression] = field(default_factory=list)  # what is 0 where the outputs have no derivative

    # --- names ---

    def letter(self, name: str) -> Letter:
        """The kernel's index of this name."""
        return self.own.get(name) or ("index", name, self.dims[self.operation.dimension[name]])

    def letters(self, names: Sequence[str]) -> tuple[Letter, ...]:
        """The kernel's indices."""
        return tuple(map(self.letter, names))

    def declare(self) -> None:
        """Every argument, parameter, cotangent and definition, and what is supposed."""
        taken = {*self.operation.shapes, *self.operation.dimension}
        free_names = [each for each in _DIMENSIONS if each not in taken]
        for k, dim in enumerate(dict.fromkeys(self.operation.dimension.values())):
            self.dims[dim] = free_names[k] if k < len(free_names) else f"n{k}"
        for letter, dim in self.operation.dimension.items():
            self.d.letters.setdefault(self.dims[dim], []).append(letter)
        for argument in self.operation.arguments:
            if argument.kind != "index":
                self._variable(argument)
        for parameter in self.operation.parameters:
            self.tensors[parameter.name] = self.d.variable(parameter.name)
        for name, of in self.operation.maps.items():
            inputs, outputs = (tuple(self.dims[each] for each in self.operation.shapes[x]) for x in (of, name))
            self.maps[name] = self.d.map(name, inputs, outputs)
        waiting, ahead, kinks = [*self.operation.suppositions], forward(self.operation), list[Expression]()
        for each in self.operation.definitions:
            self._suppose(waiting)
            self._cotangent(*sorted(names(each.body)))
            self.kinks = kinks if each in ahead else []
            self.tensors[each.name] = self.d.define(each.name, self.letters(each.indices), self.whole(each.body))
        self._suppose(waiting)
        self.kinks = kinks

    def _suppose(self, waiting: list[Supposition]) -> None:
        """Suppose what is of names that are declared by now; of numbers alone, as 1e-5 > 0, where it is written."""
        self.kinks = []  # those of what is supposed are none of the outputs'
        known = self.tensors.keys() | {each.name for each in self.operation.arguments if each.kind == "index"}
        for each in [*waiting]:
            if names(each.left) | names(each.right) <= known:
                supposed = self._supposition(each)
                if self.d.own or any(part[0] in {"entry", "dim"} for part, _ in parts(supposed)):
                    self.d.suppose(supposed)
                waiting.remove(each)

    def _variable(self, argument: Argument) -> None:
        dims = tuple(self.dims[each] for each in self.operation.shapes[argument.name])
        tensor = self.tensors[argument.name] = self.d.variable(argument.name, *dims)
        kind, places = KINDS[argument.kind], self.letters(argument.indices)
        if kind.positive or kind.nonnegative:
            self.d.suppose(always(("pos" if kind.positive else "nonneg", tensor[places].term), *places))
        if kind.below_one:
            self.d.suppose(always(positive(1 - tensor[places]), *places))

    def _cotangent(self, *candidates: str) -> None:
        """Declare those that are cotangents, and are not declared yet."""
        for name in candidates:
            if name in self.operation.cotangents and name not in self.tensors:
                dims = (self.dims[each] for each in self.operation.shapes[name])
                self.tensors[name] = self.d.variable(name, *dims)

    def _supposition(self, each: Supposition) -> Formula:
        left, right = self.whole(each.left), self.whole(each.right)
        if each.relation in {"<", "<="}:
            left, right = right, left
        relation = {"<": ">", "<=": ">="}.get(each.relation, each.relation)
        less = left if right.term == ZERO else left - right
        signs = {">": "pos", ">=": "nonneg", "!=": "nonzero"}
        judgement: Formula = equal(left, right) if relation == "=" else (signs[relation], less.term)
        return always(judgement, *sorted(free_indices(judgement)))

    def loss(self) -> Expression:
        """L = Σ dY·Y over all entries of all outputs, dY a tensor of which nothing is assumed."""
        self._cotangent(*self.operation.cotangents)
        terms = []
        for each in self.operation.definitions:
            if each.name in self.operation.outputs:
                places = self.letters(each.indices)
                terms.append(total(self.tensors[f"d{each.name}"][places] * self.tensors[each.name][places], *places))
        return reduce(operator.add, terms)

    # --- terms ---

    def __call__(self, node: Node) -> Expression:
        """The term of an expression. Raises ``Beyond``."""
        found: Expression = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return found

    def whole(self, node: Node) -> Expression:
        """The term of all that is written in one place, where it is not too large. Raises ``TooLargeTerm``."""
        found = self(node)
        try:
            limits.require(limits.size(found.term), limits.PARTS, "as it is written this has")
        except limits.Stopped as stopped:
            if isinstance(stopped, limits.OutOfTime):
                raise
            raise TooLargeTerm(node.at, f"{stopped}: define names for its parts") from None
        return found

    def _number(self, node: Number) -> Expression:
        return Expression(number(node.value))

    def _size(self, node: Size) -> Expression:
        return size(self.dims[self.operation.dimension[node.index]])

    def _index(self, node: Index) -> Expression:
        place = self.letter(node.name)
        return self._unknown(f"the number {place[2]}", (place,), f"the numbers of {node.name}, from 0")

    def _add(self, node: Add) -> Expression:
        return self(node.left) + self(node.right)

    def _multiply(self, node: Multiply) -> Expression:
        return self(node.left) * self(node.right)

    def _divide(self, node: Divide) -> Expression:
        if node.whole:
            msg = "a//b stands as a number, where whole numbers may be places and be compared"
            raise Beyond(msg)
        return self(node.left) / self(node.right)

    def _negate(self, node: Negate) -> Expression:
        return -self(node.argument)

    def _apply(self, node: Apply) -> Expression:
        place = self._one_lookup(node)
        if place is not None:
            return self._at(node, place)
        if node.function == "max" and node.arguments[1] == Number(Fraction(0)):
            node = Apply("relu", node.arguments[:1])
        function, arguments = FUNCTIONS[node.function], tuple(map(self, node.arguments))
        if function.kink is not None:
            self.kinks.append(function.kink(arguments))
        return function.kernel(*arguments)

    def _power(self, node: Power) -> Expression:
        """A product, or 1 over one, for a whole exponent; else exp(e·log a)."""
        negative = isinstance(node.exponent, Negate)
        exponent = node.exponent.argument if isinstance(node.exponent, Negate) else node.exponent
        if not isinstance(exponent, Number) or exponent.value.denominator != 1 or exponent.value > _POWER:
            return exp(self(node.exponent) * log(self(node.base)))
        factors = [self(node.base)] * int(exponent.value)
        found = reduce(operator.mul, factors) if factors else Expression(ONE)
        return 1 / found if negative else found

    def _entry(self, node: Entry) -> Expression:
        """An entry; at a place that is no index, the sum over all places against zeros and ones."""
        argument = self.operation.argument(node.name)
        if argument is not None and argument.kind == "index":
            msg = f"{node.name} stands as a number, where whole numbers may look up places and be compared"
            raise Beyond(msg)
        self._cotangent(node.name)
        places: list[Letter] = []
        hits: list[Expression] = []
        over: list[Letter] = []
        for place, dim in zip(node.places, self.operation.shapes[node.name], strict=True):
            if isinstance(place, Index):
                places.append(self.letter(place.name))
            else:
                over += self.d.fresh(self.dims[dim])
                places.append(over[-1])
                hits.append(self._hit(over[-1], place))
        found = reduce(lambda entry, hit: hit * entry, reversed(hits), self.tensors[node.name][tuple(places)])
        return total(found, *over)

    def _hit(self, at: Letter, place: Node) -> Expression:
        """[a = place]."""
        self.own[at[1]] = at
        return self._compared("=", Index(at[1]), place)

    def _one_lookup(self, node: Apply) -> Entry | None:
        """t[s] of f(… X[t[s]] …), where that is all that is looked up, is there, and nothing within binds the s."""
        parts = [part for part in walk(node) if isinstance(part, Entry) and not self.operation.looked_up(part.name)]
        at = [
            pair for part in parts for pair in zip(part.places, self.operation.shapes.get(part.name, ()), strict=True)
        ]
        lookups = {pair for pair in at if isinstance(pair[0], Entry)}
        place, dim = next(iter(lookups)) if len(lookups) == 1 else (None, "")
        bound = {index for part in walk(node) if isinstance(part, Reduce) for index in part.indices}
        if not isinstance(place, Entry) or not self.operation.finds(place) or free(place) & bound:
            return None
        return place if self.operation.looked_up(place.name) == dim else None

    def _at(self, node: Apply, place: Entry) -> Expression:
        """f(… X[t[s]] …) = Σ_v [v = t[s]]·f(… X[v] …)."""
        (at,) = self.d.fresh(self.dims[self.operation.looked_up(place.name)])

        def put(part: Node) -> Node:
            return Index(at[1]) if part == place else rebuilt(part, put)

        return total(self._hit(at, place) * self(put(node)), at)

    def _mapped(self, node: Mapped) -> Expression:
        """f(Z), or its slope, of all entries of Z."""
        tensor, found = self.tensors[node.tensor], self.maps[node.map]
        over = tuple(("index", f"_{k}", dim) for k, dim in enumerate(tensor.dims))
        places = self.letters([each.name for each in node.places if isinstance(each, Index)])
        return (found.slope if node.slope else found.at)(places, over, tensor[over])

    # --- reductions ---

    def _reduce(self, node: Reduce) -> Expression:
        over, body, kernel = self.letters(node.indices), self(node.body), REDUCTIONS[node.reduction].kernel
        if kernel is not None:
            return kernel(body, over)
        if node.reduction == "min":
            return -reduce(self._largest, reversed(over), -body)
        return reduce(self._largest, reversed(over), body)

    def _largest(self, body: Expression, over: Letter) -> Expression:
        """max_i a, and what its derivative needs: for weights w that choose one i, that this a is the largest."""
        found = maximum(body, over)
        outer = tuple(sorted(free_indices(found.term)))
        if any(places_of(each.largest, found.term, len(outer)) is not None for each in self.winners):
            return found
        places = (*outer, over)
        tensor = self._named("w", tuple(i[2] for i in places), f"1 for the {over[1]} at which it is largest, else 0")
        w, chosen = tensor[places], total(tensor[places] * body, over)
        self.d.suppose(
            always(equal(w * w, w), *places),
            always(equal(total(w, over), 1), *outer),
            always(positive(w - body + chosen), *places),
        )
        self.winners.append(Winner(tensor, close(body.term, places), close(found.term, outer)))
        return found

    # --- zeros and ones ---

    def _bracket(self, node: Bracket) -> Expression:
        if is_whole(node.left, self.operation) and is_whole(node.right, self.operation):
            return self._compared(node.relation, node.left, node.right)
        left, right = self(node.left), self(node.right)
        if node.relation in {"=", "!="}:
            won = self._wins(left.term, right.term) or self._wins(right.term, left.term)
            if won is None:
                msg = f"{text(node)}, where neither side is the other's largest"
                raise Beyond(msg)
            return won if node.relation == "=" else 1 - won
        difference = left - right if node.relation in {">=", "<"} else right - left
        self.kinks.append(difference)
        return step(difference) if "=" in node.relation else 1 - step(difference)

    def _wins(self, one: Formula, largest: Formula) -> Expression | None:
        """[a = max_i a], where the second is that, or a name that was defined as that."""
        if largest[0] == "entry" and self.d.theory.kind(largest[1]) == "defined":
            largest = open_(self.d.theory.rest(largest[1]), largest[2])
        for each in self.winners:
            places = places_of(each.one, one, len(each.tensor.dims))
            if places is not None and open_(each.largest, places[:-1]) == largest:
                return each.tensor[places]
        return None

    def _compared(self, relation: str, left: Node, right: Node) -> Expression:
        """A comparison of whole numbers: δ, or an entry of a tensor of zeros and ones, named by what it compares."""
        if isinstance(left, Index) and isinstance(right, Index) and relation in {"=", "!="}:
            places = self.letter(left.name), self.letter(right.name)
            if places[0][2] == places[1][2]:
                return delta(*places) if relation == "=" else 1 - delta(*places)
        if relation in _OPPOSITE:
            return 1 - self._compared(_OPPOSITE[relation], left, right)
        if relation == ">=":
            left, right = right, left
        difference = polynomial(Add(left, Negate(right)))
        places_of = {name: self.letter(name) for name in sorted(free(left) | free(right))}
        order = sorted(places_of, key=lambda name: (difference.about(name), places_of[name][2], name))
        key = difference.written(order, signed=relation != "=")
        sign = "=" if relation == "=" else "<="
        meaning = f"1 where {text(self._written(left))} {sign} {text(self._written(right))}, else 0"
        one = (self._one(left, right) or self._one(right, left)) if relation == "=" else None
        return self._unknown(f"{key} {sign} 0", tuple(places_of[name] for name in order), meaning, one)

    def _one(self, index: Node, place: Node) -> Letter | None:
        """The index of which just one value is the number that is looked up: v of [v = t[s]]."""
        if not (isinstance(index, Index) and isinstance(place, Entry) and self.operation.finds(place)):
            return None
        of, found = self.operation.looked_up(place.name), self.letter(index.name)
        return found if found[2] == self.dims[of] and index.name not in free(place) else None

    def _written(self, node: Node) -> Node:
        """An expression with an index of the same size for each that was not written."""
        if isinstance(node, Index) and node.name in self.own:
            dims, dim = self.operation.dimension, self.own[node.name][2]
            return Index(next(index for index in dims if self.dims[dims[index]] == dim))
        return rebuilt(node, self._written)

    def _unknown(self, what: str, places: tuple[Letter, ...], meaning: str, one: Letter | None = None) -> Expression:
        """The entry of a tensor that is not negative, and sums to 1 over ``one``; ``meaning``: what it stands for."""
        key = f"{what} over {', '.join(i[2] for i in places)}"
        if key not in self.unknown:
            self.unknown[key] = self._named("H", tuple(i[2] for i in places), meaning)
            entry = self.unknown[key][places]
            self.d.suppose(always(("nonneg", entry.term), *places))
            if one is not None:
                self.d.suppose(always(equal(total(entry, one), 1), *(each for each in places if each != one)))
        return self.unknown[key][places]

    def _named(self, stem: str, dims: tuple[str, ...], meaning: str) -> Tensor:
        """A tensor that was not written, called by a letter and a number."""
        taken = {*self.operation.shapes, *self.d.meanings}
        name = next(each for k in count(1) if (each := f"{stem}{k}") not in taken)
        self.d.meanings[name] = meaning
        return self.d.variable(name, *dims)

"""One thing wrong in an expression: a table of rewrite rules, each a cause, its words, and what stands for a node then.

A rule gives, of a node, expressions that are mistaken for it, and the parts that its words speak of. What may be
rewritten depends on where the node stands: on the indices that mean something there, and on which are of one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from backproof_properties.standing import Place
from backproof_spec.language.adjoints import RULES as DERIVATIVES
from backproof_spec.language.algebra import negated, plus
from backproof_spec.language.syntax import (
    ONE,
    ZERO,
    Add,
    Apply,
    Bracket,
    Divide,
    Entry,
    Index,
    Multiply,
    Negate,
    Node,
    Number,
    Power,
    Reduce,
    Size,
    children,
    free,
    names,
    rebuilt,
    walk,
)
from backproof_spec.language.text import text

Mistaken = Iterator[tuple[Node, Node | str] | tuple[Node, Node | str, Node | str]]
"""What stands for a node, and one part or two that the words speak of."""


class Rule(NamedTuple):
    """A cause, what it means in words, and the rewriting."""

    cause: str
    words: str
    mistaken: Callable[..., Mistaken]


class Mistake(NamedTuple):
    """An expression with one thing wrong."""

    cause: str
    words: str
    node: Node


def mistakes(node: Node, place: Place) -> Iterator[Mistake]:
    """Every way to get one thing wrong in an expression, the outermost first."""
    for rule in RULES.get(type(node), ()):
        for new, *parts in rule.mistaken(node, place):
            said = (text(part) if isinstance(part, Node) else part for part in parts)
            yield Mistake(rule.cause, rule.words.format(*said), new)
    inside = place.inside(node)
    for k, child in enumerate(children(node)):
        for each in mistakes(child, inside):
            yield each._replace(node=_with(node, k, each.node))


def _with(node: Node, place: int, new: Node) -> Node:
    """The node with another child."""
    parts = iter(range(len(list(children(node)))))
    return rebuilt(node, lambda child: new if next(parts) == place else child)


# --- sums, products, powers -------------------------------------------------------------------------------------------


def _bare(node: Node) -> Node:
    return node.argument if isinstance(node, Negate) else node


def _without_term(node: Add, _: Place) -> Mistaken:
    yield node.left, _bare(node.right)
    if not isinstance(node.left, Add):
        yield node.right, _bare(node.left)


def _other_sign(node: Add, _: Place) -> Mistaken:
    yield Add(node.left, negated(node.right)), _bare(node.right)
    if not isinstance(node.left, Add):
        yield plus(node.right, negated(node.left)), _bare(node.left)


def _without_factor(node: Multiply, _: Place) -> Mistaken:
    yield node.left, node.right
    if not isinstance(node.left, Multiply):
        yield node.right, node.left


def _other_power(node: Power, _: Place) -> Mistaken:
    size = _bare(node.exponent)
    for e in (size.value - 1, size.value + 1) if isinstance(size, Number) else ():
        if e > 1:
            exponent = Number(e) if size is node.exponent else Negate(Number(e))
            yield Power(node.base, exponent), node, exponent


# --- functions --------------------------------------------------------------------------------------------------------


def _argument_alone(node: Apply, _: Place) -> Mistaken:
    for argument in node.arguments:
        yield argument, node, argument


def _derivative(node: Apply, _: Place) -> Mistaken:
    if len(node.arguments) == 1:
        for slope in DERIVATIVES[node.function](node.arguments, node, ONE):
            yield slope, node.function, node


def _other_sign_within(node: Apply, _: Place) -> Mistaken:
    if len(node.arguments) == 1:
        yield Apply(node.function, (negated(node.arguments[0]),)), node.function, node.arguments[0]


_OTHER_FUNCTION = {"max": "min", "min": "max", "sin": "cos", "cos": "sin", "tanh": "sigmoid", "sigmoid": "tanh"}


def _other_function(node: Apply, _: Place) -> Mistaken:
    if node.function in _OTHER_FUNCTION:
        yield Apply(_OTHER_FUNCTION[node.function], node.arguments), _OTHER_FUNCTION[node.function], node


def _at_kink(value: Node) -> Callable[[Apply, Place], Mistaken]:
    """Of a step, another value at 0."""

    def mistaken(node: Apply, _: Place) -> Mistaken:
        if node.function == "step":
            at = Bracket("=", node.arguments[0], ZERO)
            yield Add(node, negated(Multiply(value, at))), node, node.arguments[0]

    return mistaken


# --- reductions -------------------------------------------------------------------------------------------------------


def _renamed_reduction(to: Mapping[str, str]) -> Callable[[Reduce, Place], Mistaken]:
    def mistaken(node: Reduce, _: Place) -> Mistaken:
        if node.reduction in to:
            yield replace(node, reduction=to[node.reduction]), node

    return mistaken


def _body_alone(node: Reduce, place: Place) -> Mistaken:
    """The body at another index that has as many values, in place of the reduction."""
    if node.reduction == "softmax":
        yield node.body, node, "softmax"
    elif len(node.indices) == 1:
        for index in place.same(node.indices[0]):
            if node.reduction != "logsumexp":
                yield place.at(node.body, node.indices[0], Index(index)), node, index


def _one_value(last: bool) -> Callable[[Reduce, Place], Mistaken]:  # noqa: FBT001 - a row
    """Only the first value, or the last one, of an index counts."""

    def mistaken(node: Reduce, place: Place) -> Mistaken:
        if node.reduction == "softmax":
            return
        for index in node.indices:
            value = plus(Size(place.size(index)), negated(ONE)) if last else ZERO
            body = place.at(node.body, index, value)
            rest = tuple(each for each in node.indices if each != index)
            if node.reduction in {"sum", "mean", "max", "min"}:
                yield (replace(node, indices=rest, body=body) if rest else body), index, node

    return mistaken


def _last_of_equals(node: Reduce, place: Place) -> Mistaken:
    """Where several terms of a sum fall on one place, the last one replaces the others."""
    hits = [part for part in walk(node.body) if isinstance(part, Bracket) and part.relation == "="]
    looked_up = [each for each in hits if any(place.operation.argument(name) for name in names(each))]
    for index in node.indices if node.reduction == "sum" and len(node.indices) == 1 else ():
        for hit in looked_up:
            if index in free(hit):
                other = place.other(index, node)
                last = Reduce("max", (other,), Multiply(place.at(hit, index, Index(other)), Index(other)))
                yield replace(node, body=Multiply(Bracket("=", Index(index), last), node.body)), index, node


def _another_axis(node: Reduce, place: Place) -> Mistaken:
    """Σ_j X[s,j], kept as an axis, over the other index: Σ_t X[t,i] at i."""
    if node.reduction == "softmax":
        for index in place.outer:
            if index in free(node.body) - {*node.indices}:
                yield replace(node, indices=(index,)), node, index
        return
    for bound in node.indices if len(node.indices) == 1 else ():
        for kept in place.same(bound):
            for index in free(node.body) & {*place.outer} - {kept} if kept not in free(node.body) else ():
                over = place.other(index, node)
                body = place.at(place.at(node.body, bound, Index(kept)), index, Index(over))
                yield replace(node, indices=(over,), body=body), node, index


def over_other_axes(node: Node, place: Place) -> Node:
    """Every reduction over another index, where it can be: what a wrong axis does that is given once for all."""
    if isinstance(node, Reduce):
        node = next((new for new, *_ in _another_axis(node, place) if isinstance(new, Node)), node)
    inside = place.inside(node)
    return rebuilt(node, lambda each: over_other_axes(each, inside))


def _fewer_counted(node: Reduce, place: Place) -> Mistaken:
    """The mean as Σ/(size − 1)."""
    if node.reduction == "mean" and len(node.indices) == 1:
        count = plus(Size(place.size(node.indices[0])), negated(ONE))
        yield Divide(replace(node, reduction="sum"), count), node, count


def _unnormalised(node: Reduce, _: Place) -> Mistaken:
    if node.reduction == "softmax":
        yield Apply("exp", (node.body,)), node


# --- conditions, places, entries --------------------------------------------------------------------------------------

_STRICTER = {"<=": ("<", ">="), "<": ("<=", ">"), ">=": (">", "<="), ">": (">=", "<"), "=": (), "!=": ()}


def _other_relation(node: Bracket, _: Place) -> Mistaken:
    for relation in _STRICTER[node.relation]:
        new = replace(node, relation=relation)
        yield new, node, new


def _off_by_one(node: Bracket, _: Place) -> Mistaken:
    for step in (ONE, negated(ONE)):
        new = replace(node, left=plus(node.left, step))
        yield new, node, new


def _place_off_by_one(node: Entry, _: Place) -> Mistaken:
    for k, each in enumerate(node.places):
        for step in (ONE, negated(ONE)) if not isinstance(each, Index) else ():
            new = replace(node, places=(*node.places[:k], plus(each, step), *node.places[k + 1 :]))
            yield new, node, new


def _count_from_one(node: Index, place: Place) -> Mistaken:
    if not place.counted:
        yield plus(node, ONE), node


def _transposed(node: Entry, place: Place) -> Mistaken:
    indices = [(k, each.name) for k, each in enumerate(node.places) if isinstance(each, Index)]
    for (j, a), (k, b) in combinations(indices, 2):
        if place.size(a) == place.size(b):
            swapped = {j: Index(b), k: Index(a)}
            new = replace(node, places=tuple(swapped.get(at, each) for at, each in enumerate(node.places)))
            yield new, new, node


def _other_tensor(node: Entry, place: Place) -> Mistaken:
    shape = place.operation.shapes.get(node.name, ())
    alike = place.alike.get(shape, ()) if shape else ()
    for name in alike if node.name in {*alike, *place.operation.cotangents} else ():
        if name != node.name:
            new = replace(node, name=name)
            yield new, new, node


def _ignored(node: Entry, place: Place) -> Mistaken:
    if node.name in place.operation.cotangents:
        yield ONE, node.name


def _counted(node: Entry, place: Place) -> Mistaken:
    argument = place.operation.argument(node.name)
    if argument is not None and argument.kind != "index" and argument not in place.operation.differentiated:
        yield ONE, node


def _summed(node: Entry, place: Place) -> Mistaken:
    if node.name in place.operation.cotangents:
        for index in (each.name for each in node.places if isinstance(each, Index)):
            other = place.other(index, node)
            yield Reduce("sum", (other,), place.at(node, index, Index(other))), node, index


def _default(node: Entry, place: Place) -> Mistaken:
    parameter = place.operation.parameter(node.name)
    if parameter is not None:
        yield Number(parameter.choices[0]), node.name, text(Number(parameter.choices[0]))


# --- the table --------------------------------------------------------------------------------------------------------

RULES: dict[type[Node], tuple[Rule, ...]] = {
    Add: (
        Rule("term-missing", "the term {} is left out", _without_term),
        Rule("sign", "the sign of the term {} is wrong", _other_sign),
    ),
    Negate: (Rule("sign", "the minus before {} is left out", lambda node, _: iter([(node.argument, node.argument)])),),
    Multiply: (Rule("factor-missing", "the factor {} is left out", _without_factor),),
    Divide: (
        Rule("divisor-missing", "the division by {} is left out", lambda node, _: iter([(node.left, node.right)])),
        Rule(
            "quotient-inverted",
            "{} is multiplied by, where it is to be divided by",
            lambda node, _: iter([(Multiply(node.left, node.right), node.right)]),
        ),
    ),
    Power: (
        Rule("power-missing", "{} stands for its power {}", lambda node, _: iter([(node.base, node.base, node)])),
        Rule("power-other", "the exponent of {} is {}", _other_power),
    ),
    Apply: (
        Rule("mask-strict", "{} is 0 where {} is 0", _at_kink(ONE)),
        Rule("kink", "{} is 1/2 where {} is 0", _at_kink(Number(Fraction(1, 2)))),
        Rule("function-missing", "the function is left out of {}: {} stands for it", _argument_alone),
        Rule("function-derivative", "the derivative of {} stands for {}", _derivative),
        Rule("function-other", "{} stands for the function of {}", _other_function),
        Rule("sign", "the sign within {} is wrong: minus {}", _other_sign_within),
    ),
    Reduce: (
        Rule("sum-for-mean", "{} is taken as a sum, not a mean", _renamed_reduction({"mean": "sum"})),
        Rule("mean-for-sum", "{} is taken as a mean, not a sum", _renamed_reduction({"sum": "mean"})),
        Rule("reduction-other", "the smallest stands for {}", _renamed_reduction({"max": "min"})),
        Rule("reduction-other", "the largest stands for {}", _renamed_reduction({"min": "max", "logsumexp": "max"})),
        Rule("reduction-other", "the mean stands for {}", _renamed_reduction({"max": "mean", "min": "mean"})),
        Rule("axis", "{} runs over {}", _another_axis),
        Rule("sum-missing", "the reduction {} is left out: only {} counts", _body_alone),
        Rule("sum-missing", "only the last {} counts in {}", _one_value(last=True)),
        Rule("sum-missing", "only the first {} counts in {}", _one_value(last=False)),
        Rule("repeated", "of several {} that fall on one place the last one counts alone in {}", _last_of_equals),
        Rule("mean-divisor", "{} is divided by {}", _fewer_counted),
        Rule("softmax-unnormalised", "{} is not divided by its sum", _unnormalised),
    ),
    Bracket: (
        Rule("condition-other", "the condition {} is taken as {}", _other_relation),
        Rule("off-by-one", "off by one: the condition {} is taken as {}", _off_by_one),
    ),
    Entry: (
        Rule("cotangent-ignored", "{} is ignored: it is taken as 1", _ignored),
        Rule("argument-ignored", "{} is ignored: it is taken as 1", _counted),
        Rule("parameter-ignored", "{} is ignored: it is taken as {}", _default),
        Rule("transposed", "{} stands for {}", _transposed),
        Rule("sum-extra", "{} is summed over {}", _summed),
        Rule("off-by-one", "off by one: {} is taken as {}", _place_off_by_one),
        Rule("tensor-other", "{} stands for {}", _other_tensor),
    ),
    Index: (Rule("off-by-one", "{} counts from 1", _count_from_one),),
}  # fmt: skip
"""Of every kind of node, what may be wrong with it; of what comes to the same thing the first is named."""

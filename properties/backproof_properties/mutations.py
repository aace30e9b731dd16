"""Mutants: an operation whose definition, or whose gradient, has exactly one thing wrong.

A definition that is wrong is so in the forward pass, and in the backward pass in two ways: the claimed formulas rest on
it, or the gradient is the right one of the wrong definition, by the reverse sweep. A gradient that is wrong is so in
its formula, in a definition that it rests on, or in a step of the reverse sweep: then it is what comes back through a
name that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from backproof_properties.rewriting import Mistake, mistakes, over_other_axes
from backproof_properties.standing import Place
from backproof_spec.language.algebra import number
from backproof_spec.language.letters import Letters
from backproof_spec.language.naming import shown
from backproof_spec.language.reverse import derived, missing
from backproof_spec.language.syntax import (
    ONE,
    ZERO,
    Definition,
    Divide,
    Entry,
    Gradient,
    Index,
    Multiply,
    Negate,
    Node,
    Reduce,
    Size,
    names,
    rebuilt,
)
from backproof_spec.language.using import forward
from backproof_spec.operation import Operation


@dataclass(frozen=True)
class Mutant:
    """An operation with one thing wrong: the cause, and in words what; ``swept``: its gradients are those of it."""

    cause: str
    words: str
    given: Operation
    swept: bool = False

    @cached_property
    def operation(self) -> Operation:
        """The operation, all of whose gradients have formulas."""
        return derived(self.given) if self.swept else self.given


def of_forward(operation: Operation) -> Iterator[Mutant]:
    """Mutants whose value is wrong: of a definition that the outputs rest on."""
    for definition, mistake, letters in _mistaken(operation, forward(operation)):
        yield Mutant(mistake.cause, _said(definition, mistake), _with(operation, definition, mistake.node, letters))
    yield from _over_other_axes(operation)


def _over_other_axes(operation: Operation) -> Iterator[Mutant]:
    """Every statistic over another axis at once: written out, for a definition of one has its shape."""
    letters, known = Letters(operation), {each.name: each for each in operation.definitions}
    place = Place(operation, letters, (), {})

    def written_out(node: Node) -> Node:
        new = rebuilt(node, written_out)
        if not isinstance(new, Entry) or new.name not in known:
            return new
        definition = known[new.name]
        apart = {index: letters.other(index, letters.dimension) for index in definition.indices}
        body = letters.renamed(written_out(definition.body), apart)
        for index, value in zip(apart.values(), new.places, strict=True):
            body = place.at(body, index, value)
        return body

    outputs = []
    for each in (known[name] for name in operation.outputs if name in known):
        body = letters.apart(written_out(each.body), {*each.indices}, siblings=False)
        outputs.append(replace(each, body=over_other_axes(body, replace(place, outer=each.indices))))
    wrong = replace(operation, definitions=tuple(outputs), dimension=letters.dimension, ways=())
    yield Mutant("axis", "every reduction runs over the other axis", wrong)


def of_gradient(given: Operation, name: str) -> Iterator[Mutant]:
    """Mutants whose gradient by an argument may be wrong: of the formula, if one is claimed, and of the sweep."""
    unclaimed = replace(given, gradients=tuple(replace(each, claimed=None) for each in given.gradients))
    if name not in missing(given):
        yield from _of_one(derived(given), name, "")
    for definition, mistake, letters in _mistaken(unclaimed, forward(given)):
        wrong = _with(unclaimed, definition, mistake.node, letters)
        yield Mutant(mistake.cause, f"{_said(definition, mistake)}, in what is differentiated", wrong, swept=True)
    for each in _over_other_axes(unclaimed):
        yield replace(each, words=f"{each.words}, in what is differentiated", swept=True)
    yield from _of_one(derived(unclaimed), name, "in the reverse sweep, ")


def _of_one(operation: Operation, name: str, where: str) -> Iterator[Mutant]:
    """Of one way to a gradient: its formula, then what it rests on, and arguments that are ignored."""
    gradient = next(each for each in operation.gradients if each.name == name)
    letters = Letters(operation)
    place = Place(operation, letters, gradient.indices, _alike(operation, operation.definitions))
    for mistake in (*_as_a_whole(operation, gradient, place), *mistakes(formula(gradient), place)):
        changed = _claiming(operation, replace(gradient, claimed=mistake.node), letters)
        yield Mutant(mistake.cause, where + mistake.words, changed)
    yield from _ignoring(operation, gradient)
    for definition, mistake, letters in _mistaken(operation, _behind(operation, gradient)):
        words = where + _said(definition, mistake)
        yield Mutant(mistake.cause, words, _with(operation, definition, mistake.node, letters))


def formula(gradient: Gradient) -> Node:
    """What is claimed, or was derived."""
    return ZERO if gradient.claimed is None else gradient.claimed


def _claiming(operation: Operation, gradient: Gradient, letters: Letters) -> Operation:
    gradients = tuple(gradient if each.name == gradient.name else each for each in operation.gradients)
    return replace(operation, gradients=gradients, dimension=letters.dimension)


def _ignoring(operation: Operation, gradient: Gradient) -> Iterator[Mutant]:
    """An argument, a cotangent or a parameter taken as 1, or as 0, wherever the gradient rests on it."""
    behind = _behind(operation, gradient)
    used = names(formula(gradient)).union(*(names(each.body) for each in behind))
    constant = {each.name for each in operation.parameters}
    for name in sorted(used - {each.name for each in behind}):
        argument = operation.argument(name)
        cause = "cotangent-ignored" if name in operation.cotangents else "argument-ignored"
        for value, said in ((ONE, "1"), *(((ZERO, "0"),) if name in constant else ())):
            if argument is None or argument.kind != "index":
                yield Mutant(
                    cause, f"{name} is ignored: it is taken as {said}", _without(operation, gradient, name, value)
                )


def _without(operation: Operation, gradient: Gradient, name: str, value: Node) -> Operation:
    def change(node: Node) -> Node:
        return value if isinstance(node, Entry) and node.name == name else rebuilt(node, change)

    behind = _behind(operation, gradient)
    definitions = tuple(
        replace(each, body=change(each.body)) if each in behind else each for each in operation.definitions
    )
    changed = replace(gradient, claimed=change(formula(gradient)))
    gradients = tuple(changed if each.name == gradient.name else each for each in operation.gradients)
    return replace(operation, definitions=definitions, gradients=gradients)


def _behind(operation: Operation, gradient: Gradient) -> tuple[Definition, ...]:
    """The definitions that a gradient rests on."""
    wanted, found = {*names(formula(gradient))}, list[Definition]()
    for each in reversed(operation.definitions):
        if each.name in wanted:
            found.append(each)
            wanted |= names(each.body)
    return tuple(reversed(found))


def _mistaken(operation: Operation, definitions: Iterable[Definition]) -> Iterator[tuple[Definition, Mistake, Letters]]:
    for definition in definitions:
        letters = Letters(operation)
        before = operation.definitions[: operation.definitions.index(definition)]
        place = Place(operation, letters, definition.indices, _alike(operation, before))
        for mistake in mistakes(definition.body, place):
            yield definition, mistake, letters


def _alike(operation: Operation, defined: Iterable[Definition]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The tensors of numbers that may be used, by their shapes."""
    known = [each.name for each in operation.arguments if each.kind != "index"] + [each.name for each in defined]
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name in known:
        shape = operation.shapes[name]
        found[shape] = (*found.get(shape, ()), name)
    return found


def _said(definition: Definition, mistake: Mistake) -> str:
    return f"in {shown(definition.name, definition.indices)}, {mistake.words}"


def _with(operation: Operation, definition: Definition, body: Node, letters: Letters) -> Operation:
    changed = replace(definition, body=body)
    definitions = tuple(changed if each is definition else each for each in operation.definitions)
    ways = tuple(each for each in operation.ways if each.name != definition.name)  # those are right
    return replace(operation, definitions=definitions, dimension=letters.dimension, ways=ways)


# --- the whole of a gradient ------------------------------------------------------------------------------------------


def _as_a_whole(operation: Operation, gradient: Gradient, place: Place) -> Iterator[Mistake]:
    """Another factor, another argument's gradient, the cotangent itself, sums too many."""
    whole = formula(gradient)
    yield Mistake("sign", "the sign is wrong", Negate(whole))
    yield Mistake("factor", "twice what it should be", Multiply(number(2), whole))
    yield Mistake("factor", "half of what it should be", Divide(whole, number(2)))
    yield Mistake("zero", "everything is zero", ZERO)
    for size in dict.fromkeys(operation.dimension[i] for each in operation.arguments for i in each.indices):
        yield Mistake("mean-for-sum", f"divided by size({size})", Divide(whole, Size(size)))
        yield Mistake("sum-for-mean", f"multiplied by size({size})", Multiply(whole, Size(size)))
    yield from _of_another(operation, gradient)
    for k, index in enumerate(gradient.indices):
        other = place.other(index, whole)
        yield Mistake(
            "sum-extra", f"summed over {index} too", Reduce("sum", (other,), place.at(whole, index, Index(other)))
        )
        for j in gradient.indices[:k]:
            if place.size(j) == place.size(index):
                to = {j: index, index: j}
                yield Mistake("transposed", "the result is transposed", place.letters.renamed(whole, to))


def _of_another(operation: Operation, gradient: Gradient) -> Iterator[Mistake]:
    places = tuple(map(Index, gradient.indices))
    shape = operation.shapes[gradient.name]
    for name, output in operation.cotangents.items():
        if operation.shapes[output] == shape:
            yield Mistake("gradient-passed-through", f"{name} is passed through unchanged", Entry(name, places))
    for each in operation.gradients:
        if each.name != gradient.name and each.claimed is not None and operation.shapes[each.name] == shape:
            to = dict(zip(each.indices, gradient.indices, strict=True))
            swapped = Letters(operation).renamed(each.claimed, to)
            yield Mistake(
                "gradients-swapped", f"the gradient by {each.name} stands for the one by {gradient.name}", swapped
            )

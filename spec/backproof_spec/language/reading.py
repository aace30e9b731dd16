"""From text to an ``Operation``: what may be written is said in ``docs/guide/language.md``.

Every mistake is one line: where, what was read, what was expected, and the nearest thing that there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from lark import Token, Tree

from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.naming import Names, counted, different, shown
from backproof_spec.language.parsing import Malformed, at, expression, number, parsed, relation
from backproof_spec.language.syntax import (
    Apply,
    Argument,
    Bracket,
    Definition,
    Entry,
    Gradient,
    Mapped,
    Node,
    Number,
    Parameter,
    Position,
    Reduce,
    Size,
    Supposition,
    walk,
)
from backproof_spec.language.using import forward, renaming
from backproof_spec.language.vocabulary import meant
from backproof_spec.operation import Operation

Find = Callable[[str], Operation | None]
"""The operation of a name, where there is one that may be used."""


def nothing(_: str) -> None:
    """There is no other operation."""


def read(text: str, find: Find = nothing) -> Operation:
    """The operation in a text; ``find``: the operations that it may use. Raises ``Malformed``."""
    reader = _Reader(find)
    try:
        lines, title = parsed(text, lambda name: find(name) is not None)
        for line in lines:
            reader.line(line)
        if not reader.name:
            raise Malformed((1, 1), "expected a first line 'operation name(X[i], …) -> Y'")
        return reader.operation(title)
    except RecursionError:
        raise Malformed((1, 1), "a formula is nested too deeply: define names for its parts") from None


def _letters(tree: Tree[Any]) -> tuple[str, ...]:
    return tuple(str(each) for each in tree.children if each is not None)


@dataclass
class _Reader:
    """What has been read so far."""

    find: Find
    name: str = ""
    arguments: list[Argument] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    where: list[Supposition] = field(default_factory=list)
    suppositions: list[Supposition] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    gradients: list[Gradient] = field(default_factory=list)
    ways: list[Definition] = field(default_factory=list)
    names: Names = field(default_factory=Names)

    def line(self, line: Tree[Any]) -> None:
        """One line more."""
        if (line.data == "operation") == bool(self.name):
            raise Malformed(at(line), "expected one line 'operation …', the first: a file holds one operation")
        getattr(self, f"_{line.data}")(line, at(line))

    # --- the first line ---

    def _operation(self, line: Tree[Any], where: Position) -> None:
        name, *rest = line.children
        self.name = str(name)
        for each in rest:
            if each is not None:
                getattr(self, f"_{each.data}")(each, at(each))
        for output in self.names.outputs:
            if output in self.names.defined or self.names.outputs.count(output) > 1:
                raise Malformed(where, f"{output} stands twice: an output has a name of its own")

    def _argument(self, tree: Tree[Any], where: Position) -> None:
        name, letters, *kinds = tree.children
        indices = different(str(name), _letters(letters), where)
        self.names.new(str(name), indices, where)
        kind, below = "real", ""
        for each in kinds:
            if each is not None:
                kind, below = self._kind(each)
        self.arguments.append(Argument(str(name), indices, kind, below, where))
        self.names.letters |= dict.fromkeys([*indices, *([below] if below else [])])

    @staticmethod
    def _kind(tree: Tree[Any]) -> tuple[str, str]:
        kind, below = str(tree.children[0]), tree.children[1]
        if kind not in KINDS:
            raise Malformed(at(tree), f"there is no kind {kind}{meant(kind, KINDS)}")
        if (kind == "index") != (below is not None):
            raise Malformed(at(tree), "expected index(v) for whole numbers below size(v); no other kind is of an index")
        return kind, str(below or "")

    def _parameter(self, tree: Tree[Any], where: Position) -> None:
        name, value = tree.children
        self.names.new(str(name), (), where)
        self.parameters.append(Parameter(str(name), (self._constant(value),), where))

    def _choice(self, tree: Tree[Any], where: Position) -> None:
        if not self.parameters:
            raise Malformed(where, "expected a parameter, as in eps = 1e-5, before a number")
        last = self.parameters[-1]
        self.parameters[-1] = replace(last, choices=(*last.choices, self._constant(tree.children[0])))

    @staticmethod
    def _constant(value: Any) -> Fraction:
        if isinstance(value, Token):
            return number(value, at(value)).value
        return -number(value.children[0], at(value)).value

    def _outputs(self, tree: Tree[Any], _: Position) -> None:
        self.names.outputs = tuple(map(str, tree.children))

    # --- sizes and what is supposed ---

    def _where(self, tree: Tree[Any], _: Position) -> None:
        for each in tree.children:
            left, token, right = each.children
            sides = self._sized(expression(left)), self._sized(expression(right))
            self.where.append(Supposition(relation(token), *sides, at=at(each)))

    def _sized(self, node: Node) -> Node:
        """Whole numbers made of sizes and parameters."""
        parameters = [each.name for each in self.parameters]
        for each in walk(node):
            if isinstance(each, Entry) and each.name not in parameters:
                known = [*parameters, *(f"size({x})" for x in self.names.letters)]
                said = f"{each.name} is no parameter, and sizes are tied by parameters and sizes"
                raise Malformed(each.at, said + meant(each.name, known))
            if isinstance(each, Apply | Reduce | Bracket | Mapped):
                raise Malformed(each.at, "sizes are tied by +, -, *, //, whole numbers, parameters and sizes")
            if isinstance(each, Size):
                self.names.letters |= {each.index: None}
        return node

    def _suppose(self, line: Tree[Any], where: Position) -> None:
        left, token, right = line.children[0].children
        sides = self.names.resolved(expression(left), None), self.names.resolved(expression(right), None)
        self.suppositions.append(Supposition(relation(token), *sides, at=where))

    # --- definitions and gradients ---

    def _definition(self, line: Tree[Any], where: Position) -> None:
        name, letters, body = line.children
        indices = _letters(letters)
        if body.data != "call" or (str(body.children[0]) in {*FUNCTIONS, "size"} and not self._of_tensors(body)):
            self._add(self._defining(str(name), indices, body, where))
            return
        self._used((str(name),), body, where)
        if indices:
            self._require_places(str(name), indices, self.names.defined[str(name)], where)
            self.names.letters |= dict.fromkeys(different(str(name), indices, where))
            self.names.dimensions.shaped(str(name), indices)

    def _of_tensors(self, call: Tree[Any]) -> bool:
        """Is it an operation of whole tensors, Y = relu(Z), rather than a function of numbers, Y[i] = relu(Z[i])?"""
        given = [expression(each) for each in call.children[2:] if each is not None and each.data == "entry"]
        wholes = [each for each in given if isinstance(each, Entry) and not each.places]
        ranks = [len(self.names.defined.get(each.name, ())) for each in wholes]
        return bool(ranks) and all(ranks) and self.find(str(call.children[0])) is not None

    @staticmethod
    def _require_places(name: str, indices: tuple[str, ...], shape: tuple[str, ...], where: Position) -> None:
        if len(indices) != len(shape):
            raise Malformed(where, f"{name} has {counted(len(indices))} here, where it was {shown(name, shape)}")

    def _add(self, definition: Definition) -> None:
        """One definition more; from where an output is defined its cotangent may be used."""
        self.names.new(definition.name, definition.indices, definition.at)
        self.definitions.append(definition)
        if definition.name in self.names.outputs:
            self.names.new(f"d{definition.name}", definition.indices, definition.at)

    def _defining(self, name: str, indices: tuple[str, ...], body: Tree[Any], where: Position) -> Definition:
        self.names.letters |= dict.fromkeys(different(name, indices, where))
        return Definition(name, indices, self.names.resolved(expression(body), indices), where)

    def _also(self, line: Tree[Any], where: Position) -> None:
        token, letters, body = line.children[0].children
        name, known = str(token), {each.name: each for each in self.definitions}
        if name not in known:
            raise Malformed(where, f"{name} is not defined before, so that there is no other way{meant(name, known)}")
        indices, shape = _letters(letters), known[name].indices
        self._require_places(name, indices, shape, where)
        way = self._defining(name, indices, body, where)
        before = [each.name for each in self.definitions]
        after = {*before[before.index(name) :]}
        for part in (each for each in walk(way.body) if isinstance(each, Entry) and each.name in after):
            raise Malformed(part.at, f"{part.name} is not defined before {name}, and another way to it starts there")
        self.names.dimensions.shaped(way.name, indices)
        self.ways.append(way)

    def _gradient(self, line: Tree[Any], where: Position) -> None:
        of, token, letters, claimed = line.children
        if of is not None:
            raise Malformed(where, "of an operation it is said by what alone: 'gradient by X[i] = …'")
        name, indices = str(token), _letters(letters)
        differentiated = {each.name: each for each in self.arguments if KINDS[each.kind].differentiated}
        if name not in differentiated:
            other = next((each for each in self.arguments if each.name == name), None)
            what = f"is of kind {other.kind}, which is not differentiated" if other else "is no argument"
            raise Malformed(at(token), f"{name} {what}{meant(name, differentiated)}")
        if any(each.name == name for each in self.gradients):
            raise Malformed(where, f"the gradient by {name} is claimed twice")
        shape = differentiated[name].indices
        self._require_places(name, different(name, indices, where), shape, where)
        undefined = [each for each in self.names.outputs if each not in self.names.defined]
        if undefined:
            raise Malformed(
                where, f"the output {undefined[0]} is not defined before{meant(undefined[0], self.names.defined)}"
            )
        self.names.letters |= dict.fromkeys(indices)
        self.names.dimensions.shaped(name, indices)
        value = None if claimed is None else self.names.resolved(expression(claimed.children[0]), indices)
        self.gradients.append(Gradient(name, indices, value, at=where))

    # --- other operations ---

    def _use(self, line: Tree[Any], where: Position) -> None:
        outputs, call = line.children
        self._used(tuple(map(str, outputs.children)), call, where)

    def _used(self, outputs: tuple[str, ...], call: Tree[Any], where: Position) -> None:
        """The definitions of another operation, under names of their own."""
        name = str(call.children[0])
        used = self.find(name)
        if used is None:
            raise Malformed(at(call), f"there is no function or operation {name}{meant(name, FUNCTIONS)}")
        given = [each for each in call.children[2:] if each is not None]
        tensors = [expression(each) for each in given if each.data != "setting"]
        if len(tensors) != len(used.arguments) or len(outputs) != len(used.outputs):
            takes = ", ".join(each.name for each in used.arguments)
            raise Malformed(where, f"expected {', '.join(used.outputs)} = {name}({takes})")
        settings = {str(each.children[0]): each.children[1] for each in given if each.data == "setting"}
        renamed = renaming(
            used,
            {
                argument.name: self._whole(tensor, argument, name)
                for tensor, argument in zip(tensors, used.arguments, strict=True)
            },
            outputs,
            self._settings(used, settings, where),
        )
        self.names.letters |= dict.fromkeys(renamed.indices.values())
        for index, standing in used.dimension.items():
            self.names.dimensions.join(("index", renamed.indices[index]), ("index", renamed.indices[standing]))
        for argument in used.arguments:
            self.names.dimensions.shaped(renamed.names[argument.name], renamed.places(argument.indices))
        self.where += map(renamed.supposition, used.where)
        self.suppositions += map(renamed.supposition, used.suppositions)
        for each in forward(used):
            definition = replace(renamed.definition(each), at=where)
            self.names.dimensions.read(definition.body)
            self.names.count(definition.body)
            self._add(definition)
        inside = {each.name for each in forward(used)}
        self.ways += [renamed.definition(each) for each in used.ways if each.name in inside]

    def _whole(self, tensor: Node, argument: Argument, name: str) -> str:
        """The name of a whole tensor, which an operation takes for an argument."""
        if not isinstance(tensor, Entry) or tensor.places or tensor.name not in self.names.defined:
            hint = meant(tensor.name, self.names.defined) if isinstance(tensor, Entry) and not tensor.places else ""
            raise Malformed(tensor.at, f"{name} takes whole tensors, by their names alone{hint}")
        got, shape = len(self.names.defined[tensor.name]), shown(argument.name, argument.indices)
        if got != len(argument.indices):
            raise Malformed(tensor.at, f"{tensor.name} has {counted(got)}, where {name} takes {shape}")
        return tensor.name

    def _settings(self, used: Operation, settings: dict[str, Any], where: Position) -> dict[str, Node]:
        constants: dict[str, Node] = {each.name: Number(each.choices[0]) for each in used.parameters}
        for name, value in settings.items():
            if name not in constants:
                raise Malformed(where, f"{used.name} has no parameter {name}{meant(name, constants)}")
            constants[name] = self.names.resolved(expression(value), ())
        return constants

    # --- the end ---

    def operation(self, title: str) -> Operation:
        """All of it."""
        for each in self.names.outputs:
            if each not in {definition.name for definition in self.definitions}:
                raise Malformed((1, 1), f"the output {each} is defined nowhere{meant(each, self.names.defined)}")
        for name, indices in self.names.defined.items():
            if not indices and name in self.names.letters:
                raise Malformed((1, 1), f"{name} is an index and a number: rename one")
        for output in self.names.outputs:
            for k in range(len(self.names.defined[output])):
                self.names.dimensions.join((output, k), (f"d{output}", k))
        self._sizes_known()
        order, standing = list(self.names.letters), self.names.dimensions.standing
        return Operation(
            name=self.name,
            title=title,
            arguments=tuple(self.arguments),
            parameters=tuple(self.parameters),
            outputs=self.names.outputs,
            where=tuple(self.where),
            suppositions=tuple(self.suppositions),
            definitions=tuple(self.definitions),
            gradients=tuple(self.gradients),
            ways=tuple(self.ways),
            dimension={index: standing(("index", index), order) for index in order},
            shapes={
                name: tuple(standing((name, k), order) for k in range(len(indices)))
                for name, indices in self.names.defined.items()
            },
        )

    def _sizes_known(self) -> None:
        """Every size is that of an argument, or said by a line ``where``."""
        root = self.names.dimensions.root
        known = {root(("index", i)) for each in self.arguments for i in (*each.indices, each.below) if i}
        known |= {
            root(("index", each.left.index))
            for each in self.where
            if isinstance(each.left, Size) and each.relation == "="
        }
        for where, used in (
            *((each.at, (*each.indices, *_summed(each.body))) for each in (*self.definitions, *self.ways)),
            *((each.at, _summed(each.left, each.right)) for each in self.suppositions),
            *((each.at, _summed(each.claimed)) for each in self.gradients if each.claimed is not None),
        ):
            for index in used:
                if root(("index", index)) not in known:
                    said = f"size({index}) is not known, as no argument has this index"
                    raise Malformed(where, f"{said}: add a line 'where size({index}) = …'")


def _summed(*nodes: Node) -> tuple[str, ...]:
    return tuple(i for node in nodes for each in walk(node) if isinstance(each, Reduce) for i in each.indices)

"""A definition and claimed gradients without a first line, as derivations. Operations and statements are one language.

    # softmax and cross-entropy of one sample
    suppose size(k) > 0
    suppose sum_i P[i] = 1
    S[i] = exp(Z[i]) / sum_k exp(Z[k])
    L = -sum_i P[i]*log(S[i])
    gradient L by Z[j] = S[j] - P[j]

A name on the left of ``=`` is defined; every other name is a tensor of which nothing is assumed. ``f(Z)`` and
``f[i](Z)`` are a differentiable map of the whole tensor Z, and ``f'[i,k](Z)`` is its derivative by entry k. What is
supposed holds for all values of its indices. Without ``= …`` the gradient is derived. Several lines ``gradient`` are
several statements. The places of a tensor are indices, and a name that stands elsewhere is a tensor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from lark import Tree

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.statement import Statement
from backproof_spec.language.dimensions import Dimensions
from backproof_spec.language.lowering import Beyond, Lowering
from backproof_spec.language.naming import counted, different
from backproof_spec.language.parsing import STATEMENTS, Malformed, at, expression, parsed, relation
from backproof_spec.language.syntax import (
    Apply,
    Argument,
    Bracket,
    Definition,
    Divide,
    Entry,
    Gradient,
    Index,
    Mapped,
    Node,
    Number,
    Position,
    Reduce,
    Size,
    Supposition,
    children,
    free,
    rebuilt,
    walk,
)
from backproof_spec.language.vocabulary import meant
from backproof_spec.operation import Operation

_Line = Definition | Supposition | Gradient
_Part = TypeVar("_Part", bound=Node)
_GRADIENT = "'gradient L by X[i] = …'"
_HEADED = {
    "operation": "an operation has its own command: backproof prove FILE.op",
    "where": "'where' ties the sizes of an operation; here sizes are 'suppose size(i) = size(j)'",
    "also": "'computed also' is for operations",
    "use": "'a, b = …' is for operations",
}
"""Lines that a statement has not."""


def read(text: str) -> Statement:
    """The statement in a text, or the first of several. Raises ``Malformed``."""
    return read_all(text)[0]


def read_all(text: str, stem: str = "statement") -> list[Statement]:
    """The statements in a text, one for each gradient, of whose name it has its own. Raises ``Malformed``.

    A comment before everything else is their title.
    """
    try:
        lines, title = parsed(text, most=STATEMENTS)
        return list(_statements(lines, stem, title or "a statement"))
    except RecursionError:
        raise Malformed((1, 1), "a formula is nested too deeply to be read: define names for its parts") from None


def _statements(lines: list[Tree[Any]], stem: str, title: str) -> Iterator[Statement]:
    for line in lines:
        if line.data in _HEADED:
            raise Malformed(at(line), _HEADED[str(line.data)])
    first = next((k for k, line in enumerate(lines) if line.data == "gradient"), len(lines))
    behind = next((line for line in lines[first:] if line.data != "gradient"), None)
    if behind is not None or first == len(lines):
        where = at(behind) if behind is not None else (at(lines[-1])[0] + 1 if lines else 1, 1)
        raise Malformed(where, f"expected one line {_GRADIENT}, the last one, or several")
    left = {str(line.children[0 if line.data == "definition" else 1]) for line in lines if line.data != "suppose"}
    before, gradients = ([_line(line, pi="pi" not in left) for line in each] for each in (lines[:first], lines[first:]))
    by = [each.name for each in gradients if isinstance(each, Gradient)]
    names = [f"{stem}.d{each}" for each in by] if len(by) > 1 else [stem]
    names = [name if names.count(name) == 1 else f"{name}.{k}" for k, name in enumerate(names, 1)]
    for name, gradient in zip(names, gradients, strict=True):
        yield _Reader([*before, gradient]).statement(name, title)


def _line(tree: Tree[Any], *, pi: bool) -> _Line:
    """One line; ``pi``: is pi the number?"""

    def told(side: Tree[Any]) -> Node:
        return _told(expression(side), pi=pi)

    if tree.data == "suppose":
        left, token, right = tree.children[0].children
        return Supposition(relation(token), told(left), told(right), at(tree))
    if tree.data == "definition":
        name, letters, body = tree.children
        return Definition(str(name), _letters(letters), told(body), at(tree))
    of, name, letters, claimed = tree.children
    if of is None:
        raise Malformed(at(name), f"expected {_GRADIENT}: of what is said, as nothing is an output here")
    value = None if claimed is None else told(claimed.children[0])
    return Gradient(str(name), _letters(letters), value, told(of.children[0]), at(name))


def _letters(tree: Tree[Any]) -> tuple[str, ...]:
    return tuple(str(each) for each in tree.children if each is not None)


def _told(node: Node, *, pi: bool) -> Node:
    """The expression with indices told from tensors: those at places, of δ, and of [i = j]."""
    if isinstance(node, Entry) and node.name == "delta":
        if len(node.places) != len(("i", "j")):
            raise Malformed(node.at, "delta has two indices: delta[i,j]")
        return Bracket("=", *map(_place, node.places), at=node.at)
    if isinstance(node, Entry) and node.name == "pi" and not node.places and pi:
        return Apply("pi", (), at=node.at)
    if isinstance(node, Entry | Mapped):
        return replace(node, places=tuple(map(_place, node.places)))
    if isinstance(node, Divide) and node.whole:
        raise Malformed(node.at, "a//b is for the sizes and places of operations")
    if isinstance(node, Bracket) and node.relation in {"=", "!="} and _bare(node.left) and _bare(node.right):
        return replace(node, left=_place(node.left), right=_place(node.right))
    return rebuilt(node, lambda each: _told(each, pi=pi))


def _bare(node: Node) -> bool:
    return isinstance(node, Entry) and not node.places


def _place(node: Node) -> Node:
    if not isinstance(node, Entry) or node.places:
        raise Malformed(node.at, "here a place is an index, as in X[i,j]; that of an operation may be computed")
    return Index(node.name, at=node.at)


# --- names ------------------------------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """One statement: first all indices and tensors that it speaks of, then what it says of them."""

    lines: list[_Line]
    letters: dict[str, None] = field(default_factory=dict)
    arity: dict[str, int] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    dimensions: Dimensions = field(default_factory=Dimensions)

    def __post_init__(self) -> None:
        """All names, with how many indices they have, and which indices are of one size."""
        self.defined = {each.name for each in self.lines if isinstance(each, Definition)}
        for each in self.lines:
            if isinstance(each, Definition):
                self._shaped(each.name, each.indices, each.at)
            for node in _sides(each):
                self._inside(node)
        for part in self._parts(Mapped):
            self._of_map(part)

    def statement(self, stem: str, title: str) -> Statement:
        """The statement, with every name declared. Raises ``Malformed``."""
        known = set(self.arity) - self.defined
        for each in self.lines:
            self._check(each, known)
        *lines, gradient = self.lines
        order, standing = list(self.letters), self.dimensions.standing
        shapes = {name: tuple(standing((name, k), order) for k in range(n)) for name, n in self.arity.items()}
        operation = Operation(
            name=stem,
            title=title,
            arguments=tuple(Argument(each, shapes[each]) for each in shapes if each not in {*self.defined, *self.maps}),
            suppositions=tuple(each for each in lines if isinstance(each, Supposition)),
            definitions=tuple(each for each in lines if isinstance(each, Definition)),
            dimension={index: standing(("index", index), order) for index in order},
            shapes=shapes,
            maps=self.maps,
        )
        d = Derivation(stem, title)
        d.own, d.decimals = True, any(each.decimal for each in self._parts(Number))
        lowering = Lowering(operation, d)
        try:
            lowering.declare()
            of, by, *claimed = map(lowering.whole, _sides(gradient))
        except Beyond as error:
            raise Malformed(gradient.at, f"the kernel has no terms for {error}") from None
        d.title = "; ".join([title, *(f"{', '.join(names)} = 1..{dim}" for dim, names in d.letters.items())])
        return Statement(d, of, by, claimed[0] if claimed else None)

    # --- what is spoken of ---

    def _parts(self, kind: type[_Part]) -> Iterator[_Part]:
        """The expressions of this kind."""
        nodes = [side for each in self.lines for side in _sides(each)]
        return (part for node in nodes for part in walk(node) if isinstance(part, kind))

    def _inside(self, node: Node) -> None:
        """The indices and tensors of an expression, in the order in which they stand."""
        for part in walk(node):
            if isinstance(part, Entry):
                self._shaped(part.name, _named(part), part.at)
            elif isinstance(part, Mapped) and not part.slope:
                self._shaped(part.map, _named(part), part.at)
            here = part.indices if isinstance(part, Reduce) else (part.index,) if isinstance(part, Size) else ()
            self.letters |= dict.fromkeys((part.name,) if isinstance(part, Index) else here)
        self.dimensions.read(node)

    def _shaped(self, name: str, indices: Sequence[str], where: Position) -> None:
        if name in {"size", "delta"}:
            raise Malformed(where, f"{name} has a meaning already: give this another name")
        if self.arity.setdefault(name, len(indices)) != len(indices):
            raise Malformed(where, f"{name} has {counted(len(indices))} here, {self.arity[name]} elsewhere")
        self.letters |= dict.fromkeys(indices)
        self.dimensions.shaped(name, indices)

    def _of_map(self, node: Mapped) -> None:
        """A map is of one tensor; the places of its slope are its own, then those of that tensor."""
        name, tensor, places = node.map, node.tensor, _named(node)
        if self.maps.setdefault(name, tensor) != tensor or name in self.defined:
            what = "defined" if name in self.defined else f"a map of {self.maps[name]}"
            raise Malformed(node.at, f"{name} is {what} elsewhere")
        if tensor not in self.arity:
            said = f"{tensor} stands nowhere with its indices, so that its shape is unknown"
            raise Malformed(node.at, f"{name}({tensor}): {said}")
        if node.slope:
            outputs = max(len(places) - self.arity[tensor], 0)
            self._shaped(name, places[:outputs], node.at)
            self._shaped(tensor, places[outputs:], node.at)

    # --- what is said ---

    def _check(self, line: _Line, known: set[str]) -> None:
        """Refuse a line that speaks of what is not known yet; what it defines is known from then on."""
        for part in (part for node in _sides(line) for part in walk(node)):
            name = part.name if isinstance(part, Entry) else part.tensor if isinstance(part, Mapped) else None
            if name in self.maps:
                raise Malformed(part.at, f"{name} is a map: write {name}({self.maps[name]})")
            if name is not None and name not in known:
                raise Malformed(part.at, f"{name} is used before it is defined")
            if isinstance(part, Bracket):
                self._check_compared(part)
        if isinstance(line, Gradient):
            self._check_gradient(line)
        elif isinstance(line, Definition):
            if line.name in known:
                raise Malformed(line.at, f"{line.name} is defined twice")
            loose = free(line.body) - set(line.indices)
            if loose:
                raise Malformed(line.at, f"{line.name}: index {min(loose)} is not on the left")
            different(line.name, line.indices, line.at)
            known.add(line.name)

    def _check_compared(self, node: Bracket) -> None:
        """Numbers of indices and sizes are compared in operations alone: here they would be any numbers."""
        indices = isinstance(node.left, Index) and isinstance(node.right, Index)
        parts = [*_numbers(node.left), *_numbers(node.right)]
        bare = {each.name for each in parts if isinstance(each, Entry) and not each.places}
        if not indices and (bare & self.letters.keys() or all(isinstance(each, Size | Number) for each in parts)):
            raise Malformed(node.at, "here indices are compared by [i = j] and [i != j] alone; an operation has more")

    def _check_gradient(self, gradient: Gradient) -> None:
        """Refuse a name that nothing but the gradient says, as it is misspelt, and an index that nothing binds."""
        of, by, *claimed = _sides(gradient)
        if gradient.name in self.defined:
            raise Malformed(by.at, f"{gradient.name} is defined: a gradient is by a name that is not")
        said = {
            kind: _names(s for each in self.lines if isinstance(each, kind) for s in _sides(each)) for kind in _KINDS
        }
        defining = self.defined | said[Definition]
        wholes = [(of, defining | _names([by])), (by, defining | _names([of]))]
        wholes += [(each, defining | said[Supposition] | _names([of])) for each in claimed]
        for node, known in wholes:
            for part in walk(node):
                for name in sorted(_names([part], deep=False) - known):
                    raise Malformed(part.at, f"{name} occurs in no definition{meant(name, known)}")
        for each in claimed:
            for index in sorted(free(each) - free(of) - set(gradient.indices)):
                said_of = "is neither in what is differentiated nor in what it is by"
                raise Malformed(each.at, f"index {index} {said_of}")


_KINDS = (Definition, Supposition)


def _sides(line: _Line) -> list[Node]:
    """The expressions of a line; of a gradient what is differentiated, by which entry, and what is claimed."""
    if isinstance(line, Definition):
        return [line.body]
    if isinstance(line, Supposition):
        return [line.left, line.right]
    by = Entry(line.name, tuple(map(Index, line.indices)), at=line.at)
    return [each for each in (line.of, by, line.claimed) if each is not None]


def _named(node: Entry | Mapped) -> tuple[str, ...]:
    return tuple(place.name for place in node.places if isinstance(place, Index))


def _numbers(node: Node) -> Iterator[Node]:
    """What a number is made of, without what entries and maps are at."""
    inside = () if isinstance(node, Entry | Mapped) else tuple(children(node))
    return iter([node]) if not inside else (part for each in inside for part in _numbers(each))


def _names(nodes: Iterable[Node], *, deep: bool = True) -> set[str]:
    """The tensors and maps in some expressions, or those that these are themselves."""
    parts = [part for node in nodes for part in (walk(node) if deep else [node])]
    found = {name for part in parts if isinstance(part, Mapped) for name in (part.map, part.tensor)}
    return found | {part.name for part in parts if isinstance(part, Entry)}

"""From the text of a statement to a derivation: ``statement`` says what may be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lark import Token, Tree, UnexpectedInput

from backproof_spec.calculus import limits
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.grammar import PARSER
from backproof_spec.calculus.notation import Expression, Map, Tensor, always, delta, exp, log, size, step, total
from backproof_spec.calculus.terms import Formula, Index, free_indices
from backproof_spec.calculus.vocabulary import absent, confusable, meant, torn, unreadable

_DIMENSIONS = ("n", "m", "p", "q", "r", "t", "u", "v", "w")
_DIGITS = 1000
"""Of a number that is written; Python turns no more than 4,300 into text."""
_FUNCTIONS: dict[str, Callable[[Expression], Expression]] = {"exp": exp, "log": log, "step": step}


class Malformed(Exception):
    """A statement that cannot be read: where, and what was expected."""

    def __init__(self, line: int, column: int, message: str) -> None:
        """The message starts with the place."""
        super().__init__(f"line {line}, column {column}: {message}")


@dataclass(frozen=True)
class Statement:
    """What was written, with every name declared in a derivation, and the lines before the gradient supposed.

    ``letters``: the names of the indices of every dimension, as they were written.
    """

    derivation: Derivation
    of: Expression
    by: Expression
    claimed: Expression | None
    letters: dict[str, list[str]]


def read(text: str) -> Statement:
    """The statement in a text, or the first of several. Raises ``Malformed``."""
    return read_all(text)[0]


def read_all(text: str, stem: str = "statement") -> list[Statement]:
    """The statements in a text, one for each gradient, of whose name it has its own. Raises ``Malformed``.

    A comment before everything else is their title.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        wrong = unreadable(line) or absent(line)
        if wrong:
            raise Malformed(number, *wrong)
    alike = confusable(lines)
    if alike:
        raise Malformed(*alike)
    try:
        tree = PARSER.parse(text + "\n")
    except UnexpectedInput as error:
        shown = error.get_context(text, 20).split("\n")[0].strip() or "the end"
        line, column = lines[error.line - 1] if 0 < error.line <= len(lines) else "", max(error.column - 1, 0)
        hint = torn(line[:column], line[column:])
        raise Malformed(error.line, error.column, f"cannot go on at … {shown}{hint}") from None
    everything: list[Any] = list(tree.children)
    gradients = [line for line in everything if line.data == "gradient"]
    if not gradients or everything[-len(gradients) :] != gradients:
        place = len(everything) + 1
        raise Malformed(place, 1, "expected one line 'gradient L by X[i] = …', the last one, or several")
    title, before = _title(lines), everything[: -len(gradients)]
    names = [f"{stem}.d{line.children[1].children[0]}" for line in gradients] if len(gradients) > 1 else [stem]
    names = [name if names.count(name) == 1 else f"{name}.{k}" for k, name in enumerate(names, 1)]
    return [_Reader([*before, line], name, title).statement() for name, line in zip(names, gradients, strict=True)]


def _title(lines: list[str]) -> str:
    """What the comment says before everything else; "" where there is none."""
    first = next((line.strip() for line in lines if line.strip()), "")
    return first.lstrip("# \t") if first.startswith("#") else ""


# --- reading ----------------------------------------------------------------------------------------------------------


class _Reader:
    """From the tree to expressions: first the dimensions of all indices and tensors, then the terms."""

    def __init__(self, lines: list[Any], stem: str, title: str) -> None:
        self.lines: list[Tree[Any]] = lines
        self.same: dict[Any, Any] = {}
        self.arity: dict[str, int] = {}
        self.inputs: dict[str, str] = {}
        self.defined = {str(line.children[0]) for line in self.lines if line.data == "definition"}
        self.d = Derivation(stem, title or "a statement")
        self.known: dict[str, Tensor | Map] = {}

    def statement(self) -> Statement:
        """The statement."""
        gradient = self.lines[-1]
        for line in self.lines:
            self._dimensions(line)
        for name, arity in self.arity.items():
            if name not in self.defined and name not in self.inputs:
                self.known[name] = self.d.variable(name, *(self._dim((name, k)) for k in range(arity)))
        for name, of in self.inputs.items():
            if of not in self.arity:
                raise Malformed(
                    1, 1, f"{name}({of}): {of} stands nowhere with its indices, so that its shape is unknown"
                )
            outputs = tuple(self._dim((name, k)) for k in range(self.arity[name]))
            self.known[name] = self.d.map(name, tuple(self._dim((of, k)) for k in range(self.arity[of])), outputs)
        self._check_names(gradient)
        for line in self.lines[:-1]:
            self._declare(line)
        e, by, *_ = gradient.children
        if by.children[0] in self.defined:
            raise self._wrong(by, f"{by.children[0]} is defined: a gradient is by a name that is not")
        said, letters = self._claimed(gradient), self._letters()
        self.d.title = "; ".join([self.d.title, *(f"{', '.join(names)} = 1..{dim}" for dim, names in letters.items())])
        self.d.own = True
        self.d.letters.update(letters)
        return Statement(self.d, self._term(e), self._term(by), said, letters)

    def _claimed(self, gradient: Tree[Any]) -> Expression | None:
        """What is claimed: at indices that stand before it."""
        e, by, *claimed = gradient.children
        if not claimed:
            return None
        said = self._sized(claimed[0])
        loose = free_indices(said.term) - free_indices(self._term(e).term) - free_indices(self._term(by).term)
        if loose:
            raise self._wrong(
                claimed[0], f"index {min(loose)[1]} is neither in what is differentiated nor in what it is by"
            )
        return said

    def _check_names(self, gradient: Tree[Any]) -> None:
        """Refuse a name that nothing but the gradient says: it is misspelt."""
        e, by, *claimed = gradient.children
        defining = _named(*(line for line in self.lines if line.data == "definition"))
        supposed = _named(*(line for line in self.lines if line.data == "suppose"))
        self._check_known(e, defining | _named(by))
        self._check_known(by, defining | _named(e))
        for each in claimed:
            self._check_known(each, defining | supposed | _named(e))

    def _check_known(self, node: Tree[Any], known: set[str]) -> None:
        for each in node.iter_subtrees_topdown():  # type: ignore[no-untyped-call]
            name = next(iter(_named(each, deep=False) - known), None)
            if name is not None:
                raise self._wrong(each, f"{name} occurs in no definition{meant(name, known)}")

    def _letters(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind, name in [each for each in self.same if each[0] == "index"]:
            found.setdefault(self._dim((kind, name)), []).append(name)
        return found

    def _declare(self, line: Tree[Any]) -> None:
        children: list[Any] = line.children
        if line.data == "suppose":
            left, *relation, right = children
            a, b = self._sized(left), self._sized(right)
            op = {">": "pos", ">=": "nonneg", "!=": "nonzero"}[str(relation[0])] if relation else "eq"
            less = a if b.term == ("num", 0, 1) else a - b
            judgement: Formula = ("eq", a.term, b.term) if op == "eq" else (op, less.term)
            self.d.suppose(always(judgement, *sorted(free_indices(judgement))))
            return
        name, places, body = children
        if str(name) in self.known:
            raise self._wrong(line, f"{name} is defined twice")
        value, indices = self._sized(body), self._indices(places)
        loose = free_indices(value.term) - set(indices)
        if loose or len(set(indices)) < len(indices):
            said = f"index {min(loose)[1]} is not on the left" if loose else "an index stands twice on the left"
            raise self._wrong(line, f"{name}: {said}")
        self.known[str(name)] = self.d.define(str(name), indices, value)

    # --- dimensions ---

    def _dimensions(self, line: Tree[Any]) -> None:
        for node in line.iter_subtrees_topdown():  # type: ignore[no-untyped-call]
            if node.data in {"entry", "definition"}:
                self._slots(node, str(node.children[0]), self._names(node.children[1]))
            elif node.data in {"map", "slope"}:
                self._of_map(node)
            elif node.data == "delta":
                i, j = self._two(node)
                self._join(("index", i), ("index", j))
            elif node.data in {"total", "size"}:
                for name in _summed(node.children[0]):
                    self._root(("index", name))

    def _of_map(self, node: Tree[Any]) -> None:
        name, places, argument = str(node.children[0]), self._names(node.children[1]), str(node.children[2])
        if self.inputs.setdefault(name, argument) != argument or name in self.defined:
            raise self._wrong(node, f"{name} is a map of {self.inputs[name]} elsewhere")
        if node.data == "map":
            self._slots(node, name, places)
        else:
            outputs = len(places) - self.arity.get(argument, 0)
            self._slots(node, name, places[:outputs])
            self._slots(node, argument, places[outputs:])

    def _slots(self, node: Tree[Any], name: str, places: list[str]) -> None:
        if self.arity.setdefault(name, len(places)) != len(places):
            raise self._wrong(node, f"{name} has {len(places)} indices here, {self.arity[name]} elsewhere")
        for k, place in enumerate(places):
            self._join(("index", place), (name, k))

    def _two(self, node: Tree[Any]) -> list[str]:
        places = self._names(node.children[0])
        if len(places) != len(("i", "j")):
            raise self._wrong(node, "delta has two indices: delta[i,j]")
        return places

    def _root(self, key: Any) -> Any:
        while self.same.setdefault(key, key) != key:
            key = self.same[key]
        return key

    def _join(self, a: Any, b: Any) -> None:
        self.same[self._root(a)] = self._root(b)

    def _dim(self, key: Any) -> str:
        roots = list(dict.fromkeys(self._root(each) for each in list(self.same)))
        place = roots.index(self._root(key)) if self._root(key) in roots else len(roots)
        free = [each for each in _DIMENSIONS if each not in self.arity and each not in self.inputs]
        return free[place] if place < len(free) else f"n{place}"

    # --- terms ---

    def _names(self, places: Tree[Any]) -> list[str]:
        return [str(each) for each in places.children if each is not None]

    def _index(self, name: str) -> Index:
        return ("index", name, self._dim(("index", name)))

    def _indices(self, places: Tree[Any]) -> tuple[Index, ...]:
        return tuple(self._index(name) for name in self._names(places))

    def _term(self, node: Tree[Any]) -> Expression:
        found: Expression = getattr(self, f"_{node.data.removesuffix('_total')}")(node)
        return found

    def _sized(self, node: Tree[Any]) -> Expression:
        """A term that is not too large to be looked at as a tree."""
        found = self._term(node)
        try:
            limits.require(limits.size(found.term), limits.PARTS, "as it is written this has")
        except limits.Stopped as stopped:
            raise self._wrong(node, f"{stopped}: define names for its parts") from None
        return found

    def _add(self, node: Tree[Any]) -> Expression:
        return self._term(node.children[0]) + self._term(node.children[1])

    def _subtract(self, node: Tree[Any]) -> Expression:
        return self._term(node.children[0]) - self._term(node.children[1])

    def _multiply(self, node: Tree[Any]) -> Expression:
        return self._term(node.children[0]) * self._term(node.children[1])

    def _divide(self, node: Tree[Any]) -> Expression:
        return self._term(node.children[0]) / self._term(node.children[1])

    def _negate(self, node: Tree[Any]) -> Expression:
        return -self._term(node.children[0])

    def _power(self, node: Tree[Any]) -> Expression:
        base, exponent = self._term(node.children[0]), str(node.children[1])
        if not exponent.isdigit() or not 1 <= int(exponent) <= len(_DIMENSIONS):
            raise self._wrong(node, f"power {exponent}: expected a whole number from 1 to {len(_DIMENSIONS)}")
        found = base
        for _ in range(int(exponent) - 1):
            found = found * base
        return found

    def _total(self, node: Tree[Any]) -> Expression:
        token, body = node.children
        return total(self._term(body), *(self._index(name) for name in _summed(token)))

    def _number(self, node: Tree[Any]) -> Expression:
        if len(str(node.children[0])) > _DIGITS:
            raise self._wrong(node, f"a number of {len(str(node.children[0]))} digits, where {_DIGITS} are the most")
        self.d.decimals = self.d.decimals or "." in str(node.children[0])
        value = Fraction(str(node.children[0]))
        return Expression(("num", value.numerator, value.denominator))

    def _function(self, node: Tree[Any]) -> Expression:
        argument = self._term(node.children[1])
        name = str(node.children[0])
        return argument * step(argument) if name == "relu" else _FUNCTIONS[name](argument)

    def _size(self, node: Tree[Any]) -> Expression:
        return size(self._dim(("index", str(node.children[0]))))

    def _delta(self, node: Tree[Any]) -> Expression:
        i, j = self._two(node)
        return delta(self._index(i), self._index(j))

    def _entry(self, node: Tree[Any]) -> Expression:
        return self._tensor(node, str(node.children[0]))[self._indices(node.children[1])]

    def _tensor(self, node: Tree[Any], name: str) -> Tensor:
        found = self.known.get(name)
        if isinstance(found, Tensor):
            return found
        said = "is a map: write f(Z)" if found else "is used before it is defined"
        raise self._wrong(node, f"{name} {said}")

    def _map(self, node: Tree[Any]) -> Expression:
        name, places, argument = node.children
        tensor = self._tensor(node, str(argument))
        indices = tuple(("index", f"_{k}", dim) for k, dim in enumerate(tensor.dims))
        found = self.known[str(name)]
        at = getattr(found, "at" if node.data == "map" else "slope")
        applied: Expression = at(self._indices(places), indices, tensor[indices])
        return applied

    _slope = _map

    def _wrong(self, node: Tree[Any], message: str) -> Malformed:
        return Malformed(node.meta.line, node.meta.column, message)


def _named(*nodes: Tree[Any], deep: bool = True) -> set[str]:
    """The tensors and maps in some lines, or said by these nodes themselves."""
    found = set()
    for node in nodes:
        for each in node.iter_subtrees_topdown() if deep else [node]:  # type: ignore[no-untyped-call]
            if each.data in {"entry", "definition", "map", "slope"}:
                found |= {str(name) for name in each.children[::2] if isinstance(name, Token)}
    return found


def _summed(token: Any) -> Iterator[str]:
    names = str(token).removeprefix("sum_").strip("{}")
    return (name.strip() for name in names.split(","))

"""What is written in a definition: an expression, and the lines that an operation is made of. Nothing is computed here.

    a + b   a - b   a·b   a/b   −a   a^e        Add, Multiply, Divide, Negate, Power (a − b is a + (−b))
    X[i, 2·j + 1]                               Entry, at places that are expressions of whole numbers
    exp a                                       Apply, a row of ``functions``
    Σ_i a, max_i a, softmax_i a                 Reduce, a row of ``functions.REDUCTIONS``
    [u ≤ t], [a = max_i a]                      Bracket: 1 where it holds, else 0
    size(i), i                                  Size, Index: whole numbers
    f(Z), f′[i, k](Z)                           Mapped: a differentiable map of a whole tensor, in statements

Every node knows where it stands in the text, which makes no difference to what is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any, TypeAlias

Position: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True)
class Node:
    """An expression; ``at``: where it begins."""

    at: Position = field(default=(0, 0), compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Number(Node):
    """A rational number; ``decimal``: it was written as 0.5, and not as a fraction."""

    value: Fraction
    decimal: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Index(Node):
    """The value of an index, a whole number from 0."""

    name: str


@dataclass(frozen=True)
class Size(Node):
    """How many values an index has."""

    index: str


@dataclass(frozen=True)
class Entry(Node):
    """An entry of a tensor, or a parameter; a place beyond the tensor's ends is an entry that is 0."""

    name: str
    places: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Add(Node):
    """a + b."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Multiply(Node):
    """a·b."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Divide(Node):
    """a/b; of whole numbers, where ``whole``, the largest that is at most a/b."""

    left: Node
    right: Node
    whole: bool = False


@dataclass(frozen=True)
class Negate(Node):
    """−a."""

    argument: Node


@dataclass(frozen=True)
class Power(Node):
    """a^e."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Apply(Node):
    """f(a, …), a row of ``functions.FUNCTIONS``."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Reduce(Node):
    """Σ_i a and its like, a row of ``functions.REDUCTIONS``, over the indices together."""

    reduction: str
    indices: tuple[str, ...]
    body: Node


@dataclass(frozen=True)
class Bracket(Node):
    """[a ≤ b]: 1 where it holds, else 0; ``relation`` is one of = ≠ < ≤ > ≥."""

    relation: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Mapped(Node):
    """f[i](Z), or where ``slope`` its derivative f′[i, k](Z)."""

    map: str
    places: tuple[Node, ...]
    tensor: str
    slope: bool = False


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def children(node: Node) -> Iterator[Node]:
    """The expressions of which one is made, those at its places first."""
    for name in getattr(node, "__match_args__", ()):  # its fields
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, Node))


def operands(node: Node) -> list[Node]:
    """What a sum or a product is made of, by the same sign throughout; of anything else itself."""

    def split(part: Node) -> list[Node]:
        if not isinstance(part, Add | Multiply) or type(part) is not type(node):
            return [part]
        return [*split(part.left), *split(part.right)]

    return split(node)


def walk(node: Node) -> Iterator[Node]:
    """The expression and every expression in it, outermost first."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting += reversed(list(children(here)))


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """The expression with every child changed."""
    new: dict[str, Any] = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, Node):
            new[each.name] = change(value)
        elif isinstance(value, tuple) and any(isinstance(part, Node) for part in value):
            new[each.name] = tuple(change(part) for part in value)
    return replace(node, **new) if new else node


def names(node: Node) -> frozenset[str]:
    """The tensors and parameters in an expression, those that maps are of among them."""
    parts = [part.name if isinstance(part, Entry) else getattr(part, "tensor", "") for part in walk(node)]
    return frozenset(parts) - {""}


def free(node: Node) -> frozenset[str]:
    """The indices of which the value of an expression depends: ``softmax_i`` leaves its own free."""
    if isinstance(node, Index):
        return frozenset({node.name})
    inside = frozenset[str]().union(*map(free, children(node)))
    if isinstance(node, Reduce) and node.reduction != "softmax":
        return inside - set(node.indices)
    return inside


def softmax_of(node: Apply) -> Reduce | None:
    """The softmax of which this is the logarithm."""
    match node:
        case Apply("log", (Reduce("softmax") as of,)):
            return of
    return None


# --- the lines of an operation ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Argument:
    """``X[s,i]: logits``: a tensor by its name, its indices, and its kind.

    ``below``: of whole numbers, the index that has more values than each of them.
    """

    name: str
    indices: tuple[str, ...]
    kind: str = "real"
    below: str = ""
    at: Position = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Parameter:
    """``eps = 1e-5``, or ``stride in 1, 2``: the first of the choices is the default."""

    name: str
    choices: tuple[Fraction, ...]
    at: Position = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Definition:
    """``c[s,i] = X[s,i] - mean_i X[s,i]``."""

    name: str
    indices: tuple[str, ...]
    body: Node
    at: Position = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Supposition:
    """``suppose size(i) > 0``: it holds for all values of its indices; ``relation`` is one of = ≠ < ≤ > ≥."""

    relation: str
    left: Node
    right: Node
    at: Position = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Gradient:
    """``gradient by X[k] = …``, the gradient of Σ dY·Y by an entry; None where it is to be derived.

    ``of``: in a statement, what is differentiated.
    """

    name: str
    indices: tuple[str, ...]
    claimed: Node | None
    of: Node | None = None
    at: Position = field(default=(0, 0), compare=False, repr=False)

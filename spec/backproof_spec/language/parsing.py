"""From text to trees, and from a tree to expressions: what may be written, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeGuard

from lark import Token, Tree, UnexpectedInput, UnexpectedToken

from backproof_spec.calculus.limits import Stopped
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.grammar import REDUCED, tree
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Bracket,
    Divide,
    Entry,
    Mapped,
    Multiply,
    Negate,
    Node,
    Number,
    Position,
    Power,
    Reduce,
    Size,
)
from backproof_spec.language.vocabulary import WRITTEN, confusable, instead, torn, unreadable

OPERATION, STATEMENTS = 100_000, 1_000_000
"""The most characters of an operation, and of a file of statements, which may be one that does not end."""
_DIGITS, _SHOWN_CHARACTERS = 1000, 20
"""The most digits of a number, and the characters shown of a line that cannot be read."""
_RELATIONS = {"≥": ">=", "≤": "<=", "≠": "!="}


class Malformed(Exception):
    """Text that cannot be read: where, and what was expected."""

    def __init__(self, at: Position, message: str) -> None:
        """The message starts with the place."""
        super().__init__(f"line {at[0]}, column {at[1]}: {message}")
        self.at, self.message = at, message


class TooLargeTerm(Malformed, Stopped):
    """What is written in one place, as a term of the kernel."""


def parsed(
    text: str, is_operation: Callable[[str], bool] = lambda _: False, most: int = OPERATION
) -> tuple[list[Tree[Any]], str]:
    """The lines of a text as trees; and its title, the comment before everything else. Raises ``Malformed``."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(text) > most:
        raise Malformed((1, 1), f"{len(text):,} characters, where {most:,} are the most")
    for number, line in enumerate(lines, 1):
        wrong = unreadable(line)
        if wrong:
            raise Malformed((number, wrong[0]), wrong[1])
    alike = confusable(lines)
    if alike:
        raise Malformed(alike[:2], alike[2])
    try:
        found = tree(text + "\n", frozenset(filter(is_operation, REDUCED.findall(text))))
    except UnexpectedInput as error:
        raise _unexpected(error, lines) from None
    first = next((line.strip() for line in lines if line.strip()), "")
    return list(found.children), first.lstrip("# \t") if first.startswith("#") else ""


def _unexpected(error: UnexpectedInput, lines: list[str]) -> Malformed:
    """What was read, and what could have been."""
    if not 0 < error.line <= len(lines):
        return Malformed((len(lines), 1), f"read the end, where {_expected(error)} was expected")
    line, column = lines[error.line - 1], max(error.column, 1)
    before, after = line[: column - 1], line[column - 1 :]
    shown = after.split("#")[0].strip()
    short = f"{shown[:_SHOWN_CHARACTERS]}{'…' if len(shown) > _SHOWN_CHARACTERS else ''}"
    got, hint = short or "the end of the line", torn(before, after)
    return Malformed((error.line, column), f"read {got}, where {_expected(error)} was expected{hint}")


_NAMED = {
    "NAME": "a name",
    "NUMBER": "a number",
    "REDUCE": "sum_i …",
    "RELATION": "a relation (=, >=, …)",
    "_NL": "a new line",
    "_ARROW": "->",
    "SLASH": "/",
    "STAR": "*",
    "PLUS": "+",
    "MINUS": "-",
    "CIRCUMFLEX": "^",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "SEMICOLON": ";",
    "COLON": ":",
    "EQUAL": "=",
    "QUOTE": "'",
    "__ANON_0": "/",
}
_OPERATORS, _EXPRESSION = {"+", "-", "*", "/", "^"}, {"a name", "a number", "("}


def _expected(error: UnexpectedInput) -> str:
    """The tokens that could have stood there, in words."""
    tokens = error.accepts or error.expected if isinstance(error, UnexpectedToken) else getattr(error, "allowed", set())
    words = {_NAMED.get(each, each.lower()) for each in tokens or ()}
    if words >= _OPERATORS - {"^"}:
        words = (words - _OPERATORS) | {"an operator"}
    if words >= _EXPRESSION:
        words = (words - _EXPRESSION - {"[", "-", "sum_i …"}) | {"an expression"}
    return " or ".join(sorted(words, key=lambda each: (not each.startswith("a"), each))) or "something else"


# --- from the tree to expressions -------------------------------------------------------------------------------------


def at(node: Tree[Any] | Token) -> Position:
    """Where a part of the tree begins."""
    if isinstance(node, Token):
        return node.line or 0, node.column or 0
    return (node.meta.line, node.meta.column) if not node.meta.empty else (0, 0)


def relation(token: Any) -> str:
    """A relation, in its usual spelling."""
    return _RELATIONS.get(str(token), str(token))


def number(token: Any, where: Position) -> Number:
    """A number: 2, 0.5 or 1e-5."""
    text = str(token)
    mantissa, _, exponent = text.lower().partition("e")
    if len(text) > _DIGITS or abs(int(exponent or 0)) > _DIGITS:
        raise Malformed(where, f"a number of more than {_DIGITS} digits")
    return Number(Fraction(text), decimal="." in mantissa or bool(exponent), at=where)


def expression(tree: Tree[Any]) -> Node:
    """A tree of the grammar as an expression; names are not looked up yet. Raises ``Malformed``."""
    return _BUILDERS[str(tree.data).removesuffix("_tail")](tree, at(tree))


def _two(node: type[Add | Multiply]) -> Callable[[Tree[Any], Position], Node]:
    return lambda tree, where: node(expression(tree.children[0]), expression(tree.children[1]), at=where)


def _subtract(tree: Tree[Any], where: Position) -> Node:
    left, right = map(expression, tree.children)
    return Add(left, Negate(right, at=right.at), at=where)


def _divide(tree: Tree[Any], where: Position) -> Node:
    left, right = map(expression, tree.children)
    return Divide(left, right, tree.data == "quotient", at=where)


def _negate(tree: Tree[Any], where: Position) -> Node:
    return Negate(expression(tree.children[0]), at=where)


def _power(tree: Tree[Any], where: Position) -> Node:
    base, exponent = map(expression, tree.children)
    return Power(base, exponent, at=where)


def _entry(tree: Tree[Any], where: Position) -> Node:
    name, places = tree.children
    return Entry(str(name), _places(places), at=where)


def _places(places: Tree[Any] | None) -> tuple[Node, ...]:
    return () if places is None else tuple(map(expression, places.children))


def _reduce(tree: Tree[Any], where: Position) -> Node:
    reduction, _, indices = str(tree.children[0]).partition("_")
    named = tuple(each.strip() for each in indices.strip("{}").split(","))
    return Reduce(reduction, named, expression(tree.children[1]), at=where)


def _bracket(tree: Tree[Any], where: Position) -> Node:
    left, token, right = tree.children[0].children
    return Bracket(relation(token), expression(left), expression(right), at=where)


def _call(tree: Tree[Any], where: Position) -> Node:
    """A function of expressions, or the size of an index."""
    name, places, *given = tree.children
    arguments = [expression(each) for each in given if each is not None and each.data != "setting"]
    if name == "size":
        inside = arguments[0]
        if len(arguments) != 1 or not isinstance(inside, Entry) or inside.places:
            raise Malformed(where, "size is of an index: size(i)")
        return Size(inside.name, at=where)
    function = FUNCTIONS.get(str(name))
    if function is None and str(name).lower() not in {*FUNCTIONS, *WRITTEN} and _whole(arguments):
        return Mapped(str(name), _places(places), arguments[0].name, at=where)
    if function is None or places is not None:
        raise Malformed(where, f"there is no function {name}{instead(str(name))}")
    if len(arguments) != function.arity:
        takes = f"{function.arity} argument{'s' * (function.arity > 1)}"
        raise Malformed(where, f"{name} takes {takes}, got {len(arguments)}")
    return Apply(str(name), tuple(arguments), at=where)


def _whole(arguments: list[Node]) -> TypeGuard[list[Entry]]:
    """Is what a map is of a whole tensor, by its name alone?"""
    return len(arguments) == 1 and isinstance(arguments[0], Entry) and not arguments[0].places


def _slope(tree: Tree[Any], where: Position) -> Node:
    name, places, tensor = tree.children
    if name in FUNCTIONS:
        raise Malformed(where, f"{name} is a function, and f'(Z) the derivative of a map: write it out")
    return Mapped(str(name), _places(places), str(tensor), slope=True, at=where)


_BUILDERS: dict[str, Callable[[Tree[Any], Position], Node]] = {
    "add": _two(Add),
    "subtract": _subtract,
    "multiply": _two(Multiply),
    "divide": _divide,
    "quotient": _divide,
    "negate": _negate,
    "negative": _negate,
    "power": _power,
    "number": lambda tree, where: number(tree.children[0], where),
    "entry": _entry,
    "reduce": _reduce,
    "bracket": _bracket,
    "call": _call,
    "slope": _slope,
}
"""How each rule of the grammar becomes an expression."""

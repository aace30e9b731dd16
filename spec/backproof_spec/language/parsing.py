"""From text to a tree, and from a tree to expressions: what may be written, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lark import Token, Tree, UnexpectedInput, UnexpectedToken

from backproof_spec.calculus.vocabulary import confusable, meant, torn, unreadable
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.grammar import REDUCED, tree
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Bracket,
    Divide,
    Entry,
    Multiply,
    Negate,
    Node,
    Number,
    Position,
    Power,
    Reduce,
    Size,
)

_DIGITS, _TEXT, _SHOWN_CHARACTERS = 1000, 100_000, 20
"""The most digits of a number and characters of a file, and those shown of a line that cannot be read."""
_RELATIONS = {"≥": ">=", "≤": "<=", "≠": "!="}


class Malformed(Exception):
    """Text that cannot be read: where, and what was expected."""

    def __init__(self, at: Position, message: str) -> None:
        """The message starts with the place."""
        super().__init__(f"line {at[0]}, column {at[1]}: {message}")
        self.at, self.message = at, message


def parsed(text: str, lines: list[str], is_operation: Callable[[str], bool]) -> Tree[Any]:
    """The lines of a text as trees. Raises ``Malformed``."""
    if len(text) > _TEXT:
        raise Malformed((1, 1), f"{len(text):,} characters, where {_TEXT:,} are the most")
    for number, line in enumerate(lines, 1):
        wrong = unreadable(line)
        if wrong:
            raise Malformed((number, wrong[0]), wrong[1])
    alike = confusable(lines)
    if alike:
        raise Malformed(alike[:2], alike[2])
    try:
        return tree(text + "\n", frozenset(filter(is_operation, REDUCED.findall(text))))
    except UnexpectedInput as error:
        raise _unexpected(error, lines) from None


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
    return Entry(str(name), () if places is None else tuple(map(expression, places.children)), at=where)


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
    if function is None or places is not None:
        raise Malformed(where, f"there is no function {name}{meant(str(name), FUNCTIONS)}")
    if len(arguments) != function.arity:
        takes = f"{function.arity} argument{'s' * (function.arity > 1)}"
        raise Malformed(where, f"{name} takes {takes}, got {len(arguments)}")
    return Apply(str(name), tuple(arguments), at=where)


def _slope(_: Tree[Any], where: Position) -> Node:
    raise Malformed(where, "f'(Z) is for statements: an operation is made of functions and of other operations")


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

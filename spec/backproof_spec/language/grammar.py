"""The grammar of operations and statements. LALR, so that an error has one place.

A line may go on within brackets, and before an operator. Parameters are one flat list,
in which a number that stands after a comma is one more choice of the parameter before it.
"""

import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from lark import Lark, Token, Tree
from lark.lark import PostLex

from backproof_spec.language.functions import REDUCTIONS

GRAMMAR = r"""
start: _NL? (_line _NL)*
_line: operation | where | suppose | definition | use | gradient | also

operation: _OPERATION NAME "(" _arguments [";" _choices] ")" _ARROW outputs [where]
_arguments: argument ("," argument)*
argument: NAME letters [":" kind+]
kind: NAME ["(" NAME ")"]
_choices: (parameter | choice) ("," (parameter | choice))*
parameter: NAME "=" _number | NAME "in" _number
choice: _number
_number: NUMBER | minus
minus: "-" NUMBER
outputs: NAME ("," NAME)*
where: _WHERE relation ("," relation)*
suppose: "suppose" relation
definition: NAME letters "=" _sum
use: names "=" call
names: NAME "," NAME ("," NAME)*
also: _COMPUTED "also" definition
gradient: "gradient" [of] "by" NAME letters ["=" claimed]
of: _sum
claimed: _sum
relation: _sum RELATION _sum

_sum: _product | add | subtract
add: _sum "+" _product
subtract: _sum "-" _product
_product: _factors | reduce | multiply_tail | divide_tail | negate_tail
multiply_tail: _factors "*" _tail
divide_tail: _factors "/" _tail
negate_tail: "-" _tail
_tail: reduce | negate_tail
reduce: REDUCE _product
_factors: _signed | multiply | divide | quotient
multiply: _factors "*" _signed
divide: _factors "/" _signed
quotient: _factors "//" _signed
_signed: _powered | negate
negate: "-" _signed
_powered: _atom | power
power: _atom "^" _exponent
_exponent: _atom | negative
negative: "-" _atom
_atom: number | "(" _sum ")" | entry | call | slope | bracket
number: NUMBER
entry: NAME [places]
call: NAME [places] "(" _sum ("," _sum)* [";" _settings] ")"
_settings: setting ("," setting)*
setting: NAME "=" _sum
slope: NAME "'" [places] "(" NAME ")"
bracket: "[" relation "]"
places: "[" _sum ("," _sum)* "]"
letters: ["[" NAME ("," NAME)* "]"]

RELATION: ">=" | "<=" | ">" | "<" | "!=" | "=" | "≥" | "≤" | "≠"
_ARROW: "->" | "→"
_OPERATION.2: /operation(?=[ \t]+(?!by\b)\w)/
_WHERE.2: /where(?=[ \t]+(?!by\b)\w)/
_COMPUTED.2: /computed(?=[ \t]+also\b)/
REDUCE.2: /(sum_|(OTHERS)_(?=(\w+\b|\{[\w\s,]*\})([ \t]*-?(?!by\b)[\w(]|[ \t]+\[)))(\w+|\{\s*\w+(\s*,\s*\w+)*\s*\})/
NAME: /(?!(suppose|gradient|by)\b)[^\W\d_](?:[^\W_]|_(?=[^\W_]))*/
NUMBER: /\d+(\.\d+)?([eE][-+]?\d+)?/
_NL: /(?>([ \t]*(#[^\n]*)?\r?\n[ \t]*)+)(?![-+*\/])/
%ignore /(?>([ \t]*(#[^\n]*)?\r?\n[ \t]*)+)(?=[-+*\/])/
%ignore /[ \t]+/
""".replace("OTHERS", "|".join(each for each in REDUCTIONS if each != "sum"))
"""In the notation of Lark: rules in small letters, tokens in capitals. ``mean_x`` is a name where no body follows."""


_OPERATIONS: ContextVar[frozenset[str]] = ContextVar("operations", default=frozenset())


class _Tokens(PostLex):
    """Line ends within brackets end no line; max_pool( is no maximum over an index where an operation has that name."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens that are left."""
        depth = 0
        for token in stream:
            if token.type == "_NL" and depth > 0:
                continue
            depth += (token in {"(", "["}) - (token in {")", "]"})
            yield Token.new_borrow_pos("NAME", token, token) if token in _OPERATIONS.get() else token


_PARSER = Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True, postlex=_Tokens())
REDUCED = re.compile(rf"=\s*((?:{'|'.join(REDUCTIONS)})_\w+)\(")
"""What is a reduction, or an operation that is used: A = max_pool(X)."""


def tree(text: str, operations: frozenset[str]) -> Tree[Any]:
    """The tree of a text; ``operations``: the names that are of operations, although they read like reductions."""
    token = _OPERATIONS.set(operations)
    try:
        return _PARSER.parse(text)
    finally:
        _OPERATIONS.reset(token)

"""The grammar of statements: what ``statement`` reads, as a tree. LALR, so that an error has one place."""

from lark import Lark

PARSER = Lark(
    r"""
start: _NL? _line (_NL _line)* _NL?
_line: definition | suppose | gradient
definition: NAME places _IS _sum
suppose: "suppose" _sum _IS _sum | "suppose" _sum RELATION _sum
gradient: "gradient" entry "by" entry (_IS _sum)?
_sum: _product | add | subtract
add: _sum "+" _product
subtract: _sum "-" _product
_product: _factors | total | multiply_total | divide_total | negate_total
multiply_total: _factors "*" total
divide_total: _factors "/" total
negate_total: "-" total
total: SUM _product
_factors: _signed | multiply | divide
multiply: _factors "*" _signed
divide: _factors "/" _signed
_signed: _powered | negate
negate: "-" _signed
_powered: _atom | power
power: _atom "^" NUMBER
_atom: number | "(" _sum ")" | entry | function | size | delta | map | slope
number: NUMBER
function: FUNCTION "(" _sum ")"
size: "size" "(" NAME ")"
delta: "delta" places
map: NAME places "(" NAME ")"
slope: NAME "'" places "(" NAME ")"
entry: NAME places
places: ["[" NAME ("," NAME)* "]"]
RELATION: ">=" | ">" | "!="
_IS: "="
SUM.2: /sum_(\w+|\{\s*\w+(\s*,\s*\w+)*\s*\})/
FUNCTION.2: /(exp|log|relu|step)(?=\s*\()/
NAME: /(?!(suppose|gradient|by|delta|size)\b)[^\W\d_](?:[^\W_]|_(?=[^\W_]))*/
NUMBER: /\d+(\.\d+)?/
_NL: /([ \t]*(#[^\n]*)?\r?\n[ \t]*)+/
%ignore /[ \t]+/
""",
    parser="lalr",
    propagate_positions=True,
)

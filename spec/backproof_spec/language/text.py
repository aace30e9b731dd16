"""An operation as text again, the inverse of ``reading``: what is written here is read as the same operation.

Only the brackets that the grammar needs are written, and all operations that were used stand written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from fractions import Fraction

from backproof_spec.language.naming import shown
from backproof_spec.language.syntax import (
    Add,
    Apply,
    Argument,
    Bracket,
    Definition,
    Divide,
    Entry,
    Gradient,
    Index,
    Mapped,
    Multiply,
    Negate,
    Node,
    Number,
    Parameter,
    Power,
    Reduce,
    Size,
    Supposition,
    free,
    names,
    walk,
)
from backproof_spec.operation import Operation


class _Level(IntEnum):
    """The rules of the grammar, from the loosest to the tightest."""

    SUM = 0
    PRODUCT = 1
    TAIL = 2
    """Σ_i a, −Σ_i a: takes all factors that follow."""
    FACTORS = 3
    SIGNED = 4
    POWERED = 5
    ATOM = 6


Written = tuple[str, _Level]

_PLAIN = 10**15
"""Larger whole numbers are written with all digits."""


def numeral(value: Fraction, *, decimal: bool = False) -> str:
    """A number that is not negative: 2, 0.5, 1e-5; 1/3 where it is no finite decimal."""
    if value.denominator == 1 and (value > _PLAIN or not decimal):
        return str(value.numerator)
    short = repr(float(value)).replace("e-0", "e-")
    if Fraction(short) == value:
        return short
    digits = next((k for k in range(value.denominator.bit_length()) if (value * 10**k).denominator == 1), None)
    return f"{value.numerator}/{value.denominator}" if digits is None else f"{int(value * 10**digits)}e-{digits}"


def text(node: Node) -> str:
    """The expression, as it is written."""
    return _written(node)[0]


def _written(node: Node) -> Written:
    return _WRITTEN[type(node)](node)


def _at_least(node: Node, level: _Level) -> str:
    """The expression, in brackets where it is looser."""
    found, own = _written(node)
    return found if own >= level else f"({found})"


def _last(node: Node) -> tuple[str, _Level]:
    """The last factor, which may be a sum without brackets; and of what level the product then is."""
    found, own = _written(node)
    if own is _Level.TAIL:
        return found, _Level.PRODUCT
    return (found if own >= _Level.SIGNED else f"({found})"), _Level.FACTORS


def _number(node: Number) -> Written:
    found = numeral(abs(node.value), decimal=node.decimal)
    if node.value < 0:
        return f"-{found}", _Level.SIGNED
    return found, _Level.FACTORS if "/" in found else _Level.ATOM


def _add(node: Add) -> Written:
    left = text(node.left)
    if isinstance(node.right, Negate):
        return f"{left} - {_at_least(node.right.argument, _Level.PRODUCT)}", _Level.SUM
    return f"{left} + {_at_least(node.right, _Level.PRODUCT)}", _Level.SUM


def _multiply(node: Multiply) -> Written:
    right, level = _last(node.right)
    return f"{_at_least(node.left, _Level.FACTORS)}*{right}", level


def _divide(node: Divide) -> Written:
    left = _at_least(node.left, _Level.FACTORS)
    if node.whole:
        return f"{left}//{_at_least(node.right, _Level.SIGNED)}", _Level.FACTORS
    right, level = _last(node.right)
    return f"{left}/{right}", level


def _negate(node: Negate) -> Written:
    found, own = _written(node.argument)
    if own is _Level.TAIL:
        return f"-{found}", _Level.TAIL
    return f"-{_at_least(node.argument, _Level.SIGNED)}", _Level.SIGNED


def _power(node: Power) -> Written:
    sign, exponent = ("-", node.exponent.argument) if isinstance(node.exponent, Negate) else ("", node.exponent)
    return f"{_at_least(node.base, _Level.ATOM)}^{sign}{_at_least(exponent, _Level.ATOM)}", _Level.POWERED


def _at(name: str, places: Sequence[Node]) -> str:
    """X[s, 2*y + u]: a space before a place that is no name."""
    parts = [
        text(each) if k == 0 or isinstance(each, Index | Entry) else f" {text(each)}" for k, each in enumerate(places)
    ]
    return shown(name, parts)


def _entry(node: Entry) -> Written:
    return _at(node.name, node.places), _Level.ATOM


def _apply(node: Apply) -> Written:
    return (
        f"{node.function}({', '.join(map(text, node.arguments))})" if node.arguments else node.function
    ), _Level.ATOM


def _reduce(node: Reduce) -> Written:
    indices = node.indices[0] if len(node.indices) == 1 else f"{{{','.join(node.indices)}}}"
    return f"{node.reduction}_{indices} {_at_least(node.body, _Level.PRODUCT)}", _Level.TAIL


def _mapped(node: Mapped) -> Written:
    prime = "'" if node.slope else ""
    return f"{_at(node.map + prime, node.places)}({node.tensor})", _Level.ATOM


def relation(each: Bracket | Supposition) -> str:
    """``a <= b``."""
    return f"{text(each.left)} {each.relation} {text(each.right)}"


_WRITTEN: dict[type[Node], Callable[..., Written]] = {
    Number: _number,
    Index: lambda node: (node.name, _Level.ATOM),
    Size: lambda node: (f"size({node.index})", _Level.ATOM),
    Entry: _entry,
    Add: _add,
    Multiply: _multiply,
    Divide: _divide,
    Negate: _negate,
    Power: _power,
    Apply: _apply,
    Reduce: _reduce,
    Bracket: lambda node: (f"[{relation(node)}]", _Level.ATOM),
    Mapped: _mapped,
}


# --- the lines of an operation ----------------------------------------------------------------------------------------


def _argument(each: Argument) -> str:
    kind = f"index({each.below})" if each.below else each.kind
    return shown(each.name, each.indices) + (f": {kind}" if kind != "real" else "")


def _parameter(each: Parameter) -> str:
    choices = ", ".join("-" * (value < 0) + numeral(abs(value)) for value in each.choices)
    return f"{each.name} {'in' if len(each.choices) > 1 else '='} {choices}"


def header(operation: Operation) -> str:
    """``operation layer_norm(X[s,i], g[i], b[i]; eps = 1e-5) -> Y``."""
    takes = ", ".join(map(_argument, operation.arguments))
    settings = ", ".join(map(_parameter, operation.parameters))
    return f"operation {operation.name}({takes}{'; ' * bool(settings)}{settings}) -> {', '.join(operation.outputs)}"


def line(each: Definition | Gradient | Supposition) -> str:
    """``c[s,i] = …``, ``gradient by X[s,i] = …``, or ``suppose size(i) > 0``."""
    if isinstance(each, Supposition):
        return f"suppose {relation(each)}"
    if isinstance(each, Definition):
        return f"{shown(each.name, each.indices)} = {text(each.body)}"
    claimed = f" = {text(each.claimed)}" if each.claimed is not None else ""
    of = f"{text(each.of)} " if each.of is not None else ""
    return f"gradient {of}by {shown(each.name, each.indices)}{claimed}"


def written(operation: Operation) -> str:
    """The whole operation: reading it gives the same one, but for indices that only what it used had named."""
    return "\n".join(
        [*([f"# {operation.title}"] if operation.title else []), header(operation), *_lines(operation), ""]
    )


def _lines(operation: Operation) -> Iterator[str]:
    """Each supposition as soon as what it speaks of is there."""
    yield from (f"where {relation(each)}" for each in operation.where)
    yield from (f"where size({i}) = size({operation.dimension[i]})" for i in _untied(operation))
    known = {each.name for each in operation.arguments} | {each.name for each in operation.parameters}
    known |= {i for each in operation.arguments for i in (*each.indices, each.below)}
    known |= _letters(side for each in operation.where for side in (each.left, each.right))
    waiting = [*operation.suppositions]
    for definition in operation.definitions:
        yield from map(line, _ready(waiting, known))
        yield line(definition)
        known |= {definition.name, f"d{definition.name}", *definition.indices, *_letters([definition.body])}
    yield from map(line, waiting)
    yield from (f"computed also {line(each)}" for each in operation.ways)
    yield from map(line, operation.gradients)


def _untied(operation: Operation) -> list[str]:
    """The indices of the reverse sweep that run over what another one does, and that no place says so of."""
    gradients = [each.claimed for each in operation.gradients if each.claimed is not None]
    parts = [part for body in (*(each.body for each in operation.definitions), *gradients) for part in walk(body)]
    places = [place for part in parts if isinstance(part, Entry) for place in part.places]
    named = (operation.arguments, operation.definitions, operation.gradients)
    tied = {i for lines in named for each in lines for i in each.indices}
    tied |= {place.name for place in places if isinstance(place, Index)}
    tied |= {each.left.index for each in operation.where if isinstance(each.left, Size)}
    bound = dict.fromkeys(i for part in parts if isinstance(part, Reduce) for i in part.indices)
    return [i for i in bound if i not in tied and operation.dimension[i] != i]


def _ready(waiting: list[Supposition], known: set[str]) -> Sequence[Supposition]:
    """The first of those that wait, as far as all names in them are known; they wait no more."""
    count = 0
    while count < len(waiting) and _named(waiting[count]) <= known:
        count += 1
    ready, waiting[:] = waiting[:count], waiting[count:]
    return ready


def _named(each: Supposition) -> set[str]:
    sides = each.left, each.right
    return _letters(sides) | {name for side in sides for name in (*names(side), *free(side))}


def _letters(nodes: Iterable[Node]) -> set[str]:
    """The indices whose size is spoken of, or that are bound."""
    parts = [part for node in nodes for part in walk(node)]
    sized = {part.index for part in parts if isinstance(part, Size)}
    return sized | {i for part in parts if isinstance(part, Reduce) for i in part.indices}

"""A term as a function of the values of its indices: looked at once, and computed at every place."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mpmath import mp

from backproof_spec.calculus.limits import tick
from backproof_spec.calculus.terms import Formula, Index

if TYPE_CHECKING:
    from backproof_spec.calculus.evaluate import Model

Place = tuple[int, ...]
Value = Callable[[dict[Index, int], Place], Any]
"""Of the values of the free indices, and of the bound ones, innermost first."""


def compiled(model: Model, term: Formula) -> Value:
    """The value of a term in a model."""

    def of(child: Formula) -> Value:
        return compiled(model, child)

    match term:
        case (op, *children) if op in model.operators:
            found = _applied(model.operators[op], [of(child) for child in children])
        case ("ind", a):
            found = _step(model, a)
        case ("num", p, q):
            found = _constant(model, Fraction(p, q))
        case ("dim", dim):
            found = _constant(model, Fraction(model.size(dim)))
        case ("delta", _, places):
            found = _delta(model, _at(places))
        case ("sum" | "max" as op, dim, a):
            found = _over(model, op, dim, of(a))
        case ("entry", name, places):
            found = _entry(model, name, _at(places))
        case (op, name, places, dims, a):
            found = _mapped(model, (op, name, dims), _at(places), of(a))
    return found


def _step(model: Model, a: Formula) -> Value:
    return lambda free, bound: model.number(int(model.sign(a, free, bound) >= 0))


def _delta(model: Model, at: Callable[[dict[Index, int], Place], Place]) -> Value:
    def of(free: dict[Index, int], bound: Place) -> Any:
        i, j = at(free, bound)
        return model.number(int(i == j))

    return of


def _applied(operator: Callable[..., Any], children: list[Value]) -> Value:
    if len(children) == len(("a", "b")):
        a, b = children
        return lambda free, bound: operator(a(free, bound), b(free, bound))
    return lambda free, bound: operator(*[child(free, bound) for child in children])


def _constant(model: Model, value: Fraction) -> Value:
    """A number, with the digits that are computed with."""
    known: dict[int, Any] = {}

    def of(_: dict[Index, int], __: Place) -> Any:
        if mp.prec not in known:
            known[mp.prec] = model.number(value)
        return known[mp.prec]

    return of


def _at(places: tuple[Index, ...]) -> Callable[[dict[Index, int], Place], Place]:
    if all(i[0] == "bound" for i in places):
        levels = [i[1] for i in places]
        return lambda _, bound: tuple([bound[level] for level in levels])
    return lambda free, bound: tuple([free[i] if i[0] == "index" else bound[i[1]] for i in places])


def _entry(model: Model, name: str, at: Callable[[dict[Index, int], Place], Place]) -> Value:
    if model.theory.kind(name) == "variable":
        return lambda free, bound: model.number(model.values[name][at(free, bound)])
    return lambda free, bound: model.defined(name, at(free, bound))


def _over(model: Model, op: str, dim: str, a: Value) -> Value:
    fold = model.total if op == "sum" else model.largest

    def of(free: dict[Index, int], bound: Place) -> Any:
        tick()
        return fold(a(free, (i, *bound)) for i in range(model.size(dim)))

    return of


def _mapped(
    model: Model, called: tuple[str, str, Any], at: Callable[[dict[Index, int], Place], Place], a: Value
) -> Value:
    op, name, dims = called

    def of(free: dict[Index, int], bound: Place) -> Any:
        argument = {k: a(free, (*reversed(k), *bound)) for k in model.places(dims)}
        return model.of_map(op, name, at(free, bound), argument)

    return of

"""From the cotangent of an expression to those of the entries in it: the rule of each operator, function and reduction.

With w the cotangent of a value Ω:  a·b  gives  w·b, w·a;  exp a  gives  w·Ω;  Σ_i a  gives  w at every i.
The rules of the functions are those of ``functions``, as expressions: a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backproof_spec.language.algebra import negated, number, over, plus, power, summed, times
from backproof_spec.language.letters import Letters, letters
from backproof_spec.language.syntax import (
    ONE,
    Add,
    Apply,
    Bracket,
    Divide,
    Entry,
    Multiply,
    Negate,
    Node,
    Number,
    Power,
    Reduce,
    names,
    softmax_of,
)

Arguments = tuple[Node, ...]
Rule = Callable[[Arguments, Node, Node], Arguments]
"""From the arguments, the value and its cotangent to the cotangents of the arguments."""


def _f(name: str, *arguments: Node) -> Node:
    return Apply(name, arguments)


def _bump(a: Node) -> Node:
    """2/√π·exp(−a²)."""
    return over(times(number(2), _f("exp", negated(power(a, number(2))))), _f("sqrt", _f("pi")))


def _chosen(a: Node, b: Node, w: Node) -> Arguments:
    """The whole cotangent for the first of two arguments where a ≥ b, and else for the second."""
    first = _f("step", plus(a, negated(b)))
    return times(w, first), times(w, plus(ONE, negated(first)))


RULES: dict[str, Rule] = {
    "exp": lambda _, value, w: (times(w, value),),
    "log": lambda a, _, w: (over(w, a[0]),),
    "sqrt": lambda _, value, w: (over(w, times(number(2), value)),),
    "tanh": lambda _, value, w: (times(w, plus(ONE, negated(power(value, number(2))))),),
    "sigmoid": lambda _, value, w: (times(w, value, plus(ONE, negated(value))),),
    "softplus": lambda a, _, w: (times(w, _f("sigmoid", a[0])),),
    "erf": lambda a, _, w: (times(w, _bump(a[0])),),
    "sin": lambda a, _, w: (times(w, _f("cos", a[0])),),
    "cos": lambda a, _, w: (negated(times(w, _f("sin", a[0]))),),
    "pi": lambda *_: (),
    "step": lambda *_: (),
    "sign": lambda *_: (),
    "relu": lambda a, _, w: (times(w, _f("step", a[0])),),
    "abs": lambda a, _, w: (times(w, _f("sign", a[0])),),
    "max": lambda a, _, w: _chosen(a[0], a[1], w),
    "min": lambda a, _, w: _chosen(a[1], a[0], w),
}
"""Every function by its name; the derivative of step and sign is 0."""

Found = tuple[Entry, Node, tuple[str, ...]]
"""An entry, its cotangent, and the indices, bound in the expression, that are free in both."""


ACCURATE: dict[str, Rule] = {
    **RULES,
    "sigmoid": lambda a, value, w: (times(w, value, _f("sigmoid", negated(a[0]))),),
    "tanh": lambda a, _, w: (times(w, number(4), *(_f("sigmoid", times(number(k), a[0])) for k in (2, -2))),),
}
"""The same where nothing cancels as the function saturates: σ·(1 − σ) and 1 − tanh² are off by all of it there.

With these, the logarithm of a softmax is one function.
"""


@dataclass
class Pullback:
    """The cotangents of the entries of one expression, whose bound indices all have letters of their own."""

    letters: Letters
    accurate: bool

    def __call__(self, node: Node, w: Node, value: Node | None = None) -> Iterator[Found]:
        """Every entry with its cotangent; ``w``: that of the expression; ``value``: a name for it, where it has one."""
        value = node if value is None else value
        match node:
            case Entry():
                yield node, w, ()
            case Reduce():
                yield from self._reduce(node, w, value)
            case Apply() if (of := softmax_of(node)) and self.accurate:
                total = self._over(of.indices, w, w)  # of log softmax a: w − S·Σw, where w/S overflows if S is 0
                yield from self(of.body, plus(w, negated(times(of, total))))
            case Apply(function, arguments):
                rules = ACCURATE if self.accurate else RULES
                for argument, cotangent in zip(arguments, rules[function](arguments, value, w), strict=False):
                    yield from self(argument, cotangent)
            case Add() | Negate() | Multiply() | Divide() | Power():
                for part, cotangent in _operands(node, w, value):
                    yield from self(part, cotangent)

    def _reduce(self, node: Reduce, w: Node, value: Node) -> Iterator[Found]:
        bound = node.indices if node.reduction != "softmax" else ()
        for entry, cotangent, inside in self(node.body, self._of_body(node, w, value)):
            yield entry, cotangent, (*bound, *inside)

    def _of_body(self, node: Reduce, w: Node, value: Node) -> Node:
        """The cotangent of what is reduced, at every place."""
        match node.reduction:
            case "mean":
                return over(w, times(*self.letters.sizes(node.indices)))
            case "softmax":
                mixed = self._over(node.indices, times(w, value), w, value)
                return times(value, plus(w, negated(mixed)))
            case "logsumexp":
                return times(w, Reduce("softmax", node.indices, node.body))
            case "max" | "min":
                largest = value if value is not node else self._copy(node, w)
                wins = Bracket("=", node.body, largest)
                return over(times(w, wins), self._over(node.indices, wins, w, wins))
        return w

    def _over(self, indices: tuple[str, ...], body: Node, *beside: Node) -> Node:
        """Σ of an expression over other letters than these, which mean something already."""
        used = {*indices, *letters(body, *beside)}
        to = {}
        for i in indices:
            to[i] = self.letters.other(i, used)
            used.add(to[i])
        return summed(tuple(to.values()), self.letters.renamed(body, to))

    def _copy(self, node: Reduce, w: Node) -> Node:
        """A reduction under other letters than those that it binds."""
        return self.letters.apart(node, {*letters(node, w)}, siblings=False)


def _operands(node: Node, w: Node, value: Node) -> Iterator[tuple[Node, Node]]:
    match node:
        case Add(left, right):
            yield from ((left, w), (right, w))
        case Negate(argument):
            yield argument, negated(w)
        case Multiply(left, right):
            yield from ((left, times(w, right)), (right, times(w, left)))
        case Divide(left, right, False):
            yield left, over(w, right)
            yield right, negated(over(times(w, value), right))
        case Power(base, exponent):
            yield base, times(w, exponent, power(base, _less(exponent)))
            if names(exponent):
                yield exponent, times(w, value, Apply("log", (base,)))


def _less(exponent: Node) -> Node:
    """e − 1."""
    if isinstance(exponent, Number):
        return Number(exponent.value - 1)
    if isinstance(exponent, Negate) and isinstance(exponent.argument, Number):
        return Negate(Number(exponent.argument.value + 1))
    return plus(exponent, negated(ONE))

"""The functions and reductions of the language, a row each: what they are worth, their derivative, their kernel form.

    exp log sqrt tanh sigmoid softplus erf sin cos     as the kernel has them
    relu step sign abs max min                         by 1[a ≥ 0]

A function's derivative by each of its arguments is given from the arguments and the value: tanh′ = 1 − Ω². At a kink it
is the convention's: step(0) = 1, so that relu′(0) = 1 and sign(0) = 1; of equal numbers the first is the larger.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

from mpmath import mp
from mpmath.libmp import from_rational, mpf_add, mpf_mul

from backproof_spec.calculus.notation import Expression, applied, exp, log, size, step, total
from backproof_spec.calculus.terms import Index

Number: TypeAlias = Any
"""A Fraction where it is rational, else an ``mpmath.mpf`` at the working precision."""
Values: TypeAlias = tuple[Number, ...]
_NEAREST = "n"


@dataclass(frozen=True)
class Function:
    """f(a, …) at numbers, ∂f by each argument from (arguments, f), and as the kernel reads it.

    ``domain``: what its argument has to satisfy, in words; ``kink``: what is 0 where it has no derivative; without one
    it is smooth. ``contracting``: its values are no further apart than its arguments; else, if smooth, it is monotone.
    How floats have it: to some ulp of the value, or of ``scale`` where that is more; ``saturates``: 1/(1 + ∞) is 0;
    ``stored``: the most roundings of what is stored on the way, where it is made of others, as a sigmoid is of exp.
    """

    name: str
    value: Callable[..., Number]
    slopes: tuple[Callable[[Values, Number], Number], ...]
    kernel: Callable[..., Expression]
    domain: str = ""
    kink: Callable[[Values], Number] | None = None
    contracting: bool = False
    scale: int = 0
    saturates: bool = False
    stored: int = 1

    @property
    def arity(self) -> int:
        """How many arguments it has."""
        return len(self.slopes)


def real(a: Number) -> Number:
    """A number of mpmath: a rational one at the working precision, one of mpmath as it is."""
    if isinstance(a, mp.mpf):
        return a
    if isinstance(a, Fraction):
        return mp.make_mpf(from_rational(a.numerator, a.denominator, mp.prec, _NEAREST))
    return mp.mpf(a)


def added(terms: Sequence[Number]) -> Number:
    """Σ of numbers of mpmath, rounded after every term: ``mp.fsum`` drops some."""
    total, precision = terms[0]._mpf_, mp.prec
    for each in terms[1:]:
        total = mpf_add(total, each._mpf_, precision, _NEAREST)
    return mp.make_mpf(total)


def multiplied(a: Number, b: Number) -> Number:
    """a·b of two numbers of mpmath."""
    return mp.make_mpf(mpf_mul(a._mpf_, b._mpf_, mp.prec, _NEAREST))


def _positive(function: Callable[[Number], Number], name: str, *, zero: bool = False) -> Callable[[Number], Number]:
    def at(a: Number) -> Number:
        if a < 0 or (a == 0 and not zero):
            msg = f"{name} of {mp.nstr(real(a), 6)}"
            raise ArithmeticError(msg)
        return function(real(a))

    return at


def _half(a: Number) -> Number:
    return Fraction(a >= 0) if isinstance(a, Fraction) else mp.mpf(a >= 0)


def _sigmoid(a: Number) -> Number:
    return 1 / (1 + mp.exp(-real(a)))


def _softplus(a: Number) -> Number:
    return mp.log1p(mp.exp(real(a)))


def _smooth(
    name: str,
    value: Callable[[Number], Number],
    slope: Callable[[Number, Number], Number],
    domain: str = "",
    **how: Any,
) -> Function:
    """A function of one argument that the kernel has under the same name."""

    def at(a: Number) -> Number:
        return value(real(a))

    found = value if domain else at
    slopes = (lambda arguments, of: slope(real(arguments[0]), of),)
    return Function(name, found, slopes, applied(name), domain, **how)


def _relu(a: Expression) -> Expression:
    return a * step(a)


def _first(a: Values) -> Number:
    return a[0]


def _difference(a: Values) -> Number:
    return a[0] - a[1]


FUNCTIONS: dict[str, Function] = {
    each.name: each
    for each in (
        _smooth("exp", mp.exp, lambda _, of: of),
        _smooth("log", _positive(mp.log, "log"), lambda a, _: 1 / a, "positive"),
        _smooth("sqrt", _positive(mp.sqrt, "sqrt", zero=True), lambda _, of: 1 / (2 * of), "positive"),
        _smooth("tanh", mp.tanh, lambda _, of: 1 - of * of, stored=4),
        _smooth("sigmoid", _sigmoid, lambda _, of: of * (1 - of), saturates=True, stored=3),
        _smooth("softplus", _softplus, lambda a, _: _sigmoid(a), stored=3),
        _smooth("erf", mp.erf, lambda a, _: 2 / mp.sqrt(mp.pi) * mp.exp(-a * a), scale=1, stored=2),
        _smooth("sin", mp.sin, lambda a, _: mp.cos(a), contracting=True),
        _smooth("cos", mp.cos, lambda a, _: -mp.sin(a), contracting=True),
        Function("pi", lambda: +mp.pi, (), lambda: Expression(("pi",))),
        Function("step", _half, (lambda _, __: Fraction(0),), step, kink=_first),
        Function(
            "relu", lambda a: a if a > 0 else a * 0, (lambda a, _: _half(a[0]),), _relu, kink=_first, contracting=True
        ),
        Function(
            "sign",
            lambda a: Fraction(1 if a >= 0 else -1),
            (lambda _, __: Fraction(0),),
            lambda a: 2 * step(a) - 1,
            kink=_first,
        ),
        Function(
            "abs",
            abs,
            (lambda a, _: Fraction(1 if a[0] >= 0 else -1),),
            lambda a: a * (2 * step(a) - 1),
            kink=_first,
            contracting=True,
        ),
        Function(
            "max",
            max,
            (lambda a, _: _half(a[0] - a[1]), lambda a, _: 1 - _half(a[0] - a[1])),
            lambda a, b: b + _relu(a - b),
            kink=_difference,
            contracting=True,
        ),
        Function(
            "min",
            min,
            (lambda a, _: _half(a[1] - a[0]), lambda a, _: 1 - _half(a[1] - a[0])),
            lambda a, b: a - _relu(a - b),
            kink=_difference,
            contracting=True,
        ),
    )
}
"""Every function by its name."""


@dataclass(frozen=True)
class Reduction:
    """A reduction over indices: what it means, and its kernel form; without one it is that of the largest entry."""

    meaning: str
    kernel: Callable[[Expression, tuple[Index, ...]], Expression] | None = None


def _mean(a: Expression, over: tuple[Index, ...]) -> Expression:
    return total(a, *over) / reduce(operator.mul, [size(i[2]) for i in over])


REDUCTIONS: dict[str, Reduction] = {
    "sum": Reduction("Σ_i a", lambda a, over: total(a, *over)),
    "mean": Reduction("Σ_i a/size(i)", _mean),
    "max": Reduction("the largest of a over i, which has at least one value"),
    "min": Reduction("the smallest of a over i, which has at least one value"),
    "softmax": Reduction("exp(a)/Σ_i exp(a), at i", lambda a, over: exp(a) / total(exp(a), *over)),
    "logsumexp": Reduction("log(Σ_i exp(a))", lambda a, over: log(total(exp(a), *over))),
}
"""Every reduction over indices by its name."""

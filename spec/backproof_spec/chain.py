"""The chain rule, D(f∘g) = Df∘Dg: for scalar functions, and for a composition of three operations of the spec.

Reference: Magnus & Neudecker 2019, Th. 5.9 (chain rule for differentials of vector functions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import TRANSCENDENTAL_BITS, Matrix, Number, as_matrix, at_least, compose
from backproof_spec.operations import linear, relu, softmax

# --- scalar -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scalar:
    """A function of one positive variable with positive values, and its first three derivatives."""

    name: str
    value: Callable[[Number], Number]
    derivatives: tuple[Callable[[Number], Number], Callable[[Number], Number], Callable[[Number], Number]]


SCALARS: tuple[Scalar, ...] = (
    Scalar("square", lambda x: x * x, (lambda x: 2 * x, lambda _: mp.mpf(2), lambda _: mp.mpf(0))),
    Scalar("reciprocal", lambda x: 1 / x, (lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4)),
    Scalar("exp", mp.exp, (mp.exp, mp.exp, mp.exp)),
    Scalar(
        "log1p",
        lambda x: mp.log(1 + x),
        (lambda x: 1 / (1 + x), lambda x: -((1 + x) ** -2), lambda x: 2 / (1 + x) ** 3),
    ),
)


@at_least(TRANSCENDENTAL_BITS)
def scalar_derivative(f: Scalar, g: Scalar, x: Number) -> Number:
    """(f∘g)′(x) = f′(g(x))·g′(x)."""
    return f.derivatives[0](g.value(x)) * g.derivatives[0](x)


@at_least(TRANSCENDENTAL_BITS)
def scalar_third_derivative(f: Scalar, g: Scalar, x: Number) -> Number:
    """(f∘g)‴ = f‴·g′³ + 3·f″·g′·g″ + f′·g‴ (Faà di Bruno): what bounds a difference quotient's error."""
    y, (f1, f2, f3), (g1, g2, g3) = g.value(x), f.derivatives, g.derivatives
    return f3(y) * g1(x) ** 3 + 3 * f2(y) * g1(x) * g2(x) + f1(y) * g3(x)


# --- several variables: softmax ∘ relu ∘ linear -----------------------------------------------------------------------


@at_least(TRANSCENDENTAL_BITS)
def forward(W: Any, Y: Any, b: Any) -> Matrix:
    """softmax(max(W·Y + b·1ᵀ, 0)): a composition in which no two factors are alike."""
    return softmax.forward(relu.forward(linear.forward(W, Y, b)))


@at_least(TRANSCENDENTAL_BITS)
def jacobian_Y(W: Any, Y: Any, b: Any, at_zero: float = 1) -> Jacobian:
    """D softmax · D relu · D linear, each at its own argument."""
    Z = linear.forward(W, Y, b)
    outer, middle, inner = softmax.jacobian(relu.forward(Z)), relu.jacobian(Z, at_zero), linear.jacobian_Y(W, Y, b)
    return Jacobian(
        compose(outer.value, compose(middle.value, inner.value)),
        compose(outer.magnitude, compose(middle.magnitude, inner.magnitude)),
        outer.roundings + middle.roundings + inner.roundings,
    )


@at_least(TRANSCENDENTAL_BITS)
def dY(W: Any, Y: Any, b: Any, dS: Any, at_zero: float = 1) -> Matrix:
    """Wᵀ·(softmax.dZ ∘ 1[Z ≥ 0]): the three backprop formulas, one after the other."""
    Z = linear.forward(W, Y, b)
    return linear.dY(as_matrix("chain: W", W), relu.dZ(Z, softmax.dZ(relu.forward(Z), dS), at_zero))

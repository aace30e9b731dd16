"""linear: everything is polynomial, so the links inside the spec hold exactly, and are demanded exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.contract import Raised
from backproof_properties.property import Property
from backproof_properties.results import Link, Observation
from backproof_properties.strategies import arrays, biases, cotangents, dimensions
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import jacobian
from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import EXACT_BITS, Matrix, Number, absolute, vec
from backproof_spec.operations import linear
from backproof_spec.rounding import linear as bounds
from backproof_spec.rounding.enclosure import Enclosure


@st.composite
def _cases(draw: st.DrawFn, domain: Domain) -> Case:
    m, n, p = draw(dimensions(domain, (0, 0, 0)))
    return {
        "W": draw(arrays(domain, (m, n))),
        "Y": draw(arrays(domain, (n, p))),
        "b": draw(biases(domain, (m,))),
        "dZ": draw(cotangents(domain, (m, p))),
    }


# --- inside the spec: exactly -----------------------------------------------------------------------------------------

_ARGUMENTS = ("W", "Y", "b")
_JACOBIANS: dict[str, Callable[..., Jacobian]] = {
    "W": linear.jacobian_W,
    "Y": linear.jacobian_Y,
    "b": linear.jacobian_b,
}
_FORMULAS: dict[str, Callable[[Matrix, Matrix, Matrix], Matrix]] = {
    "W": lambda _, Y, dZ: linear.dW(dZ, Y),
    "Y": lambda W, _, dZ: linear.dY(W, dZ),
    "b": lambda _, __, dZ: linear.db(dZ),
}


def _definition_to_jacobian(argument: str, case: Case, _: Subject) -> Observation:
    """Z is affine in each entry of ``argument``, so its difference quotient with step 1 is the derivative."""
    inputs = {name: matrix(case, name) for name in _ARGUMENTS}
    with mp.workprec(EXACT_BITS):
        found = jacobian(lambda A: linear.forward(**{**inputs, argument: A}), inputs[argument], h=mp.mpf(1))
    return judge.agree(f"∂vec Z/∂vec {argument}", _JACOBIANS[argument](**inputs).value, found)


def _jacobian_to_formula(argument: str, case: Case, subject: Subject) -> Observation:
    """Jᵀ·vec dZ, formed from the explicit Jacobian, equals the formula, computed by the structured product: exactly.

    So do the magnitudes that the rounding bounds are made of.
    """
    inputs = {name: matrix(case, name) for name in _ARGUMENTS}
    dZ, shape = matrix(case, "dZ"), (inputs[argument].rows, inputs[argument].cols)
    with mp.workprec(EXACT_BITS):
        J = _JACOBIANS[argument](**inputs)
        formula = _FORMULAS[argument](inputs["W"], inputs["Y"], dZ)
        seen = judge.agree(f"d{argument}", formula, J.vjp(dZ, shape))
        sizes = _FORMULAS[argument](absolute(inputs["W"]), absolute(inputs["Y"]), absolute(dZ))
        seen.add(judge.centred(f"d{argument}", _bound(argument, case, subject), formula))
        seen.add(judge.agree(f"magnitude of d{argument}", vec(sizes), vec(J.magnitude_vjp(dZ, shape))))
    return seen


# --- the implementation -----------------------------------------------------------------------------------------------


def _forward(case: Case, subject: Subject) -> Observation:
    bound = bounds.forward(enclosed(case, "W"), enclosed(case, "Y"), enclosed(case, "b"), subject.arithmetic)
    return subject.judge("linear.Z", subject.call("linear", case, "Z"), bound, case["Y"].shape[1])


_OPERANDS: dict[str, tuple[Callable[..., Enclosure], tuple[str, ...]]] = {
    "W": (bounds.dW, ("dZ", "Y")),
    "Y": (bounds.dY, ("W", "dZ")),
    "b": (bounds.db, ("dZ",)),
}
"""The bound of each gradient, and what it is the product of."""


def _bound(argument: str, case: Case, subject: Subject, scaled: str = "", factor: Number = 1) -> Enclosure:
    """The gradient's enclosure, where the operand ``scaled`` is multiplied by ``factor`` first."""
    bound, names = _OPERANDS[argument]
    operands = {name: enclosed(case, name) for name in names}
    if scaled:
        operands[scaled] = operands[scaled].scaled(factor, subject.arithmetic)
    return bound(*operands.values(), subject.arithmetic)


def _declared(argument: str, case: Case, subject: Subject) -> Enclosure:
    """A declared factor may be applied to the result, or to either operand of the product before that is formed."""
    factor = subject.scale(f"d{argument}", case["Y"].shape[1])
    bound = _bound(argument, case, subject)
    if factor != 1:
        bound = bound.scaled(factor, subject.arithmetic)
        for name in _OPERANDS[argument][1]:
            bound = bound.either(_bound(argument, case, subject, name, factor))
    return bound


def _gradient(argument: str, case: Case, subject: Subject) -> Observation:
    computed = subject.call("linear_vjp", case, f"d{argument}")
    if isinstance(computed, Raised):  # one call returns all three
        return subject.raised(computed, [_declared(each, case, subject) for each in _OPERANDS])
    return subject.judge(f"linear_vjp.d{argument}", computed, _declared(argument, case, subject), None)


def _properties(argument: str) -> tuple[Property, ...]:
    claim = f"linear.d{argument}"
    return (
        Property(claim, Link.JACOBIAN, _cases, partial(_definition_to_jacobian, argument)),
        Property(claim, Link.FORMULA, _cases, partial(_jacobian_to_formula, argument)),
        Property(claim, Link.IMPLEMENTATION, _cases, partial(_gradient, argument), ("linear_vjp",)),
    )


PROPERTIES: tuple[Property, ...] = (
    Property("linear.forward", Link.IMPLEMENTATION, _cases, _forward, ("linear",)),
    *_properties("Y"),
    *_properties("W"),
    *_properties("b"),
)

"""chain: D(f∘g) = Df∘Dg, for scalar functions and for softmax ∘ relu ∘ linear, explicitly and in a target's vjps."""

from __future__ import annotations

from functools import partial

from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.contract import Raised
from backproof_properties.filter import certainly
from backproof_properties.least import SURE, of_chain
from backproof_properties.property import Property
from backproof_properties.regimes import ORDINARY
from backproof_properties.results import Link, Observation
from backproof_properties.source import Source, Unfit
from backproof_properties.strategies import arrays, biases, cotangents, dimensions, limit_logits
from backproof_properties.subject import Domain, Subject
from backproof_spec import chain
from backproof_spec.differentiation import PRECISION_BITS, jacobian, quotient_error, step
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    Number,
    absolute,
    as_matrix,
    constant,
    from_entries,
    nonzeros,
    scale,
)
from backproof_spec.operations import linear
from backproof_spec.rounding import linear as linear_bounds
from backproof_spec.rounding import relu as relu_bounds
from backproof_spec.rounding import softmax as softmax_bounds
from backproof_spec.rounding.enclosure import Enclosure

# --- scalar -----------------------------------------------------------------------------------------------------------


def _scalar_cases(source: Source, _: Domain) -> Case:
    names = [f.name for f in chain.SCALARS]
    return {"f": source.of(names), "g": source.of(names), "x": source.whole(2**10, 2**12) / 2**11}


def _scalar(case: Case) -> tuple[chain.Scalar, chain.Scalar, Number]:
    table = {f.name: f for f in chain.SCALARS}
    return table[case["f"]], table[case["g"]], mp.mpf(case["x"])


def _scalar_definition(case: Case, _: Subject) -> Observation:
    """(f(g(x + h)) − f(g(x − h)))/2h: its error is bounded by Faà di Bruno's third derivative near x ∈ [1/2, 2]."""
    f, g, x = _scalar(case)
    with mp.workprec(PRECISION_BITS):
        derivative = chain.scalar_derivative(f, g, x)
        value = f.value(g.value(x))
        third = 2 * abs(chain.scalar_third_derivative(f, g, x)) + 1  # within 2⁻²⁰⁰ of x it changes by far less
        found = jacobian(lambda A: as_matrix("f∘g", [[f.value(g.value(A[0, 0]))]]), as_matrix("x", [[x]]))
        error = quotient_error(third, abs(value) + abs(derivative) * abs(x) + 1, 8)
        return judge.agree("(f∘g)′", as_matrix("(f∘g)′", [[derivative]]), found, error)


def _quotient(function: chain.Scalar, x: Number) -> tuple[Number, Number]:
    """(difference quotient of one scalar function, how far it may be from the derivative)."""
    found = jacobian(lambda A: as_matrix("f", [[function.value(A[0, 0])]]), as_matrix("x", [[x]]))[0, 0]
    third = 2 * abs(function.derivatives[2](x)) + 1
    size = abs(function.value(x)) + abs(function.derivatives[0](x) * x) + 1
    return found, quotient_error(third, size, 8)


def _scalar_formula(case: Case, _: Subject) -> Observation:
    """The 1×1 Jacobians multiply: Df(g(x))·Dg(x), each differentiated on its own, is the derivative of f∘g."""
    f, g, x = _scalar(case)
    with mp.workprec(PRECISION_BITS):
        (outer, outer_error), (inner, inner_error) = _quotient(f, g.value(x)), _quotient(g, x)
        error = 2 * (outer_error * (abs(inner) + 1) + inner_error * (abs(outer) + 1))
        formula = chain.scalar_derivative(f, g, x)
        return judge.agree("f′(g(x))·g′(x)", as_matrix("·", [[formula]]), as_matrix("·", [[outer * inner]]), error)


# --- several variables ------------------------------------------------------------------------------------------------


def _cases(source: Source, domain: Domain) -> Case:
    m, n, p = dimensions(source, domain, (1, 0, 0))
    return _parts(source, domain, m, n, p)


def _small_cases(source: Source, domain: Domain) -> Case:
    m, n, p = source.whole(1, 3), source.whole(1, 3), source.whole(0, 2)
    return _parts(source, domain, m, n, p)


_LONG, _LARGEST_LOGIT = 24, 4.0
"""In formats shorter than that the error of a larger Z, an absolute one, would be a multiple of exp Z."""


def _parts(source: Source, domain: Domain, m: int, n: int, p: int) -> Case:
    shapes = {"W": (m, n), "Y": (n, p)}
    case = {name: arrays(source, domain, shape, ORDINARY) for name, shape in shapes.items()}
    case["b"] = biases(source, domain, (m,), ORDINARY)
    case["dS"] = cotangents(source, domain, (m, p), ORDINARY)
    limit = domain.conventions.limits.logit
    if limit is None and domain.format.precision < _LONG:
        limit = _LARGEST_LOGIT
    if limit is not None:
        limit_logits([case["W"]], [case["b"]], case["Y"], limit)
    return case


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """Off the kinks: |∂³S| ≤ 48·|W|³·S along a column of W (the softmax property's bound, through Z affine in Y)."""
    W, Y, b = (matrix(case, name) for name in ("W", "Y", "b"))
    with mp.workprec(PRECISION_BITS):
        Z = linear.forward(W, Y, b)
        steepest = max((abs(value) for _, _, value in nonzeros(W)), default=mp.mpf(0))
        if any(abs(Z[i, j]) <= step() * steepest for i in range(Z.rows) for j in range(Z.cols)):
            raise Unfit
        J = chain.jacobian_Y(W, Y, b).value
        quotient = jacobian(lambda A: chain.forward(W, A, b), Y)
        third = 48 * (steepest * W.rows) ** 3
        size = 1 + max((abs(value) for _, _, value in nonzeros(Z)), default=mp.mpf(0))
        return judge.agree("D(f∘g)", J, quotient, quotient_error(third, size, 4 * W.rows + 8), constant(J, mp.mpf(1)))


def _jacobian_to_formula(case: Case, _: Subject) -> Observation:
    """(Df·Dg)ᵀ·v equals the composition of the three backprop formulas."""
    W, Y, b, dS = (matrix(case, name) for name in ("W", "Y", "b", "dS"))
    with mp.workprec(TRANSCENDENTAL_BITS):
        J = chain.jacobian_Y(W, Y, b)
        sizes = J.magnitude_vjp(dS, (Y.rows, Y.cols))
        spread = linear.dY(absolute(W), _column_sizes(dS))  # what 2|S∘dS| contributes, whatever the mask
        error = scale(judge.working_error(2 * (J.roundings + 2 * (W.rows + 3))), spread)
        return judge.agree("dY", chain.dY(W, Y, b, dS), J.vjp(dS, (Y.rows, Y.cols)), error, sizes)


def _column_sizes(dS: Matrix) -> Matrix:
    """2·max|dS| of each column, in every entry: it bounds Σ|monomials| of the softmax vjp there."""
    tops = [max(abs(dS[i, j]) for i in range(dS.rows)) for j in range(dS.cols)]
    return from_entries(dS.rows, dS.cols, {(i, j): 2 * tops[j] for i in range(dS.rows) for j in range(dS.cols)})


def _composed(case: Case, subject: Subject) -> Observation:
    """The target's own vjps, one after the other, on its own forward values, against the composed enclosures."""
    Z = subject.call("linear", case, "Z")
    Y = subject.call("relu", {"Z": Z}, "Y")
    dY = subject.call("softmax_vjp", {"Z": Y, "dS": case["dS"]}, "dZ")
    dZ = subject.call("relu_vjp", {"Z": Z, "dY": dY}, "dZ")
    computed = subject.call("linear_vjp", {**case, "dZ": dZ}, "dY")
    if subject.swift and not isinstance(computed, Raised):
        inside = certainly(computed, partial(of_chain, case, subject), SURE)
        if inside is not None:
            return inside
    return subject.judge("linear_vjp∘relu_vjp∘softmax_vjp.dY", computed, _bound(case, subject), case["Y"].shape[1])


def _bound(case: Case, subject: Subject) -> Enclosure:
    arithmetic, W = subject.arithmetic, enclosed(case, "W")
    Z = linear_bounds.forward(W, enclosed(case, "Y"), enclosed(case, "b"), arithmetic)
    dY = softmax_bounds.dZ(relu_bounds.forward(Z, arithmetic), enclosed(case, "dS"), arithmetic)
    return linear_bounds.dY(W, relu_bounds.dZ(Z, dY, arithmetic, subject.conventions.relu_at_zero), arithmetic)


PROPERTIES: tuple[Property, ...] = (
    Property("chain.scalar", Link.JACOBIAN, _scalar_cases, _scalar_definition),
    Property("chain.scalar", Link.FORMULA, _scalar_cases, _scalar_formula),
    Property("chain.rule", Link.JACOBIAN, _small_cases, _definition_to_jacobian),
    Property("chain.rule", Link.FORMULA, _cases, _jacobian_to_formula),
    Property(
        "chain.rule",
        Link.IMPLEMENTATION,
        _cases,
        _composed,
        ("linear", "relu", "softmax_vjp", "relu_vjp", "linear_vjp"),
    ),
)

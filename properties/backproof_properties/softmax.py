"""softmax: the explicit Jacobian diag(s) − s·sᵀ against differentiation, the formula against the Jacobian."""

from __future__ import annotations

from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.property import Property
from backproof_properties.regimes import MODERATE_LOGITS
from backproof_properties.results import Link, Observation
from backproof_properties.strategies import arrays, cotangents, dimensions, logits, masked
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import PRECISION_BITS, jacobian, quotient_error
from backproof_spec.matrices import TRANSCENDENTAL_BITS, ones, product, scale, vec
from backproof_spec.operations import softmax
from backproof_spec.rounding import softmax as bounds


@st.composite
def _cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(dimensions(domain, (1, 0)))
    return {"Z": draw(logits(domain, (n, p))), "dS": draw(cotangents(domain, (n, p)))}


@st.composite
def _masked_cases(draw: st.DrawFn, domain: Domain) -> Case:
    case = draw(_cases(domain))
    return {**case, "Z": draw(masked(domain, case["Z"]))}


@st.composite
def _small_cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    return {"Z": draw(arrays(domain, (n, p), MODERATE_LOGITS))}


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """The derivative of a monomial of degree d in s is a sum of at most 2d such monomials: |s‴| ≤ 2·4·6·s."""
    Z = matrix(case, "Z")
    with mp.workprec(PRECISION_BITS):
        J, S = softmax.jacobian(Z).value, vec(softmax.forward(Z))
        sizes = product(S, ones(1, S.rows))
        error = scale(quotient_error(mp.mpf(48), mp.mpf(1), Z.rows + 4), sizes)
        return judge.agree("∂vec S/∂vec Z", J, jacobian(softmax.forward, Z), error, sizes)


def _jacobian_to_formula(case: Case, subject: Subject) -> Observation:
    """Jᵀ·vec dS equals S∘(dS − 1·1ᵀ(S∘dS)) to working precision: both sides sum the same monomials."""
    Z, dS = matrix(case, "Z"), matrix(case, "dS")
    with mp.workprec(TRANSCENDENTAL_BITS):
        J, shape = softmax.jacobian(Z), (Z.rows, Z.cols)
        sizes = J.magnitude_vjp(dS, shape)
        # On both sides a monomial meets N roundings and two factors S, each off by an exp, n − 1 sums and a quotient.
        error = scale(judge.working_error(2 * (J.roundings + 2 * (Z.rows + 3))), sizes)
        formula = softmax.dZ(Z, dS)
        seen = judge.agree("dZ", formula, J.vjp(dS, shape), error, sizes)
        seen.add(judge.centred("dZ", bounds.dZ(enclosed(case, "Z"), enclosed(case, "dS"), subject.arithmetic), formula))
        return seen


def _forward(case: Case, subject: Subject) -> Observation:
    bound = bounds.forward(enclosed(case, "Z"), subject.arithmetic)
    return subject.judge("softmax.S", subject.call("softmax", case, "S"), bound, case["Z"].shape[1])


def _gradient(case: Case, subject: Subject) -> Observation:
    bound = bounds.dZ(enclosed(case, "Z"), enclosed(case, "dS"), subject.arithmetic)
    return subject.judge("softmax_vjp.dZ", subject.call("softmax_vjp", case, "dZ"), bound, case["Z"].shape[1])


PROPERTIES: tuple[Property, ...] = (
    Property("softmax.forward", Link.IMPLEMENTATION, _masked_cases, _forward, ("softmax",)),
    Property("softmax.dZ", Link.JACOBIAN, _small_cases, _definition_to_jacobian),
    Property("softmax.dZ", Link.FORMULA, _cases, _jacobian_to_formula),
    Property("softmax.dZ", Link.IMPLEMENTATION, _masked_cases, _gradient, ("softmax_vjp",)),
)

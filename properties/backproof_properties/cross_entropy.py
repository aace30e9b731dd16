"""cross_entropy: −P/S, with 0 where P = 0 and the infinities where label mass meets probability 0."""

from __future__ import annotations

from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.property import Property
from backproof_properties.regimes import PROBABILITIES
from backproof_properties.results import Link, Observation
from backproof_properties.strategies import arrays, dimensions, labels
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import PRECISION_BITS, jacobian, quotient_error
from backproof_spec.matrices import TRANSCENDENTAL_BITS, Matrix, absolute, as_matrix, from_entries, nonzeros, scale
from backproof_spec.operations import cross_entropy
from backproof_spec.rounding import cross_entropy as bounds


@st.composite
def _cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(dimensions(domain, (1, 0)))
    S, P = draw(arrays(domain, (n, p), PROBABILITIES)), draw(labels(domain, (n, p)))
    if draw(st.sampled_from((False, False, True))):
        S[P == 0] = 0  # what softmax returns when every unlabelled class has underflowed
    return {"S": S, "P": P}


@st.composite
def _positive_cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    return {"S": draw(arrays(domain, (n, p), PROBABILITIES[:1])), "P": draw(labels(domain, (n, p)))}


def _loss(S: Matrix, P: Matrix) -> Matrix:
    return as_matrix("L", [[cross_entropy.forward(S, P)]])


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """The derivatives of −P·log s are −P/s and −2P/s³; s ≥ 2⁻ᵖ with p significand bits, so all are bounded by them."""
    S, P = matrix(case, "S"), matrix(case, "P")
    with mp.workprec(PRECISION_BITS):
        J = cross_entropy.jacobian(S, P).value
        third = max((2 * abs(mass) / (S[i, j] / 2) ** 3 for i, j, mass in nonzeros(P)), default=mp.mpf(0))
        size = sum((abs(mass) * (1 - mp.log(S[i, j])) for i, j, mass in nonzeros(P)), mp.mpf(0))
        error = quotient_error(third, size, S.rows * S.cols + 2)
        return judge.agree("∂L/∂vec S", J, jacobian(lambda A: _loss(A, P), S), error)


def _jacobian_to_formula(case: Case, subject: Subject) -> Observation:
    """Jᵀ equals −P/S to working precision where S > 0; label mass on probability 0 has no Jacobian and gives −∞."""
    S, P = matrix(case, "S"), matrix(case, "P")
    safe = from_entries(P.rows, P.cols, {(i, j): mass for i, j, mass in nonzeros(P) if S[i, j] != 0})
    with mp.workprec(TRANSCENDENTAL_BITS):
        one = as_matrix("dL", [[1]])
        explicit = cross_entropy.jacobian(S, safe).vjp(one, (S.rows, S.cols))
        formula = cross_entropy.dS(S, safe)
        seen = judge.agree("dS", formula, explicit, scale(judge.working_error(2), absolute(explicit)))
        bound = bounds.dS(enclosed(case, "S"), enclosed(case, "P"), subject.arithmetic)
        seen.add(judge.centred("dS", bound, cross_entropy.dS(S, P)))
        return seen


def _forward(case: Case, subject: Subject) -> Observation:
    bound = bounds.forward(enclosed(case, "S"), enclosed(case, "P"), subject.arithmetic)
    computed = subject.call("cross_entropy", case, "L")
    return subject.judge("cross_entropy.L", computed, bound, case["S"].shape[1], of_loss=True)


def _gradient(case: Case, subject: Subject) -> Observation:
    bound = bounds.dS(enclosed(case, "S"), enclosed(case, "P"), subject.arithmetic)
    computed = subject.call("cross_entropy_vjp", case, "dS")
    return subject.judge("cross_entropy_vjp.dS", computed, bound, case["S"].shape[1], of_loss=True)


PROPERTIES: tuple[Property, ...] = (
    Property("cross_entropy.forward", Link.IMPLEMENTATION, _cases, _forward, ("cross_entropy",)),
    Property("cross_entropy.dS", Link.JACOBIAN, _positive_cases, _definition_to_jacobian),
    Property("cross_entropy.dS", Link.FORMULA, _cases, _jacobian_to_formula),
    Property("cross_entropy.dS", Link.IMPLEMENTATION, _cases, _gradient, ("cross_entropy_vjp",)),
)

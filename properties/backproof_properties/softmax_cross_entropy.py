"""softmax_cross_entropy: S·ΣP − P, against differentiation of the composed definition and the product of Jacobians."""

from __future__ import annotations

from functools import reduce

from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.property import Property
from backproof_properties.regimes import MODERATE_LOGITS
from backproof_properties.results import Link, Observation
from backproof_properties.strategies import arrays, dimensions, labels, logits, masked
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import PRECISION_BITS, jacobian, quotient_error
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    absolute,
    as_matrix,
    constant,
    from_entries,
    nonzeros,
    scale,
)
from backproof_spec.operations import softmax, softmax_cross_entropy
from backproof_spec.rounding import softmax_cross_entropy as bounds
from backproof_spec.rounding.enclosure import Enclosure


@st.composite
def _cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(dimensions(domain, (1, 0)))
    return {"Z": draw(logits(domain, (n, p))), "P": draw(labels(domain, (n, p)))}


@st.composite
def _masked_cases(draw: st.DrawFn, domain: Domain) -> Case:
    """For the gradient: of the loss, −Σ P·log S evaluated as it is written is 0·(−inf) at a masked class."""
    case = draw(_cases(domain))
    return {**case, "Z": draw(masked(domain, case["Z"], case["P"]))}


@st.composite
def _small_cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    return {"Z": draw(arrays(domain, (n, p), MODERATE_LOGITS)), "P": draw(labels(domain, (n, p)))}


def _loss(Z: Matrix, P: Matrix) -> Matrix:
    return as_matrix("L", [[softmax_cross_entropy.forward(Z, P)]])


def _mass(P: Matrix) -> Matrix:
    """Σ|P| of each column, in every entry of the column: the scale of dZ."""
    totals = softmax_cross_entropy.column_sums(absolute(P))
    return from_entries(P.rows, P.cols, {(i, j): totals[j] for i in range(P.rows) for j in range(P.cols)})


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """|∂³ log s/∂z³| ≤ 1 (a third central moment of an indicator), so the loss's is at most Σ|P|."""
    Z, P = matrix(case, "Z"), matrix(case, "P")
    with mp.workprec(PRECISION_BITS):
        S = softmax.forward(Z)
        J = softmax_cross_entropy.jacobian(Z, P).value
        third = sum((abs(mass) for _, _, mass in nonzeros(P)), mp.mpf(0))
        size = sum((abs(mass) * (Z.rows + 4 - mp.log(S[i, j])) for i, j, mass in nonzeros(P)), mp.mpf(0))
        error = quotient_error(third, size, Z.rows * Z.cols + 2)
        return judge.agree("∂L/∂vec Z", J, jacobian(lambda A: _loss(A, P), Z), error, constant(J, mp.mpf(1)))


def _jacobian_to_formula(case: Case, subject: Subject) -> Observation:
    """The product of the two explicit Jacobians equals S·ΣP − P to working precision."""
    Z, P = matrix(case, "Z"), matrix(case, "P")
    with mp.workprec(TRANSCENDENTAL_BITS):
        explicit = softmax_cross_entropy.jacobian(Z, P).vjp(as_matrix("dL", [[1]]), (Z.rows, Z.cols))
        # Σ_j |P_j/S_j|·(S_j·1[i=j] + S_i·S_j) ≤ 2Σ|P|, each monomial through a quotient, two S and n + 2 roundings.
        sizes = _mass(P)
        error = scale(2 * judge.working_error(2 * (3 * (Z.rows + 3) + Z.rows + 4)), sizes)
        formula = softmax_cross_entropy.dZ(Z, P)
        seen = judge.agree("dZ", formula, explicit, error, sizes)
        for fused in (False, True):
            bound = bounds.dZ(enclosed(case, "Z"), enclosed(case, "P"), subject.arithmetic, fused=fused)
            seen.add(judge.centred("dZ", bound, softmax_cross_entropy.dZ(Z, P, fused=fused)))
        return seen


def _forward(case: Case, subject: Subject) -> Observation:
    bound = bounds.forward(enclosed(case, "Z"), enclosed(case, "P"), subject.arithmetic)
    computed = subject.call("softmax_cross_entropy", case, "L")
    return subject.judge("softmax_cross_entropy.L", computed, bound, case["Z"].shape[1], of_loss=True)


def _gradient(case: Case, subject: Subject) -> Observation:
    Z, P = enclosed(case, "Z"), enclosed(case, "P")
    bound = reduce(Enclosure.either, (bounds.dZ(Z, P, subject.arithmetic, fused=way) for way in subject.fused))
    computed = subject.call("softmax_cross_entropy_vjp", case, "dZ")
    return subject.judge("softmax_cross_entropy_vjp.dZ", computed, bound, case["Z"].shape[1], of_loss=True)


PROPERTIES: tuple[Property, ...] = (
    Property("softmax_cross_entropy.forward", Link.IMPLEMENTATION, _cases, _forward, ("softmax_cross_entropy",)),
    Property("softmax_cross_entropy.dZ", Link.JACOBIAN, _small_cases, _definition_to_jacobian),
    Property("softmax_cross_entropy.dZ", Link.FORMULA, _cases, _jacobian_to_formula),
    Property("softmax_cross_entropy.dZ", Link.IMPLEMENTATION, _masked_cases, _gradient, ("softmax_cross_entropy_vjp",)),
)

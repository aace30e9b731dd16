"""relu: piecewise linear, so exact everywhere; at the kink the declared convention, which must be a subgradient."""

from __future__ import annotations

from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed, matrix
from backproof_properties.property import Property
from backproof_properties.results import Finding, Link, Observation
from backproof_properties.strategies import arrays, cotangents, dimensions
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import jacobian, one_sided_jacobian
from backproof_spec.matrices import EXACT_BITS, Matrix, Number, from_entries, nonzeros
from backproof_spec.operations import relu
from backproof_spec.rounding import relu as bounds


@st.composite
def _cases(draw: st.DrawFn, domain: Domain) -> Case:
    n, p = draw(dimensions(domain, (0, 0)))
    return {"Z": draw(arrays(domain, (n, p))), "dY": draw(cotangents(domain, (n, p)))}


def _step(Z: Matrix) -> Number:
    """Half of the smallest |z| ≠ 0: no step this long crosses a kink."""
    return min((abs(z) for _, _, z in nonzeros(Z)), default=mp.mpf(1)) / 2


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """Off the kink the difference quotient; at it, a value between the slopes from the left and from the right."""
    Z = matrix(case, "Z")
    with mp.workprec(EXACT_BITS):
        J, h = relu.jacobian(Z).value, _step(Z)
        left, right = (one_sided_jacobian(relu.forward, Z, side, h) for side in (-1, 1))
        central = jacobian(relu.forward, Z, h)
        for j in range(Z.cols):
            for i in range(Z.rows):
                k = i + j * Z.rows
                if Z[i, j] == 0:
                    if not left[k, k] <= J[k, k] <= right[k, k]:
                        message = f"relu′(0) = {J[k, k]}, expected a subgradient in [{left[k, k]}, {right[k, k]}]"
                        raise judge.Refuted(Finding(message, "Y", {}))
                    central[k, k] = J[k, k]
    return judge.agree("∂vec Y/∂vec Z", J, central)


def _jacobian_to_formula(case: Case, subject: Subject) -> Observation:
    """Jᵀ·vec dY equals dY∘1[Z ≥ 0], exactly, with the notes' value 1 at zero; so does the centre of the bound."""
    Z, dY = matrix(case, "Z"), matrix(case, "dY")
    with mp.workprec(EXACT_BITS):
        formula = relu.dZ(Z, dY)
        seen = judge.agree("dZ", formula, relu.jacobian(Z).vjp(dY, (Z.rows, Z.cols)))
        selected = {(i, j): dY[i, j] for i in range(Z.rows) for j in range(Z.cols) if Z[i, j] >= 0}
        seen.add(judge.agree("dY∘1[Z ≥ 0]", formula, from_entries(Z.rows, Z.cols, selected)))
        seen.add(judge.centred("dZ", bounds.dZ(enclosed(case, "Z"), enclosed(case, "dY"), subject.arithmetic), formula))
        return seen


def _forward(case: Case, subject: Subject) -> Observation:
    bound = bounds.forward(enclosed(case, "Z"), subject.arithmetic)
    return subject.judge("relu.Y", subject.call("relu", case, "Y"), bound, case["Z"].shape[1])


def _gradient(case: Case, subject: Subject) -> Observation:
    at_zero = subject.conventions.relu_at_zero
    bound = bounds.dZ(enclosed(case, "Z"), enclosed(case, "dY"), subject.arithmetic, at_zero)
    return subject.judge("relu_vjp.dZ", subject.call("relu_vjp", case, "dZ"), bound, case["Z"].shape[1])


PROPERTIES: tuple[Property, ...] = (
    Property("relu.forward", Link.IMPLEMENTATION, _cases, _forward, ("relu",)),
    Property("relu.dZ", Link.JACOBIAN, _cases, _definition_to_jacobian),
    Property("relu.dZ", Link.FORMULA, _cases, _jacobian_to_formula),
    Property("relu.dZ", Link.IMPLEMENTATION, _cases, _gradient, ("relu_vjp",)),
)

"""kron: vec(A·X·B) = (Bᵀ⊗A)·vec X, the identity the linear formulas rest on, with its transpose and mixed product."""

from __future__ import annotations

from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, matrix
from backproof_properties.property import Property
from backproof_properties.results import Link, Observation
from backproof_properties.source import Source
from backproof_properties.strategies import arrays
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import jacobian
from backproof_spec.matrices import EXACT_BITS, commutation, compose, kron, product, transpose, vec


def _cases(source: Source, domain: Domain) -> Case:
    m, n, q, r = (source.whole(0, 4) for _ in range(4))
    return {
        "A": arrays(source, domain, (m, n)),
        "X": arrays(source, domain, (n, q)),
        "B": arrays(source, domain, (q, r)),
    }


def _definition_to_jacobian(case: Case, _: Subject) -> Observation:
    """X ↦ A·X·B is linear: its difference quotient is its Jacobian, Bᵀ⊗A."""
    A, X, B = (matrix(case, name) for name in ("A", "X", "B"))
    with mp.workprec(2 * EXACT_BITS):
        quotient = jacobian(lambda M: product(product(A, M), B), X, h=mp.mpf(1))
        return judge.agree("Bᵀ⊗A", kron(transpose(B), A), quotient)


def _jacobian_to_formula(case: Case, _: Subject) -> Observation:
    """(Bᵀ⊗A)·vec X = vec(A·X·B); (A⊗B)ᵀ = Aᵀ⊗Bᵀ; (A⊗Bᵀ)(X⊗B) = AX⊗BᵀB; K·vec X = vec Xᵀ."""
    A, X, B = (matrix(case, name) for name in ("A", "X", "B"))
    with mp.workprec(2 * EXACT_BITS):
        seen = judge.agree("vec(AXB)", product(kron(transpose(B), A), vec(X)), vec(product(product(A, X), B)))
        seen.add(judge.agree("(A⊗B)ᵀ", transpose(kron(A, B)), kron(transpose(A), transpose(B))))
        mixed = compose(kron(A, transpose(B)), kron(X, B))
        seen.add(judge.agree("(A⊗Bᵀ)(X⊗B)", mixed, kron(product(A, X), product(transpose(B), B))))
        seen.add(judge.agree("K·vec X", product(commutation(X.rows, X.cols), vec(X)), vec(transpose(X))))
    return seen


PROPERTIES: tuple[Property, ...] = (
    Property("kron.vec", Link.JACOBIAN, _cases, _definition_to_jacobian),
    Property("kron.vec", Link.FORMULA, _cases, _jacobian_to_formula),
)

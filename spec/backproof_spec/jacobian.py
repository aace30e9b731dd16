"""An explicit Jacobian together with what its rounding bound needs, so that value and bound come from one place.

``∂ vec F / ∂ vec X`` is a matrix J with one row for each entry of F and one column for each entry of X, both in the
order of ``vec``. Backpropagation with cotangent G is ``vec dX = Jᵀ·vec G``.
"""

from __future__ import annotations

from dataclasses import dataclass

from backproof_spec.matrices import Matrix, Shape, absolute, unvec, vec, vjp


@dataclass(frozen=True)
class Jacobian:
    """J = ∂ vec F / ∂ vec X, with the magnitudes of the monomials its entries are sums of.

    ``magnitude`` is Σ|monomial| for each entry: |J| where entries are monomials, more where they cancel.
    ``roundings`` is the most roundings that any monomial of Jᵀ·g meets in a floating-point evaluation (§ rounding).
    """

    value: Matrix
    magnitude: Matrix
    roundings: int

    def vjp(self, cotangent: Matrix, shape: Shape) -> Matrix:
        """dX (of ``shape``) with vec dX = Jᵀ·vec(cotangent), at the working precision."""
        return unvec(vjp(self.value, vec(cotangent)), *shape)

    def magnitude_vjp(self, cotangent: Matrix, shape: Shape) -> Matrix:
        """Σ|monomials| of each entry of dX: magnitudeᵀ·|vec(cotangent)|, of ``shape``."""
        return unvec(vjp(self.magnitude, vec(absolute(cotangent))), *shape)

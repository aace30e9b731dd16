"""relu: Y = max(Z, 0), and its gradient δZ = δY ∘ 1[Z ≥ 0].

Off zero that is the derivative. At exactly zero there is none: the value 1 is a convention, the notes' one; any value
in Clarke's generalised derivative [0, 1] is legitimate (Clarke, *Optimization and Nonsmooth Analysis*, 1983, §2.1).
"""

from __future__ import annotations

from typing import Any

from mpmath import mp

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import (
    EXACT_BITS,
    Matrix,
    as_matrix,
    at_least,
    diag,
    from_entries,
    hadamard,
    nonzeros,
    require_shape,
    shape,
    vec,
)


def forward(Z: Any) -> Matrix:
    """Y = max(Z, 0), exactly; max(−inf, 0) = 0."""
    Z = as_matrix("relu: Z", Z, masked=True)
    return from_entries(Z.rows, Z.cols, {(i, j): z for i, j, z in nonzeros(Z) if z > 0})


@at_least(EXACT_BITS)
def mask(Z: Any, at_zero: float = 1) -> Matrix:
    """1[Z ≥ 0], with the value ``at_zero`` where Z = 0."""
    Z = as_matrix("relu: Z", Z, masked=True)
    if not 0 <= at_zero <= 1:
        msg = f"relu: at_zero is {at_zero!r}, expected a number in Clarke's [0, 1]"
        raise ValueError(msg)
    slopes = {(i, j): mp.mpf(at_zero) for i in range(Z.rows) for j in range(Z.cols)}
    slopes.update({(i, j): mp.mpf(1 if z > 0 else 0) for i, j, z in nonzeros(Z)})
    return from_entries(Z.rows, Z.cols, slopes)


@at_least(EXACT_BITS)
def jacobian(Z: Any, at_zero: float = 1) -> Jacobian:
    """∂vec Y/∂vec Z = diag(vec 1[Z ≥ 0]). Nothing is rounded: a selection (one product for other conventions)."""
    J = diag(vec(mask(Z, at_zero)))
    return Jacobian(J, J, roundings=0 if at_zero in (0, 1) else 1)


@at_least(EXACT_BITS)
def dZ(Z: Any, dY: Any, at_zero: float = 1) -> Matrix:
    """dZ = dY ∘ 1[Z ≥ 0], exactly."""
    Z, dY = as_matrix("relu: Z", Z, masked=True), as_matrix("relu: dY", dY)
    require_shape("relu: dY", dY, shape(Z), "shape of Z")
    return hadamard(dY, mask(Z, at_zero))

"""The derivative straight from its definition: (f(X + hE) − f(X − hE)) / 2h for every entry, at high precision.

With step h = 2⁻ᵇ and 3b bits of precision (beyond those of X's exponents, so that X ± h is exact), an entry whose
function has third derivative at most M near X, and whose value is a sum of terms of magnitude at most F that each meet
at most N roundings, satisfies

    |quotient − derivative| ≤ 2⁻²ᵇ (M/6 + N·F).

(Taylor with remainder for the first term; each of the two values is off by at most N·F·2⁻³ᵇ for the second.)
For a function that is affine in each entry the quotient *is* the derivative, whatever the step, wherever the precision
evaluates it exactly.
"""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp

from backproof_spec.matrices import Matrix, Number, add, from_entries, nonzeros, scale, shape

STEP_BITS = 200
"""b: the step is 2⁻ᵇ, the precision 3b bits, the agreement about 2b bits (120 digits)."""
PRECISION_BITS = 3 * STEP_BITS


def step() -> Number:
    """h = 2⁻ᵇ."""
    return mp.ldexp(mp.mpf(1), -STEP_BITS)


def quotient_error(third_derivative: Number, magnitude: Number, roundings: int) -> Number:
    """2⁻²ᵇ (M/6 + N·F): how far a difference quotient may lie from the derivative (module docstring)."""
    return mp.ldexp(third_derivative / 6 + roundings * magnitude, -2 * STEP_BITS)


def jacobian(f: Callable[[Matrix], Matrix], X: Matrix, h: Number | None = None) -> Matrix:
    """J[:, k] = vec (f(X + hE_k) − f(X − hE_k)) / 2h, E_k the k-th unit matrix in the order of ``vec``."""
    return _difference_quotients(f, X, 1, -1, step() if h is None else h)


def one_sided_jacobian(f: Callable[[Matrix], Matrix], X: Matrix, side: int, h: Number | None = None) -> Matrix:
    """J[:, k] = vec (f(X + side·hE_k) − f(X)) / (side·h), for side +1 or −1: the two slopes at a kink."""
    return _difference_quotients(f, X, side, 0, step() if h is None else h)


def _difference_quotients(f: Callable[[Matrix], Matrix], X: Matrix, right: int, left: int, h: Number) -> Matrix:
    reach = max((mp.mag(value) for _, _, value in nonzeros(X)), default=0)
    with mp.workprec(max(PRECISION_BITS + max(0, reach), mp.prec)):
        rows, columns = shape(X)
        size = f(X)
        m = size.rows
        entries = {}
        for j in range(columns):
            for i in range(rows):
                unit = from_entries(rows, columns, {(i, j): h})
                ahead, behind = f(add(X, scale(right, unit))), f(add(X, scale(left, unit)))
                difference = add(ahead, scale(-1, behind))
                for a, b, value in nonzeros(difference):
                    entries[a + b * m, i + j * rows] = value / ((right - left) * h)
        return from_entries(m * size.cols, rows * columns, entries)

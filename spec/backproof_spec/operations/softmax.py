"""softmax: S = exp Z / Σ exp Z, column by column, and its gradient δZ = S∘(δS − 1·(1ᵀ(S∘δS))).

Reference: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal.
41 (2021) 2311-2330, eq. (1.3) and §2.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

from mpmath import mp

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    as_matrix,
    at_least,
    from_entries,
    require_classes,
    require_shape,
    shape,
)


def logits(name: str, Z: Any) -> Matrix:
    """Z, of at least one class, −inf in none of its columns everywhere: of no class no softmax exists."""
    Z = as_matrix(name, Z, masked=True)
    require_classes(name, Z)
    for j in range(Z.cols):
        if all(mp.isinf(Z[i, j]) for i in range(Z.rows)):
            msg = f"{name}: column {j} is −inf everywhere, expected a class that is not masked"
            raise ValueError(msg)
    return Z


@at_least(TRANSCENDENTAL_BITS)
def forward(Z: Any) -> Matrix:
    """S (n, p) = exp Z / Σ exp Z in each column; mpmath's exponents are unbounded, so nothing overflows.

    A logit of −inf masks its class: exp(−inf) = 0, and S = 0 there.
    """
    Z = logits("softmax: Z", Z)
    entries = {}
    for j in range(Z.cols):
        exponentials = [mp.exp(Z[i, j]) for i in range(Z.rows)]
        total = sum(exponentials, mp.mpf(0))
        entries.update({(i, j): e / total for i, e in enumerate(exponentials)})
    return from_entries(Z.rows, Z.cols, entries)


@at_least(TRANSCENDENTAL_BITS)
def jacobian(Z: Any) -> Jacobian:
    """∂vec S/∂vec Z: block diagonal, the block of a column s being diag(s) − s·sᵀ.

    The entry s_i·1[i = j] − s_i·s_j cancels on its diagonal: its monomials have magnitude diag(s) + s·sᵀ. A monomial
    s_i·s_j·g_j meets at most two products, n − 1 sums and one difference: n + 2 roundings.
    """
    S = forward(Z)
    n, p = shape(S)
    values, magnitudes = {}, {}
    for c in range(p):
        s = [S[i, c] for i in range(n)]
        for i, j in combinations_with_replacement(range(n), 2):
            squared, place, mirrored = s[i] * s[j], (i + c * n, j + c * n), (j + c * n, i + c * n)
            values[place] = values[mirrored] = s[i] - squared if i == j else -squared
            magnitudes[place] = magnitudes[mirrored] = s[i] + squared if i == j else squared
    return Jacobian(from_entries(n * p, n * p, values), from_entries(n * p, n * p, magnitudes), roundings=n + 2)


@at_least(TRANSCENDENTAL_BITS)
def dZ(Z: Any, dS: Any) -> Matrix:
    """dZ (n, p) = S ∘ (dS − 1·(1ᵀ(S∘dS))): 0 for a masked class."""
    Z, dS = logits("softmax: Z", Z), as_matrix("softmax: dS", dS)
    require_shape("softmax: dS", dS, shape(Z), "shape of Z")
    S = forward(Z)
    entries = {}
    for j in range(S.cols):
        inner = sum((S[i, j] * dS[i, j] for i in range(S.rows)), mp.mpf(0))
        entries.update({(i, j): S[i, j] * (dS[i, j] - inner) for i in range(S.rows)})
    return from_entries(S.rows, S.cols, entries)

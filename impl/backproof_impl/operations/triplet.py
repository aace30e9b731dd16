"""The triplet loss with distances: Schroff, Kalenichenko, Philbin 2015, arXiv:1503.03832. A, P, N (s, i).

The distances are not squared here, as in Hermans, Beyer, Leibe 2017, arXiv:1703.07737.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def _distance(A: Array, B: Array, eps: float) -> Array:
    """√(Σ (A − B)² + eps), row by row."""
    return np.sqrt(((A - B) ** 2).sum(axis=1, keepdims=True) + number(eps, A))


def triplet(A: Array, P: Array, N: Array, margin: float = 1, eps: float = 1e-6) -> Any:
    """L = Σ max(0, |A − P| − |A − N| + margin)."""
    return np.maximum(_distance(A, P, eps) - _distance(A, N, eps) + number(margin, A), number(0, A)).sum()


def triplet_vjp(
    A: Array, P: Array, N: Array, dL: Any = 1, margin: float = 1, eps: float = 1e-6
) -> tuple[Array, Array, Array]:
    """dP and dN are ∓dL times the unit vectors from P and N to A where the loss is not 0; dA is minus their sum."""
    p, n = _distance(A, P, eps), _distance(A, N, eps)
    active = np.where(p - n + number(margin, A) >= 0, number(1, A), number(0, A))
    to_P, to_N = dL * active * (A - P) / p, dL * active * (A - N) / n
    return to_P - to_N, -to_P, to_N

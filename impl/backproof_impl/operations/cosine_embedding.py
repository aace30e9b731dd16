"""The cosine embedding loss: Hadsell, Chopra, LeCun 2006, doi:10.1109/CVPR.2006.100, with a cosine for the distance.

X and Y (s, i), y (s,): 1 where rows are alike, 0 where they are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number
from backproof_impl.operations.cosine_similarity import cosine_similarity, cosine_similarity_vjp


def cosine_embedding(X: Array, Y: Array, y: Array, margin: float = 0.5, eps: float = 1e-12) -> Any:
    """L = Σ 1 − C where y is 1, max(0, C − margin) where it is 0, with the cosine C of the rows."""
    C = cosine_similarity(X, Y, eps)
    return np.where(y != 0, 1 - C, np.maximum(C - number(margin, C), number(0, C))).sum()


def cosine_embedding_vjp(
    X: Array, Y: Array, y: Array, dL: Any = 1, margin: float = 0.5, eps: float = 1e-12
) -> tuple[Array, Array]:
    """Back through the cosine: dC = −dL where y is 1, and where it is 0: dL beyond the margin, else 0."""
    beyond = np.where(cosine_similarity(X, Y, eps) >= number(margin, X), number(1, X), number(0, X))
    return cosine_similarity_vjp(X, Y, dL * np.where(y != 0, number(-1, X), beyond), eps)

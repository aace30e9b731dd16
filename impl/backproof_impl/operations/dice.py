"""The soft Dice loss: Milletari, Navab, Ahmadi 2016, arXiv:1606.04797, with plain sums in the denominator.

p (s, i): probabilities; y (s, i): labels 0 and 1.
"""

from __future__ import annotations

from typing import Any

from backproof_impl.numerics import Array, number


def _parts(p: Array, y: Array, eps: float) -> tuple[Array, Array]:
    """Twice the overlap, and the sum of both, with eps in each, row by row."""
    smoothing = number(eps, p)
    return 2 * (p * y).sum(axis=1) + smoothing, (p + y).sum(axis=1) + smoothing


def dice(p: Array, y: Array, eps: float = 1) -> Any:
    """L = Σ 1 − (2·Σ p·y + eps)/(Σ p + Σ y + eps)."""
    overlap, total = _parts(p, y, eps)
    return (1 - overlap / total).sum()


def dice_vjp(p: Array, y: Array, dL: Any = 1, eps: float = 1) -> Array:
    """dp = dL·(a/b − 2y)/b, where the loss is 1 − a/b."""
    overlap, total = (part[:, None] for part in _parts(p, y, eps))
    return dL * (overlap / total - 2 * y) / total

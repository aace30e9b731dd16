"""The Huber loss: Huber 1964, doi:10.1214/aoms/1177703732. Y and T (s, i)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def huber(Y: Array, T: Array, d: float = 1) -> Any:
    """L = Σ ½·r² where |r| ≤ d, d·(|r| − ½·d) beyond, with r = Y − T."""
    r, d = np.abs(Y - T), number(d, Y)
    return np.where(r <= d, np.minimum(r, d) ** 2 / 2, d * (r - d / 2)).sum()


def huber_vjp(Y: Array, T: Array, dL: Any = 1, d: float = 1) -> tuple[Array, Array]:
    """dY = dL·r, clipped to ±d before it is multiplied, and dT = −dY."""
    dY = dL * np.minimum(np.maximum(Y - T, number(-d, Y)), number(d, Y))
    return dY, -dY

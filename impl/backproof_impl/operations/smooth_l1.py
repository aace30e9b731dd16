"""The smooth absolute error: Girshick 2015, arXiv:1504.08083. Y and T (s, i)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def smooth_l1(Y: Array, T: Array, beta: float = 1) -> Any:
    """L = Σ ½·r²/β where |r| < β, |r| − ½·β beyond, with r = Y − T."""
    r, b = np.abs(Y - T), number(beta, Y)
    return np.where(r < b, np.minimum(r, b) ** 2 / (2 * b), r - b / 2).sum()


def smooth_l1_vjp(Y: Array, T: Array, dL: Any = 1, beta: float = 1) -> tuple[Array, Array]:
    """dY = dL·r/β, the quotient clipped to ±1, and dT = −dY."""
    dY = dL * np.minimum(np.maximum((Y - T) / number(beta, Y), number(-1, Y)), number(1, Y))
    return dY, -dY

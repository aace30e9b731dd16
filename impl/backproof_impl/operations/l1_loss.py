"""The mean absolute error of Y and T (s, i)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number


def l1_loss(Y: Array, T: Array) -> Any:
    """L = mean |Y − T|."""
    return np.abs(Y - T).mean()


def l1_loss_vjp(Y: Array, T: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dY = dL·sign(Y − T)/n, where n entries are averaged, and dT = −dY."""
    dY = dL * np.sign(Y - T) / number(Y.size, Y)
    return dY, -dY

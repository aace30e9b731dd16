"""The mean squared error of Y and T (s, i)."""

from __future__ import annotations

from typing import Any

from backproof_impl.numerics import Array, number


def mse_loss(Y: Array, T: Array) -> Any:
    """L = mean (Y − T)²."""
    return ((Y - T) ** 2).mean()


def mse_loss_vjp(Y: Array, T: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dY = dL·2·(Y − T)/n, where n entries are averaged, and dT = −dY."""
    dY = dL * (Y - T) * number(2 / Y.size, Y)
    return dY, -dY

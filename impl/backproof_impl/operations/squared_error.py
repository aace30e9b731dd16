"""Half the squared error: Rumelhart, Hinton, Williams 1986, doi:10.1038/323533a0. Y and T (s, i)."""

from __future__ import annotations

from typing import Any

from backproof_impl.numerics import Array


def squared_error(Y: Array, T: Array) -> Any:
    """L = ½·Σ (Y − T)²."""
    return ((Y - T) ** 2).sum() / 2


def squared_error_vjp(Y: Array, T: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dY = dL·(Y − T) and dT = −dY."""
    return dL * (Y - T), dL * (T - Y)

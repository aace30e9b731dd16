"""The negative log-likelihood of normal distributions: Nix, Weigend 1994, doi:10.1109/ICNN.1994.374138.

M (s, i): means; T (s, i): targets; v (s, i): variances. The constant ½·log 2π is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def gaussian_nll(M: Array, T: Array, v: Array) -> Any:
    """L = ½·Σ log v + (M − T)²/v."""
    return (np.log(v) + (M - T) ** 2 / v).sum() / 2


def gaussian_nll_vjp(M: Array, T: Array, v: Array, dL: Any = 1) -> tuple[Array, Array, Array]:
    """dM = dL·(M − T)/v, dT = −dM and dv = ½·dL·(1 − (M − T)²/v)/v."""
    dM = dL * (M - T) / v
    return dM, -dM, dL * (1 - (M - T) ** 2 / v) / (2 * v)

"""The Kullback–Leibler divergence: Kullback, Leibler 1951, doi:10.1214/aoms/1177729694. P and Q (s, v)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def kl_divergence(P: Array, Q: Array) -> Any:
    """L = Σ P·log(P/Q)."""
    return (P * np.log(P / Q)).sum()


def kl_divergence_vjp(P: Array, Q: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dP = dL·(log(P/Q) + 1) and dQ = −dL·P/Q."""
    ratio = P / Q
    return dL * (np.log(ratio) + 1), -dL * ratio

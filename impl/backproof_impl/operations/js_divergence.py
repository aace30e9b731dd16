"""The Jensen–Shannon divergence: Lin 1991, doi:10.1109/18.61115. P and Q (s, v)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def _logarithms(P: Array, Q: Array) -> tuple[Array, Array]:
    """log(P/M) and log(Q/M), with the mean M of P and Q."""
    M = (P + Q) / 2
    return np.log(P / M), np.log(Q / M)


def js_divergence(P: Array, Q: Array) -> Any:
    """L = ½·Σ P·log(P/M) + Q·log(Q/M)."""
    p, q = _logarithms(P, Q)
    return (P * p + Q * q).sum() / 2


def js_divergence_vjp(P: Array, Q: Array, dL: Any = 1) -> tuple[Array, Array]:
    """dP = ½·dL·log(P/M) and dQ = ½·dL·log(Q/M): what comes through M cancels."""
    p, q = _logarithms(P, Q)
    return dL * p / 2, dL * q / 2

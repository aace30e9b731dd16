"""The negative log-likelihood of counts, of Poisson regression: Nelder, Wedderburn 1972, doi:10.2307/2344614.

X (s, i): logarithms of rates; y (s, i): counts. What depends on counts alone, log y!, is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array


def poisson_nll(X: Array, y: Array) -> Any:
    """L = Σ exp X − y·X."""
    return (np.exp(X) - y * X).sum()


def poisson_nll_vjp(X: Array, y: Array, dL: Any = 1) -> Array:
    """dX = dL·(exp X − y)."""
    return dL * (np.exp(X) - y)

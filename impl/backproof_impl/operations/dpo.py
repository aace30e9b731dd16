"""Direct preference optimisation: Rafailov et al. 2023, arXiv:2305.18290, eq. 7. All arguments (s,)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_impl.numerics import Array, number, sigmoid


def _reward(c: Array, r: Array, cref: Array, rref: Array, beta: float) -> Array:
    """h = β·((c − cref) − (r − rref)): by how much the policy prefers the chosen answer more than the reference."""
    return number(beta, c) * ((c - cref) - (r - rref))


def dpo(c: Array, r: Array, cref: Array, rref: Array, beta: float = 0.1) -> Any:
    """L = −Σ log σ(h)."""
    return np.logaddexp(number(0, c), -_reward(c, r, cref, rref, beta)).sum()


def dpo_vjp(c: Array, r: Array, cref: Array, rref: Array, dL: Any = 1, beta: float = 0.1) -> tuple[Array, Array]:
    """dc = −dL·β·σ(−h) and dr = −dc."""
    dr = dL * number(beta, c) * sigmoid(-_reward(c, r, cref, rref, beta))
    return -dr, dr

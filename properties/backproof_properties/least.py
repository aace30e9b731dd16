"""The least that the bounds of the notes' operations can be, over whole arrays: for the filter.

For inputs that are known, u being the accumulator's and E = 8u that of exp:

    A·B + c        N·u·(|A||B| + |c|), N = n + 1 (a product without addend: n); 0 on the grid
    S              r = S·u·(n + 1 + 0.99·(1 − S)·(8 + d)), where the logit lies d below the largest one: by f⁺
    dZ of S        S_i·(|g_i| + m)·(n + 2)·u + r_i·(|g_i| + m) + S_i·Σ r_j|g_j|, m = Σ S_j|g_j|
    S·ΣP − P       Σ|P|·(S·(n + 4)·u + r) + 4u·|P|
    −Σ P·log S     (n·p + 2)·u·Σ|P·log S|, and E·Σ|P·log S| where S is given
    −P/S           2u·|P/S|

Each is what the module of ``backproof_spec.rounding`` of that name adds up, without what underflow, storing and second
order add. So much of a sum is left to NumPy's widest floats that they are off by less than a hundredth of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_properties.arrays import Array, Case
from backproof_properties.fields import WIDE, Doubt, Field
from backproof_properties.running import NEVER, lowest_bit
from backproof_properties.subject import Subject

Least = Callable[[Case, Subject, Any], Field]
_ALMOST = WIDE(0.99)


def least(claim: str, case: Case, subject: Subject) -> Field:
    """The exact value of the claim's output, and the least that its bound can be. Raises ``Doubt``."""
    arithmetic, declared = subject.arithmetic, subject.conventions
    plain = declared.reduction == "sum" and not declared.scale and not arithmetic.flush_to_zero
    if not plain or np.finfo(WIDE).eps > 2.0**-10 * float(arithmetic.u):
        raise Doubt
    wide = {name: A.astype(WIDE) for name, A in case.items()}
    found = LEAST[claim](wide, subject, WIDE(float(arithmetic.u)))
    fits = found.majorant <= float(arithmetic.output.largest) / 4
    return Field(found.value, found.majorant, np.where(fits, found.error, np.nan))


def _product(A: Array, B: Array, addend: Array | None, subject: Subject, u: Any) -> Field:
    value, size, roundings = A @ B, np.abs(A) @ np.abs(B), A.shape[1]
    unit = sum(int(lowest_bit(M).min(initial=NEVER)) for M in (A, B))
    if addend is not None:
        value, size, roundings = value + addend[:, None], size + np.abs(addend)[:, None], roundings + 1
        unit = min(unit, int(lowest_bit(addend).min(initial=NEVER)))
    room = np.ldexp(WIDE(1), min(unit + subject.arithmetic.accumulator.precision, NEVER))
    return Field(value, size, np.where(size <= room, 0, roundings * u * size))


def _softmax(Z: Array, u: Any) -> tuple[Array, Array]:
    """S, and r."""
    gaps = Z.max(axis=0, keepdims=True) - Z
    powers = np.exp(-gaps)
    S = powers / powers.sum(axis=0, keepdims=True)
    return S, S * u * (len(Z) + 1 + _ALMOST * (1 - S) * (8 + gaps))


def _of_softmax(S: Array, r: Array) -> Field:
    return Field(S, S, r)


def _softmax_dZ(case: Case, _: Subject, u: Any) -> Field:
    (S, r), g = _softmax(case["Z"], u), case["dS"]
    size = np.abs(g)
    inner, m, lost = ((each * A).sum(axis=0, keepdims=True) for each, A in ((S, g), (S, size), (r, size)))
    majorant = S * (size + m)
    return Field(S * (g - inner), majorant, majorant * (len(S) + 2) * u + r * (size + m) + S * lost)


def _fused_dZ(case: Case, subject: Subject, u: Any) -> Field:
    (S, r), P = _softmax(case["Z"], u), case["P"]
    sums = (each.sum(axis=0, keepdims=True) for each in (P, np.abs(P)))
    masses, total = (WIDE(1), WIDE(1)) if subject.fused[0] else sums
    error = total * (S * (len(S) + 4) * u + r) + 4 * u * np.abs(P)
    return Field(S * masses - P, total * S + np.abs(P), error)


def _loss(logarithms: Array, P: Array, u: Any, roundings: int, own: Any = 0) -> Field:
    """Of log S, which is off by ``own`` roundings of the widest floats."""
    terms = np.where(P == 0, 0, P * logarithms)
    size = np.abs(terms).sum()
    error = (P.size + roundings) * u * size - (np.abs(P) * own).sum() * np.finfo(WIDE).eps
    return Field(-terms.sum(), size, np.maximum(error, 0))


def _fused(case: Case, _: Subject, u: Any) -> Field:
    Z, P = case["Z"], case["P"]
    gaps = Z.max(axis=0, keepdims=True) - Z
    log_sum = np.log(np.exp(-gaps).sum(axis=0, keepdims=True))
    return _loss(-gaps - log_sum, P, u, 2, 8 * (gaps + log_sum + 1) * P.size)


def _relu_dZ(case: Case, subject: Subject, _: Any) -> Field:
    at_zero = float(subject.conventions.relu_at_zero)
    if at_zero not in {0, 1}:
        raise Doubt
    mask = (case["Z"] >= 0) if at_zero else (case["Z"] > 0)
    return _exactly(case["dY"] * mask)


def _exactly(value: Array) -> Field:
    return Field(value, np.abs(value), np.zeros_like(value))


def _quotients(case: Case, _: Subject, u: Any) -> Field:
    S, P = case["S"], case["P"]
    value = np.where(P == 0, 0, -P / S)
    size = np.abs(value)
    return Field(value, size + np.where(P == 0, 0, 1 / S), 2 * u * size)


LEAST: dict[str, Least] = {
    "linear.forward": lambda case, subject, u: _product(case["W"], case["Y"], case["b"], subject, u),
    "linear.dW": lambda case, subject, u: _product(case["dZ"], case["Y"].T, None, subject, u),
    "linear.dY": lambda case, subject, u: _product(case["W"].T, case["dZ"], None, subject, u),
    "linear.db": lambda case, subject, u: _product(case["dZ"], np.ones_like(case["dZ"][:1].T), None, subject, u),
    "relu.forward": lambda case, _, __: _exactly(np.maximum(case["Z"], 0)),
    "relu.dZ": _relu_dZ,
    "softmax.forward": lambda case, _, u: _of_softmax(*_softmax(case["Z"], u)),
    "softmax.dZ": _softmax_dZ,
    "cross_entropy.forward": lambda case, _, u: _loss(np.log(case["S"]), case["P"], u, 2 + 8),
    "cross_entropy.dS": _quotients,
    "softmax_cross_entropy.forward": _fused,
    "softmax_cross_entropy.dZ": _fused_dZ,
}
"""By claim."""

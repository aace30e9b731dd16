"""The least that the bounds of the notes' operations can be, over whole arrays: for the filter.

For inputs that are known, u being the accumulator's and E = 8u that of exp:

    A·B + c        N·u·(|A||B| + |c|), N = n + 1 (a product without addend: n); 0 on the grid
    S              r = S·u·(n + 1 + 0.99·(1 − S)·(8 + d)) + ω, where the logit lies d below the largest one: by f⁺
    dZ of S        S_i·(|g_i| + m)·(n + 2)·u + r_i·(|g_i| + m) + S_i·Σ r_j|g_j|, m = Σ S_j|g_j|
    S·ΣP − P       Σ|P|·(S·(n + 4)·u + r) + 4u·|P| + (n + 6)·η/2
    −Σ P·log S     (n·p + 2)·u·Σ|P·log S|, and E·Σ|P·log S| where S is given
    −P/S           2u·|P/S|

and of those that are off by Δ, as in a network:

    A·B + c        |A|ΔB + ΔA(|B| + ΔB) + N·u·((|A| + ΔA)(|B| + ΔB) + |c|)
    max(Z, 0)      ΔZ where Z > 0, else max(Z + ΔZ, 0)
    S, log S       S·0.99·x and 0.99·x more, x_i = (1 − S_i)·Δ_i + Σ_{j≠i} S_j·Δ_j, where no Δ exceeds 2⁻⁷
    dY∘1[Z ≥ 0]    ΔdY where |Z| ≥ 0.99·Δ; elsewhere between 0 and dY, and ΔdY more: what either branch admits

Each is what the module of ``backproof_spec.rounding`` of that name adds up, without flushing to zero, storing, second
order and most of what underflow adds. So much of a sum is left to NumPy's widest floats that v̂ and Ê are off by some
2⁻¹¹ of it: what lies within ``SURE``·Ê lies within E.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array, Case
from backproof_properties.contraction import WIDE
from backproof_properties.fields import Doubt, Field
from backproof_properties.running import NEVER, lowest_bit
from backproof_properties.subject import Subject

Least = Callable[[Case, Subject, Any], Field]
_ALMOST, _NEAR, SURE = WIDE(0.99), WIDE(2) ** -7, WIDE(0.99)
_ROOMY = 24
"""In formats of fewer digits much may overflow."""


def least(claim: str, case: Case, subject: Subject, factor: Any = 1) -> Field:
    """The exact value of the claim's output times a factor, and the least that its bound can be. Raises ``Doubt``."""
    u = _unit(subject)
    wide = {name: A.astype(WIDE) for name, A in case.items()}
    return _scaled(_fitting(LEAST[claim](wide, subject, u), subject), factor, u)


def knows(subject: Subject) -> bool:
    """Is most of what it gives surely judged by this?"""
    usual = float(subject.conventions.relu_at_zero) in {0, 1} and subject.arithmetic.output.precision >= _ROOMY
    try:
        _unit(subject)
    except Doubt:
        return False
    return usual


def _scaled(found: Field, factor: Any, u: Any) -> Field:
    """As declared: two more roundings."""
    if factor == 1:
        return found
    high = mp.mpf(float(factor))
    by = WIDE(float(high)) + WIDE(float(factor - high))
    value, size, error = by * found.value, abs(by) * found.majorant, abs(by) * found.error
    return Field(value, np.maximum(size, found.majorant), error + 2 * u * np.abs(value))


def _unit(subject: Subject) -> Any:
    """u, where all of this holds."""
    arithmetic = subject.arithmetic
    if np.finfo(WIDE).eps > 2.0**-10 * float(arithmetic.u):
        raise Doubt
    return WIDE(float(arithmetic.u))


def _wide(value: Any) -> Any:
    """A power of two of mpmath."""
    return np.ldexp(WIDE(1), int(mp.log(value, 2)))


def _fitting(found: Field, subject: Subject) -> Field:
    """What surely does not overflow."""
    fits = found.majorant <= float(subject.arithmetic.output.largest) / 4
    return Field(found.value, found.majorant, np.where(fits, found.error, np.nan))


def _product(A: Array, B: Array, addend: Array | None, subject: Subject, u: Any) -> Field:
    return _of_product(_exactly(A), _exactly(B), addend, subject, u)


def _of_product(left: Field, right: Field, addend: Array | None, subject: Subject, u: Any) -> Field:
    A, B, dA, dB = left.value, right.value, left.error, right.error
    value, size, roundings = A @ B, np.abs(A) @ np.abs(B), A.shape[1]
    known, rescaled = not (dA.any() or dB.any()), subject.arithmetic.rescaled
    if addend is not None:
        value, size, roundings = value + addend[:, None], size + np.abs(addend)[:, None], roundings + 1
    if known:
        unit = sum(int(lowest_bit(M).min(initial=NEVER)) for M in (A, B))
        unit = unit if addend is None else min(unit, int(lowest_bit(addend).min(initial=NEVER)))
        room = np.ldexp(WIDE(1), min(unit + subject.arithmetic.accumulator.precision, NEVER))
        return Field(value, size, np.where((size <= room) & (not rescaled), 0, roundings * u * size))
    moved = np.abs(A) @ dB + dA @ (np.abs(B) + dB)
    widest = size + moved
    own = roundings * u * widest + A.shape[1] * _wide(subject.arithmetic.underflow)
    return Field(value, widest, np.where(widest == 0, 0, moved + own))


def _softmax(Z: Array, subject: Subject, u: Any, spread: Any = 0) -> tuple[Array, Array]:
    """S, and r; both 0 at a masked logit, which counts for nothing."""
    masked = np.isneginf(Z)
    gaps = np.where(masked, np.inf, Z.max(axis=0, keepdims=True) - Z)
    powers = np.exp(-gaps)
    S = powers / powers.sum(axis=0, keepdims=True)
    off = u * ((~masked).sum(axis=0) + 1 + _ALMOST * (1 - S) * (8 + gaps)) + _moved(S, spread)
    return S, np.where(masked, 0, S * off + _wide(subject.arithmetic.accumulator.smallest_normal))


def _moved(S: Array, spread: Any) -> Any:
    """How far log S moves with logits that are off by ``spread``."""
    if not np.any(spread):
        return 0
    if not np.all(spread <= _NEAR):
        raise Doubt
    others = (S * spread).sum(axis=0, keepdims=True) - S * spread
    return _ALMOST * ((1 - S) * spread + others)


def _of_softmax(S: Array, r: Array) -> Field:
    return Field(S, S, r)


def _softmax_dZ(case: Case, subject: Subject, u: Any, spread: Any = 0) -> Field:
    (S, r), g = _softmax(case["Z"], subject, u, spread), case["dS"]
    size = np.abs(g)
    inner, m, lost = ((each * A).sum(axis=0, keepdims=True) for each, A in ((S, g), (S, size), (r, size)))
    majorant = S * (size + m)
    return Field(S * (g - inner), majorant, majorant * (len(S) + 2) * u + r * (size + m) + S * lost)


def _fused_dZ(case: Case, subject: Subject, u: Any, spread: Any = 0) -> Field:
    (S, r), P = _softmax(case["Z"], subject, u, spread), case["P"]
    sums = (each.sum(axis=0, keepdims=True) for each in (P, np.abs(P)))
    masses, total = (WIDE(1), WIDE(1)) if subject.fused[0] else sums
    lost = (len(S) + 6) * _wide(subject.arithmetic.underflow)
    error = total * (S * (len(S) + 4) * u + r) + 4 * u * np.abs(P) + lost
    error = np.where(np.isneginf(case["Z"]), np.where(P == 0, 0, np.nan), error)
    return Field(S * masses - P, total * S + np.abs(P), error)


def _loss(logarithms: Array, P: Array, u: Any, roundings: int, own: Any = 0) -> Field:
    """Of log S, which is off by ``own`` roundings of the widest floats."""
    terms = np.where(P == 0, 0, P * logarithms)
    size = np.abs(terms).sum()
    error = (P.size + roundings) * u * size - (np.abs(P) * own).sum() * np.finfo(WIDE).eps
    return Field(-terms.sum(), size, np.maximum(error, 0))


def _fused(case: Case, _: Subject, u: Any, spread: Any = 0) -> Field:
    Z, P = case["Z"], case["P"]
    gaps = Z.max(axis=0, keepdims=True) - Z
    powers = np.exp(-gaps)
    total = powers.sum(axis=0, keepdims=True)
    log_sum = np.log(total)
    found = _loss(-gaps - log_sum, P, u, 2, 8 * (gaps + log_sum + 1) * P.size)
    return Field(found.value, found.majorant, found.error + (np.abs(P) * _moved(powers / total, spread)).sum())


def _relu_dZ(case: Case, subject: Subject, _: Any) -> Field:
    return _masked(_exactly(case["Z"]), _exactly(case["dY"]), subject)


def _passed(Z: Field) -> Field:
    return Field(np.maximum(Z.value, 0), Z.majorant, np.where(Z.value > 0, Z.error, np.maximum(Z.value + Z.error, 0)))


def _masked(Z: Field, dY: Field, subject: Subject) -> Field:
    at_zero = float(subject.conventions.relu_at_zero)
    if at_zero not in {0, 1}:
        raise Doubt
    passes = (Z.value >= 0) if at_zero else (Z.value > 0)
    sure = (Z.error == 0) | (np.abs(Z.value) >= _ALMOST * Z.error)
    half = np.abs(dY.value) / 2
    return Field(
        dY.value * np.where(sure, passes, 1 / 2), dY.majorant, np.where(sure, passes * dY.error, half + dY.error)
    )


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
    "softmax.forward": lambda case, subject, u: _of_softmax(*_softmax(case["Z"], subject, u)),
    "softmax.dZ": _softmax_dZ,
    "cross_entropy.forward": lambda case, _, u: _loss(np.log(case["S"]), case["P"], u, 2 + 8),
    "cross_entropy.dS": _quotients,
    "softmax_cross_entropy.forward": _fused,
    "softmax_cross_entropy.dZ": _fused_dZ,
}
"""By claim."""


# --- compositions ----------------------------------------------------------------------------------------------------


def of_chain(case: Case, subject: Subject) -> Field:
    """As ``least``, of the linear layer's dY behind ReLU and softmax. Raises ``Doubt``."""
    u, wide = _unit(subject), {name: A.astype(WIDE) for name, A in case.items()}
    Z = _fitting(_product(wide["W"], wide["Y"], wide["b"], subject, u), subject)
    Y = _passed(Z)
    dY = _fitting(_softmax_dZ({"Z": Y.value, "dS": wide["dS"]}, subject, u, Y.error), subject)
    return _fitting(_of_product(_exactly(wide["W"].T), _masked(Z, dY, subject), None, subject, u), subject)


def of_network(case: Case, subject: Subject, kind: str) -> list[Field]:
    """As ``least``, of the loss or a gradient of a network, layer by layer, as declared. Raises ``Doubt``."""
    u = _unit(subject)

    def product(left: Field, right: Field, addend: Array | None = None) -> Field:
        return _fitting(_of_product(left, right, addend, subject, u), subject)

    weights, biases = ([A.astype(WIDE) for A in case[name]] for name in ("weights", "biases"))
    Ys, Zs = [_exactly(case["X"].astype(WIDE))], list[Field]()
    for W, b in zip(weights, biases, strict=True):
        Zs.append(product(_exactly(W), Ys[-1], b))
        Ys.append(_passed(Zs[-1]))
    last = {"Z": Zs[-1].value, "P": case["P"].astype(WIDE)}
    if kind == "loss":
        found = [_fitting(_fused(last, subject, u, Zs[-1].error), subject)]
    else:
        dZ, found = _fitting(_fused_dZ(last, subject, u, Zs[-1].error), subject), list[Field]()
        ones = _exactly(np.ones_like(dZ.value[:1].T))
        for layer in reversed(range(len(weights))):
            if kind == "dW":
                found.insert(0, product(dZ, Ys[layer].each(np.transpose)))
            if kind == "db":
                found.insert(0, product(dZ, ones).each(np.ravel))
            if layer > 0:
                dZ = _masked(Zs[layer - 1], product(_exactly(weights[layer].T), dZ), subject)
        if kind == "dX":
            found = [product(_exactly(weights[0].T), dZ)]
    factor = subject.factor(kind, case["X"].shape[1], of_loss=True)
    return [_scaled(each, factor, u) for each in found]

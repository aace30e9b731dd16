"""Updated weights hold a gradient: dW = (W − W_new)/rate, at every rate the same, where the update does not round it.

Writing u for the unit roundoff, a reading is off by at most 2u·(|W_new| + |W − W_new|)/rate, and by underflow.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import ml_dtypes
import numpy as np

from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.wrapping.returned import Array, Function, declaring, in_order, require_array

_RATES = (1.0, 16.0, 256.0)
"""Rates of every step: powers of two, none below 1, so that multiplying and dividing by them is exact."""
_RUNGS = 4
"""Of a network so many large rates more, evenly spaced in exponent up to the end of the format."""
_ROOM = 8
"""One more is 2⁸ below the end of the format: for a step whose own arithmetic holds further factors."""


def from_update(
    step: Function, function: str = "network_gradients", *, conventions: Conventions | None = None
) -> dict[str, Any]:
    """A target from code that shows only updated weights: dW = (W − W_new)/rate, at every rate the same.

    ``step(weights, biases, X, P, rate)`` returns ``(weights, biases)``; for ``"linear_vjp"`` it is
    ``step(W, Y, b, dZ, rate)`` and returns ``(W, dY, b)``. It is given copies and may update in place. Readings at
    several rates that differ by more than their rounding 2u·(|W_new| + |W − W_new|)/rate raise: what depends on the
    rate is no gradient.

    The update rounds too, by u·|W_new|/rate ≤ u·|W|/rate + u·|dW|, but not once |W| is below a quarter ulp of rate·dW:
    W_new is then −rate·dW. So steps are taken at further rates, up to the end of the format, and each entry is read at
    the largest that does not overflow it. A layer's dW and db do not depend on W: it steps from W = 0.

    For layers, then, dW is exact. For networks it is where |dW| ≥ 2⁻⁹⁶⁰·|W| and |W| ≤ 2⁷⁰⁰ (float32, bfloat16: 2⁻⁹⁰,
    2⁶⁰), if the step forms dW and then rate·dW. Below, it may be off by up to the smallest normal number: hence
    ``arithmetic="flush-to-zero"`` is declared for networks, and float16, which has too few exponents, is left out.
    Where it may be off by more, because a huge weight meets a tiny gradient, the example is declined: entries are
    declared to be at most 256, beside which no gradient is lost, where no other magnitude is.
    """
    if not callable(step):
        msg = f"from_update: {type(step).__name__} cannot be called, expected a function"
        raise UsageError(msg)
    if function == "linear_vjp":
        return declaring(conventions, {function: functools.partial(_layer, step)})
    if function != "network_gradients":
        msg = f"from_update: {function!r} has no weights, expected linear_vjp or network_gradients"
        raise UsageError(msg)
    declared = Conventions() if conventions is None else conventions
    dtypes = tuple(dtype for dtype in declared.limits.dtypes if dtype != "float16")
    if not dtypes:
        msg = "from_update: float16 alone is declared, whose exponents are too few; expected a longer format"
        raise UsageError(msg)
    magnitude = declared.limits.magnitude or _MAGNITUDE
    limits = replace(declared.limits, dtypes=dtypes, magnitude=magnitude)
    declared = replace(declared, arithmetic="flush-to-zero", limits=limits)
    return declaring(declared, {function: functools.partial(_network, step)})


_MAGNITUDE = (5e-324, 2.0**8)
"""An update rounds by eps·|W|/rate, at the largest rates less than the smallest normal: eps is 2⁻⁸ in bfloat16."""


def _layer(step: Function, W: Array, Y: Array, b: Array, dZ: Array) -> Any:
    """(dW, dY, db): dY as the first step returns it; dW and db from a step at W = 0, b = 0, which rounds nothing."""

    def taken(W: Array, b: Array, rate: float) -> tuple[Any, ...]:
        return in_order("from_update: step", step(_copy(W), Y, _copy(b), dZ, rate), ("W", "dY", "b"))

    steps = [(rate, taken(W, b, rate)) for rate in _RATES]
    free = taken(np.zeros_like(W), np.zeros_like(b), 1.0)

    def gradient(name: str, before: Array, place: int) -> Array:
        read = [_read(name, before, after[place], rate) for rate, after in steps]
        read.append(_read(name, np.zeros_like(before), free[place], 1.0, at=_ORIGIN))
        return _agreed(name, read).gradient.astype(before.dtype)

    return gradient("dW", W, 0), steps[0][1][1], gradient("db", b, 2)


def _network(step: Function, weights: list[Array], biases: list[Array], X: Array, P: Array) -> dict[str, Any]:
    """The dW and db of every layer."""
    layers = [f"layer {k}" for k in range(len(weights))]
    parameters = {f"dW[{k}]": W for k, W in enumerate(weights)} | {f"db[{k}]": b for k, b in enumerate(biases)}

    def readings(rate: float) -> dict[str, _Reading]:
        with np.errstate(all="ignore"):  # the largest rates are meant to overflow where they do
            after = step([_copy(W) for W in weights], [_copy(b) for b in biases], X, P, rate)
        lists = zip(("weights", "biases"), in_order("from_update: step", after, ("weights", "biases")), strict=True)
        new = [array for name, each in lists for array in in_order(f"from_update: step: {name}", each, layers)]
        return {name: _read(name, W, A, rate) for (name, W), A in zip(parameters.items(), new, strict=True)}

    end = _format(X.dtype).maxexp - 1
    large = {2.0 ** (end * k // _RUNGS) for k in range(1, _RUNGS + 1)} | {2.0 ** (end - _ROOM)}
    read = [readings(rate) for rate in sorted(large.union(_RATES))]

    def gradient(name: str) -> Array:
        found = _agreed(name, [each[name] for each in read])
        _require_certain(name, found, parameters[name].dtype)
        return found.gradient.astype(parameters[name].dtype)

    return {kind: [gradient(f"{kind}[{k}]") for k in range(len(layers))] for kind in ("dW", "db")}


def _copy(A: Array) -> Array:
    """A copy that lies in memory as A does."""
    return A.copy(order="K")


def _format(dtype: Any) -> Any:
    return ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]


# --- readings ---------------------------------------------------------------------------------------------------------

_ORIGIN = "W = 0, b = 0"


@dataclass(frozen=True)
class _Reading:
    """(W − W_new)/rate, and how far off it may be: 2u·(|W_new| + |W − W_new|)/rate, and by underflow."""

    at: str
    gradient: Array
    error: Array


def _read(name: str, W: Array, new: Any, rate: float, *, at: str = "") -> _Reading:
    require_array(f"from_update: updated parameter of {name}", new, W.shape, W.dtype, "as the parameter is")
    form = _format(W.dtype)
    before, after = W.astype(np.float64), new.astype(np.float64)
    with np.errstate(all="ignore"):
        moved = before - after
        error = float(form.eps) * np.abs(after) + float(form.eps) * np.abs(moved) + 2 * float(form.smallest_normal)
        return _Reading(at or f"rate {rate:g}", moved / rate, error / rate)


def _agreed(name: str, readings: list[_Reading]) -> _Reading:
    """Each entry from the last reading in which it is finite; all readings in which it is agree within their errors."""
    gradient, error = readings[0].gradient, readings[0].error
    for each in readings[1:]:
        finite = np.isfinite(each.gradient)
        gradient, error = np.where(finite, each.gradient, gradient), np.where(finite, each.error, error)
    chosen = _Reading("", gradient, error)
    if any(_apart(each, chosen).any() for each in readings):
        _raise_apart(name, readings)
    return chosen


def _apart(one: _Reading, other: _Reading) -> Array:
    with np.errstate(all="ignore"):
        difference: Array = np.abs(one.gradient - other.gradient)
        return (difference > one.error + other.error) & np.isfinite(difference)


def _raise_apart(name: str, readings: list[_Reading]) -> NoReturn:
    """Name the first two readings that are apart, at the first entry at which they are."""
    one, other = next(pair for pair in itertools.combinations(readings, 2) if _apart(*pair).any())
    place = _first(_apart(one, other))
    values = f"{one.gradient[place]} at {one.at}, {other.gradient[place]} at {other.at}"
    what, why = "rate", "momentum, weight decay, clipping, or an update after each sample"
    if other.at == _ORIGIN:
        what, why = "weights", "weight decay"
    msg = f"from_update: {name}{list(place)} depends on the {what}: {values}; expected one gradient: {why}?"
    raise ValueError(msg)


def _require_certain(name: str, reading: _Reading, dtype: Any) -> None:
    """Decline unless every entry is known to its last digits, or to the smallest normal number.

    Where W is lost beside rate·dW the error is 4u·|dW|, half of what is admitted. Entries that are read as 0 are not
    exempt: so is a gradient that was rounded away altogether.
    """
    form = _format(dtype)
    with np.errstate(all="ignore"):
        known = 4 * float(form.eps) * np.abs(reading.gradient)
        lost = (reading.error > known) & (reading.error > 2 * float(form.smallest_normal))
    if lost.any():
        msg = f"from_update: {name}{list(_first(lost))}: the update rounds the gradient away beside so large a weight"
        raise NotImplementedError(msg)


def _first(entries: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(entries)[0])

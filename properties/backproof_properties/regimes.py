"""Regimes: what turns an integer into a float, chosen to confuse. Small integers become simple floats.

Those that are tried at all sizes do so for arrays of integers, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof_spec.rounding.formats import Format

Regime = Callable[[Any, Format], Any]


def _signed(code: Any, magnitude: Callable[[Any], float]) -> float:
    found: float = magnitude(code >> 1) * (1 - 2 * (code & 1))
    return found


def small(code: Any, form: Format) -> Any:  # noqa: ARG001 - one signature for all regimes
    """Multiples of 1/4 in [−2, 2]: ties, exact zeros (of both signs), exact cancellation."""
    return _signed(code, lambda k: (k % 9) / 4)


def dense(code: Any, form: Format) -> Any:
    """Full-precision significands in (−4, 4)."""
    return _signed(code, lambda k: (k % 2 ** (form.precision + 2)) * 2.0**-form.precision)


def slight(code: Any, form: Format) -> Any:
    """Full-precision significands in (−1/4, 1/4): sums of their products do not saturate tanh, step after step."""
    return dense(code, form) / 16


def moderate(code: int, form: Format) -> float:
    """Full-precision numbers from 1 to 128: sigmoid, tanh, erf and exp saturate there, in each format elsewhere."""
    steps = 2 ** (form.precision - 1)
    return _signed(code, lambda k: float(np.ldexp(1 + (k >> 3) % steps / steps, k % 7)))


def special(code: int, form: Format) -> float:
    """±0, ±1 and its neighbours, the smallest normal and its neighbours, the smallest subnormal."""
    normal, step = 2.0**form.emin, 2.0**form.subnormal_exponent
    u = 2.0**-form.precision
    table = (0.0, 1.0, 1 + 2 * u, 1 - u, step, normal, normal - step, normal + step, 3.0, 0.5)
    return _signed(code, lambda k: table[k % len(table)])


def wide(code: int, form: Format) -> float:
    """Full-precision significands over half of the exponent range: sums whose terms differ by all magnitudes."""
    span = form.emax // 2

    def magnitude(k: int) -> float:
        significand, k = k % 2**form.precision, k >> form.precision
        return float(np.ldexp(float(significand), k % (2 * span) - span - form.precision + 1))

    return _signed(code, magnitude)


def huge(code: int, form: Format) -> float:
    """Within a factor 16 of the largest finite number."""
    return _signed(code, lambda k: float(np.ldexp(2.0 - 2.0 ** (1 - form.precision), form.emax - k % 5)))


def tiny(code: int, form: Format) -> float:
    """Subnormals and the first normals."""
    return _signed(code, lambda k: float(np.ldexp(float(k % 2 ** (form.precision + 1)), form.subnormal_exponent)))


_GAPS = (0.0, 1.0, 700.0, 709.0, 745.5, 800.0, 1000.0, 17.0, 11.0, 88.0, 104.0, 20000.0)


def gap(code: int, form: Format) -> float:
    """Logits past which exp overflows or underflows in some format: 11 and 17, 88 and 104, 709 and 745, 800, 20000."""
    return _signed(code, lambda k: _GAPS[k % len(_GAPS)] + ((k >> 8) % 8) / 8 * min(1.0, form.precision / 11))


def offset(share: float) -> Regime:
    """Logits that differ by at most 4 beside a common offset so large that log Σ exp has no digit left for them.

    ``share`` is how much of the significand the offset takes: 10⁶ or 10¹⁵ in float64.
    """

    def regime(code: int, form: Format) -> float:
        exponent = round(share * form.precision)
        step = 2.0 ** (exponent + 1 - form.precision)
        return 1.5 * 2.0**exponent + _signed(code, lambda k: k % round(4 / step + 1) * step)

    return regime


def far(code: int, form: Format) -> float:
    """From 10⁴ to 10³⁰, as far as the format reaches: exp overflows of every one, and of none that is shifted."""
    largest = form.emax - 1
    return _signed(code, lambda k: float(np.ldexp(1 + ((k >> 8) % 8) / 8, min(largest, 13 + k % 88))))


def probability(code: Any, form: Format) -> Any:
    """Full-precision numbers in (0, 1]."""
    return (code % 2**form.precision + 1) * 2.0**-form.precision


def rare_probability(code: int, form: Format) -> float:
    """0, 1, subnormals and other probabilities that a softmax may return."""
    table = (
        0.0,
        1.0,
        0.0,
        0.5,
        2.0**form.subnormal_exponent,
        2.0**form.emin,
        2.0 ** (form.emin // 2),
        1 - 2.0**-form.precision,
    )
    return table[code % len(table)]


def positive(code: Any, form: Format) -> Any:
    """Numbers in (0, 4)."""
    found = abs(dense(code, form))
    return found + (found == 0)


def nonnegative(code: Any, form: Format) -> Any:
    """Multiples of 1/4 in [0, 2]."""
    return abs(small(code, form))


def inside(code: Any, form: Format) -> Any:
    """Full-precision numbers in (0, 1)."""
    return (code % (2**form.precision - 1) + 1) * 2.0**-form.precision


def bit(code: Any, form: Format) -> Any:  # noqa: ARG001 - one signature for all regimes
    """0 or 1."""
    return code % 2 * 1.0


POSITIVE: tuple[Regime, ...] = (positive,)
NONNEGATIVE: tuple[Regime, ...] = (nonnegative, positive)
INSIDE: tuple[Regime, ...] = (inside,)
MASKS: tuple[Regime, ...] = (bit,)
ORDINARY: tuple[Regime, ...] = (small, dense)
VALUES: tuple[Regime, ...] = (*(small, dense, dense) * 4, special, wide, tiny, huge)
"""Three arrays in four are ordinary: an extreme one mostly meets ordinary ones, and little hides in overflow."""
OFFSETS: tuple[Regime, ...] = (offset(0.4), offset(0.9))
LOGITS: tuple[Regime, ...] = (*(small, dense, gap) * 3, special, huge, far, *OFFSETS)
MODERATE_LOGITS: tuple[Regime, ...] = (small, dense, gap)
PROBABILITIES: tuple[Regime, ...] = (probability, rare_probability)

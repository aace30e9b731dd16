"""cross_entropy: dS = −P/S within Θ_2|P/S| (a reciprocal and a product), L within Σ|P log S|((1+E)(1+u)^N − 1).

Under flush-to-zero a subnormal denominator or argument of log is uncertified.
"""

from __future__ import annotations

from mpmath import mp

from backproof_spec.matrices import Number, at_least, nonzeros
from backproof_spec.rounding.enclosure import Enclosure, Entries
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic


def _smallest_safe(arithmetic: Arithmetic) -> Number:
    """Below this an S cannot be divided by reliably: its reciprocal overflows, or it is flushed to zero."""
    if arithmetic.flush_to_zero:
        return arithmetic.output.smallest_normal
    return 2 / arithmetic.accumulator.largest


@at_least(RADIUS_BITS)
def dS(S: Enclosure, P: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """dS = −P/S: 0 where P = 0; −inf where P > 0 meets S = 0. S off by ΔS moves it by |P|·ΔS/(S(S − ΔS))."""
    result = Entries(S.shape, arithmetic)
    growth, safe = arithmetic.growth(2), _smallest_safe(arithmetic)
    for i in range(S.shape[0]):
        for j in range(S.shape[1]):
            s, spread, mass = S.exact[i, j], S.radius[i, j], P.exact[i, j]
            if mass == 0:
                result.put_exactly((i, j), mp.mpf(0), mp.mpf(0))
            elif not (mp.isfinite(s) and mp.isfinite(spread)):
                result.uncertified((i, j))
            elif s == 0 and spread == 0:
                result.exact[i, j] = -mp.sign(mass) * mp.inf
            elif s - spread <= 0:
                result.uncertified((i, j))
            else:
                quotient, widest = abs(mass) / s, abs(mass) / (s - spread) * growth
                flushed = arithmetic.flush_to_zero and abs(mass) < arithmetic.output.smallest_normal
                lost = (1 + abs(mass)) * arithmetic.underflow * growth + (quotient if flushed else 0)
                threshold = arithmetic.output.largest * (1 + arithmetic.output.u)
                if abs(mass) / (s + spread) / growth > threshold * growth:
                    result.exact[i, j] = -mp.sign(mass) * mp.inf
                elif s - spread < safe:
                    result.uncertified((i, j))
                else:
                    result.put((i, j), -mass / s, widest - quotient + lost, max(widest, 1 / (s - spread)) + lost)
    return result.enclosure()


@at_least(RADIUS_BITS)
def forward(S: Enclosure, P: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """L (1, 1) = −Σ P·log S over the whole batch: each term one log, one product, np − 1 sums, and perhaps a mean."""
    result = Entries((1, 1), arithmetic)
    roundings = S.shape[0] * S.shape[1] + 2
    growth, E = arithmetic.growth(roundings), arithmetic.function_error
    exact = magnitude = widest = mp.mpf(0)
    infinities = set()
    for i, j, mass in nonzeros(P.exact):
        s, spread = S.exact[i, j], S.radius[i, j]
        if s == 0 and spread == 0:
            infinities.add(mp.sign(mass) * mp.inf)
            continue
        flushed = arithmetic.flush_to_zero and s - spread < arithmetic.output.smallest_normal
        if not (mp.isfinite(s) and mp.isfinite(spread)) or s - spread <= 0 or flushed:
            result.uncertified((0, 0))
            return result.enclosure()
        log_s = mp.log(s)
        exact -= mass * log_s
        magnitude += abs(mass * log_s)
        term = abs(mass) * arithmetic.stored(abs(log_s), (abs(log_s) - mp.log(1 - spread / s)) * (1 + E))
        widest += term + arithmetic.stored(term, mp.mpf(0))
        if arithmetic.flush_to_zero and abs(mass) < arithmetic.output.smallest_normal:
            widest += abs(mass * log_s)
    most = widest * growth + roundings * arithmetic.underflow * growth * (2 if arithmetic.flush_to_zero else 1)
    if infinities:
        certain = len(infinities) == 1 and most < arithmetic.accumulator.largest
        result.exact[0, 0], result.radius[0, 0] = (infinities.pop() if certain else mp.nan), mp.inf
    else:
        result.put((0, 0), exact, most - magnitude, most, opposing=lambda: (magnitude - abs(exact)) / 2 * growth)
    return result.enclosure()

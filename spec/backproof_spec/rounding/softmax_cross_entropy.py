"""softmax_cross_entropy: dZ = S·ΣP − P within Σ|P|((S+ΔS)(1+u)^N − S) + Θ_4|P|, and the loss through log S.

N = n + 4 admits the fused formula (n − 1 sums, a product, a difference) and the chain through −P/S by a reciprocal,
whose quotient S·(P/S) and difference meet four roundings. The loss takes the logarithm's spread of the softmax module.
A masked class without label adds 0 to the loss, and has the gradient 0; of one with a label nothing is claimed.
"""

from __future__ import annotations

from mpmath import mp

from backproof_spec.matrices import at_least, nonzeros
from backproof_spec.operations.softmax_cross_entropy import column_sums
from backproof_spec.rounding.enclosure import Enclosure, Entries
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic
from backproof_spec.rounding.softmax import columns


@at_least(RADIUS_BITS)
def dZ(Z: Enclosure, P: Enclosure, arithmetic: Arithmetic, *, fused: bool = False) -> Enclosure:
    """dZ (n, p) = S·ΣP − P; with ``fused``, S − P."""
    n, p = Z.shape
    result = Entries(Z.shape, arithmetic)
    growth, growth_P = arithmetic.growth(n + 4), arithmetic.growth(4)
    masses = [mp.mpf(1)] * p if fused else column_sums(P.exact)
    for j, column in enumerate(columns(Z, arithmetic)):
        labels = [P.exact[i, j] for i in range(n)]
        total = mp.mpf(1) if fused else sum((abs(value) for value in labels), mp.mpf(0))
        flushed = mp.mpf(0)
        if arithmetic.flush_to_zero:
            normal = arithmetic.output.smallest_normal
            flushed = 2 * sum((abs(value) for value in labels if abs(value) < normal), mp.mpf(0))
        for i in range(n):
            if column is None:
                result.uncertified((i, j))
                continue
            if column.masks(i):
                result.put_masked((i, j), mp.inf if labels[i] else total * growth)
                continue
            s, radius, mass = column.s[i], column.stored[i], abs(labels[i])
            below = arithmetic.underflow * (n + 6) * growth + flushed
            most = (total * (s + radius) + mass) * growth + below
            error = total * ((s + radius) * growth - s) + mass * (growth_P - 1) + below
            result.put((i, j), s * masses[j] - labels[i], error, max(most, total * growth))
    return result.enclosure()


@at_least(RADIUS_BITS)
def forward(Z: Enclosure, P: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """L (1, 1) = −Σ P·log softmax(Z) over the whole batch."""
    n, p = Z.shape
    result = Entries((1, 1), arithmetic)
    roundings = n * p + n + 2
    growth = arithmetic.growth(roundings)
    exact = magnitude = widest = largest_log = mp.mpf(0)
    found = [column for column in columns(Z, arithmetic) if column is not None]
    if len(found) < p:  # an unlabelled column too: 0·nan is nan
        result.uncertified((0, 0))
        return result.enclosure()
    for column in found:  # a shifted logit overflows where a column's logits span more than the format does
        largest_log = max(largest_log, *(abs(log) * growth for log in column.log_s if mp.isfinite(log)))
    for i, j, mass in nonzeros(P.exact):
        column = found[j]
        if column.masks(i):
            result.uncertified((0, 0))
            return result.enclosure()
        exact -= mass * column.log_s[i]
        magnitude += abs(mass * column.log_s[i])
        term = abs(mass) * (abs(column.log_s[i]) + column.log_radius[i])
        widest += term + arithmetic.stored(term, mp.mpf(0))
        if arithmetic.flush_to_zero and abs(mass) < arithmetic.output.smallest_normal:
            widest += abs(mass * column.log_s[i])
    most = widest * growth + roundings * arithmetic.underflow * growth * (2 if arithmetic.flush_to_zero else 1)
    result.put(
        (0, 0),
        exact,
        most - magnitude,
        max(most, largest_log),
        opposing=lambda: (magnitude - abs(exact)) / 2 * growth,
    )
    return result.enclosure()

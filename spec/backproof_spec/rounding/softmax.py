"""softmax: an enclosure wide enough for exp(x − m)/Σ with any shift m, and for exp(log_softmax) shifted by the maximum.

Per column, with d_i = max x − x_i, σ = Σ e^{−d_j}, E = 2cu/(1 − 2cu) for exp accurate to c ulp, and a shift m that
lies t below the largest logit: the argument t − d_i is off by ρ_i = u·|t − d_i|, and each x_i by its own Δ_i, so that
with w_i = e^{Δ_i+ρ_i}(1+E) an exponential lies between e^{t−d_i}/w_i and e^{t−d_i}·w_i, up to ν = ω(1+E)² of the sum
where it underflows. It is a term of that sum, so its share lies between

    f⁻ = (S_i/w_i)/(S_i/w_i + Σ_{j≠i} S_j·w_j)   and   f⁺ = S_i·w_i/(S_i·w_i + Σ_{j≠i} S_j/w_j),   and

    (f⁻(1−nν) − ν)(1−u)²/(1+u)^{n−1} − η/2  ≤  Ŝ_i  ≤  κ(f⁺(1+nν) + ν)(1+u)²/(1−u)^{n−1} + η/2

(two roundings, so that multiplying by a reciprocal is admitted too). Of all t the worst is 0 or min(max d, log Ω), but
for a factor κ of second order. Through the logarithm the argument of the last exp is off by
δ_i = ρ_i + λ + E(log σ + λ) + u(d_i + log σ + λ) for t = 0, λ being what log Σ is off by: Ŝ_i/S_i lies between
e^{−δ_i}/(1+E) and e^{δ_i}(1+E). Whatever the inputs, a computed probability is at most (1+E)²(1+u)^{n+4}·n^E, since its
exponential is a term of the computed sum.

A logit that is −inf, and known, is a term 0 of the sum: its probability and its derivative are 0, the other classes are
bounded as if it were not there.

Not admitted: exp(x − logsumexp x) with the shift added back, whose error u·|max x| knows no bound.

Reference: Blanchard, Higham & Higham 2021, §3 and §4 (their bounds to first order; these hold without O(u²)).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from mpmath import mp

from backproof_spec.matrices import Number, at_least, from_entries
from backproof_spec.operations import softmax
from backproof_spec.rounding.enclosure import Enclosure, Entries, is_masked
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic


@dataclass(frozen=True)
class Column:
    """One column: exact probabilities and logarithms, and how far computed ones may be from them.

    ``radius`` is that of probabilities as their kernel computes them; ``stored`` and ``log_radius`` are those of
    probabilities and logarithms that were stored in the output format before they are used.
    """

    s: list[Number]
    log_s: list[Number]
    radius: list[Number]
    stored: list[Number]
    log_radius: list[Number]

    def masks(self, i: int) -> bool:
        """Is the logit −inf, and the probability 0 for certain?"""
        return bool(self.log_s[i] == -mp.inf)


def _others(values: list[Number]) -> list[Number]:
    """For each entry the sum of all others, without the cancellation of subtracting it from the whole."""
    before, after = (accumulate(each[:-1], initial=mp.mpf(0)) for each in (values, values[::-1]))
    return [a + b for a, b in zip(before, list(after)[::-1], strict=True)]


def _shares(s: list[Number], w: list[Number]) -> list[tuple[Number, Number]]:
    """(f⁻, f⁺): the least and the largest share that each term can have in the sum, S_j being off by a factor w_j."""
    most, least = [p * q for p, q in zip(s, w, strict=True)], [p / q for p, q in zip(s, w, strict=True)]
    rows = zip(least, most, _others(least), _others(most), strict=True)
    return [(low / (low + above), high / (high + below)) for low, high, below, above in rows]


def _gaps(x: list[Number], spread: list[Number]) -> list[tuple[Number, Number]]:
    """(least, most) that each logit can lie below the largest."""

    def below(others: list[Number], own: list[Number]) -> list[Number]:
        second, first = sorted([-mp.inf, *others])[-2:]
        tops = (second if value == first else first for value in others)
        return [max(mp.mpf(0), top - value) for top, value in zip(tops, own, strict=True)]

    low, high = [v - r for v, r in zip(x, spread, strict=True)], [v + r for v, r in zip(x, spread, strict=True)]
    return list(zip(below(low, high), below(high, low), strict=True))


def _column(x: list[Number], spread: list[Number], s: list[Number], arithmetic: Arithmetic) -> Column:
    """The bounds above for one column, in the accumulator."""
    n, u, E = len(x), arithmetic.u, arithmetic.function_error
    nu = arithmetic.accumulator.smallest_normal * (1 + E) ** 2
    flushed = arithmetic.output.smallest_normal if arithmetic.flush_to_zero else mp.mpf(0)  # the larger of the two
    up, down = (1 - u) ** (n - 1 + 2 * arithmetic.rescaled), arithmetic.growth(n - 1)
    gaps, uncertain = _gaps(x, spread), any(spread)
    moved = [mp.exp(r) if r else mp.mpf(1) for r in spread]
    exact = _shares(s, moved) if uncertain else [(p, p) for p in s]  # softmax of every x within its Δ

    def factors(t: Number) -> list[Number]:
        """e^{ρ_i}(1+E) for a shift t below the largest logit."""
        return [mp.exp(u * max(abs(t - near), abs(t - far)) + 3 * flushed) * (1 + E) for near, far in gaps]

    w = factors(mp.mpf(0))
    reach = min(max(far for _, far in gaps), mp.log(arithmetic.accumulator.largest))
    shifts = [w, factors(reach)] if reach else [w]
    shares = [_shares(s, [a * b for a, b in zip(each, moved, strict=True)]) for each in shifts]
    kappa = 1 / (1 - (u * reach) ** 2 * mp.exp(4 * u * reach) / 2)
    # λ, and what the argument of the last exp is off by.
    most = 1 + sum((high * (q - 1) for (_, high), q in zip(exact, w, strict=True)), mp.mpf(0))
    least = 1 - sum((high * (1 - 1 / q) for (_, high), q in zip(exact, w, strict=True)), mp.mpf(0))
    log_sum = mp.log(max(most * (1 + n * nu) * down, 1 / (max(least, 1 / max(w)) * (1 - n * nu) * up)))
    log_sigma = min(mp.log(n), -mp.log(max(low for low, _ in exact))) + log_sum
    lost = nu * (1 + u) ** 2 / up * kappa + arithmetic.underflow
    ceiling = (1 + E) ** 2 * arithmetic.growth(n + 4) * mp.exp(E * mp.log(n)) + nu
    top, log_top = max(x), mp.log(max(s))
    radius, stored, logs, log_radius = [], [], [], []
    for i, (p, (least, most)) in enumerate(zip(s, exact, strict=True)):
        low = min(each[i][0] for each in shares) * (1 - n * nu) * (1 - u) ** 2 / down
        high = max(each[i][1] for each in shares) * (1 + n * nu) * (1 + u) ** 2 / up * kappa
        size = gaps[i][1] + log_sigma
        delta = (u * gaps[i][1] + 3 * flushed + log_sum + E * log_sigma + u * size) * (1 + u) ** 2
        stored_delta = arithmetic.stored(size, delta)
        through_log = through_stored_log = _apart(p, least, most, mp.exp(delta) * (1 + E)) + nu
        if stored_delta > delta:
            through_stored_log = _apart(p, least, most, mp.exp(stored_delta) * (1 + E)) + nu
        radius.append(min(max(max(high - p, p - low) + lost, through_log), ceiling))
        stored.append(min(max(arithmetic.stored(p, radius[i]), through_stored_log), 2 * ceiling))
        # The logarithm of a computed probability is as good as the fused logarithm while nothing underflows.
        unfused = mp.mpf(0)
        if low > 2 * max(nu, arithmetic.output.smallest_normal):
            unfused = mp.log(max(high / p, p / low)) + 2 * arithmetic.stored(p, mp.mpf(0)) / p
            unfused = arithmetic.stored(size, unfused + E * (size + unfused))
        logs.append(x[i] - top + log_top)
        log_radius.append(max(stored_delta + (mp.log(max(most / p, p / least)) if uncertain else 0), unfused))
    return Column(s, logs, radius, stored, log_radius)


def _apart(p: Number, least: Number, most: Number, factor: Number) -> Number:
    """How far from p anything between ``least`` and ``most``, off by a factor, can be."""
    return max(most * factor - p, p - least / factor)


@at_least(RADIUS_BITS)
def columns(Z: Enclosure, arithmetic: Arithmetic) -> list[Column | None]:
    """Every column's bounds in the accumulator; None for a column about which nothing is certain."""
    n, p = Z.shape
    pairs = [[(Z.exact[i, j], Z.radius[i, j]) for i in range(n)] for j in range(p)]
    kept = [[i for i, pair in enumerate(column) if not is_masked(*pair)] for column in pairs]
    certain = [j for j in range(p) if kept[j] and all(mp.isfinite(x) for i in kept[j] for x in pairs[j][i])]
    known = {(i, k): Z.exact[i, j] for k, j in enumerate(certain) for i in range(n)}
    S = softmax.forward(from_entries(n, len(certain), known))
    found: list[Column | None] = [None] * p
    for k, j in enumerate(certain):
        x, spread = ([pairs[j][i][part] for i in kept[j]] for part in (0, 1))
        column = _column(x, spread, [S[i, k] for i in kept[j]], arithmetic)
        found[j] = column if len(kept[j]) == n else _masked(column, kept[j], n)
    return found


def _masked(column: Column, kept: list[int], n: int) -> Column:
    """The bounds of all n classes, from those of the classes that are not masked: S = 0 at the others, log S = −inf."""

    def among(values: list[Number], masked: Number) -> list[Number]:
        own = dict(zip(kept, values, strict=True))
        return [own.get(i, masked) for i in range(n)]

    zero = mp.mpf(0)
    others = (among(each, zero) for each in (column.radius, column.stored, column.log_radius))
    return Column(among(column.s, zero), among(column.log_s, -mp.inf), *others)


@at_least(RADIUS_BITS)
def forward(Z: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """S = softmax(Z)."""
    result = Entries(Z.shape, arithmetic)
    for j, column in enumerate(columns(Z, arithmetic)):
        for i in range(Z.shape[0]):
            if column is None:
                result.uncertified((i, j))
            elif column.masks(i):
                result.put_masked((i, j), mp.mpf(0))
            else:
                result.put((i, j), column.s[i], column.radius[i], column.s[i] + column.radius[i])
    return result.enclosure()


@at_least(RADIUS_BITS)
def dZ(Z: Enclosure, dS: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """dZ = S∘(dS − 1·(1ᵀ(S∘dS))), over the monomials S_i·G_i and S_i·S_j·G_j with N = n + 2, and S, stored, off by ΔS.

    Not |J|ᵀ|G|: diag(s) − s·sᵀ cancels on its diagonal (witness: x = [40, 0], g = [1, 0.3]).
    """
    n = Z.shape[0]
    result = Entries(Z.shape, arithmetic)
    growth, lost = arithmetic.growth(n + 2), arithmetic.underflow
    operations = 2 * n + 2 if arithmetic.flush_to_zero else n + 2
    for j, column in enumerate(columns(Z, arithmetic)):
        g = [dS.exact[i, j] for i in range(n)]
        wide_g = [abs(dS.exact[i, j]) + dS.radius[i, j] for i in range(n)]
        if column is None or not all(mp.isfinite(value) for value in (*g, *wide_g)):
            for i in range(n):
                result.uncertified((i, j))
            continue
        s = column.s
        wide = [a + radius for a, radius in zip(s, column.stored, strict=True)]
        inner = sum((a * b for a, b in zip(s, g, strict=True)), mp.mpf(0))
        magnitude = sum((a * abs(b) for a, b in zip(s, g, strict=True)), mp.mpf(0))
        widest = sum((a * b for a, b in zip(wide, wide_g, strict=True)), mp.mpf(0))
        # A product S_i·S_j may underflow before it meets G_j, or S_j·G_j before it meets S_i.
        below = lost * (operations * (1 + max(wide)) + sum(wide_g)) * growth
        for i in range(n):
            largest = max(wide_g[i] + widest, widest, wide[i] * (wide_g[i] + widest)) * growth + below
            if column.masks(i):
                result.put_masked((i, j), largest)
                continue
            error = wide[i] * (wide_g[i] + widest) * growth - s[i] * (abs(g[i]) + magnitude) + below
            result.put((i, j), s[i] * (g[i] - inner), error, largest)
    return result.enclosure()

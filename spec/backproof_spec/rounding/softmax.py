"""softmax: an enclosure wide enough for exp(x − max)/Σ and for exp(log_softmax), so that nobody declares an algorithm.

Per column, with d_i = max x − x_i, σ = Σ e^{−d_j}, E = 2cu/(1 − 2cu) for exp accurate to c ulp, ρ_i the uncertainty of
the shifted argument (u·d_i, and the input's own Δ), 1 + r_i = e^{ρ_i}(1+E), R = Σ S_j r_j, ν = ω(1+E),
D = (1+R+nν)(1+u)^{n−1} − 1:

    S_i(1−u)²/((1+r_i)(1+D)) − ν − η/2  ≤  Ŝ_i  ≤  (S_i(1+r_i)+ν)(1+u)²/(1−D) + η/2

(two roundings, so that multiplying by a reciprocal is admitted too). Through the logarithm the argument of the last exp
is off by δ_i = ρ_i + D/(1−D) + E(log σ + D/(1−D)) + u(d_i + log σ + …), and Ŝ_i/S_i lies between e^{−δ_i}/(1+E) and
e^{δ_i}(1+E). Where D ≥ 1, σ̂/σ ≥ (1/(1 + max r) − nν)(1−u)^{n−1} takes the place of 1 − D; and whatever the inputs, a
computed probability is at most (1+E)²(1+u)^{n+4}·n^E, since its exponential is a term of the computed sum.

Not admitted: exp(x − logsumexp x) with the maximum added back, whose error u·|max x| knows no bound.

Reference: Blanchard, Higham & Higham 2021, §3 and §4 (their bounds to first order; these hold without O(u²)).
"""

from __future__ import annotations

from dataclasses import dataclass

from mpmath import mp

from backproof_spec.matrices import Number, at_least, from_entries
from backproof_spec.operations import softmax
from backproof_spec.rounding.enclosure import Enclosure, Entries
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


def _column(x: list[Number], spread: list[Number], s: list[Number], arithmetic: Arithmetic) -> Column | None:
    """The bounds above for one column, in the accumulator; None where nothing can be said."""
    n, u, E = len(x), arithmetic.u, arithmetic.function_error
    nu = arithmetic.accumulator.smallest_normal * (1 + E)
    top, slack = max(x), 2 * max(spread)
    d = [top - value for value in x]
    flushed = arithmetic.output.smallest_normal if arithmetic.flush_to_zero else mp.mpf(0)  # the larger of the two
    rho = [r + u * (gap + slack) + 3 * flushed for gap, r in zip(d, spread, strict=True)]
    r = [mp.exp(value) * (1 + E) - 1 for value in rho]
    nu *= mp.exp(slack)
    D = (1 + sum(p * q for p, q in zip(s, r, strict=True)) + n * nu) * arithmetic.growth(n - 1) - 1
    least_sum = 1 - D if D < 1 else (1 / (1 + max(r)) - n * nu) * (1 - u) ** (n - 1)
    if not least_sum > 0:
        return None
    log_sigma = -mp.log(max(s))
    log_sum_error = D / (1 - D) if D < 1 else max(mp.log(1 + D), -mp.log(least_sum))
    ceiling = (1 + E) ** 2 * arithmetic.growth(n + 4) * mp.exp(E * mp.log(n)) + nu
    radius, stored, logs, log_radius = [], [], [], []
    for i in range(n):
        high = (s[i] * (1 + r[i]) + nu) * (1 + u) ** 2 / least_sum + arithmetic.underflow
        low = s[i] * (1 - u) ** 2 / ((1 + r[i]) * (1 + D)) - nu - arithmetic.underflow
        total = log_sigma + log_sum_error + slack
        delta = (rho[i] + log_sum_error + E * total + u * (d[i] + slack + total)) * (1 + u) ** 2
        stored_delta = arithmetic.stored(d[i] + total, delta)
        through_log, through_stored_log = (s[i] * (mp.exp(x) * (1 + E) - 1) + nu for x in (delta, stored_delta))
        radius.append(min(max(high - s[i], s[i] - low, through_log), ceiling))
        stored.append(min(max(arithmetic.stored(s[i], radius[i]), through_stored_log), 2 * ceiling))
        # The logarithm of a computed probability is as good as the fused logarithm while nothing underflows.
        unfused = mp.mpf(0)
        if s[i] * (1 - D) > 2 * max(nu, arithmetic.output.smallest_normal) * (1 + r[i]):
            unfused = mp.log(1 + r[i]) + D + log_sum_error + 3 * u
            unfused += 2 * arithmetic.stored(s[i], mp.mpf(0)) / s[i]
            unfused += E * (d[i] + total + unfused)
            unfused = arithmetic.stored(d[i] + total, unfused)
        logs.append(-(d[i] + log_sigma))
        log_radius.append(max(stored_delta, unfused))
    return Column(s, logs, radius, stored, log_radius)


@at_least(RADIUS_BITS)
def columns(Z: Enclosure, arithmetic: Arithmetic) -> list[Column | None]:
    """Every column's bounds in the accumulator; None for a column about which nothing is certain."""
    n, p = Z.shape
    certain = [j for j in range(p) if all(mp.isfinite(Z.exact[i, j]) and mp.isfinite(Z.radius[i, j]) for i in range(n))]
    finite = {(i, k): Z.exact[i, j] for k, j in enumerate(certain) for i in range(n)}
    S = softmax.forward(from_entries(n, len(certain), finite))
    found: list[Column | None] = [None] * p
    for k, j in enumerate(certain):
        x, spread = [Z.exact[i, j] for i in range(n)], [Z.radius[i, j] for i in range(n)]
        found[j] = _column(x, spread, [S[i, k] for i in range(n)], arithmetic)
    return found


@at_least(RADIUS_BITS)
def forward(Z: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """S = softmax(Z)."""
    result = Entries(Z.shape, arithmetic)
    for j, column in enumerate(columns(Z, arithmetic)):
        for i in range(Z.shape[0]):
            if column is None:
                result.uncertified((i, j))
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
            error = wide[i] * (wide_g[i] + widest) * growth - s[i] * (abs(g[i]) + magnitude) + below
            result.put((i, j), s[i] * (g[i] - inner), error, largest)
    return result.enclosure()

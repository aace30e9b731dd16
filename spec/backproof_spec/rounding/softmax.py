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

from functools import cached_property
from itertools import accumulate

from mpmath import mp

from backproof_spec.matrices import Number, at_least, from_entries
from backproof_spec.operations import softmax
from backproof_spec.rounding.enclosure import Enclosure, Entries, is_masked
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic

_SMALL = mp.ldexp(mp.mpf(1), -40)


def _grown(t: Number) -> Number:
    """e^t for t ≥ 0; of a small t what is little more, 1 + t + t²."""
    return 1 + t + t * t if t < _SMALL else mp.exp(t)


def _logarithm(q: Number) -> Number:
    """log q for q ≥ 1; near 1 what is little more, q − 1."""
    return q - 1 if q - 1 < _SMALL else mp.log(q)


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


class Column:
    """One column: exact probabilities and logarithms, and the bounds above of computed ones.

    ``radius`` is that of probabilities as their kernel computes them; ``stored`` and ``log_radius`` are those of
    probabilities and logarithms that were stored in the output format before they are used. A masked class has the
    probability 0 and the logarithm −∞; the others are bounded as if it were not there.
    """

    @at_least(RADIUS_BITS)
    def __init__(self, x: list[Number], spread: list[Number], s: list[Number], arithmetic: Arithmetic) -> None:
        """Of logits off by ``spread``, whose softmax is s; in the accumulator."""
        self.s, self._kept = s, [i for i, pair in enumerate(zip(x, spread, strict=True)) if not is_masked(*pair)]
        x, spread, s = ([each[i] for i in self._kept] for each in (x, spread, s))
        n, u, E = len(x), arithmetic.u, arithmetic.function_error
        self._s, self._arithmetic, self._E, self._uncertain = s, arithmetic, E, any(spread)
        self._nu = nu = arithmetic.accumulator.smallest_normal * (1 + E) ** 2
        flushed = arithmetic.output.smallest_normal if arithmetic.flush_to_zero else mp.mpf(0)  # the larger of the two
        up, down = (1 - u) ** (n - 1 + 2 * arithmetic.rescaled), arithmetic.growth(n - 1)
        gaps = _gaps(x, spread)
        moved = [_grown(r) for r in spread]
        self._exact = _shares(s, moved) if self._uncertain else [(p, p) for p in s]  # softmax of every x within its Δ

        def factors(t: Number) -> list[Number]:
            """e^{ρ_i}(1+E) for a shift t below the largest logit."""
            return [_grown(u * max(abs(t - near), abs(t - far)) + 3 * flushed) * (1 + E) for near, far in gaps]

        w = factors(mp.mpf(0))
        reach = min(max(far for _, far in gaps), mp.log(arithmetic.accumulator.largest))
        shifts = [w, factors(reach)] if reach else [w]
        shares = [_shares(s, [a * b for a, b in zip(each, moved, strict=True)]) for each in shifts]
        kappa = 1 / (1 - (u * reach) ** 2 * mp.exp(4 * u * reach) / 2)
        # λ, and what the argument of the last exp is off by.
        most = 1 + sum((high * (q - 1) for (_, high), q in zip(self._exact, w, strict=True)), mp.mpf(0))
        least = 1 - sum((high * (1 - 1 / q) for (_, high), q in zip(self._exact, w, strict=True)), mp.mpf(0))
        log_sum = mp.log(max(most * (1 + n * nu) * down, 1 / (max(least, 1 / max(w)) * (1 - n * nu) * up)))
        log_sigma = min(mp.log(n), -mp.log(max(low for low, _ in self._exact))) + log_sum
        self._sizes = [far + log_sigma for _, far in gaps]
        own, twice = 3 * flushed + log_sum + E * log_sigma, (1 + u) ** 2
        self._deltas = [(u * (far + size) + own) * twice for (_, far), size in zip(gaps, self._sizes, strict=True)]
        below, above = (1 - n * nu) * (1 - u) ** 2 / down, (1 + n * nu) * (1 + u) ** 2 / up * kappa
        self._low = [min(low for low, _ in each) * below for each in zip(*shares, strict=True)]
        self._high = [max(high for _, high in each) * above for each in zip(*shares, strict=True)]
        self._ceiling = (1 + E) ** 2 * arithmetic.growth(n + 4) * mp.exp(E * mp.log(n)) + nu
        lost = nu * (1 + u) ** 2 / up * kappa + arithmetic.underflow
        self._through_log = self._through(self._deltas)
        direct = (max(high - p, p - low) + lost for p, low, high in zip(s, self._low, self._high, strict=True))
        self._radius = [min(max(each), self._ceiling) for each in zip(direct, self._through_log, strict=True)]
        top, log_top = max(x), mp.log(max(s))
        self.radius, self.log_s = self._all(self._radius), self._all([v - top + log_top for v in x], masked=-mp.inf)

    def masks(self, i: int) -> bool:
        """Is the logit −inf, and the probability 0 for certain?"""
        return bool(self.log_s[i] == -mp.inf)

    def _all(self, values: list[Number], masked: Number = mp.zero) -> list[Number]:
        """Those of all classes, from those of the classes that are not masked."""
        own = dict(zip(self._kept, values, strict=True))
        return [own.get(i, masked) for i in range(len(self.s))]

    def _through(self, deltas: list[Number]) -> list[Number]:
        """How far exp(log S) can be from S, where log S is off by so much."""
        found = (_grown(delta) * (1 + self._E) for delta in deltas)
        rows = zip(self._s, self._exact, found, strict=True)
        return [max(most * factor - p, p - least / factor) + self._nu for p, (least, most), factor in rows]

    @cached_property
    def _stored_deltas(self) -> list[Number]:
        return [self._arithmetic.stored(*each) for each in zip(self._sizes, self._deltas, strict=True)]

    @cached_property
    @at_least(RADIUS_BITS)
    def stored(self) -> list[Number]:
        """How far probabilities are off once they are stored."""
        through_log = self._through_log
        if self._stored_deltas != self._deltas:
            through_log = self._through(self._stored_deltas)
        kept = (self._arithmetic.stored(p, radius) for p, radius in zip(self._s, self._radius, strict=True))
        return self._all([min(max(each), 2 * self._ceiling) for each in zip(kept, through_log, strict=True)])

    @cached_property
    @at_least(RADIUS_BITS)
    def log_radius(self) -> list[Number]:
        """How far logarithms are off, fused or of a probability that was stored."""
        arithmetic, found = self._arithmetic, []
        rows = zip(self._s, self._exact, self._low, self._high, self._sizes, self._stored_deltas, strict=True)
        for p, (least, most), low, high, size, delta in rows:
            # The logarithm of a computed probability is as good as the fused logarithm while nothing underflows.
            unfused = mp.mpf(0)
            if low > 2 * max(self._nu, arithmetic.output.smallest_normal):
                unfused = _logarithm(max(high / p, p / low)) + 2 * arithmetic.stored(p, mp.mpf(0)) / p
                unfused = arithmetic.stored(size, unfused + self._E * (size + unfused))
            moved = _logarithm(max(most / p, p / least)) if self._uncertain else 0
            found.append(max(delta + moved, unfused))
        return self._all(found)


@at_least(RADIUS_BITS)
def columns(Z: Enclosure, arithmetic: Arithmetic) -> list[Column | None]:
    """Every column's bounds in the accumulator; None for a column about which nothing is certain."""
    n, p = Z.shape
    pairs = [[(Z.exact[i, j], Z.radius[i, j]) for i in range(n)] for j in range(p)]
    own = [[x for pair in column if not is_masked(*pair) for x in pair] for column in pairs]
    certain = [j for j in range(p) if own[j] and all(mp.isfinite(x) for x in own[j])]
    known = {(i, k): Z.exact[i, j] for k, j in enumerate(certain) for i in range(n)}
    S = softmax.forward(from_entries(n, len(certain), known))
    found: list[Column | None] = [None] * p
    for k, j in enumerate(certain):
        x, spread = map(list, zip(*pairs[j], strict=True))
        found[j] = Column(x, spread, [S[i, k] for i in range(n)], arithmetic)
    return found


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

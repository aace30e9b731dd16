"""relu: nothing is rounded. A pre-activation whose sign is not certain admits either branch.

Under flush-to-zero a subnormal may be read or returned as zero.
"""

from __future__ import annotations

from mpmath import mp

from backproof_spec.matrices import EXACT_BITS, Matrix, Number, at_least, from_entries
from backproof_spec.rounding.enclosure import Enclosure, Entries, is_masked
from backproof_spec.rounding.formats import Arithmetic


def _flush(value: Number, radius: Number, arithmetic: Arithmetic) -> Number:
    """|value| where flush-to-zero may drop it, else 0."""
    may = arithmetic.flush_to_zero and abs(value) - radius < arithmetic.output.smallest_normal
    return abs(value) if may else mp.mpf(0)


@at_least(EXACT_BITS)
def forward(Z: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """Y = max(Z, 0), which is as certain as Z where it is positive, and at most max(Z + ΔZ, 0) elsewhere."""
    result = Entries(Z.shape, arithmetic)
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            z, radius = Z.exact[i, j], Z.radius[i, j]
            if is_masked(z, radius) or (mp.isfinite(radius) and mp.isfinite(z)):
                most = radius if z > 0 else max(z + radius, mp.mpf(0))
                result.put_exactly((i, j), max(z, mp.mpf(0)), most + _flush(z, radius, arithmetic))
            else:
                result.uncertified((i, j))
    return result.enclosure()


def _slope(z: Number, spread: Number, arithmetic: Arithmetic, at_zero: float) -> tuple[Number, bool]:
    """ReLU′(z), and whether the sign of a z off by ``spread`` is certain: where not, the other branch is admitted."""
    certain = abs(z) > spread or (z == 0 and spread == 0)
    if arithmetic.flush_to_zero and abs(z) - spread < arithmetic.output.smallest_normal and z != 0:
        certain = False
    return mp.mpf(1 if z > 0 else 0 if z < 0 else at_zero), certain


def slopes(Z: Enclosure, arithmetic: Arithmetic, at_zero: float) -> tuple[Matrix, Matrix]:
    """1[Z ≥ 0] as a factor that is certainly, and one that is possibly there: the slopes, 0 and 1 where uncertain."""
    rows, columns = Z.shape
    places = [(i, j) for i in range(rows) for j in range(columns)]
    found = {place: _slope(Z.exact[place], Z.radius[place], arithmetic, at_zero) for place in places}
    sure = {place: slope if certain else mp.mpf(0) for place, (slope, certain) in found.items()}
    possible = {place: slope if certain else mp.mpf(1) for place, (slope, certain) in found.items()}
    return from_entries(rows, columns, sure), from_entries(rows, columns, possible)


@at_least(EXACT_BITS)
def dZ(Z: Enclosure, dY: Enclosure, arithmetic: Arithmetic, at_zero: float = 1) -> Enclosure:
    """dZ = dY∘1[Z ≥ 0]: exactly dY or 0 where the sign of Z is certain, between the two where it is not.

    The sign is certain when |z| > Δz, and at z = 0 when Δz = 0: there the declared convention is demanded.
    """
    result = Entries(Z.shape, arithmetic)
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            z, spread, g, r = Z.exact[i, j], Z.radius[i, j], dY.exact[i, j], dY.radius[i, j]
            if not all(mp.isfinite(x) for x in (g, r, *(() if is_masked(z, spread) else (z, spread)))):
                result.uncertified((i, j))
                continue
            slope, certain = _slope(z, spread, arithmetic, at_zero)
            if not certain:
                result.put_exactly((i, j), slope * g, abs(g) + r)
                continue
            error = slope * r + _flush(g, r, arithmetic)
            if slope not in (0, 1):
                form = arithmetic.output
                lost = form.smallest_normal if arithmetic.flush_to_zero else form.smallest_subnormal / 2
                twice = (1 + form.u) ** 2 - 1  # the slope's own rounding, and the product's
                error += (twice * slope * (abs(g) + r) + lost) * (1 + mp.ldexp(mp.mpf(1), -60))
            result.put_exactly((i, j), slope * g, error)
    return result.enclosure()

"""Exact value + bound + computed value → verdict. Nothing here is tuned: an entry lies within its bound or it does not.

``entries`` judges what an implementation computed against the bound of each entry, ``enclosed`` against an enclosure
of the spec's rounding module.
``agree`` judges two values inside the spec against each other, to within a derived error of high-precision arithmetic.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from mpmath import mp

from backproof_properties.arrays import Array, decimal
from backproof_properties.results import Finding, Judged, Observation
from backproof_spec.language.evaluating import Place
from backproof_spec.matrices import EXACT_BITS, TRANSCENDENTAL_BITS, Matrix, Number, constant, from_entries, shape
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import FORMATS

JUDGE_BITS = 2 * EXACT_BITS
"""Differences between a float and an exact value are taken at this precision: exactly, if that is one of 2⁻⁴⁴⁰⁰."""
DIGITS, _LONG = 20, 10**9
"""Exact values are printed to this many digits."""
LARGEST_SHOWN = 256
"""Entries of an output that are kept one by one in a finding."""


class Refuted(Exception):
    """A counterexample to a claim."""

    def __init__(self, finding: Finding) -> None:
        """Keep the finding; its message is the exception's."""
        super().__init__(finding.message)
        self.finding = finding


def working_error(roundings: int) -> Number:
    """Nu/(1 − Nu) ≥ Θ_N at the precision the spec evaluates exp and log at (Higham 2002, Lemma 3.1)."""
    total = mp.ldexp(mp.mpf(roundings), -TRANSCENDENTAL_BITS)
    return total / (1 - total)


def shown(value: Number) -> str:
    """A number in so many digits; a short fraction as it is."""
    if isinstance(value, Fraction):
        return str(value) if value.denominator < _LONG else shown(mp.mpf(value.numerator) / value.denominator)
    if mp.isinf(value):
        return "+inf" if value > 0 else "-inf"  # mpmath 1.3 and 1.4 differ
    return str(mp.nstr(value, DIGITS))


def agree(
    name: str, found: Matrix, expected: Matrix, error: Matrix | Number = 0, scale: Matrix | None = None
) -> Observation:
    """|found − expected| ≤ error, entry by entry; ``worst`` is the largest of it ÷ scale (default: |expected|)."""
    seen = Observation()
    if shape(found) != shape(expected):
        raise Refuted(Finding(f"{name}: shape {shape(found)}, expected {shape(expected)}", name, {}))
    with mp.workprec(JUDGE_BITS):
        for i in range(expected.rows):
            for j in range(expected.cols):
                difference = abs(found[i, j] - expected[i, j])
                bound = error[i, j] if hasattr(error, "rows") else mp.mpf(error)
                seen.entries += 1
                if difference == 0:
                    continue
                size = (abs(expected[i, j]) if scale is None else scale[i, j]) or mp.mpf(1)
                if not difference <= bound:
                    message = (
                        f"{name}[{i}, {j}]: {shown(found[i, j])}, expected {shown(expected[i, j])} "
                        f"to within {mp.nstr(bound, 3)}"
                    )
                    raise Refuted(
                        Finding(
                            message,
                            name,
                            {},
                            (i, j),
                            shown(expected[i, j]),
                            shown(found[i, j]),
                            _ratio(difference, bound),
                        )
                    )
                seen.worst = max(seen.worst, float(difference / size))
    return seen


def centred(name: str, enclosure: Enclosure, formula: Matrix) -> Observation:
    """The centre an implementation is judged against is the formula's value: far closer to it than the radius."""
    certified = {(i, j) for i in range(formula.rows) for j in range(formula.cols) if _certified(enclosure, i, j)}
    values = {place: enclosure.exact[place] for place in certified}
    wanted = {place: formula[place] for place in certified}
    with mp.workprec(JUDGE_BITS):
        error = {place: mp.ldexp(enclosure.radius[place], -_CENTRE_BITS) for place in certified}
        parts = (from_entries(formula.rows, formula.cols, part) for part in (values, wanted, error))
        found, expected, bound = parts
        return agree(f"centre of {name}", found, expected, bound, constant(formula, mp.inf))


_CENTRE_BITS = 60
"""Radii are inflated by 2⁻⁶⁰ of themselves for the rounding of their centres."""


def _certified(enclosure: Enclosure, i: int, j: int) -> bool:
    return bool(mp.isfinite(enclosure.exact[i, j]) and mp.isfinite(enclosure.radius[i, j]))


def entries(
    name: str,
    computed: Array,
    places: Iterable[Place],
    bound: Callable[[Place], tuple[Number, Number] | None],
    normal: Callable[[Number, Number], bool],
    seen: Observation,
) -> list[float]:
    """Each of these entries lies within its bound, an exact value and a radius, or is the infinity that is demanded.

    ``bound`` gives both as numbers of mpmath, and none of what is uncertified. Returned is how small an error is sure
    to be seen, of each entry that is ``normal``. Raises ``Refuted`` at the entry whose error is most bounds.
    """
    worst: tuple[Number, Place, Number, Number] | None = None
    thresholds: list[float] = []
    for place in places:
        known = bound(place)
        if known is None:
            seen.uncertified += 1
            continue
        exact, radius = known
        seen.entries += 1
        excess, ratio = _excess(float(computed[place]), exact, radius)
        if excess is None:
            seen.worst = max(seen.worst, ratio)
            if normal(exact, radius):
                thresholds.append(float(2 * radius / abs(exact)))
        elif worst is None or excess > worst[0]:
            worst = excess, place, exact, radius
    if worst is not None:
        raise Refuted(_finding(name, computed, *worst))
    return thresholds


def enclosed(name: str, computed: Array, enclosure: Enclosure) -> Observation:
    """Every entry of ``computed`` lies within its bound. A vector is judged as the column it is. Raises ``Refuted``."""
    if computed.size != np.prod(enclosure.shape) or (*computed.shape, 1, 1)[:2] != enclosure.shape:
        msg = f"{name} has the shape {computed.shape}, its bounds {enclosure.shape}: expected the same"
        raise ValueError(msg)
    seen = Observation()
    least = FORMATS[computed.dtype.name].smallest_normal if computed.dtype.name in FORMATS else mp.mpf(0)

    def normal(exact: Number, _: Number) -> bool:
        return bool(mp.isfinite(exact) and exact and abs(exact) >= least)

    def bound(place: Place) -> tuple[Number, Number] | None:
        i, j = (*place, 0, 0)[:2]
        exact, radius = enclosure.exact[i, j], enclosure.radius[i, j]
        return None if mp.isfinite(exact) and not mp.isfinite(radius) else (exact, radius)

    with mp.workprec(JUDGE_BITS):
        try:
            thresholds = entries(name, computed, np.ndindex(computed.shape), bound, normal, seen)
        except Refuted as refuted:
            raise Refuted(replace(refuted.finding, judged=_judged(computed, enclosure))) from None
    seen.thresholds += [statistics.median(thresholds)] if thresholds else []
    return seen


def overflowed(enclosures: Iterable[Enclosure]) -> Observation | None:
    """What an exception in place of these outputs shows; None where all of them are certified finite.

    Entries that certainly overflow, or are infinite, are judged: it says so. Of the others nothing is known.
    """
    values = [pair for each in enclosures for pair in zip(each.exact, each.radius, strict=True)]
    infinite = sum(not mp.isfinite(exact) for exact, _ in values)
    if all(mp.isfinite(exact) and mp.isfinite(radius) for exact, radius in values):
        return None
    return Observation(entries=infinite, uncertified=len(values) - infinite, raised=1)


def _excess(got: float, exact: Number, radius: Number) -> tuple[Number | None, float]:
    """(None, error ÷ bound) where ``got`` is admitted, (error ÷ bound, 0) where it is refuted."""
    if mp.isnan(exact):  # certified overflow of both signs: any non-finite value
        return (mp.inf, 0.0) if np.isfinite(got) else (None, 0.0)
    if not mp.isfinite(exact):  # certified overflow of one sign; NaN is a compensated sum's
        admitted = got == float(exact) or (not mp.isfinite(radius) and np.isnan(got))
        return (None, 0.0) if admitted else (mp.inf, 0.0)
    if not np.isfinite(got):
        return mp.inf, 0.0
    # exactly, whatever the precision of now: abs() would round
    error = mp.fsub(max(got, exact), min(got, exact), prec=JUDGE_BITS)
    if error == 0:
        return None, 0.0
    if radius == 0:
        return mp.inf, 0.0
    return (None, float(error / radius)) if error <= radius else (error / radius, 0.0)


def _ratio(error: Number, bound: Number) -> str:
    return "∞" if bound == 0 or not mp.isfinite(error) else str(mp.nstr(error / bound, 3))


def _finding(name: str, computed: Array, excess: Number, place: Place, exact: Number, radius: Number) -> Finding:
    got, where = computed[place], f"{name}[{', '.join(map(str, place))}]" if place else name
    if mp.isfinite(excess):
        verdict = f"off by {mp.nstr(excess, 3)} × the rounding bound {mp.nstr(radius, 3)}"
    elif not mp.isfinite(exact):
        verdict = "the exact value is infinite, or overflows in every order of evaluation"
    elif not np.isfinite(float(got)):
        verdict = "the exact value is finite and every intermediate can be"
    else:
        verdict = "nothing is rounded here: equality is demanded"
    wanted = "a non-finite value" if mp.isnan(exact) else shown(exact)
    message = f"{where}: got {got!s}, expected {wanted}: {verdict}"
    bounds = str(mp.nstr(excess, 3)) if mp.isfinite(excess) else "∞"
    off = ulps(float(got), exact, computed.dtype.name)
    return Finding(message, name, {}, place, wanted, str(got), bounds, off, bound=shown(radius))


def ulps(got: float, exact: Number, dtype: str) -> str | None:
    """|got − exact| in units in the last place of the exact value; None where that is 0 or either is not finite."""
    if dtype not in FORMATS or not exact or not (mp.isfinite(exact) and np.isfinite(got)):
        return None
    form = FORMATS[dtype]
    exponent = max(int(mp.frexp(exact)[1]) - form.precision, form.subnormal_exponent)
    return str(mp.nstr(abs(mp.mpf(got) - exact) / mp.ldexp(mp.mpf(1), exponent), 3))


def _judged(computed: Array, enclosure: Enclosure) -> Judged | None:
    """Every entry, for arrays small enough to be shown."""
    if computed.size > LARGEST_SHOWN:
        return None
    columns = computed.reshape(enclosure.shape)
    places = [[(i, j) for j in range(columns.shape[1])] for i in range(columns.shape[0])]
    return Judged(
        [[decimal(columns[place]) for place in row] for row in places],
        [[shown(enclosure.exact[place]) for place in row] for row in places],
        [[shown(enclosure.radius[place]) for place in row] for row in places],
        [
            [_shown_ratio(float(columns[place]), enclosure.exact[place], enclosure.radius[place]) for place in row]
            for row in places
        ],
    )


def _shown_ratio(got: float, exact: Number, radius: Number) -> float | None:
    if mp.isfinite(exact) and not mp.isfinite(radius):
        return None
    excess, ratio = _excess(got, exact, radius)
    return ratio if excess is None else float(excess)

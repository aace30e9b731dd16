"""Earns the rounding bounds: random inputs by the thousand, every computed entry against its bound.

Each *cell* is a target, a dtype, an output of an operation and a regime (what the inputs are like). Cell by cell it measures

    entries        how many were judged, and the share that was uncertified: about those nothing is claimed
    error ÷ bound  the largest; 1 or more is a refutation, and a refuted correct implementation is a *false alarm*
    threshold      the median of 2·bound ÷ |exact| over entries ≠ 0: a larger relative error is always caught
    caught         float64: one entry of each array, multiplied by 1 + 10⁻⁶: how many of those were refuted

Targets see the same inputs, which depend on the seed and the cell alone. Exit status 1 if there is any false alarm.

    python benchmarks/rounding_campaign.py --target reference,pytorch --entries 4000 --markdown
    python benchmarks/rounding_campaign.py --target pytorch --dtype bfloat16 --declare accumulator=float32

Entries follow docs/guide/rounding.md; the bounds are those of backproof_spec.rounding, the judge is the one of every report.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from backproof_impl.conventions import DTYPES, Limits, UsageError, declare
from backproof_impl.target import ADAPTERS, as_target
from backproof_properties.arrays import NUMPY_DTYPES, Array, Case, enclosed
from backproof_properties.contract import Raised
from backproof_properties.judge import Refuted
from backproof_properties.subject import Subject
from backproof_spec.matrices import from_entries
from backproof_spec.network import Network
from backproof_spec.rounding import cross_entropy, linear, network, softmax, softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import FORMATS, Format
from mpmath import mp
from rich.console import Console
from rich.progress import track
from rich.table import Table

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...], Format], Array]

PLANTED, UNPLANTED = 1 + 1e-6, "cancelling"
LEAST_PLANTED = 1e-290
"""Nothing is planted below this, nor in the regime where every entry is what is left of larger ones."""


# --- what inputs are like -----------------------------------------------------------------------------------------


def normal(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Standard normal."""
    return rng.standard_normal(shape)


def scaled(exponent: Callable[[Format], int]) -> Draw:
    """Uniform in (−1, 1), times a power of two."""
    return lambda rng, shape, form: np.ldexp(rng.uniform(-1, 1, shape), exponent(form))


def wide(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Magnitudes over half of the exponent range."""
    return np.ldexp(rng.uniform(-1, 1, shape), rng.integers(-form.emax // 2, form.emax // 2, shape))


def subnormal(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Half of the entries subnormal or barely normal, half of them standard normal."""
    limit = 2 ** (form.precision + 1)
    tiny = np.ldexp(rng.integers(-limit, limit, shape).astype(np.float64), form.subnormal_exponent)
    return np.where(rng.random(shape) < 1 / 2, tiny, rng.standard_normal(shape))


def paired(*axes: int, sign: int = 1) -> Draw:
    """Along these axes the second half repeats the first, times ``sign`` and with some last bits changed."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
        A = np.round(np.ldexp(rng.standard_normal(shape), form.precision - 2))
        for axis in axes:
            half = shape[axis] // 2
            B = np.moveaxis(A, axis, 0)
            B[half : 2 * half] = sign * B[:half] + rng.integers(-1, 2, B[:half].shape)
        return np.ldexp(A, 2 - form.precision)

    return draw


def offset(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """One number, with noise in the lower half of its significand."""
    return rng.standard_normal() + np.ldexp(rng.standard_normal(shape), -form.precision // 2)


def gaps(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Logits past which exp underflows or overflows in some format."""
    far = rng.choice((0, 8, 11, 17, 88, 104, 709, 745.5, 800, 20000), shape)
    return rng.choice((-1, 1), shape) * far + rng.standard_normal(shape)


def one_hot(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """One 1 in each column."""
    return np.eye(shape[0])[:, rng.integers(0, shape[0], shape[1])]


def labels(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Columns that sum to one to within rounding; in one array of four, whatever they sum to."""
    P = rng.random(shape) * (rng.random(shape) < 3 / 4)
    return P if rng.random() < 1 / 4 else P / np.maximum(P.sum(axis=0), 1e-3)


def uniform(_: np.random.Generator, shape: tuple[int, ...], __: Format) -> Array:
    """The uniform distribution."""
    return np.full(shape, 1 / shape[0])


def probability(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """In (0, 1), at least u."""
    return np.maximum(rng.random(shape), 2.0**-form.precision)


def magnitude(draw: Draw, *, largest: float = 1) -> Draw:
    """Absolute values, at most ``largest``."""
    return lambda rng, shape, form: np.minimum(np.abs(draw(rng, shape, form)), largest)


def extreme(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Probabilities 0, 1, a few units below 1, and the smallest numbers."""
    step = 2.0**-form.precision
    values = [0, 1, 1 - step, 1 - 2 * step, 1 - 5 * step, 2.0**form.emin, 2.0**form.subnormal_exponent]
    return rng.choice(values, shape)


def reciprocal(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """About 1/Ω: its quotients nearly overflow, or do."""
    return np.ldexp(rng.uniform(1, 16, shape), -form.emax - 3)


TOP: Draw = scaled(lambda form: form.emax)
ROOT: Draw = scaled(lambda form: form.emax // 2)
UNIT: Draw = scaled(lambda _: -2)
CLOSE: Draw = scaled(lambda form: -form.precision // 2)
STEEP: Draw = scaled(lambda _: 6)

Regimes: TypeAlias = dict[str, dict[str, Draw]]

LINEAR: Regimes = {
    "normal": {"W": normal, "Y": normal, "b": normal},
    "wide": {"W": wide, "Y": wide, "b": wide},
    "subnormal": {"W": subnormal, "Y": subnormal, "b": subnormal},
    "near overflow": {"W": ROOT, "Y": ROOT, "b": TOP},
    "cancelling": {"W": paired(1, sign=-1), "Y": paired(0), "b": CLOSE},
}
LINEAR_VJP: Regimes = {
    "normal": {"W": normal, "Y": normal, "b": normal, "dZ": normal},
    "wide": {"W": wide, "Y": wide, "b": wide, "dZ": wide},
    "subnormal": {"W": subnormal, "Y": subnormal, "b": normal, "dZ": subnormal},
    "near overflow": {"W": UNIT, "Y": UNIT, "b": normal, "dZ": TOP},
    "cancelling": {"W": paired(0), "Y": paired(1), "b": normal, "dZ": paired(0, 1, sign=-1)},
    "one-hot": {"W": normal, "Y": normal, "b": normal, "dZ": one_hot},
}
SOFTMAX: Regimes = {
    "normal": {"Z": normal},
    "wide": {"Z": wide},
    "subnormal": {"Z": subnormal},
    "near overflow": {"Z": TOP},
    "saturated": {"Z": gaps},
}
SOFTMAX_VJP: Regimes = {
    **{name: {**draws, "dS": normal} for name, draws in SOFTMAX.items()},
    "wide": {"Z": normal, "dS": wide},
    "subnormal": {"Z": normal, "dS": subnormal},
    "near overflow": {"Z": normal, "dS": TOP},
    "cancelling": {"Z": normal, "dS": offset},
    "one-hot": {"Z": gaps, "dS": one_hot},
}
CROSS_ENTROPY: Regimes = {
    "normal": {"S": probability, "P": labels},
    "wide": {"S": magnitude(wide), "P": labels},
    "subnormal": {"S": magnitude(subnormal), "P": magnitude(subnormal)},
    "near overflow": {"S": reciprocal, "P": labels},
    "saturated": {"S": extreme, "P": labels},
    "one-hot": {"S": probability, "P": one_hot},
}
SOFTMAX_CROSS_ENTROPY: Regimes = {
    **{name: {**draws, "P": labels} for name, draws in SOFTMAX.items()},
    "cancelling": {"Z": CLOSE, "P": uniform},
    "one-hot": {"Z": gaps, "P": one_hot},
}
NETWORK: Regimes = {
    "normal": {"weights": normal, "biases": normal, "X": normal, "P": labels},
    "subnormal": {"weights": subnormal, "biases": subnormal, "X": subnormal, "P": labels},
    "cancelling": {"weights": paired(1, sign=-1), "biases": CLOSE, "X": paired(0), "P": labels},
    "saturated": {"weights": STEEP, "biases": normal, "X": normal, "P": labels},
    "one-hot": {"weights": normal, "biases": normal, "X": normal, "P": one_hot},
}
"""For every operation, which regimes make sense, and what each argument is like in them."""


# --- what is computed -------------------------------------------------------------------------------------------------

LINEAR_SHAPES = ((16, 16, 16), (5, 5, 5), (3, 70, 9), (66, 2, 33), (1, 1, 1), (12, 7, 1), (8, 1, 65))
COLUMN_SHAPES = ((16, 16), (5, 5), (70, 3), (2, 66), (1, 4), (1, 1), (10, 1))
NETWORK_SHAPES = ((6, 6, 6, 6), (3, 5, 2, 4), (2, 66, 3, 5), (4, 3, 67), (1, 1, 1), (8, 8, 8))
"""Sizes of the layers, then the batch, which is last in all three."""
PLACES = {"W": (0, 1), "Y": (1, 2), "b": (0,), "dZ": (0, 2), "Z": (0, 1), "S": (0, 1), "P": (0, 1), "dS": (0, 1)}
"""Which dimensions each argument has."""


@dataclass(frozen=True)
class Output:
    """An output: the function that returns it, the enclosure it is judged by, the regimes and shapes of its inputs."""

    function: str
    name: str
    bound: Callable[[Case, Subject], Any]
    regimes: Regimes
    shapes: tuple[tuple[int, ...], ...] = COLUMN_SHAPES


def _operation(rounding: Callable[..., Enclosure], *arguments: str) -> Callable[[Case, Subject], Enclosure]:
    return lambda case, subject: rounding(*(enclosed(case, name) for name in arguments), subject.arithmetic)


def _network(case: Case, subject: Subject) -> list[Enclosure]:
    declared = {"relu_at_zero": subject.conventions.relu_at_zero, "fused": subject.fused}
    net = Network.of(case["weights"], case["biases"], case["X"], case["P"], **declared)
    return network.gradients(net, subject.arithmetic).dW


def _fused(case: Case, subject: Subject) -> Enclosure:
    Z, P = enclosed(case, "Z"), enclosed(case, "P")
    return softmax_cross_entropy.dZ(Z, P, subject.arithmetic, fused=subject.fused)


OUTPUTS: dict[str, Output] = {
    "linear.Z": Output("linear", "Z", _operation(linear.forward, "W", "Y", "b"), LINEAR, LINEAR_SHAPES),
    "linear.dW": Output("linear_vjp", "dW", _operation(linear.dW, "dZ", "Y"), LINEAR_VJP, LINEAR_SHAPES),
    "linear.dY": Output("linear_vjp", "dY", _operation(linear.dY, "W", "dZ"), LINEAR_VJP, LINEAR_SHAPES),
    "linear.db": Output("linear_vjp", "db", _operation(linear.db, "dZ"), LINEAR_VJP, LINEAR_SHAPES),
    "softmax.S": Output("softmax", "S", _operation(softmax.forward, "Z"), SOFTMAX),
    "softmax.dZ": Output("softmax_vjp", "dZ", _operation(softmax.dZ, "Z", "dS"), SOFTMAX_VJP),
    "cross_entropy.L": Output("cross_entropy", "L", _operation(cross_entropy.forward, "S", "P"), CROSS_ENTROPY),
    "cross_entropy.dS": Output("cross_entropy_vjp", "dS", _operation(cross_entropy.dS, "S", "P"), CROSS_ENTROPY),
    "softmax_cross_entropy.L": Output(
        "softmax_cross_entropy", "L", _operation(softmax_cross_entropy.forward, "Z", "P"), SOFTMAX_CROSS_ENTROPY
    ),
    "softmax_cross_entropy.dZ": Output("softmax_cross_entropy_vjp", "dZ", _fused, SOFTMAX_CROSS_ENTROPY),
    "network.dW": Output("network_gradients", "dW", _network, NETWORK, NETWORK_SHAPES),
}


def cases(output: Output, regime: str, dtype: str, rng: np.random.Generator) -> Iterator[tuple[Case, int]]:
    """Inputs for this cell, shape after shape, without end; and the number of samples."""
    form, draws = FORMATS[dtype], output.regimes[regime]

    def drawn(name: str, shape: tuple[int, ...]) -> Array:
        with np.errstate(all="ignore"):
            return draws[name](rng, shape, form).astype(NUMPY_DTYPES[dtype])

    for sizes in itertools.cycle(output.shapes):
        if output.regimes is not NETWORK:
            yield {name: drawn(name, tuple(sizes[k] for k in PLACES[name])) for name in draws}, sizes[-1]
            continue
        *widths, batch = sizes
        case = {
            "weights": [drawn("weights", (rows, columns)) for columns, rows in itertools.pairwise(widths)],
            "biases": [drawn("biases", (rows,)) for rows in widths[1:]],
            "X": drawn("X", (widths[0], batch)),
            "P": drawn("P", (widths[-1], batch)),
        }
        yield case, batch


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was seen, in a cell or in several."""

    entries: int = 0
    uncertified: int = 0
    worst: float = 0
    regime: str = ""
    thresholds: list[float] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    planted: int = 0
    caught: int = 0

    def add(self, other: Tally) -> None:
        """Include ``other``; the regime kept is that of the largest error ÷ bound."""
        self.worst, self.regime = max((self.worst, self.regime), (other.worst, other.regime))
        for name in ("entries", "uncertified", "thresholds", "alarms", "planted", "caught"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Judge:
    """The judge of every report, for one output of one target."""

    subject: Subject
    output: Output
    samples: int

    def __call__(self, computed: Array, bound: Enclosure) -> Tally:
        """Judge an array whole, or where it is refuted entry by entry."""
        name, of_loss = f"{self.output.function}.{self.output.name}", not self.output.function.startswith("linear")
        try:
            seen = self.subject.judge(name, computed, bound, self.samples, of_loss=of_loss)
            return Tally(seen.entries, seen.uncertified, seen.worst)
        except Refuted as refuted:
            if computed.size == 1:
                return Tally(entries=1, alarms=[refuted.finding.message], worst=float("inf"))
        total = Tally()
        for place, entry, single in entries(computed, bound):
            found = self(entry, single)
            total.add(replace(found, alarms=[f"{place}: {message}" for message in found.alarms]))
        return total


def entries(computed: Array, bound: Enclosure) -> Iterator[tuple[tuple[int, int], Array, Enclosure]]:
    """Every entry of an array with the enclosure of that entry alone; a vector is a column."""
    columns = computed.reshape(bound.shape)
    for i, j in np.ndindex(columns.shape):
        exact, radius = (from_entries(1, 1, {(0, 0): A[i, j]}) for A in (bound.exact, bound.radius))
        yield (i, j), columns[i : i + 1, j : j + 1], Enclosure(exact, radius)


def thresholds(bound: Enclosure) -> list[float]:
    """2·bound ÷ |exact| for every certified entry ≠ 0."""
    pairs = [(bound.exact[i, j], bound.radius[i, j]) for i, j in np.ndindex(bound.shape)]
    return [float(2 * r / abs(v)) for v, r in pairs if v and mp.isfinite(v) and mp.isfinite(r)]


def plant(judge: Judge, computed: Array, bound: Enclosure, rng: np.random.Generator) -> Tally:
    """Multiply one certified entry of ordinary size (no smaller than the median) by 1 + 10⁻⁶: is it refuted?"""
    sizes = np.abs(computed.reshape(bound.shape))
    ordinary = np.isfinite(sizes) & (sizes >= np.median(sizes)) & (sizes > LEAST_PLANTED)
    places = [(i, j) for i, j in np.argwhere(ordinary).tolist() if mp.isfinite(bound.radius[i, j])]
    if not places:
        return Tally()
    chosen = places[rng.integers(len(places))]
    entry, single = next((entry, single) for place, entry, single in entries(computed, bound) if place == chosen)
    return Tally(planted=1, caught=len(judge(entry * PLANTED, single).alarms))


@dataclass(frozen=True)
class Cell:
    """One output in one regime and dtype, for every target that offers it."""

    name: str
    regime: str
    dtype: str
    subjects: tuple[Subject, ...]

    def rng(self, *seed: int) -> np.random.Generator:
        """A generator that depends on the seed and the cell, not on which other cells are run."""
        return np.random.default_rng([*seed, zlib.crc32(f"{self.name} {self.regime} {self.dtype}".encode())])

    def measure(self, seed: int, least: int) -> list[Tally]:
        """Draw inputs until ``least`` entries are computed, or summed where sums are computed; one tally per target."""
        totals, handled = [Tally() for _ in self.subjects], 0
        plants = self.rng(seed, 1) if self.dtype == "float64" and self.regime != UNPLANTED else None
        inputs = enumerate(cases(OUTPUTS[self.name], self.regime, self.dtype, self.rng(seed)))
        while handled < least:
            number, (case, samples) = next(inputs)
            bounds: dict[Any, Any] = {}
            for subject, total in zip(self.subjects, totals, strict=True):
                key = (subject.arithmetic, subject.fused, subject.conventions.relu_at_zero)
                if key not in bounds:
                    bounds[key] = OUTPUTS[self.name].bound(case, subject)
                seen = judged(Judge(subject, OUTPUTS[self.name], samples), case, bounds[key], plants)
                total.add(replace(seen, alarms=[f"{self.regime}, input {number}: {text}" for text in seen.alarms]))
            handled += max(A.size for value in case.values() for A in (value if isinstance(value, list) else [value]))
        return [replace(total, regime=self.regime) for total in totals]


def judged(judge: Judge, case: Case, bounds: Any, plants: np.random.Generator | None) -> Tally:
    """Call the target and judge every array it returns."""
    try:
        computed = judge.subject.call(judge.output.function, case, judge.output.name)
    except (Raised, Refuted) as broken:
        return Tally(alarms=[str(broken)])
    arrays, enclosures = (value if isinstance(value, list) else [value] for value in (computed, bounds))
    total = Tally()
    for array, bound in zip(arrays, enclosures, strict=True):
        total.add(judge(array, bound))
        total.thresholds += thresholds(bound)
        if plants is not None:
            total.add(plant(judge, array, bound, plants))
    return total


# --- the campaign -----------------------------------------------------------------------------------------------------


def cells(subjects: list[Subject]) -> Iterator[Cell]:
    """Every cell that some subject can be measured in."""
    for dtype, (name, output) in itertools.product(DTYPES, OUTPUTS.items()):
        for regime, draws in output.regimes.items():
            able = [
                s
                for s in subjects
                if s.dtype == dtype
                and output.function in s.target.functions
                and (s.conventions.labels == "distribution" or draws.get("P", one_hot) is one_hot)
            ]
            if able:
                yield Cell(name, regime, dtype, tuple(able))


HEADINGS = ("target", "dtype", "output", "entries", "uncertified", "error ÷ bound", "in regime", "threshold", "caught")


def row(key: tuple[str, str, str], seen: Tally) -> tuple[str, ...]:
    """One line of the table."""
    judged_share = seen.uncertified / max(1, seen.entries + seen.uncertified)
    threshold = f"{statistics.median(seen.thresholds):.1e}" if seen.thresholds else "–"
    caught = f"{seen.caught} of {seen.planted}" if seen.planted else "–"
    return (*key, f"{seen.entries:,}", f"{judged_share:.1%}", f"{seen.worst:.3f}", seen.regime, threshold, caught)


def show(rows: list[tuple[str, ...]], *, markdown: bool) -> None:
    """The table, for a page or for the terminal."""
    if markdown:
        print(*(f"| {' | '.join(line)} |" for line in (HEADINGS, ["---"] * len(HEADINGS), *rows)), sep="\n")
        return
    table = Table(*HEADINGS)
    for line in rows:
        table.add_row(*line)
    Console().print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    installed = [name for name, adapter in ADAPTERS.items() if importlib.util.find_spec(adapter.package)]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default=",".join(installed), help="comma-separated; default: %(default)s")
    parser.add_argument("--dtype", default=",".join(DTYPES), help="comma-separated; default: %(default)s")
    parser.add_argument(
        "--declare", action="append", default=[], metavar="FIELD=VALUE", help="a convention of the targets"
    )
    parser.add_argument(
        "--entries", type=int, default=20000, help="least number of entries in a cell; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="print a table for a Markdown page")
    return parser.parse_args()


def main() -> int:
    """Run the campaign; 1 if there was a false alarm, 2 if it cannot be run."""
    chosen = arguments()
    try:
        targets = [as_target(name) for name in chosen.target.split(",")]
        targets = [replace(t, conventions=declare(t.conventions, chosen.declare)) for t in targets]
        dtypes = Limits(dtypes=tuple(chosen.dtype.split(","))).dtypes
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    subjects = [Subject(t, d) for t in targets for d in dtypes if d in t.conventions.limits.dtypes]
    totals: dict[tuple[str, str, str], Tally] = {
        (s.target.name, s.dtype, name): Tally() for s in subjects for name in OUTPUTS
    }
    everything, progress = list(cells(subjects)), Console(stderr=True)
    for cell in track(everything, "Cells", console=progress, disable=not progress.is_terminal):
        for subject, seen in zip(cell.subjects, cell.measure(chosen.seed, chosen.entries), strict=True):
            totals[subject.target.name, cell.dtype, cell.name].add(seen)
    show([row(key, seen) for key, seen in totals.items() if seen.entries + seen.uncertified], markdown=chosen.markdown)
    alarms = [f"{' '.join(key)}, {text}" for key, seen in totals.items() for text in seen.alarms]
    print("", *alarms, sep="\n")
    print(f"{sum(seen.entries for seen in totals.values()):,} entries, {len(alarms)} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())

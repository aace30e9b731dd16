"""Earns the rounding bounds: random inputs by the thousand, every computed entry against its bound.

A *cell* is an output of an operation, a regime (what its inputs are like) and a dtype. What is measured:

    entries        how many were judged; uncertified is the share about which nothing is claimed
    error ÷ bound  the largest: beyond 1 an entry is refuted, which for a correct target is a *false alarm*
    threshold      the median of 2·bound ÷ |exact| over entries ≠ 0: a larger relative error is always caught
    caught         float64: one entry of each array, multiplied by 1 + 10⁻⁶: how many of those were refuted

All targets see the same inputs, which depend on the seed and the cell alone. Exit status 1 if there is a false alarm.

    python benchmarks/rounding_campaign.py --dtype float16,float32,float64 --entries 4000 --markdown
    python benchmarks/rounding_campaign.py --dtype bfloat16 --declare arithmetic=flush-to-zero --entries 4000 --markdown

The bounds are those of backproof_spec.rounding, derived in docs/guide/rounding.md; the judge is that of every report.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import itertools
import statistics
import sys
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import rounding_inputs as inputs
from mpmath import mp
from rich.console import Console
from rich.progress import track
from rich.table import Table

from backproof_impl.adapters import ADAPTERS
from backproof_impl.conventions import DTYPES, Limits, UsageError, declare
from backproof_impl.loading import as_target
from backproof_properties.arrays import Array, Case, enclosed
from backproof_properties.contract import Raised
from backproof_properties.judge import Refuted
from backproof_properties.subject import Subject
from backproof_spec.matrices import from_entries
from backproof_spec.network import Network
from backproof_spec.rounding import cross_entropy, linear, network, softmax
from backproof_spec.rounding import softmax_cross_entropy as fused
from backproof_spec.rounding.enclosure import Enclosure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLANTED, UNPLANTED = 1 + 1e-6, "cancelling"
LEAST_PLANTED = 1e-290
"""Nothing is planted below this, nor in the regime where every entry is what is left of larger ones."""


# --- what is computed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Output:
    """An output: the function that returns it, the enclosure it is judged by, what it is tried on."""

    function: str
    name: str
    bound: Callable[[Case, Subject], Any]
    tried_on: inputs.Inputs


def _bound(rounding: Callable[..., Enclosure], *arguments: str) -> Callable[[Case, Subject], Enclosure]:
    return lambda case, subject: rounding(*(enclosed(case, name) for name in arguments), subject.arithmetic)


def _fused_bound(case: Case, subject: Subject) -> Enclosure:
    Z, P = enclosed(case, "Z"), enclosed(case, "P")
    return functools.reduce(Enclosure.either, [fused.dZ(Z, P, subject.arithmetic, fused=way) for way in subject.fused])


def _network_bound(case: Case, subject: Subject) -> list[Enclosure]:
    def way(*, fused: bool) -> list[Enclosure]:
        declared: dict[str, Any] = {"relu_at_zero": subject.conventions.relu_at_zero, "fused": fused}
        net = Network.of(case["weights"], case["biases"], case["X"], case["P"], **declared)
        return network.gradients(net, subject.arithmetic).dW

    ways = [way(fused=each) for each in subject.fused]
    return [functools.reduce(Enclosure.either, layer) for layer in zip(*ways, strict=True)]


OUTPUTS: dict[str, Output] = {
    "linear.Z": Output("linear", "Z", _bound(linear.forward, "W", "Y", "b"), inputs.LINEAR),
    "linear.dW": Output("linear_vjp", "dW", _bound(linear.dW, "dZ", "Y"), inputs.LINEAR_VJP),
    "linear.dY": Output("linear_vjp", "dY", _bound(linear.dY, "W", "dZ"), inputs.LINEAR_VJP),
    "linear.db": Output("linear_vjp", "db", _bound(linear.db, "dZ"), inputs.LINEAR_VJP),
    "softmax.S": Output("softmax", "S", _bound(softmax.forward, "Z"), inputs.SOFTMAX),
    "softmax.dZ": Output("softmax_vjp", "dZ", _bound(softmax.dZ, "Z", "dS"), inputs.SOFTMAX_VJP),
    "cross_entropy.L": Output("cross_entropy", "L", _bound(cross_entropy.forward, "S", "P"), inputs.CROSS_ENTROPY),
    "cross_entropy.dS": Output("cross_entropy_vjp", "dS", _bound(cross_entropy.dS, "S", "P"), inputs.CROSS_ENTROPY),
    "softmax_cross_entropy.L": Output("softmax_cross_entropy", "L", _bound(fused.forward, "Z", "P"), inputs.FUSED),
    "softmax_cross_entropy.dZ": Output("softmax_cross_entropy_vjp", "dZ", _fused_bound, inputs.FUSED),
    "network.dW": Output("network_gradients", "dW", _network_bound, inputs.NETWORK),
}


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was seen, in a cell or in several; ``unasked``: doubtful, and too large for the exact path."""

    entries: int = 0
    uncertified: int = 0
    unasked: int = 0
    worst: float = 0
    regime: str = ""
    thresholds: list[float] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    planted: int = 0
    caught: int = 0

    def add(self, other: Tally) -> None:
        """Include ``other``; the regime kept is that of the largest error ÷ bound."""
        self.worst, self.regime = max((self.worst, self.regime), (other.worst, other.regime))
        for name in ("entries", "uncertified", "unasked", "thresholds", "alarms", "planted", "caught"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Judge:
    """The judge of every report, for one output of one target."""

    subject: Subject
    output: Output
    samples: int

    def __call__(self, computed: Array, bound: Enclosure) -> Tally:
        """Judge an array whole, or where it is refuted entry by entry."""
        name = f"{self.output.function}.{self.output.name}"
        of_loss = "cross_entropy" in name or name.startswith("network")
        try:
            seen = self.subject.judge(name, computed, bound, self.samples, of_loss=of_loss)
            return Tally(seen.entries, seen.uncertified, worst=seen.worst)
        except Refuted as refuted:
            if computed.size == 1:
                ratio = (refuted.finding.error_in_bounds or "∞").replace("∞", "inf")
                return Tally(entries=1, alarms=[refuted.finding.message], worst=float(ratio))
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
    ordinary = np.isfinite(sizes) & (sizes >= np.sort(sizes, axis=None)[sizes.size // 2]) & (sizes > LEAST_PLANTED)
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
        """Draw inputs until their largest arrays have ``least`` entries together; one tally for each target."""
        totals, handled = [Tally() for _ in self.subjects], 0
        plants = self.rng(seed, 1) if self.dtype == "float64" and self.regime != UNPLANTED else None
        cases = enumerate(OUTPUTS[self.name].tried_on.cases(self.regime, self.dtype, self.rng(seed)))
        while handled < least:
            number, (case, samples) = next(cases)
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
        for regime, draws in output.tried_on.regimes.items():
            soft = draws.get("P", inputs.one_hot) is not inputs.one_hot
            able = [s for s in subjects if s.dtype == dtype and output.function in s.target.functions]
            able = [s for s in able if s.conventions.labels == "distribution" or not soft]
            if able:
                yield Cell(name, regime, dtype, tuple(able))


HEADINGS = ("target", "dtype", "output", "entries", "uncertified", "error ÷ bound", "in regime", "threshold", "caught")


def row(key: tuple[str, str, str], seen: Tally) -> tuple[str, ...]:
    """One line of the table."""
    judged_share = seen.uncertified / max(1, seen.entries + seen.uncertified)
    threshold = f"{statistics.median(seen.thresholds):.1e}" if seen.thresholds else "–"
    caught = f"{seen.caught} of {seen.planted}" if seen.planted else "–"
    return (*key, f"{seen.entries:,}", f"{judged_share:.1%}", f"{seen.worst:.3f}", seen.regime, threshold, caught)


def show(rows: list[tuple[str, ...]], *, markdown: bool, headings: tuple[str, ...] = HEADINGS) -> None:
    """The table, for a page or for the terminal."""
    if markdown:
        print(*(f"| {' | '.join(line)} |" for line in (headings, ["---"] * len(headings), *rows)), sep="\n")
        return
    table = Table(*headings)
    for line in rows:
        table.add_row(*line)
    Console().print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    installed = [name for name, adapter in ADAPTERS.items() if importlib.util.find_spec(adapter.package)]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default=",".join(installed), help="comma-separated; default: %(default)s")
    parser.add_argument("--dtype", default=",".join(DTYPES), help="comma-separated; default: %(default)s")
    parser.add_argument("--declare", action="append", default=[], metavar="FIELD=VALUE", help="as the command line's")
    parser.add_argument(
        "--entries", type=int, default=20000, help="least entries of input in a cell; default: %(default)s"
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

"""Earns the bounds that are derived from definitions: random inputs by the million, every entry against its bound.

As rounding_campaign.py, for the operations of the library. The filter judges whole arrays; what it does not find
certainly inside is asked of the exact path, entry by entry, where the example is small; *unasked* is what is left.

    python benchmarks/operations_campaign.py --target numpy,upcast --entries 100000 --markdown

Targets: ``numpy`` are the reference pairs and the spellings of operations_spellings.py in the dtype, ``upcast`` the
same in float32 and rounded once, as declared intermediates are; pytorch and jax are their own functions, which in
short formats declare an accumulator.
Exit status 1 if there is a false alarm.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import zlib
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from mpmath import mp
from operations_inputs import REGIMES, Given
from operations_spellings import SPELLINGS, upcast
from rich.console import Console
from rich.progress import track
from rounding_campaign import LEAST_PLANTED, PLANTED, UNPLANTED, Tally, show

from backproof_impl import reference
from backproof_impl.conventions import DTYPES
from backproof_impl.loading import as_target
from backproof_properties.arrays import Array, Case
from backproof_properties.checks import signatures
from backproof_properties.computed import claimed, is_kink
from backproof_properties.contraction import WIDE
from backproof_properties.fields import Doubt, Field
from backproof_properties.filter import Fast
from backproof_properties.inputs import evaluation
from backproof_spec import library
from backproof_spec.claims import NOTES
from backproof_spec.language.rounding import BITS, either, rounded
from backproof_spec.rounding.formats import FORMATS, Arithmetic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backproof_spec.language.evaluating import Place
    from backproof_spec.operation import Operation

SMALL, FIRST = 400, 30
"""The most work (see ``inputs.work``) of an example that the exact path is asked about, and how many are, of a cell."""
_SHORT = "bilinear conv1d conv_transpose1d depthwise_conv2d embedding grouped_conv2d huber instance_norm layer_norm"
OF_THE_DTYPE = {("pytorch", name) for name in (*_SHORT.split(), "multiply", "nll_loss", "outer", "prelu")}
"""Whose sums or gradients add up in float16 and bfloat16, or the rounded products (PyTorch 2.13.0 on a CPU)."""
WAYS = {
    "batch_norm": "computed also Y[s,i] = g[i]*r[i]*X[s,i] + (b[i] - g[i]*r[i]*mean_t X[t,i])\n",
    "group_norm": "computed also Y[s,h,k,x] = g[h,k]*r[s,h]*X[s,h,k,x]"
    " + (b[h,k] - g[h,k]*r[s,h]*mean_{l,y} X[s,h,l,y])\n",
}
"""PyTorch's way where it is one that loses accuracy: see docs/guide/rounding.md."""
ASKED = 6
"""So many doubtful entries of an array are asked of the exact path, chosen at random, if there are more."""


# --- what is computed -------------------------------------------------------------------------------------------------

Function = "Callable[..., Any]"


@dataclass(frozen=True)
class Target:
    """A pair of functions under a name, and what it declares; ``flushes`` as its arithmetic."""

    name: str
    forward: Any
    vjp: Any
    accumulator: str | None = None
    flushes: bool = False
    dtypes: tuple[str, ...] = DTYPES
    intermediates: str | None = None

    def arithmetic(self, dtype: str) -> Arithmetic:
        """As declared."""
        wider = self.accumulator if self.accumulator and FORMATS[self.accumulator].contains(FORMATS[dtype]) else None
        return Arithmetic.of(dtype, wider, intermediates=self.intermediates, flush_to_zero=self.flushes)


def targets(operation: Operation, names: list[str]) -> Iterator[Target]:
    """Every target that has this operation."""
    name = operation.name
    pairs = [("reference", (getattr(reference, name), getattr(reference, f"{name}_vjp")))]
    pairs += [(f"spelling {k}", pair) for k, pair in enumerate(SPELLINGS.get(name, ()), 1)]
    for said, (forward, vjp) in pairs:
        if "numpy" in names:
            yield Target(said, forward, vjp, dtypes=DTYPES if said == "reference" else ("float64", "float32"))
        if "upcast" in names:
            short = ("float16", "bfloat16")
            yield Target(f"{said}, upcast", upcast(forward), upcast(vjp), dtypes=short, intermediates="float32")
    for library_ in {"pytorch", "jax"} & {*names}:
        target = as_target(library_, further=signatures(operation))
        if name in target.functions:
            found = target.functions[name], target.functions[f"{name}_vjp"]
            flushes = target.conventions.arithmetic == "flush-to-zero"
            accumulator = None if (library_, name) in OF_THE_DTYPE else "float32"
            yield Target(
                library_,
                *found,
                accumulator,
                flushes,
                tuple(d for d in DTYPES if d != "bfloat16" and (name != "conv2d" or "16" not in d)),
            )
            if name != "conv2d":
                yield Target(library_, *found, accumulator, flushes=True, dtypes=("bfloat16",))


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Bounds:
    """Of every output and gradient in an example, in one arithmetic: the filter's, and the exact path's."""

    given: Given
    case: Case
    arithmetic: Arithmetic

    @cached_property
    def _fast(self) -> list[Fast]:
        return [Fast(way, self.case, self.arithmetic) for way in self.given.ways]

    @cached_property
    def _exact(self) -> list[Any]:
        given = evaluation(self.given.operation, self.case)
        return [rounded(replace(given, operation=way, known={}), self.arithmetic) for way in self.given.ways]

    @cached_property
    def kink(self) -> bool:
        """Is the example at one?"""
        return self.given.kinks and is_kink(evaluation(self.given.operation, self.case))

    def field(self, output: str) -> Field:
        """The filter's. Raises ``Doubt``."""
        if output in self.given.operation.outputs:
            found = [self._fast[0].tensor(output)]
        else:
            found = [each.field(*_formula(each.operation, output)) for each in self._fast]
        return reduce(Field.either, map(self._fast[0].rules.returned, found))

    def exact(self, output: str, place: Place) -> Any:
        """The exact path's, None where nothing is known."""
        try:
            if output in self.given.operation.outputs:
                found = [self._exact[0].tensor(output)[place]]
            else:
                formulas = [(each, *_formula(each.operation, output)) for each in self._exact]
                found = [each.compiled(body)(dict(zip(at, place, strict=True))) for each, body, at in formulas]
        except ArithmeticError:
            return None
        return reduce(either, map(self._exact[0].arithmetic.returned, found))


def _formula(operation: Operation, output: str) -> tuple[Any, tuple[str, ...]]:
    gradient = next(each for each in operation.gradients if f"d{each.name}" == output)
    return claimed(gradient), gradient.indices


@dataclass(frozen=True)
class Judge:
    """Of one output in an example; ``asked``: may the exact path be?"""

    bounds: Bounds
    output: str
    asked: bool
    rng: np.random.Generator

    def __call__(self, computed: Array, plants: bool) -> Tally:  # noqa: FBT001
        """Every entry."""
        if self.output not in self.bounds.given.operation.outputs and self.bounds.kink:
            return Tally(uncertified=computed.size)
        try:
            with np.errstate(all="ignore"):
                found = self.bounds.field(self.output)
                off = np.abs(computed.astype(WIDE) - found.value)
                inside = (off <= found.error / 2) | ((off == 0) & ~np.isnan(found.error))
                ratio = np.where(inside & (found.error > 0), off / found.error, 0)
                relative = (2 * found.error / np.abs(found.value))[(found.value != 0) & ~np.isnan(found.error)]
        except (Doubt, ArithmeticError):
            inside, ratio, relative = np.zeros(computed.shape, bool), np.zeros(computed.shape), np.zeros(0)
        seen = Tally(int(inside.sum()), worst=float(np.max(ratio, initial=0)))
        seen.thresholds += [float(np.median(relative))] if relative.size else []
        doubtful = [tuple(map(int, place)) for place in np.argwhere(~inside)]
        chosen = [doubtful[k] for k in self.rng.permutation(len(doubtful))[:ASKED]] if self.asked else []
        seen.unasked += len(doubtful) - len(chosen)
        for place in chosen:
            seen.add(self.exactly(place, computed[place]))
        if plants and self.asked:
            seen.add(self.plant(computed))
        return seen

    def exactly(self, place: Place, got: Any) -> Tally:
        """An entry, by the exact path."""
        with mp.workprec(BITS):
            bound = self.bounds.exact(self.output, place)
            if bound is None or not bound.fine or not mp.isfinite(bound.error):
                return Tally(uncertified=1)
            off = abs(mp.mpf(float(got)) - bound.value) if np.isfinite(float(got)) else mp.inf
            if off <= bound.error:
                return Tally(1, worst=float(off / bound.error) if bound.error else 0)
            ratio = mp.nstr(off / bound.error if bound.error else mp.inf, 4)
            shapes = {name: A.shape for name, A in self.bounds.case.items() if hasattr(A, "shape")}
            return Tally(
                1, alarms=[f"{self.output}{place}: {ratio} bounds, {got} for {mp.nstr(bound.value, 17)} {shapes}"]
            )

    def plant(self, computed: Array) -> Tally:
        """An entry of ordinary size, multiplied by 1 + 10⁻⁶: is it refuted?"""
        sizes = np.abs(computed.astype(float))
        places = np.argwhere(np.isfinite(sizes) & (sizes >= np.median(sizes)) & (sizes > LEAST_PLANTED))
        if not len(places):
            return Tally()
        place = tuple(map(int, places[self.rng.integers(len(places))]))
        found = self.exactly(place, computed[place] * PLANTED)
        return Tally(planted=found.entries, caught=len(found.alarms))


@dataclass(frozen=True)
class Cell:
    """An operation in a dtype and a regime, for every target."""

    given: Given
    dtype: str
    regime: str
    able: tuple[Target, ...]

    def measure(self, seed: int, least: int) -> Iterator[tuple[str, Tally]]:
        """(target, what was seen), until every target returned so many entries."""
        rng = np.random.default_rng(
            [seed, zlib.crc32(f"{self.given.operation.name} {self.dtype} {self.regime}".encode())]
        )
        handled, plants = 0, self.dtype == "float64" and self.regime != UNPLANTED
        for number, (case, much) in enumerate(self.given.cases(self.regime, self.dtype, rng)):
            if handled >= least:
                return
            bounds: dict[Arithmetic, Bounds] = {}
            for target in self.able:
                arithmetic = target.arithmetic(self.dtype)
                found = bounds.setdefault(arithmetic, Bounds(self.given, case, arithmetic))
                for output, computed in self.computed(target, case):
                    if isinstance(computed, Exception):
                        yield target.name, Tally(alarms=[f"{output}: {computed!r}"])
                        continue
                    handled += computed.size
                    seen = Judge(found, output, much <= SMALL and number < FIRST, rng)(computed, plants)
                    seen.regime = f"{output}, {self.regime}, {target.name}"
                    seen.alarms = [f"{self.regime} {number}: {text}" for text in seen.alarms]
                    yield target.name, seen

    def computed(self, target: Target, case: Case) -> Iterator[tuple[str, Any]]:
        """Every output, and every gradient."""
        operation = self.given.operation
        arguments = [case[each.name] for each in operation.arguments]
        cotangents = [case[name] for name in operation.cotangents]
        options = {
            each.name: float(case[each.name]) if each.choices[0].denominator != 1 else int(case[each.name])
            for each in operation.parameters
        }
        gradients = [f"d{each.name}" for each in operation.differentiated]
        for function, given, names in (
            (target.forward, arguments, operation.outputs),
            (target.vjp, [*arguments, *cotangents], gradients),
        ):
            try:
                with np.errstate(all="ignore"):
                    found = function(*given, **options)
            except NotImplementedError:
                continue
            except Exception as error:  # noqa: BLE001 - an error is a finding
                yield function.__name__ if hasattr(function, "__name__") else "f", error
                continue
            for name, value in zip(names, found if isinstance(found, tuple | list) else [found], strict=True):
                yield name, np.asarray(value)


# --- the campaign -----------------------------------------------------------------------------------------------------


def row(key: tuple[str, str], seen: Tally) -> tuple[str, ...]:
    """One line of the table."""
    every = max(1, seen.entries + seen.uncertified + seen.unasked)
    threshold = f"{statistics.median(seen.thresholds):.1e}" if seen.thresholds else "–"
    caught = f"{seen.caught} of {seen.planted}" if seen.planted else "–"
    shares = (f"{seen.uncertified / every:.1%}", f"{seen.unasked / every:.1%}")
    return (*key, f"{seen.entries:,}", *shares, f"{seen.worst:.3f}", seen.regime, threshold, caught)


HEADINGS = (
    "operation", "dtype", "entries", "uncertified", "unasked", "error ÷ bound", "in", "threshold", "caught",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default="numpy,upcast", help="comma-separated; default: %(default)s")
    parser.add_argument("--operation", default=",".join(sorted(library.built_in().keys() - NOTES.keys())))
    parser.add_argument("--dtype", default=",".join(DTYPES), help="comma-separated; default: %(default)s")
    parser.add_argument("--regime", default=",".join(REGIMES), help="comma-separated; default: %(default)s")
    parser.add_argument("--entries", type=int, default=20000, help="least entries in a cell; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="print a table for a Markdown page")
    return parser.parse_args()


def main() -> int:
    """Run the campaign; 1 if there was a false alarm."""
    chosen = arguments()
    totals: dict[tuple[str, str], Tally] = {}
    alarms: list[str] = []
    cells = []
    for name in chosen.operation.split(","):
        text = library.built_in()[name].read_text(encoding="utf-8")
        given = Given(library.operation(name if chosen.target != "pytorch" else text + WAYS.get(name, "")))
        every = list(targets(given.operation, chosen.target.split(",")))
        for dtype, regime in itertools.product(chosen.dtype.split(","), chosen.regime.split(",")):
            able = tuple(each for each in every if dtype in each.dtypes)
            cells += [Cell(given, dtype, regime, able)] if able else []
    progress = Console(stderr=True)
    for cell in track(cells, "Cells", console=progress, disable=not progress.is_terminal):
        key = cell.given.operation.name, cell.dtype
        for target, seen in cell.measure(chosen.seed, chosen.entries):
            alarms += [f"{' '.join(key)}, {target}, {text}" for text in seen.alarms]
            totals.setdefault(key, Tally()).add(seen)
    show([row(key, seen) for key, seen in totals.items()], markdown=chosen.markdown, headings=HEADINGS)
    print("", *alarms, sep="\n")
    print(f"{sum(seen.entries for seen in totals.values()):,} entries, {len(alarms)} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())

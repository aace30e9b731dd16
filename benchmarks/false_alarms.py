"""False alarms: many examples of every operation in every dtype, on implementations that are right.

    python benchmarks/false_alarms.py --target reference,pytorch --examples 5000 --markdown
    python benchmarks/false_alarms.py --target unusual --examples 300 --dtype float64,float32

A target may be one of the unusual spellings of properties/tests/plants, ``unusual`` is all of them: each is tried
at the claims that it changes, in the dtypes that it declares.
``--examples`` counts for each operation and dtype, shared out among its claims.
Anything refuted is printed in full, and the exit status is then 1; what is uncertified refuses nobody.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from shared import UNUSUAL, Plant

from backproof_impl.conventions import DTYPES
from backproof_properties import runner
from backproof_properties.processes import Source, run_all
from backproof_properties.results import FAILING, Link, Outcome, Verdict
from backproof_spec.claims import CLAIM_IDS


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default="reference,pytorch", help="comma-separated; default: %(default)s")
    parser.add_argument("--dtype", default=",".join(DTYPES), help="comma-separated; default: %(default)s")
    parser.add_argument("--declare", action="append", default=[], metavar="DTYPE:FIELD=VALUE", help="for one dtype")
    parser.add_argument("--examples", type=int, default=5000, help="an operation and dtype; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", action="store_true", help="print a table for a Markdown page")
    return parser.parse_args()


def targets(names: str, folder: str) -> Iterator[tuple[str, str, Plant | None]]:
    """(name, what to load, the plant where it is one) of every target."""
    plants = {plant.name: plant for plant in UNUSUAL}
    for name in names.split(","):
        chosen = tuple(plants) if name == "unusual" else (name,)
        for each in chosen:
            path = Path(folder, f"{each}.py")
            if each in plants:
                path.write_text(plants[each].source(), encoding="utf-8")
            yield each, str(path) if each in plants else each, plants.get(each)


def outcomes(target: str, dtype: str, options: argparse.Namespace, plant: Plant | None = None) -> list[Outcome]:
    """The implementation link of every claim (of a plant's, those it changes), with its share of the examples."""
    declared = tuple(each.partition(":")[2] for each in options.declare if each.partition(":")[0] == dtype)
    source = Source(target, declarations=declared)
    claims = defaultdict(list)
    for task in runner.tasks(CLAIM_IDS, (dtype,), 1, options.seed):
        if task.property.link is Link.IMPLEMENTATION and (
            plant is None or plant.touched() & {*task.property.functions}
        ):
            claims[task.property.claim.partition(".")[0]].append(task.property.claim)
    planned = []
    for found in claims.values():
        share = math.ceil(options.examples / len(found))
        tasks = runner.tasks(tuple(found), (dtype,), share, options.seed)
        planned += [task for task in tasks if task.property.link is Link.IMPLEMENTATION]
    loaded, _ = source.load()
    return run_all(planned, loaded, options.workers, source, lambda *_: None)


def main() -> int:
    """Print a row for each target, dtype and operation."""
    options, alarms, tried, entries = arguments(), 0, 0, 0
    bar = "| " if options.markdown else ""
    print(f"{bar}target | dtype | operation | examples | entries | uncertified | error ÷ bound | verdict {bar.strip()}")
    if options.markdown:
        print("| --- " * 8 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for (name, target, plant), dtype in itertools.product(
            targets(options.target, folder), options.dtype.split(",")
        ):
            rows = defaultdict(list)
            for outcome in outcomes(target, dtype, options, plant):
                if outcome.verdict is not Verdict.UNSUPPORTED:
                    rows[outcome.claim.partition(".")[0]].append(outcome)
            for operation, found in rows.items():
                bad = [outcome for outcome in found if outcome.verdict in FAILING]
                wrong = [outcome for outcome in bad if outcome.verdict is not Verdict.UNCERTIFIED]
                seen = [outcome.observation for outcome in found]
                examples, judged = sum(o.examples for o in found), sum(o.entries for o in seen)
                skipped = sum(o.uncertified for o in seen) / max(1, judged + sum(o.uncertified for o in seen))
                worst = max(o.worst for o in seen)
                said = ", ".join(f"{o.claim} {o.verdict}" for o in bad) or "holds"
                figures = f"{examples:,} | {judged:,} | {skipped:.1%} | {worst:.3f} | {said}"
                print(f"{bar}{name} | {dtype} | {operation} | {figures} {bar.strip()}", flush=True)
                for outcome in bad:
                    print(outcome.finding or outcome.reason, file=sys.stderr)
                alarms, tried, entries = alarms + len(wrong), tried + examples, entries + judged
    print(f"\n{tried:,} examples, {entries:,} entries, {alarms} claims refuted")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())

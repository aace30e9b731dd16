"""Are diagnoses true? Every planted mistake at several seeds, and noise of a few roundings planted in every claim.

    python benchmarks/diagnoses.py --seeds 1,2,3          a row for each mistake that is not named right at every seed
    python benchmarks/diagnoses.py --noise --seeds 1      no cause but precision may be named

A cause that is not the expected one is wrong, none at all is absent. The exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from shared import MISTAKES, PLACES, ULPS, noisy

from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.results import Link, Outcome
from backproof_properties.suite import PROPERTIES

LINKS = {each.claim: place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION}


def _named(outcome: Outcome) -> tuple[str | None, str]:
    """The cause and the sentence; neither where the counterexample says by itself what is wrong."""
    diagnosis = outcome.finding.diagnosis if outcome.finding else None
    return (diagnosis.cause, diagnosis.sentence) if diagnosis else (None, "")


def planted(name: str, claim: str, seed: int) -> tuple[str, str | None, str, float]:
    """The verdict on a planted mistake at one claim, the cause named, its sentence, and the seconds it took."""
    plant = next(each for each in MISTAKES if each.name == name)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.py")
        path.write_text(plant.source(), encoding="utf-8")
        task = runner.Task(LINKS[claim], plant.dtype, plant.examples, seed)
        outcome = runner.run(task, as_target(path))
    return (outcome.verdict, *_named(outcome), time.perf_counter() - begun)


# --- noise ------------------------------------------------------------------------------------------------------------


def noise(claim: str, ulps: int, place: str, seed: int) -> tuple[str, str | None, str, float]:
    """As ``planted``, for noise in what the claim is about."""
    begun = time.perf_counter()
    target = as_target(noisy(PROPERTIES[LINKS[claim]].functions, ulps, place))
    outcome = runner.run(runner.Task(LINKS[claim], "float64", 20, seed), target)
    return (outcome.verdict, *_named(outcome), time.perf_counter() - begun)


def main() -> int:
    """Print what is not as it should be, and the share that is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated; default: %(default)s")
    parser.add_argument("--noise", action="store_true", help="noise instead of the planted mistakes")
    parser.add_argument("--every-claim", action="store_true", help="not only the first that must refuse a mistake")
    parser.add_argument("--only", default="", help="planted mistakes whose name contains one of these, comma-separated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if options.noise:
        jobs = [
            (noise, (claim, *how), "precision")
            for claim in LINKS
            for how in product(ULPS, PLACES)
            if options.only in claim
        ]
    else:
        jobs = [
            (planted, (plant.name, claim), plant.cause)
            for plant in MISTAKES
            for claim in (plant.refused if options.every_claim else plant.refused[:1])
            if any(part in plant.name for part in options.only.split(","))
        ]
    counts = {"right": 0, "absent": 0, "WRONG": 0}
    slowest = 0.0
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        running = [(what, wanted, seed, pool.submit(run, *what, seed)) for run, what, wanted in jobs for seed in seeds]
        for what, wanted, seed, future in running:
            verdict, cause, sentence, seconds = future.result()
            slowest = max(slowest, seconds)
            right = cause == (wanted or None) or (options.noise and verdict != "refuted")
            kind = "right" if right else "absent" if cause is None else "WRONG"
            counts[kind] += 1
            if kind != "right":
                print(
                    f"{kind:6}  {' '.join(map(str, what))}  seed {seed}: expected {wanted}, got {cause}: {sentence}",
                    flush=True,
                )
    total = sum(counts.values())
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()) + f" of {total}; slowest {slowest:.1f} s")
    return int(counts["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main())

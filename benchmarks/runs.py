"""What a campaign file costs, and what a second process gains: whole runs side by side, as ratios.

python benchmarks/runs.py --pairs 5            on cores that do nothing else
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import backproof
from backproof_properties.campaign import Campaign


def run(examples: int, *, workers: int, kept: bool) -> float:
    """Seconds of a run on the reference; ``kept``: in a campaign file."""
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder, "runs.db")) if kept else None
        begun = time.perf_counter()
        backproof.check("reference", examples=examples, seed=1, workers=workers, campaign=campaign)
        seconds = time.perf_counter() - begun
        if campaign:
            campaign.close()
    return seconds


def main() -> None:
    """Print the median of the ratios, and the least and the largest."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--examples", type=int, default=100, help="default: %(default)s, which is one block a link")
    options = parser.parse_args()
    run(options.examples, workers=1, kept=False)  # links inside the spec are remembered from then on
    for words, one, other in (
        ("with a campaign file ÷ without", (2, True), (2, False)),
        ("one process ÷ two", (1, False), (2, False)),
    ):
        ratios = []
        for _ in range(options.pairs):
            seconds = [run(options.examples, workers=workers, kept=kept) for workers, kept in (one, other)]
            ratios.append(seconds[0] / seconds[1])
        print(f"{words}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()

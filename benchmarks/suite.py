"""Where the seconds go: those of ``backproof verify`` by claim and stage, those of the README's test command by file.

    OMP_NUM_THREADS=1 python benchmarks/suite.py --markdown
    pytest -n 2 --durations=0 | python benchmarks/suite.py --tests -

The suite runs in this process, from nothing, one claim after the other. A timer looks every few milliseconds at what
runs; processor time since the last look is that of the innermost module that has a stage. Time of processes that have
ended counts, such as a replay's, and time that other programs take does not. Tests are in seconds by the clock.
"""

import argparse
import re
import resource
import signal
from collections import Counter, defaultdict
from functools import cache

from rich.console import Console
from rich.table import Table

STAGES = {
    "start-up": r"importlib\._bootstrap",
    "inputs": r"hypothesis|backproof_properties\.(strategies|arrays|drawing|seeded|examples|regimes|inputs|decisive)$",
    "exact values": r"backproof_spec\.(operations|jacobian|language\.(exact|evaluating)$)",
    "bounds": r"backproof_spec\.(rounding\.(?!formats)|language\.rounding)|backproof_properties\.(judge|sharper)$",
    "filter": r"backproof_properties\.(filter|running)$",
    "target": r"backproof_impl\.",
    "proofs": r"backproof_spec\.calculus|backproof_properties\.proof$",
    "other": "",
}
"""What its modules are called. ``bounds`` holds the exact path: what the filter leaves is computed in intervals."""
_INTERVAL, _SLOWEST = 0.002, 20
_DURATION = re.compile(r"^([\d.]+)s (?:call|setup|teardown) +((\S+?)/[^/\s:]+)::(.+)$", re.MULTILINE)


class Watch:
    """Processor time by stage, from when it is made; of each claim once that is judged."""

    def __init__(self) -> None:
        """What was spent until now was spent to start."""
        self.claims, self._now, self._last = defaultdict(Counter), Counter(), 0.0
        self._take("start-up")
        signal.signal(signal.SIGPROF, lambda _, frame: self._take(self._stage(frame)))
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)

    def judged(self, _, outcome) -> None:
        """What was spent since the one before is of this claim; loading and reading, of none."""
        self.claims[outcome.claim if outcome else "—"] += self._now
        self._now = Counter()

    def _take(self, stage) -> None:
        used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        spent = sum(each.ru_utime + each.ru_stime for each in used)
        self._now[stage] += spent - self._last
        self._last = spent

    @staticmethod
    def _stage(frame) -> str:
        found = []
        while frame is not None:
            found.append(_stage_of(frame.f_globals.get("__name__", "")))
            frame = frame.f_back
        return "start-up" if "start-up" in found else next((each for each in found if each != "other"), "other")


@cache
def _stage_of(module: str) -> str:
    return next(stage for stage, modules in STAGES.items() if re.match(modules, module))


def verified(options):
    """A row a claim: seconds, and the share of each stage."""
    watch = Watch()
    import backproof  # noqa: PLC0415 - start-up is measured

    chosen = options.claim.split(",") if options.claim else None
    backproof.check(
        "reference", operations=chosen, examples=options.examples, seed=1, afresh=True, progress=watch.judged
    )
    signal.setitimer(signal.ITIMER_PROF, 0)
    total = sum(watch.claims.values(), Counter())
    yield ("claim", "seconds", "of all", *STAGES)
    for claim, spent in [*sorted(watch.claims.items(), key=lambda row: -row[1].total()), ("all", total)]:
        shares = (f"{spent[stage] / spent.total():.0%}" for stage in STAGES)
        yield (claim, f"{spent.total():.2f}", f"{spent.total() / total.total():.1%}", *shares)


def tested(said):
    """A row a folder and a file, then the slowest tests."""
    rows, tests = Counter(), Counter()
    for seconds, file, folder, name in _DURATION.findall(said):
        rows += Counter({"all": float(seconds), f"{folder}/": float(seconds), file: float(seconds)})
        tests[f"{file}::{name}"] += float(seconds)
    yield ("file, or test", "seconds", "of all")
    for name, seconds in (*rows.most_common(), *tests.most_common(_SLOWEST)):
        yield (name, f"{seconds:.1f}", f"{seconds / rows['all']:.1%}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="a link of a claim; default: %(default)s")
    parser.add_argument("--claim", help="claims or operations, a,b; by default those of the notes")
    durations = argparse.FileType(encoding="utf-8")
    parser.add_argument("--tests", type=durations, metavar="FILE", help="what pytest --durations=0 has printed")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    columns, *rows = tested(options.tests.read()) if options.tests else verified(options)
    if options.markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()

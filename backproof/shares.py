"""Theorems derived and checked again: in this process, or a share of all of them in each of several at once.

A share is a program of ours (``python -m backproof.shares``), which leaves what it has settled in a file.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import typer

from backproof_docs.proofs import Checked, Judge, examined
from backproof_impl import launch
from backproof_spec import proved
from backproof_spec.calculus import limits
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.calculus.values import Unsatisfied

Settled = dict[str, tuple[Derivation, Checked] | str]
"""By their stems: what was derived, and what came of checking it; or what is said after its stem where nothing was."""


def settled(theorems: proved.Theorems, judge: Judge, seconds: float) -> Settled:
    """In this process. ``seconds`` by the clock: in which each is derived, then looked at in numbers, then replayed."""
    found: Settled = {}
    attempts = {stem: _derived(stem, derive, seconds) for stem, derive in theorems.items()}
    derivations = {stem: each for stem, each in attempts.items() if isinstance(each, Derivation)}
    results = examined(derivations.values(), judge, seconds)
    for stem, attempt in attempts.items():
        found[stem] = attempt if isinstance(attempt, str) else (attempt, results[stem])
    return found


def _derived(stem: str, derive: Callable[[], Derivation], seconds: float) -> Derivation | str:
    try:
        with limits.within(seconds):
            return derive()
    except limits.Stopped as stopped:
        return f", its derivation: {stopped}: {ASK}"
    except (Unproved, Refused, Unsatisfied) as error:
        return f": {error}: backproof prove {stem} shows where"


ASK = "ask for fewer layers, or allow more --seconds"
_LEAST = 20
"""Theorems for which another process pays."""


def settled_by(processes: int, seconds: float) -> Settled:
    """All that there are, in so many processes at most.

    What one of them has not left when it ends is done in this one, and that it was is said.
    """
    theorems = proved.every()
    count = max(1, min(processes, len(theorems) // _LEAST))
    shares = [list(theorems)[k::count] for k in range(count)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as others:
        files = [Path(folder, str(k)) for k in range(1, count)]
        waiting = [
            others.enter_context(launch.saying(launch.command("backproof.shares", str(file), str(seconds), *share)))
            for file, share in zip(files, shares[1:], strict=True)
        ]
        found = settled({stem: theorems[stem] for stem in shares[0]}, recorded, seconds)
        for wait, file in zip(waiting, files, strict=True):
            said = wait()
            if file.exists():
                found |= pickle.loads(file.read_bytes())  # noqa: S301 - from a process of ours, in a folder of ours
            else:
                why = (said.strip().splitlines() or ["it was ended"])[-1]
                typer.echo(f"backproof: a share of the theorems is proved again, as its process ended: {why}", err=True)
    left = {stem: derive for stem, derive in theorems.items() if stem not in found}
    found |= settled(left, recorded, seconds)
    return {stem: found[stem] for stem in theorems}


def main(file: str, seconds: str, *stems: str) -> None:
    """A share, left in a file once all of it is settled; what is written meanwhile goes with the folder of that."""
    launch.collect_rarely()
    path, theorems = Path(file), proved.every()
    tempfile.tempdir = str(path.parent)
    found = settled({stem: theorems[stem] for stem in stems}, recorded, float(seconds))
    for each in found.values():
        if not isinstance(each, str):
            derivation, result = each
            derivation.file = result.file  # which is not made again
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(found))
    part.replace(path)


if __name__ == "__main__":
    main(*sys.argv[1:])

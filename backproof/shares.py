"""Theorems derived and checked again: in this process, or a share of all of them in each of several at once.

A share is a program of ours (``python -m backproof.shares``), which leaves what it has settled in a file.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

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
"""By their stems: what was derived, and what came of checking it; or where there is no proof, what is said after its
stem."""


def settled(theorems: proved.Theorems, judge: Judge, seconds: float) -> Settled:
    """In this process. ``seconds``: in which each is derived, then looked at in numbers, then replayed."""
    attempts = {stem: _derived(stem, derive, seconds) for stem, derive in theorems.items()}
    found = examined([each for each in attempts.values() if isinstance(each, Derivation)], judge, seconds)
    return {
        stem: attempt
        if isinstance(attempt, str)
        else f", {found[stem].stopped}: {_ASK}"
        if found[stem].stopped
        else (attempt, found[stem])
        for stem, attempt in attempts.items()
    }


def _derived(stem: str, derive: Callable[[], Derivation], seconds: float) -> Derivation | str:
    try:
        with limits.within(seconds):
            return derive()
    except limits.Stopped as stopped:
        return f", its derivation: {stopped}: {_ASK}"
    except (Unproved, Refused, Unsatisfied) as error:
        return f": {error}: backproof prove {stem} shows where"


_ASK = "ask for fewer layers, or allow more --seconds"


def settled_by(processes: int, seconds: float) -> Settled:
    """All that there are, in so many processes; what one of them has not done when it ends is done in this one."""
    theorems = proved.every()
    shares = [list(theorems)[k::processes] for k in range(processes)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as others:
        files = [Path(folder, str(k)) for k in range(1, processes)]
        waiting = [
            others.enter_context(launch.saying(launch.command("backproof.shares", str(file), str(seconds), *share)))
            for file, share in zip(files, shares[1:], strict=True)
        ]
        found = settled({stem: theorems[stem] for stem in shares[0]}, recorded, seconds)
        for wait, file in zip(waiting, files, strict=True):
            wait()
            with suppress(OSError):
                found |= pickle.loads(file.read_bytes())  # noqa: S301 - from a process of ours, in a folder of ours
    left = {stem: derive for stem, derive in theorems.items() if stem not in found}
    found |= settled(left, recorded, seconds)
    return {stem: found[stem] for stem in theorems}


def main(file: str, seconds: str, *stems: str) -> None:
    """A share: written as a whole once all of it is settled."""
    launch.collect_rarely()
    theorems = proved.every()
    found = settled({stem: theorems[stem] for stem in stems}, recorded, float(seconds))
    for each in found.values():
        if not isinstance(each, str):
            derivation, result = each
            derivation.file = result.file  # which is not made again
    Path(file).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

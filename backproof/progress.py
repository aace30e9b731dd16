"""How far a run is, on standard error: a bar where that is a terminal, else a line at times."""

from __future__ import annotations

import time
from collections.abc import Callable

from backproof_docs.phrases import found
from backproof_docs.terminal import progress_bar
from backproof_properties.results import FAILING, Outcome

SECONDS = 120
"""Where no bar is shown, how far it is is said after so long, with the next outcome: a short run says nothing."""


class Progress:
    """How many links of claims are done, the last of them, and the first that failed as soon as it has."""

    def __init__(self, counts: Callable[[Outcome], bool] = lambda _: True) -> None:
        """Nothing is shown yet; ``counts``: is a failure one that is not known?"""
        self._bar, self._counts = progress_bar(), counts

    def __enter__(self) -> Callable[[int, Outcome | None], None]:
        """What takes the number of outcomes to expect, and each one."""
        self._bar.start()
        task, done, failed, said = self._bar.add_task("starting", total=None), 0, 0, time.monotonic()

        def update(total: int, outcome: Outcome | None) -> None:
            nonlocal done, failed, said
            if outcome is None:
                self._bar.update(task, total=total)
                return
            self._bar.update(task, description=f"{outcome.claim}", advance=1)
            done += 1
            if outcome.verdict in FAILING and self._counts(outcome):
                failed += 1
                if self._bar.console.is_terminal and failed == 1:
                    self._say(f"{outcome.verdict} {outcome.claim}: {found(outcome)}")
            if not self._bar.console.is_terminal and time.monotonic() - said >= SECONDS:
                self._say(f"backproof: {done} of {total} done, {failed} failed")
                said = time.monotonic()

        return update

    def __exit__(self, *_: object) -> None:
        """It goes."""
        self._bar.stop()

    def _say(self, line: str) -> None:
        self._bar.console.print(line, markup=False, highlight=False)

"""How far a run is, on standard error."""

from __future__ import annotations

from collections.abc import Callable

from backproof_docs.phrases import found
from backproof_docs.terminal import progress_bar
from backproof_properties.results import FAILING, Outcome


class Progress:
    """How many links of claims are done, the last of them, and the first that failed as soon as it has."""

    def __init__(self, counts: Callable[[Outcome], bool] = lambda _: True) -> None:
        """Nothing is shown yet; ``counts``: is a failure one that is not known?"""
        self._bar, self._counts = progress_bar(), counts

    def __enter__(self) -> Callable[[int, Outcome | None], None]:
        """What takes the number of outcomes to expect, and each one."""
        self._bar.start()
        task, failed = self._bar.add_task("starting", total=None), list[Outcome]()

        def update(total: int, outcome: Outcome | None) -> None:
            if outcome is None:
                self._bar.update(task, total=total)
                return
            self._bar.update(task, description=f"{outcome.claim}", advance=1)
            if outcome.verdict in FAILING and not failed and self._counts(outcome):
                failed.append(outcome)
                if self._bar.console.is_terminal:
                    self._bar.console.print(f"{outcome.verdict} {outcome.claim}: {found(outcome)}", markup=False)

        return update

    def __exit__(self, *_: object) -> None:
        """It goes."""
        self._bar.stop()

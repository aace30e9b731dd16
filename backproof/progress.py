"""How far a run is, on standard error."""

from __future__ import annotations

from collections.abc import Callable

from backproof_docs.terminal import progress_bar
from backproof_properties.results import Outcome


class Progress:
    """How many claims are done, and the last of them."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self._bar = progress_bar()

    def __enter__(self) -> Callable[[int, Outcome | None], None]:
        """What takes the number of outcomes to expect, and each one."""
        self._bar.start()
        task = self._bar.add_task("starting", total=None)

        def update(total: int, outcome: Outcome | None) -> None:
            if outcome is None:
                self._bar.update(task, total=total)
            else:
                self._bar.update(task, description=f"{outcome.claim}", advance=1)

        return update

    def __exit__(self, *_: object) -> None:
        """It goes."""
        self._bar.stop()

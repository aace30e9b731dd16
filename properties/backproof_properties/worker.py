"""The program of a worker: it loads a target, and runs one task after another; ``processes`` starts it.

It ends when the process that started it does. What a target in it prints goes to standard error.
"""

from __future__ import annotations

import pickle
import traceback

from backproof_impl.conventions import UsageError
from backproof_impl.launch import collect_rarely, neighbours, own_channels, received
from backproof_properties.processes import STOP, Source
from backproof_properties.runner import run


def main() -> None:
    """Answer until the other end goes away."""
    questions, answers = own_channels()
    arrived = received(lambda: pickle.load(questions))  # noqa: S301 - from the process that started this one
    neighbours()
    collect_rarely()
    source: Source = arrived.get()
    try:
        target, close = source.load()
        while (task := arrived.get()) != STOP:
            pickle.dump(run(task, target), answers)
            answers.flush()
    except UsageError as error:
        pickle.dump(UsageError(str(error)), answers)
    except Exception:  # noqa: BLE001 - a fault of ours, shown where it is seen
        pickle.dump(RuntimeError(traceback.format_exc()), answers)
    else:
        close()
    answers.flush()


if __name__ == "__main__":
    main()

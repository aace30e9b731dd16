"""Interrupts are heard: SIGTERM as Ctrl-C is, and one that Python loses once more.

Python ignores what is raised in a callback of its own (of the garbage collector, of a weak reference, ``__del__``), a
``KeyboardInterrupt`` too; all that it says of it goes to ``sys.unraisablehook``.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_AGAIN_SECONDS = 0.01


@contextmanager
def heard() -> Iterator[None]:
    """Both raise ``KeyboardInterrupt`` in here, unless whoever started us has them ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = [signal.SIGTERM, *([signal.SIGALRM] if hasattr(signal, "setitimer") else [])]
    taken = [each for each in signals if signal.getsignal(each) is signal.SIG_DFL]
    for each in taken:
        signal.signal(each, signal.default_int_handler)
    report, sys.unraisablehook = sys.unraisablehook, _once_more(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = report
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


def _once_more(report: Any) -> Any:
    def hook(ignored: Any) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt) and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        else:
            report(ignored)

    return hook

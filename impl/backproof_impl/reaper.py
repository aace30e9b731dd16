"""A process that ends others when the one that started it has ended: ``+PID`` and ``-PID`` say which, a line each."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

import psutil


def main() -> None:
    """Hear what is to be watched, until the other end goes away; then end it, with all that it has started."""
    watched: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        (watched.add if line[0] == "+" else watched.discard)(pid)
    if watched:
        _end(watched)


def _end(watched: set[int]) -> None:
    family = []
    for pid in watched:
        with suppress(psutil.Error, OSError):
            if not hasattr(os, "getsid") or os.getsid(pid) == pid:  # another process may bear its number by now
                family += [(leader := psutil.Process(pid)), *leader.children(recursive=True)]
    for each in family:
        with suppress(psutil.Error):
            each.kill()
    for pid in watched if hasattr(os, "killpg") else ():
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

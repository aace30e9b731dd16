"""Processes of our own: started apart from everything else, and none outlives the one that started it.

``apart.py`` runs first in each. Those that load a target end when their standard input does, with all that they have
started. A *reaper* ends what cannot: C code that lets no other thread run, a program given with ``--exec``.
"""

from __future__ import annotations

import atexit
import gc
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import psutil

_OURS = ("backproof", "backproof_docs", "backproof_properties", "backproof_spec", "backproof_impl")
_FOLDERS = {
    name: str(Path(spec.origin).resolve().parent)
    for name in _OURS
    if (spec := importlib.util.find_spec(name)) is not None and spec.origin is not None
}
_FIRST = 0 if sys.flags.safe_path else 1
_PATH = [str(Path(folder).resolve()) for folder in sys.path[_FIRST:] if folder]
"""Where this process imports from before any target is loaded, the folder of its script or its own left out."""
NEIGHBOURS = [str(Path(folder).resolve()) for folder in sys.path[:_FIRST]]
"""That folder: targets may import from it, in the end and after everything else; nothing of ours does."""


def command(module: str, *arguments: str, alone: bool = False) -> tuple[str, ...]:
    """What runs ``module`` of ours as a program; ``alone``: with the standard library and our packages only."""
    asked = {"module": module, "ours": _FOLDERS, "path": [] if alone else _PATH}
    flags = ("-I", *(("-S", "-X", "utf8") if alone else ()), *(("-B",) if sys.dont_write_bytecode else ()))
    return (sys.executable, *flags, str(Path(__file__).with_name("apart.py")), json.dumps(asked), *arguments)


def program(module: str) -> tuple[str, ...]:
    """The same for a module that loads a target: its arguments are ``NEIGHBOURS``."""
    return command(module, *NEIGHBOURS)


@contextmanager
def saying(command: Sequence[str]) -> Iterator[Callable[[], str]]:
    """A program of ours at work; what is yielded waits for its end, and returns everything that it has said."""
    process = subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", start_new_session=True
    )
    watch(process.pid)
    try:
        yield lambda: process.communicate()[0]
    finally:
        process.kill()
        process.wait()
        forget(process.pid)


# --- the reaper -------------------------------------------------------------------------------------------------------


class _Reaper:
    """A process in a session of its own that is told what to end should we end first, however that happens."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def tell(self, sign: str, pid: int) -> None:
        with suppress(OSError):  # no process can be started, or it has gone: what is watched hears the end by itself
            if self._process is None or self._owner != os.getpid():  # that of a fork's parent is not ours
                self._process, self._owner = self._started(), os.getpid()
                atexit.register(self._leave)
            self._process.stdin.write(f"{sign}{pid}\n".encode())  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]

    @staticmethod
    def _started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module
            command("backproof_impl.reaper"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _leave(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            with suppress(OSError, subprocess.TimeoutExpired):
                self._process.communicate(timeout=1)


_REAPER = _Reaper()


def watch(pid: int) -> None:
    """From now on this process, the leader of a session, does not outlive us."""
    _REAPER.tell("+", pid)


def forget(pid: int) -> None:
    """It has ended."""
    _REAPER.tell("-", pid)


# --- in a process that was started so ---------------------------------------------------------------------------------


def neighbours() -> None:
    """In a program that loads a target, once all of ours is imported: the target may import from there too."""
    NEIGHBOURS[:] = sys.argv[1:]
    sys.path += [folder for folder in NEIGHBOURS if folder not in sys.path]


def collect_rarely() -> None:
    """In a process of our own, once all of ours is imported: what it makes has few cycles; seeking them takes long.

    What a target in it leaves in cycles goes as rarely; a user's has a process of its own, unless without isolation.
    """
    gc.freeze()
    gc.set_threshold(100_000)


def own_channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output out of the target's reach: its input is empty, its output is standard error."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return questions, answers


def received(read: Callable[[], Any]) -> queue.SimpleQueue[Any]:
    """What is read, as it comes; at the end of it this process ends with all that it has started, whatever it does."""
    arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def receive() -> None:
        try:
            while question := read():
                arrived.put(question)
        finally:
            for each in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    each.kill()
            os._exit(0)

    threading.Thread(target=receive, daemon=True).start()
    return arrived

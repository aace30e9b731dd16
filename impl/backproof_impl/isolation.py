"""A target in a process of its own: a crash, a hang, an exit or a memory blow-up is an answer, not the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from backproof_impl import launch
from backproof_impl.calling import Answer, Call
from backproof_impl.conventions import Conventions, Unloadable, UsageError
from backproof_impl.protocol import (
    LARGEST_LINE,
    Malformed,
    call_message,
    encoded,
    exact,
    line,
    read,
    read_answer,
    read_seen,
    read_started,
    read_takes,
    start_message,
)
from backproof_impl.seen import Ledger
from backproof_impl.target import FUNCTIONS, Signatures, Target

CALL_SECONDS = 10.0
"""A call that takes longer hangs, unless the target declares ``limits.seconds``."""
START_SECONDS = 120.0
"""Importing a large framework on a busy machine takes tens of seconds."""
LARGEST_MEMORY = 4 * 2**30
"""Bytes that calls may add to what the process holds; half of what the machine has available, where that is less."""
_POLL_SECONDS = 0.05
_STOP_SECONDS = 0.5
_LAST_WORDS = 2000


@dataclass(frozen=True)
class Program:
    """What to start and what to say first: for a Python target our own host, for anything else its command."""

    name: str
    command: tuple[str, ...]
    source: str | None = None

    @staticmethod
    def of_python(source: str | Path) -> Program:
        """The host of a Python target: a file called ``random.py`` beside the target is not imported."""
        return Program(str(source), launch.program("backproof_impl.host"), str(source))


class _Died(Exception):
    """The process ended, or was stopped, before it answered."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """A question that waits for its answer, so many seconds."""

    seconds: float
    deadline: float


_NONE: Signatures = {}


class Session:
    """A running program that answers calls; started again at the next call after it died."""

    def __init__(self, program: Program, further: Signatures = _NONE) -> None:
        """Nothing is started yet; ``further``: what the program may offer beside ``FUNCTIONS``."""
        self._program, self._further = program, further
        self.signatures: Signatures = {**further, **FUNCTIONS}
        self._process: subprocess.Popen[bytes] | None = None
        self._seq, self._ledger = 0, Ledger()
        self._stopped: str | None = None
        self._asked: _Asked | None = None
        self._lock, self._over = threading.Lock(), threading.Event()
        self._words: deque[bytes] = deque(maxlen=40)
        self._ears: threading.Thread | None = None
        self._baseline = 0
        self.seconds = CALL_SECONDS
        self.memory = min(LARGEST_MEMORY, psutil.virtual_memory().available // 2)

    def start(self) -> tuple[str, list[str], Conventions]:
        """Start the program: its name, functions and conventions. Raises ``UsageError`` where that fails."""
        program = self._program
        first = start_message(program.source, self._further)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command the user asked to run
                program.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            msg = f"target {program.name}: cannot be started: {error.strerror}: {program.command[0]}"
            raise UsageError(msg) from None
        launch.watch(self._process.pid)
        self._words.clear()
        self._ears = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._ears.start()
        self._baseline, self._over = 0, threading.Event()
        threading.Thread(target=self._guard, args=(self._process, self._over), daemon=True).start()
        try:
            answer = self._ask(first, START_SECONDS)
            found = read_started(program.name, answer, self.signatures)
            self.signatures = {**read_takes(program.name, answer, self._further), **FUNCTIONS}
        except _Died as died:
            msg = f"target {program.name}: {'importing' if program.source else 'starting'} it: {died}"
            raise Unloadable(msg) from None
        except Malformed as malformed:
            self.close()
            msg = f"target {program.name}: {malformed}; expected the line that answers start (see docs/protocol)"
            raise Unloadable(msg) from None
        except BaseException:
            self.close()
            raise
        self._baseline = self._resident()
        return found

    def target(self) -> Target:
        """Start the program and take it as a target. Raises ``UsageError`` where it cannot be started."""
        name, functions, conventions = self.start()
        if self._program.source is None:  # in another language memory and number formats are its own affair
            limits = replace(conventions.limits, memory=("contiguous",), integers=False)
            conventions = replace(conventions, limits=limits)
        calls = dict.fromkeys(functions, self.call)
        return Target(name, calls, conventions, self.call, signatures=self.signatures)

    def call(self, call: Call, *, keep: bool) -> Answer:
        """One call; whatever happens to the program is an answer."""
        try:
            if self._process is None:
                self.start()
                keep = False
            self._seq, self._ledger = self._seq + 1, self._ledger if keep else Ledger()
            ours = self._program.source is not None
            question = call_message(self._seq, call, keep=keep, write=exact if ours else encoded)
            message = self._ask(question, self.seconds)
            answer = read_answer(self._seq, call.function, message, self.signatures)
            if not ours or message["type"] != "result":  # in another language nothing is seen
                return answer
            seen = read_seen(message, call.arguments, answer.outputs, self._ledger.length)
            return replace(answer, seen=seen).judged(call, self._ledger)
        except _Died as died:
            return Answer(raised=str(died), died=True)
        except Malformed as malformed:
            self.close()
            return Answer(raised=f"malformed answer: {malformed}", died=True)
        except UsageError as error:
            return Answer(raised=f"it could not be started again: {error}", died=True)

    def close(self) -> None:
        """End the program and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        self._over.set()
        family = _family(process.pid)
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            process.stdin.write(line({"type": "stop"}))  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(timeout=_STOP_SECONDS)
        end(process, family)
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        if self._ears is not None:
            self._ears.join(timeout=1)

    # --- one question, one answer -------------------------------------------------------------------------------------

    def _ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a line, read a line, within the limits. Raises ``_Died`` or ``Malformed``."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            msg = "it is not running"
            raise _Died(msg)
        self._stopped, self._asked = None, _Asked(seconds, time.monotonic() + seconds)
        try:
            with contextlib.suppress(OSError):  # it may have answered all the same, and gone
                process.stdin.write(line(message))
                process.stdin.flush()
            text = process.stdout.readline(LARGEST_LINE)
        except OSError:
            text = b""
        finally:
            with self._lock:
                self._asked = None
        if self._stopped is not None or not text:
            reason = self._stopped or self._obituary(process)
            self.close()
            raise _Died(reason)
        if not text.endswith(b"\n"):
            long = f"a line of more than {LARGEST_LINE // 2**20} MiB"
            raise Malformed(long if len(text) >= LARGEST_LINE else f"half a line; {self._obituary(process)}")
        return read(text)

    def _guard(self, process: subprocess.Popen[bytes], over: threading.Event) -> None:
        """Stop the program when it takes too long or too much memory, or has gone and left its pipe to a child."""
        before, gone, family = None, 0, set[psutil.Process]()
        while not over.wait(_POLL_SECONDS):
            asked = self._asked
            if asked is None or asked is not before:  # most answers come before they are waited for twice
                before, gone = asked, 0
                continue
            family |= {*_family(process.pid)}  # those of a program that has gone are nobody's children any more
            gone += process.poll() is not None
            reason = self._excess(asked, family) if gone == 0 else None
            with self._lock:
                if self._asked is asked and (reason is not None or gone > 1):
                    self._stopped = reason
                    _kill(process, family)
                    return

    def _excess(self, asked: _Asked, family: Iterable[psutil.Process]) -> str | None:
        """Why it is to be stopped, if it is."""
        if time.monotonic() > asked.deadline:
            hint = " (limits.seconds declares more)" if self._baseline else ""
            return f"no answer within {asked.seconds:g} s: stopped{hint}"
        if self._baseline and sum(map(_bytes, family)) - self._baseline > self.memory:
            return f"it took more than {self.memory / 2**30:.1f} GiB of memory: stopped"
        return None

    def _resident(self) -> int:
        """Bytes of memory that the program and whatever it started hold; 0 when it is gone."""
        return sum(map(_bytes, _family(self._process.pid))) if self._process else 0

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the last of what the program says on standard error, however much it is."""
        with contextlib.suppress(OSError, ValueError):
            while words := process.stderr.readline(_LAST_WORDS):  # type: ignore[union-attr]
                self._words.append(words)
            process.stderr.close()  # type: ignore[union-attr]

    def _obituary(self, process: subprocess.Popen[bytes]) -> str:
        """How the program ended, and the last it said."""
        try:
            status = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "it closed its output and went on: stopped"
        if self._ears is not None:
            self._ears.join(timeout=1)
        said = [" ".join(words.decode("utf-8", "replace").split()) for words in self._words]
        last = next((words for words in reversed(said) if words), "")
        how = (
            f"the process ended with exit status {status}"
            if status >= 0
            else f"the process was killed by {_name(-status)}"
        )
        return f"{how}; it said: {last}" if last else how


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _family(pid: int) -> list[psutil.Process]:
    """The process and whatever it started, as far as they still run."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def _bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _kill(process: subprocess.Popen[bytes], family: Iterable[psutil.Process]) -> None:
    """Kill the program with everything it was seen to have started."""
    for each in {*family, *(_family(process.pid) if process.poll() is None else ())}:
        with contextlib.suppress(psutil.Error):
            each.kill()
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def end(process: subprocess.Popen[bytes], family: Iterable[psutil.Process] = ()) -> None:
    """End a program that was started here, with everything it was seen to have started."""
    _kill(process, family)
    process.wait()
    launch.forget(process.pid)

"""Where targets come from, and many properties at once: in this process, or in several that load their own target."""

from __future__ import annotations

import pickle
import queue
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from backproof_impl import launch
from backproof_impl.conventions import Conventions, declare
from backproof_impl.isolation import Program, Session, end
from backproof_impl.loading import as_target
from backproof_impl.target import Signatures, Target
from backproof_properties.results import Outcome, Verdict
from backproof_properties.runner import Task, run


@dataclass(frozen=True)
class Source:
    """Where a target comes from, so that every process can load its own; ``declarations`` as on the command line.

    ``what`` is anything that ``as_target`` takes, or the ``Program`` that hosts it. ``isolate`` gives it a process.
    ``further``: what it may offer of operations beside the suite's.
    """

    what: Any
    conventions: Conventions | None = None
    declarations: tuple[str, ...] = ()
    isolate: bool = False
    further: Signatures = field(default_factory=dict)

    def load(self) -> tuple[Target, Callable[[], None]]:
        """The target, and what ends its process if it has one."""
        if not self.isolate and not isinstance(self.what, Program):
            found = as_target(self.what, self.conventions, self.further)
            return replace(found, conventions=declare(found.conventions, list(self.declarations))), _nothing
        program = self.what if isinstance(self.what, Program) else Program.of_python(self.what)
        session = Session(program, self.further)
        found = session.target()
        conventions = declare(self.conventions or found.conventions, list(self.declarations))
        session.seconds = conventions.limits.seconds or session.seconds
        return replace(found, conventions=conventions, restart=session.close), session.close


def named(what: Any) -> str:
    """What a target is called that has not been loaded."""
    return what.name if isinstance(what, Program) else str(getattr(what, "__name__", what))


def _nothing() -> None:
    """A target in this process needs no ending."""


def run_all(
    planned: list[Task], target: Target, workers: int, source: Source, done: Callable[[Task, Outcome], None]
) -> list[Outcome]:
    """Every outcome in the order of ``planned``; ``done`` is called as each arrives.

    One worker judges ``target``; each of several loads its own from ``source``.
    """
    if workers == 1 or len(planned) == 1:
        return [_announced(task, run(task, target), done) for task in planned]
    waiting, answers, found = _Waiting(planned), queue.SimpleQueue[tuple[int, Any]](), {}

    def serve(worker: Worker) -> None:
        while (taken := waiting.next(worker)) is not None:
            number, task = taken
            answers.put((number, worker.run(task)))

    crew = [Worker(source) for _ in range(min(workers, len(planned)))]
    try:
        for worker in crew:
            threading.Thread(target=serve, args=(worker,), daemon=True).start()
        for _ in planned:
            number, outcome = answers.get()
            if isinstance(outcome, BaseException):
                raise outcome
            found[number] = _announced(planned[number], outcome, done)
        for worker in crew:
            worker.stop()
    finally:
        waiting.clear()
        for worker in crew:
            worker.close()
    return [found[number] for number in range(len(planned))]


class _Waiting:
    """Tasks that nobody has taken: who asks goes on with what he was about, else with what nobody else is about.

    Of an operation that is one link, whose examples are the same ones for all its claims.
    """

    def __init__(self, planned: list[Task]) -> None:
        """All of them."""
        self._tasks = dict(enumerate(planned))
        self._pairs = [(task.about, task.property.link) for task in planned]
        self._at: dict[Worker, tuple[Any, Any]] = {}
        self._lock = threading.Lock()

    def next(self, worker: Worker) -> tuple[int, Task] | None:
        """A task and its number; none when all are taken."""
        with self._lock:
            if not self._tasks:
                return None
            mine = self._at.get(worker, (None, None))
            others = {at for other, at in self._at.items() if other is not worker}
            abouts = {about for about, _ in others}

            def later(k: int) -> tuple[bool, ...]:
                pair = self._pairs[k]
                return pair[0] != mine[0], pair[0] in abouts, pair != mine, pair in others

            number = min(self._tasks, key=later)
            self._at[worker] = self._pairs[number]
            return number, self._tasks.pop(number)

    def clear(self) -> None:
        """None is to be taken any more."""
        with self._lock:
            self._tasks.clear()


class Worker:
    """A process that loads its own target and runs one task after another; started again after it died."""

    def __init__(self, source: Source) -> None:
        """Start it."""
        self._source = source
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = self._stopping = False
        self._running()

    def _running(self) -> subprocess.Popen[bytes] | None:
        """Its process, started if need be; none once it is closed."""
        with self._lock:
            if self._process is None and not self._closed:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    launch.program("backproof_properties.worker"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # an interrupt is the parent's to handle
                )
                launch.watch(self._process.pid)
                _send(self._process, pickle.dumps(self._source))
            return self._process

    def run(self, task: Task) -> Outcome | BaseException:
        """What became of a task; an exception where the fault is ours."""
        try:
            packed = pickle.dumps(task)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            return error
        process = self._running()
        if process is None:
            return _lost(task)
        _send(process, packed)
        try:
            answer: Outcome | BaseException = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._end()
            return _lost(task)
        return answer

    def stop(self) -> None:
        """Ask it to end when it has done what it does, and its target to clear up."""
        self._stopping = True
        if self._process is not None:
            _send(self._process, pickle.dumps(STOP))

    def close(self) -> None:
        """End it, with all that it has started."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        if self._stopping:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_STOP_SECONDS)
        end(process)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]


STOP = "stop"
_STOP_SECONDS = 2.0
"""A target has half a second to clear up, and its worker the rest."""


def _send(process: subprocess.Popen[bytes], packed: bytes) -> None:
    with suppress(OSError, ValueError):  # it has ended, as is seen when it does not answer
        process.stdin.write(packed)  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]


LOST = "a worker process died before this was judged: run again with -n 1 to see what the target does"
"""Why there is no verdict that another run could not have."""


def _lost(task: Task) -> Outcome:
    return task.outcome(Verdict.ERROR, LOST)


def _announced(task: Task, outcome: Outcome, done: Callable[[Task, Outcome], None]) -> Outcome:
    done(task, outcome)
    return outcome

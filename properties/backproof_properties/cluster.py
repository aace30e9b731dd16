"""The tasks of a run on a Dask cluster that is there: each is judged by one of its workers, in a process of its own.

A task is judged as it would be here: the same version, the same seed, the same target, whose file is sent along. One
that was lost with its worker is given to another.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import pickle
import socket
import tempfile
import threading
import uuid
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from backproof_impl.conventions import UsageError
from backproof_impl.isolation import Program
from backproof_properties import remembered
from backproof_properties.processes import LOST, Source, Worker
from backproof_properties.results import Outcome, Verdict
from backproof_properties.tasks import Task

_ANSWER_SECONDS, _IDLE_SECONDS = 10, 30.0
"""So long a scheduler may take to answer, and so long a process of a worker waits for its next task."""
_AT_ONCE = 1000
"""So many tasks a scheduler has at once."""


class SchedulerLost(Exception):
    """It is gone, with all that was not judged by then."""


# --- here -------------------------------------------------------------------------------------------------------------


def run_all(planned: Iterable[Task], source: Source, address: str, done: Callable[[Task, Outcome], None]) -> None:
    """Have every task judged on the cluster of the scheduler at ``address``; ``done`` is called as each arrives.

    Raises ``UsageError`` where that cannot be done, ``SchedulerLost`` where it ended.
    """
    sent, waiting = _sent(source), iter(planned)
    with _connected(address) as (client, distributed):
        arriving, running = distributed.as_completed(loop=client.loop), dict[Any, Task]()

        def give(many: int) -> None:
            for task in islice(waiting, many):
                future = client.submit(pickle.loads, pickle.dumps(_Judged(sent, task)), pure=False)
                running[future] = task
                arriving.add(future)

        give(_AT_ONCE)
        for future in arriving:
            task = running.pop(future)
            done(task, _answer(address, future, task, distributed))
            give(1)


def _answer(address: str, future: Any, task: Task, distributed: Any) -> Outcome:
    try:
        found: Outcome = future.result()
    except distributed.KilledWorker:
        return task.outcome(Verdict.ERROR, LOST)
    except ModuleNotFoundError as error:
        msg = f"--cluster {address}: a worker has no module {error.name}: install Backproof there as here"
        raise UsageError(msg) from None
    except UsageError as error:
        msg = f"--cluster {address}: {error}"
        raise UsageError(msg) from None
    except (CancelledError, asyncio.CancelledError, OSError):
        msg = f"the scheduler at {address} was lost"
        raise SchedulerLost(msg) from None
    return found


@contextmanager
def _connected(address: str) -> Iterator[tuple[Any, Any]]:
    """A client of the scheduler, and Dask. Raises ``UsageError``."""
    if not address.strip():  # Dask would start a cluster of its own
        msg = "--cluster is empty, expected the address that dask scheduler prints"
        raise UsageError(msg)
    try:
        distributed: Any = importlib.import_module("distributed")  # an extra
    except ModuleNotFoundError:
        msg = f"--cluster {address} needs Dask: pip install 'backproof[cluster]'"
        raise UsageError(msg) from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what is wrong is said in a line of ours
    try:
        _require_answer(address)  # a client that never connected may block the next one
        with warnings.catch_warnings(action="ignore"):  # of versions: those that matter are looked at there
            client = distributed.Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        msg = f"--cluster {address}: no scheduler answers ({why}), expected the address that dask scheduler prints"
        raise UsageError(msg) from None
    with client:
        if not client.scheduler_info()["workers"]:
            msg = f"--cluster {address}: it has no workers, expected some that dask worker {address} has started"
            raise UsageError(msg)
        yield client, distributed


def _require_answer(address: str) -> None:
    """Is there anything at all? Raises ``OSError`` or ``ValueError``."""
    addressing: Any = importlib.import_module("distributed.comm.addressing")
    protocol, place = addressing.parse_address(address)
    if protocol in {"tcp", "tls"}:
        socket.create_connection(addressing.parse_host_port(place), timeout=_ANSWER_SECONDS).close()


@dataclass(frozen=True)
class _Sent:
    """What a worker needs of a run: where its target comes from, what is in its file, and which version judges it."""

    run: str
    source: Source
    version: str
    file: str = ""
    attribute: str = ""
    content: bytes = b""


def _sent(source: Source) -> _Sent:
    file, _, attribute = str(source.what).partition(":")
    if isinstance(source.what, Program) or not file.endswith(".py"):
        return _Sent(uuid.uuid4().hex, source, remembered.digest())
    path = Path(file)
    return _Sent(uuid.uuid4().hex, source, remembered.digest(), path.name, attribute, path.read_bytes())


@dataclass(frozen=True)
class _Judged:
    """What is an outcome where it is read: the scheduler, which reads nothing, needs Dask alone."""

    sent: _Sent
    task: Task

    def __reduce__(self) -> tuple[Callable[[_Sent, Task], Outcome], tuple[_Sent, Task]]:
        """Read, it is judged."""
        return _judged, (self.sent, self.task)


# --- there ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A process that judges a run, and the folder of the file that it was sent."""

    worker: Worker
    folder: tempfile.TemporaryDirectory[str]

    def close(self) -> None:
        self.worker.stop()
        self.worker.close()
        self.folder.cleanup()


class _Places:
    """The processes that wait for the next task, by run: those of another are ended, and those that wait too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = defaultdict[str, list[_Place]](list)
        self._clock: threading.Timer | None = None

    def take(self, sent: _Sent) -> _Place:
        with self._lock:
            self._end({*self._waiting} - {sent.run})
            if self._waiting[sent.run]:
                return self._waiting[sent.run].pop()
        folder, source = tempfile.TemporaryDirectory(prefix="backproof-"), sent.source
        if sent.file:
            path = Path(folder.name, sent.file)
            path.write_bytes(sent.content)
            source = replace(source, what=f"{path}:{sent.attribute}" if sent.attribute else str(path))
        return _Place(Worker(source), folder)

    def give(self, sent: _Sent, place: _Place) -> None:
        with self._lock:
            self._waiting[sent.run].append(place)
            if self._clock is not None:
                self._clock.cancel()
            self._clock = threading.Timer(_IDLE_SECONDS, self.clear)
            self._clock.daemon = True
            self._clock.start()

    def clear(self) -> None:
        with self._lock:
            self._end({*self._waiting})

    def _end(self, runs: Iterable[str]) -> None:
        for run in runs:
            for place in self._waiting.pop(run):
                place.close()


_PLACES = _Places()


def _judged(sent: _Sent, task: Task) -> Outcome:
    """What becomes of a task, on a worker. Raises what the fault of ours is, or of what is installed there."""
    if sent.version != remembered.digest():
        msg = "a worker has another version of Backproof, Python, NumPy, mpmath or Hypothesis: install what is here"
        raise UsageError(msg)
    place = _PLACES.take(sent)
    try:
        answer = place.worker.run(task)
    finally:
        _PLACES.give(sent, place)
    if isinstance(answer, BaseException):
        raise answer
    return answer

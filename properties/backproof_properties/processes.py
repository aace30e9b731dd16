"""Where targets come from, and many properties at once: in this process, or in several that load their own target."""

from __future__ import annotations

import multiprocessing.util
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from backproof_impl.conventions import Conventions, declare
from backproof_impl.isolation import Program, Session
from backproof_impl.loading import as_target
from backproof_impl.target import Target
from backproof_properties.results import Outcome, Verdict
from backproof_properties.runner import Task, run


@dataclass(frozen=True)
class Source:
    """Where a target comes from, so that every process can load its own; ``declarations`` as on the command line.

    ``what`` is anything that ``as_target`` takes, or the ``Program`` that hosts it. ``isolate`` gives it a process.
    """

    what: Any
    conventions: Conventions | None = None
    declarations: tuple[str, ...] = ()
    isolate: bool = False

    def load(self) -> tuple[Target, Callable[[], None]]:
        """The target, and what ends its process if it has one."""
        if not self.isolate and not isinstance(self.what, Program):
            found = as_target(self.what, self.conventions)
            return replace(found, conventions=declare(found.conventions, list(self.declarations))), _nothing
        session = Session(self.what if isinstance(self.what, Program) else Program.of_python(self.what))
        found = session.target()
        conventions = declare(self.conventions or found.conventions, list(self.declarations))
        session.seconds = conventions.limits.seconds or session.seconds
        return replace(found, conventions=conventions), session.close


def _nothing() -> None:
    """A target in this process needs no ending."""


def run_all(
    planned: list[Task], target: Target, workers: int, source: Source, done: Callable[[Outcome], None]
) -> list[Outcome]:
    """Every outcome in the order of ``planned``; ``done`` is called as each arrives.

    One worker judges ``target``; each of several loads its own from ``source``.
    """
    if workers == 1 or len(planned) == 1:
        return [_announced(run(task, target), done) for task in planned]
    context = get_context("spawn")  # a forked child of a process with a framework's threads may hang
    found: dict[int, Outcome] = {}
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_load, initargs=(source,))
    try:
        with _interrupts_wait():
            futures = {pool.submit(_run_loaded, task): number for number, task in enumerate(planned)}
        for future in as_completed(futures):
            found[futures[future]] = _announced(future.result(), done)
    except BrokenProcessPool:
        pass  # what is missing below is reported as an error, what was found is kept
    except BaseException:  # an interrupted run leaves no worker behind
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - the public way waits for what they do
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [found.get(number, _lost(task)) for number, task in enumerate(planned)]


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """An interrupt waits until this is left; processes started in here never hear one: it is the parent's to handle."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: the workers ignore interrupts once they have started
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lost(task: Task) -> Outcome:
    reason = "a worker process died before this was judged: run again with -n 1 to see what the target does"
    return Outcome(task.property.claim, task.property.link, task.dtype, Verdict.ERROR, reason=reason)


def _announced(outcome: Outcome, done: Callable[[Outcome], None]) -> Outcome:
    done(outcome)
    return outcome


_LOADED: list[Target] = []


def _load(source: Source) -> None:
    """In a worker process: load the target, end its process with this one; an interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    target, close = source.load()

    def terminate(*_: object) -> None:
        close()
        os._exit(1)

    signal.signal(signal.SIGTERM, terminate)
    multiprocessing.util.Finalize(None, close, exitpriority=0)
    _LOADED[:] = [target]


def _run_loaded(task: Task) -> Outcome:
    return run(task, _LOADED[0])

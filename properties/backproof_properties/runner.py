"""Runs properties: examples of a seed; what fails is made smaller with Hypothesis."""

from __future__ import annotations

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_impl.target import Target
from backproof_properties.choices import SPEC_DTYPE, unsupported
from backproof_properties.property import Property
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.search import LARGEST, SMALLER, Search
from backproof_properties.subject import Subject
from backproof_properties.tasks import Task, needed, offered, tasks

__all__ = ["Search", "Task", "needed", "offered", "refutes", "run", "tasks"]

_NOBODY = Target("the spec", {}, Conventions())
"""The subject of the links inside the spec: no functions, the notes' conventions."""


@np.errstate(all="ignore")  # whatever a target in this process, or who calls us, has set
def run(task: Task, target: Target) -> Outcome:
    """Run one property and say what became of it."""
    each = task.property
    reason = unsupported(each, task.dtype, target)
    if reason is not None:
        return Outcome(each.claim, each.link, task.dtype, Verdict.UNSUPPORTED, reason=reason)
    subject = Subject(target if each.functions else _NOBODY, task.dtype or SPEC_DTYPE)
    largest, of_target = SMALLER[-1] if each.link is Link.JACOBIAN else LARGEST, each.link is Link.IMPLEMENTATION
    search = _searched(each, subject, task) if of_target else Search(each, subject, task, largest).searched()
    if search.verdict is Verdict.HOLDS:
        return search.outcome()
    for least, most in (*((1, size) for size in SMALLER if of_target), (0, largest)):
        again = Search(each, search.subject, task, most, least).shrunk()
        if again.verdict is not Verdict.HOLDS:
            break
    found = search if again.verdict is Verdict.HOLDS else again
    if of_target:
        found.settle(search)
        found.plainly()
        found.reduce()
        found.diagnose()
    return found.outcome(tried_before=0 if found is search else search.tried)


def refutes(task: Task, target: Target) -> bool:
    """Is there a counterexample? It is neither made smaller nor named."""
    return _searched(task.property, Subject(target, task.dtype or SPEC_DTYPE), task).verdict is not Verdict.HOLDS


def _searched(each: Property, subject: Subject, task: Task) -> Search:
    search = Search(each, subject, task, LARGEST).searched()
    for further in (search.sweep, search.decide, search.beside):
        if search.verdict is Verdict.HOLDS:
            further()
    return search

"""Runs properties with Hypothesis: generation, targeting of the worst error ÷ bound, shrinking, replay by seed."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase

from backproof_impl.conventions import Conventions
from backproof_impl.target import Target
from backproof_properties.choices import SPEC_DTYPE, unsupported
from backproof_properties.property import Property
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.search import LARGEST, SMALLER, Search
from backproof_properties.subject import Subject
from backproof_properties.tasks import Task, needed, offered, tasks

__all__ = ["Search", "Task", "needed", "offered", "refutes", "run", "tasks"]

_SHRUNK = (Phase.generate, Phase.shrink)
"""How what is refuted is looked for anew: four fifths of the time of a refutation is Hypothesis's shrinking."""
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
    if each.link is not Link.IMPLEMENTATION:
        largest = SMALLER[-1] if each.link is Link.JACOBIAN else LARGEST
        return Search(each, subject, task, largest).searched((Phase.generate, Phase.shrink)).outcome()
    search = _searched(each, subject, task)
    if search.verdict is Verdict.HOLDS:
        return search.outcome()
    for least, largest in (*((1, size) for size in SMALLER), (0, LARGEST)):
        again = Search(each, search.subject, task, largest, least).searched(_SHRUNK)
        if again.verdict is not Verdict.HOLDS:
            break
    found = search if again.verdict is Verdict.HOLDS else again
    found.settle(search)
    found.reduce()
    found.diagnose()
    return found.outcome(tried_before=0 if found is search else search.tried)


def refutes(task: Task, target: Target) -> bool:
    """Is there a counterexample? It is neither made smaller nor named."""
    return _searched(task.property, Subject(target, task.dtype or SPEC_DTYPE), task).verdict is not Verdict.HOLDS


def _searched(each: Property, subject: Subject, task: Task) -> Search:
    search = Search(each, subject, task, LARGEST).searched((Phase.generate,))
    for further in (search.sweep, search.decide, search.hunt, search.beside):
        if search.verdict is Verdict.HOLDS:
            further()
    return search

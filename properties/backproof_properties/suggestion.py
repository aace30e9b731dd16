"""A target that fails on shapes: under which layout, order of weights and labels does it work?

Code with batches first, or with weights (inputs, outputs), fails at every claim alike on arrays of the notes' layout.
A claim that fails on few of them only, as one that raises at nine rows, has another reason.
Nothing is guessed: what is found is a line to declare, and no verdict changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backproof_impl.conventions import FIELDS, declare
from backproof_impl.target import Target
from backproof_properties.contract import Declined, Raised
from backproof_properties.drawing import drawn
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.subject import Domain, Subject
from backproof_properties.tasks import Task

_FIELDS = ("layout", "weights", "labels")
_EXAMPLES, _SIZES = 8, (1, 5)
"""A declaration is tried on so many examples of these sizes, most of them with sides that differ."""


@dataclass(frozen=True)
class Suggestion:
    """Declarations under which claims that fail on shapes work, and those claims."""

    declare: tuple[str, ...]
    claims: tuple[str, ...]


def suggest(target: Target, outcomes: Sequence[Outcome], planned: Sequence[Task]) -> Suggestion | None:
    """The fewest declarations under which most of what fails on shapes no longer does; None where none helps."""
    of_notes = (pair for pair in zip(planned, outcomes, strict=True) if pair[0].own is None)
    failing = [task for task, outcome in of_notes if _on_shapes(outcome) and not _works(task, target)]
    best: Suggestion | None = None
    for declarations in _declarations(target) if failing else ():
        meant = replace(target, conventions=declare(target.conventions, list(declarations)))
        works = tuple(dict.fromkeys(task.property.claim for task in failing if _works(task, meant)))
        if len(works) > len(best.claims if best else ()):
            best = Suggestion(declarations, works)
    return best


def _on_shapes(outcome: Outcome) -> bool:
    """Did it raise, or break the contract, before any value was judged, and not end its process?"""
    failed = outcome.link is Link.IMPLEMENTATION and outcome.verdict in {Verdict.ERROR, Verdict.REFUTED}
    return failed and outcome.finding is not None and outcome.finding.expected is None


def _declarations(target: Target) -> list[tuple[str, ...]]:
    """Every other choice of layout, weights and labels, those with the fewest changes first."""
    fields = [
        [None, *(f"{name}={value}" for value in FIELDS[name].values if value != getattr(target.conventions, name))]
        for name in _FIELDS
    ]
    choices = [tuple(line for line in choice if line is not None) for choice in itertools.product(*fields)]
    return sorted((choice for choice in choices if choice), key=len)


def _works(task: Task, target: Target) -> bool:
    """Does every call return what has the right shape? Values are left to a run under the declaration."""
    each, dtype = task.property, task.dtype or "float64"
    if any(name in target.died for name in each.functions):
        return False
    least, largest = _SIZES
    domain = Domain(dtype, target.conventions, least=least, largest=largest)
    cases = [case for case, _ in drawn(each, domain, replace(task, examples=_EXAMPLES))]
    return all(_answers(each, case, Subject(target, dtype)) for case in cases)


def _answers(each: Property, case: dict[str, object], subject: Subject) -> bool:
    try:
        each.check(case, subject)
    except Raised:
        return False
    except Refuted as refuted:
        return refuted.finding.expected is not None
    except (Declined, ZeroDivisionError):
        return True
    return True

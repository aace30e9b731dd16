"""Examples of a property that are only drawn: at random, or one of each size."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import Phase
from hypothesis import strategies as st

from backproof_properties import decisive, sweep
from backproof_properties.arrays import Case
from backproof_properties.diagnosis import Example
from backproof_properties.property import Property
from backproof_properties.seeded import INDEPENDENT, under_hypothesis, without_constants
from backproof_properties.subject import Domain
from backproof_properties.tasks import Task


def drawn(each: Property, domain: Domain, task: Task) -> list[Example]:
    """As many examples as the task says, with its seed; none of them is judged."""
    found: list[Example] = []
    collect = lambda case, usage: found.append((case, usage))  # noqa: E731 - one line
    with without_constants():
        under_hypothesis(collect, each, domain, task.draws(domain), task.examples, (Phase.generate,), INDEPENDENT)()
    return found


def swept(each: Property, domain: Domain, task: Task) -> list[Example]:
    """Examples of all sizes (``sweep``), or the share of them that the task asks for."""
    number, numbers = sweep.number(each.sweeps), count()
    many = min(number, number * task.examples // decisive.BY_DEFAULT)

    def cases(domain: Domain) -> st.SearchStrategy[Case]:
        return st.none().flatmap(lambda _: each.cases(replace(domain, swept=next(numbers))))

    return drawn(replace(each, cases=cases), domain, replace(task, examples=many)) if many else []

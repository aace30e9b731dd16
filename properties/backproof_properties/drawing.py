"""Examples of a property that are only drawn: at random, or one of each size; of a seed the same ones again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from backproof_properties import decisive, sweep
from backproof_properties.diagnosis import Example
from backproof_properties.examples import example
from backproof_properties.property import Property
from backproof_properties.source import Seed, Unfit
from backproof_properties.subject import Domain
from backproof_properties.tasks import Task

_MOST, _OF_EACH = 1000, 10
"""So many are tried at least, or as many for each that is wanted, until enough are fit; of one size only those."""


def drawn(each: Property, domain: Domain, task: Task) -> list[Example]:
    """As many examples as the task says, with its seed; none of them is judged. Fewer, where few are fit."""
    return list(islice(candidates(each, domain, task), task.examples))


def candidates(each: Property, domain: Domain, task: Task) -> Iterator[Example]:
    """Examples, one after the other: more than are asked for, as a check may find some unfit."""
    key, tries = task.draws(domain), _OF_EACH * task.examples
    for number in range(tries if domain.sweeps else max(_MOST, tries)):
        with suppress(Unfit):
            yield example(Seed(f"{key}/{number}"), each, domain)


def swept(each: Property, domain: Domain, task: Task) -> list[Example]:
    """Examples of all sizes (``sweep``), or the share of them that the task asks for."""
    number, one = sweep.number(each.sweeps), replace(task, examples=1)
    many = min(number, number * task.examples // decisive.BY_DEFAULT)
    return [found for k in range(many) for found in drawn(each, replace(domain, swept=k), one)]

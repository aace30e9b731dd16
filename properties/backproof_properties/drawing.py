"""Examples of a property that are only drawn: at random, or one of each size; of a seed the same ones again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from backproof_properties import decisive, sweep
from backproof_properties.arrays import arrays_of
from backproof_properties.diagnosis import Example
from backproof_properties.examples import example
from backproof_properties.kept import OF_ITS_OWN, Latest
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
    taken = tuple(domain.signatures.get(name) for name in each.functions or each.signatures)
    scale = tuple(domain.conventions.scale.items())  # a dict: it may change while what was drawn is kept
    for number in range(tries if domain.sweeps else max(_MOST, tries)):
        seed = f"{key}/{number}"
        found = _LATEST.get((seed, domain, scale, each.cases, each.functions, taken), partial(_fit, seed, each, domain))
        if found is not None:
            yield found


_LATEST = Latest[Example | None]()
"""The claims of an operation whose functions are given the same have the same examples."""


def _fit(seed: str, each: Property, domain: Domain) -> tuple[Example | None, int]:
    """The example of a seed, if it is fit, and what it takes."""
    try:
        found = example(Seed(seed), each, domain)
    except Unfit:
        return None, OF_ITS_OWN
    return found, OF_ITS_OWN + sum(map(np.size, arrays_of(found[0])))


def swept(each: Property, domain: Domain, task: Task) -> list[Example]:
    """Examples of all sizes (``sweep``), or the share of them that the task asks for."""
    number, one = sweep.number(each.sweeps), replace(task, examples=1)
    many = min(number, number * task.examples // decisive.BY_DEFAULT)
    return [found for k in range(many) for found in drawn(each, replace(domain, swept=k), one)]

"""Hypothesis, reproducible from a seed alone: examples drawn independently of each other, and made smaller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from backproof_properties.arrays import Case
from backproof_properties.contract import Usage
from backproof_properties.examples import example
from backproof_properties.property import Property
from backproof_properties.source import strategy
from backproof_properties.subject import Domain
from backproof_properties.tasks import Task

_INDEPENDENT = "backproof-independent"


class Seeded(HypothesisProvider):
    """Hypothesis's own draws, without the constants of whatever modules are loaded: the seed alone decides.

    Under a name of its own it is not asked for mutations either: of 100 examples those leave about 20 that differ much.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        """No constant."""


def under_hypothesis(
    check: Callable[[Case, Usage], None], each: Property, domain: Domain, task: Task
) -> Callable[[], None]:
    """``check`` under Hypothesis: reproducible from the seed, silent, shrinking to one smallest counterexample."""
    AVAILABLE_PROVIDERS.setdefault(_INDEPENDENT, f"{__name__}.{Seeded.__name__}")
    settings = hypothesis.settings(
        max_examples=task.examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        print_blob=False,
        backend=_INDEPENDENT,
    )
    seed = int.from_bytes(hashlib.sha256(task.draws(domain).encode()).digest()[:8], "big")
    drawn = strategy(lambda source: example(source, each, domain))
    test: Callable[[], None] = hypothesis.seed(seed)(settings(hypothesis.given(drawn)(lambda found: check(*found))))
    return test

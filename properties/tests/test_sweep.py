"""Sizes: every one is tried in every dimension, and what goes wrong at some alone is refuted by default settings."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from mpmath import mp

from backproof_impl import reference
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties import runner, sweep
from backproof_properties.drawing import swept
from backproof_properties.least import LEAST, least
from backproof_properties.results import Link, Verdict
from backproof_properties.sharper import OUTPUTS
from backproof_properties.subject import Domain, Subject
from backproof_properties.suite import PROPERTIES
from backproof_spec.matrices import EXACT_BITS

IMPLEMENTATION = {each.claim: each for each in PROPERTIES if each.link is Link.IMPLEMENTATION}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_size_leads_and_no_example_is_too_large(dimensions):
    found = [sweep.sizes(dimensions, k) for k in range(sweep.number(dimensions))]
    for place in range(dimensions):
        assert {each[place] for each in found} >= {
            *range(41),
            63,
            64,
            65,
            95,
            96,
            97,
            100,
            127,
            128,
            129,
            255,
            256,
            257,
        }
    assert max(np.prod(each) for each in found) <= 257 * 64
    if dimensions > 1:
        assert {(a > 5, b > 5) for a, b, *_ in found} >= {(True, True), (True, False), (False, True)}
        assert {(a % 8, b % 8 > 3) for a, b, *_ in found} == {(a, b) for a in range(8) for b in (True, False)}


@pytest.mark.parametrize("claim", LEAST)
def test_bounds_are_no_less_than_the_least(claim):
    subject, compared = Subject(as_target(reference), "float64"), 0

    @seed(1)
    @settings(
        max_examples=60, database=None, deadline=None, phases=(Phase.generate,), suppress_health_check=[*HealthCheck]
    )
    @given(OUTPUTS[claim].cases(Domain("float64", Conventions(), 64)))
    def run(case):
        nonlocal compared
        bound = OUTPUTS[claim].bound(case, subject)
        with np.errstate(all="ignore"):
            field = least(claim, case, subject)
        shape = (*field.error.shape, 1, 1)[:2]
        value, error = (np.broadcast_to(A, shape) for A in (field.value.reshape(shape), field.error.reshape(shape)))
        with mp.workprec(EXACT_BITS):
            for place in np.ndindex(*shape):
                if np.isnan(error[place]):
                    continue
                compared += 1
                assert error[place] <= bound.radius[place], place
                off = abs(mp.mpf(float(value[place])) - bound.exact[place])
                assert off <= mp.ldexp(1, -52) * abs(bound.exact[place]) + bound.radius[place] / 100 + mp.ldexp(
                    1, -1070
                )

    run()
    assert compared > 30


MISTAKES = {
    "the last sample where the batch mod 8 is 7": (
        "linear.dW",
        "linear_vjp",
        lambda *shapes: shapes[1][1] % 8 == 7,
        (0, 0),
    ),
    "the last sample where the batch mod 16 is from 9 to 15": ("linear.db", "linear_vjp", None, None),
    "the corner of a tile where both sides are at least 6": (
        "linear.forward",
        "linear",
        lambda W, Y, *_: min(W[0], Y[1]) >= 6,
        (-1, -1),
    ),
    "a batch of exactly 100": ("relu.forward", "relu", lambda Z: Z[1] == 100, (0, -1)),
    "a batch beyond 96": ("softmax.forward", "softmax", lambda Z: Z[1] > 96, (0, -1)),
    "a class beyond 64": ("softmax_cross_entropy.dZ", "softmax_cross_entropy_vjp", lambda Z, _: Z[0] > 64, (-1, 0)),
    "seven outputs": ("linear.forward", "linear", lambda W, *_: W[0] == 7, (3, 0)),
    "the rest of blocks of 32": ("softmax.dZ", "softmax_vjp", lambda Z, _: Z[0] > 32 and Z[0] % 32 == 5, (-1, 0)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    "number", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_a_mistake_at_some_sizes_alone_is_refuted(mistake, number):
    claim, function, holds, place = MISTAKES[mistake]

    def wrong(*arguments):
        found = getattr(reference, function)(*arguments)
        names = ("dW", "dY", "db")
        arrays = [*found] if isinstance(found, tuple) else [found]
        of = names.index(claim.partition(".")[2]) if isinstance(found, tuple) else 0
        if holds is None:
            dZ = arguments[-1]
            if 9 <= dZ.shape[1] % 16 <= 15:
                arrays[of] = dZ[:, :-1].sum(axis=1)
        elif arrays[of].size and holds(*(each.shape for each in arguments)):
            arrays[of] = arrays[of].copy()
            arrays[of][place] = 1.5
        return tuple(arrays) if isinstance(found, tuple) else arrays[0]

    each, target = IMPLEMENTATION[claim], as_target({function: wrong})
    task = runner.Task(0, "float64", 100, number, each)
    search = runner._Search(each, Subject(target, "float64"), task, 128)
    search._answered = 1
    search.sweep()
    assert search.verdict is Verdict.REFUTED, search._finding.message


def test_fewer_examples_are_asked_for_less_of_the_sweep():
    each, target = IMPLEMENTATION["linear.dW"], as_target(reference)
    domain = Domain("float64", target.conventions, signatures=target.signatures)
    many = {n: len(swept(each, domain, runner.Task(0, "float64", n, 1, each))) for n in (0, 10, 100, 400)}
    assert many == {0: 0, 10: 16, 100: 168, 400: 168}

"""Sizes: every one is tried in every dimension, and what goes wrong at some alone is refuted by default settings."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from few import few
from mpmath import mp

from backproof_impl import reference
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties import chain, checks, network, runner, sweep
from backproof_properties.drawing import swept
from backproof_properties.fields import Doubt
from backproof_properties.least import LEAST, SURE, knows, of_chain, of_network
from backproof_properties.results import Link, Verdict
from backproof_properties.sharper import OUTPUTS
from backproof_properties.source import Seed
from backproof_properties.subject import Domain, Subject
from backproof_properties.suite import PROPERTIES
from backproof_spec import library
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


def of_output(claim, case, subject):
    each = OUTPUTS[claim]
    return [(each.least(case, subject), each.expected(case, subject))]


def of_networks(kind, case, subject):
    bounds = network._bounds(case, subject, kind) if kind != "loss" else [network._loss_bound(case, subject)]
    samples = None if kind == "loss" else case["X"].shape[1]
    scaled = [subject.scaled(kind, each, samples, of_loss=False) for each in bounds]
    return zip(of_network(case, subject, kind), scaled, strict=True)


def of_chains(case, subject):
    return [(of_chain(case, subject), chain._bound(case, subject))]


BOUNDS = {
    **{claim: partial(of_output, claim) for claim in LEAST},
    **{f"network.{kind}": partial(of_networks, kind) for kind in ("loss", "dX", "dW", "db")},
    "chain.rule": of_chains,
}


MEAN = Conventions(
    reduction="mean", scale={"dW": "1/batch", "dX": 3, "S": 0.1}, relu_at_zero=0, unnormalised_labels="fused"
)
FLUSHED = Conventions(arithmetic="flush-to-zero")
DECLARED = {
    "plain": ("float64", Conventions()),
    "flushed": ("float64", FLUSHED),
    "mean": ("float64", MEAN),
    "float32": ("float32", Conventions()),
    "float16": ("float16", Conventions(accumulator="float32")),
    "bfloat16": ("bfloat16", FLUSHED),
}


@pytest.mark.parametrize("declared", few(DECLARED, "plain".__eq__))
@pytest.mark.parametrize("claim", BOUNDS)
def test_what_is_certain_by_the_least_bounds_is_within_the_bounds(claim, declared):
    dtype, conventions = DECLARED[declared]
    subject, compared = Subject(as_target(reference, conventions), dtype), 0
    cases = IMPLEMENTATION[claim.replace("loss", "forward")].cases
    smallest = float(subject.arithmetic.output.smallest_normal)

    @np.errstate(all="ignore")
    def run(case):
        nonlocal compared
        try:
            pairs = list(BOUNDS[claim](case, subject))
        except Doubt:
            return
        for field, bound in pairs:
            shape = bound.shape
            value = field.value.reshape(shape)
            error = np.broadcast_to(field.error, field.value.shape).reshape(shape)
            with mp.workprec(EXACT_BITS):
                for place in np.ndindex(*shape):
                    if np.isnan(error[place]):
                        continue
                    compared += 1
                    off = abs(_exactly(value[place]) - bound.exact[place])
                    share = mp.mpf("0.5") if error[place] < smallest else _exactly(SURE)
                    assert off + share * _exactly(error[place]) <= bound.radius[place], (
                        place,
                        mp.nstr(off, 5),
                        mp.nstr(_exactly(error[place]), 5),
                        mp.nstr(bound.radius[place], 5),
                    )

    for number in range(60):
        run(cases(Seed(f"1/{number}"), Domain(dtype, conventions, 64)))
    assert compared > (30 if knows(subject) else 10)  # in short formats much may overflow


def test_a_factor_of_scale_and_reduction_has_the_precision_of_a_radius():
    subject = Subject(as_target(reference, Conventions(reduction="mean", scale={"dX": "1/batch"})), "float64")
    both, alone = (subject.factor("dX", 3, of_loss=of_loss) for of_loss in (True, False))
    with mp.workprec(400):
        assert max(abs(9 * both - 1), abs(3 * alone - 1)) < mp.ldexp(1, -190)


def _exactly(x):
    significand, exponent = np.frexp(x)
    return mp.ldexp(int(np.ldexp(significand, 64)), int(exponent) - 64)


# --- mistakes at some sizes, or at some equal samples, alone --------------------------------------------------------


def at(holds, place, of=None):
    """One entry is wrong where it holds of the shapes: of the only array that is returned, or of one of a tuple."""

    def wrong(right, *arguments):
        found = right(*arguments)
        A = (found if of is None else found[of]).copy()
        if A.size and holds(*(each.shape for each in arguments)):
            A[place] = 1.5
        return A if of is None else (*found[:of], A, *found[of + 1 :])

    return wrong


def in_network(holds, name, place=0, layer=None):
    """As ``at``, of the widths from the inputs to the classes and the batch."""

    def wrong(right, weights, biases, X, P):
        found = dict(right(weights, biases, X, P))
        widths = [X.shape[0], *map(len, weights)]
        array = np.array(found[name] if layer is None else found[name][layer % len(weights)])
        if array.size and holds(widths, X.shape[1]):
            array.flat[place] += array.dtype.type(2**-12) * (1 + abs(array.flat[place]))
        if layer is None:
            return {**found, name: array if array.ndim else array[()]}
        arrays = [*found[name]]
        arrays[layer % len(weights)] = array
        return {**found, name: arrays}

    return wrong


def once(*columns):
    """The first of equal samples alone."""
    _, first = np.unique(np.concatenate(columns), axis=1, return_index=True)
    return np.sort(first)


def equal_samples_once(right, W, Y, b, dZ):
    kept = once(Y, dZ)
    dW, _, db = right(W, Y[:, kept], b, dZ[:, kept])
    return dW, right(W, Y, b, dZ)[1], db


def equal_outputs_once(right, W, Y, b, dZ):
    _, first = np.unique(np.concatenate([W, dZ], axis=1), axis=0, return_index=True)
    dW, _, db = right(W, Y, b, dZ)
    return dW, W[np.sort(first)].T @ dZ[np.sort(first)], db


def equal_samples_of_a_network_once(right, weights, biases, X, P):
    kept = once(X, P)
    return {**right(weights, biases, X, P), "loss": right(weights, biases, X[:, kept], P[:, kept])["loss"]}


def last_sample_left_out(right, W, Y, b, dZ):
    dW, dY, db = right(W, Y, b, dZ)
    return dW, dY, dZ[:, :-1].sum(axis=1) if 9 <= dZ.shape[1] % 16 <= 15 else db


def last_bias_left_out(right, W, Y, b):
    Z = right(W, Y, b)
    if len(b) % 4 == 3:
        Z[-1] -= b[-1]
    return Z


def last_loss_left_out(right, S, P):
    return right(S[:, :-1], P[:, :-1]) if S.shape[1] == 33 else right(S, P)


def counted_in_a_byte(right, Z):
    return right(Z)[np.arange(len(Z)) % 256] if len(Z) > 256 else right(Z)


MISTAKES = {
    "the last sample where the batch mod 8 is 7": ("linear.dW", at(lambda _, Y, *__: Y[1] % 8 == 7, (0, 0), 0)),
    "the last sample where the batch mod 16 is from 9 to 15": ("linear.db", last_sample_left_out),
    "two equal samples are counted once": ("linear.dW", equal_samples_once),
    "two equal outputs are counted once": ("linear.dY", equal_outputs_once),
    "39 inputs": ("linear.dY", at(lambda W, *_: W[1] == 39, (-1, 0), 1)),
    "a tile's corner": ("linear.forward", at(lambda W, Y, _: min(W[0], Y[1]) >= 6, (-1, -1))),
    "seven outputs": ("linear.forward", at(lambda W, *_: W[0] == 7, (3, 0))),
    "the last bias where the outputs mod 4 are 3": ("linear.forward", last_bias_left_out),
    "a batch of exactly 100": ("relu.forward", at(lambda Z: Z[1] == 100, (0, -1))),
    "the rest of blocks of 16": ("relu.dZ", at(lambda Z, _: Z[0] % 16 == 15, (-1, 0))),
    "a batch beyond 96": ("softmax.forward", at(lambda Z: Z[1] > 96, (0, -1))),
    "classes are counted in a byte": ("softmax.forward", counted_in_a_byte),
    "the rest of blocks of 32": ("softmax.dZ", at(lambda Z, _: Z[0] > 32 and Z[0] % 32 == 5, (-1, 0))),
    "33 samples": ("cross_entropy.forward", last_loss_left_out),
    "one class beyond blocks of 8": ("cross_entropy.dS", at(lambda S, _: S[0] > 8 and S[0] % 8 == 1, (-1, 0))),
    "a class beyond 64": ("softmax_cross_entropy.dZ", at(lambda Z, _: Z[0] > 64, (-1, 0))),
    "ten classes": ("softmax_cross_entropy.dZ", at(lambda Z, _: Z[0] == 10, (9, -1))),
    "equal samples of a network are counted once": ("network.forward", equal_samples_of_a_network_once),
    "a network's batch beyond 96": ("network.forward", in_network(lambda _, batch: batch > 96, "loss")),
    "two neighbouring layers wider than 6": (
        "network.dW",
        in_network(lambda widths, _: any(min(pair) > 6 for pair in pairwise(widths)), "dW", -1, 0),
    ),
    "a wide layer in a deep network": (
        "network.dX",
        in_network(lambda widths, _: len(widths) > 4 and max(widths) > 32, "dX"),
    ),
    "five layers": ("network.db", in_network(lambda widths, _: len(widths) == 6, "db", 0, 2)),
    "a network's batch mod 8 is 7": ("network.dW", in_network(lambda _, batch: batch % 8 == 7, "dW", 0, -1)),
    "a network's class beyond 64": ("network.db", in_network(lambda widths, _: widths[-1] > 64, "db", -1, -1)),
    "a network's 17 inputs": ("network.dX", in_network(lambda widths, _: widths[0] == 17, "dX", -1)),
}
LATE = {"classes are counted in a byte", "two neighbouring layers wider than 6"}
"""What shows after many examples alone."""


def _verdict(mistake, number):
    """Of the sweep alone, at this seed: random examples only add to it."""
    claim, wrong = MISTAKES[mistake]
    (function,) = IMPLEMENTATION[claim].functions
    target = as_target({function: partial(wrong, getattr(reference, function))})
    task = runner.Task(0, "float64", 100, number, IMPLEMENTATION[claim])
    search = runner.Search(task.property, Subject(target, "float64"), task, 128)
    search._answered = 1
    search.sweep()
    return search.verdict


@pytest.mark.no_cover
@pytest.mark.parametrize("mistake", few(MISTAKES, lambda row: row not in LATE))
@pytest.mark.parametrize(
    "number", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_a_mistake_at_some_sizes_alone_is_refuted(mistake, number):
    assert _verdict(mistake, number) is Verdict.REFUTED


@pytest.mark.no_cover
@pytest.mark.deep
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_at_some_sizes_alone_is_refuted_at_nearly_every_seed(mistake):
    verdicts = [_verdict(mistake, number) for number in range(1, 21)]
    assert verdicts.count(Verdict.REFUTED) >= 19


@pytest.mark.parametrize(("name", "letter"), [("sparse_cross_entropy", "v"), ("cumsum", "t")])
def test_sizes_beyond_64_are_tried_of_what_is_summed_over_for_each_of_as_many(name, letter):
    operation, target = library.operation(name), as_target(reference)
    (each,) = (each for each in checks.properties(operation) if each.functions == (f"{name}_vjp",))
    domain = Domain("float64", target.conventions, signatures=checks.signatures(operation))
    found = [case for case, _ in swept(each, domain, runner.Task(0, "float64", 100, 1, each))]
    argument = operation.arguments[0]
    sizes = {case[argument.name].shape[argument.indices.index(letter)] for case in found}
    assert {*range(41), 63, 64, 65} - {0} <= sizes
    for argument in (each for each in operation.arguments if each.below):
        assert all(case[argument.name][-1] == case["Z"].shape[1] - 1 for case in found if case[argument.name].size)


def test_fewer_examples_are_asked_for_less_of_the_sweep():
    each, target = IMPLEMENTATION["linear.dW"], as_target(reference)
    domain = Domain("float64", target.conventions, signatures=target.signatures)
    many = {n: len(swept(each, domain, runner.Task(0, "float64", n, 1, each))) for n in (0, 10, 100, 400)}
    assert many == {0: 0, 10: 16, 100: 168, 400: 168}

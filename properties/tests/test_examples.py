"""examples: ways of calling that need inputs of a kind get them, within the limits, and change nothing else."""

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from few import few

from backproof_impl.conventions import Conventions, Limits
from backproof_properties import checks, sweep
from backproof_properties.arrays import NUMPY_DTYPES
from backproof_properties.contract import PLAIN
from backproof_properties.drawing import drawn, swept
from backproof_properties.examples import _whole
from backproof_properties.results import Link
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES
from backproof_properties.tasks import Task
from backproof_spec import library

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

LINKS = {each.claim: each for each in PROPERTIES if each.link is Link.IMPLEMENTATION}


def _examples(each, count, conventions=None):
    return drawn(
        each, Domain("float64", conventions or Conventions()), Task(PROPERTIES.index(each), "float64", count, 1)
    )


def _drawn(claim, conventions):
    return _examples(LINKS[claim], 150, conventions)


@cache
def _by_default(claim):
    return _examples(LINKS[claim], 200)


def test_claims_whose_functions_are_given_the_same_have_the_same_examples_drawn_once():
    ours, theirs = (_examples(LINKS[claim], 5) for claim in ("linear.dW", "linear.db"))
    assert all(one is other for one, other in zip(ours, theirs, strict=True))
    (one, *_), (other, *_) = (_examples(LINKS["linear.dW"], 1, Conventions(scale={"dW": k})) for k in (2, "1/batch"))
    assert one is not other  # without samples a mean has no value
    changed = Conventions(scale={"dW": 2})
    for factor in (2, "1/batch"):
        changed.scale["dW"] = factor
        assert _examples(LINKS["linear.dW"], 1, changed) == [one if factor == 2 else other]
    layer_norm = [one for one in checks.properties(library.operation("layer_norm")) if len(one.functions) == 1][1:]
    sent = [pickle.loads(pickle.dumps(Task(0, "float64", 3, 1, one))) for one in layer_norm]  # noqa: S301 - our own
    of_each = [drawn(task.own, Domain("float64", Conventions()), task) for task in sent]
    assert all(one is other for found in of_each[1:] for one, other in zip(found, of_each[0], strict=True))
    each = [one for one in checks.properties(library.operation("leaky_relu")) if one.functions][-1]
    without = {name: replace(given, options=()) for name, given in each.signatures.items()}
    takes, does_not = (
        drawn(each, Domain("float64", Conventions(), signatures=given), Task(0, "float64", 9, 1, each))
        for given in (each.signatures, without)
    )
    assert [len({case["slope"] for case, _ in found}) for found in (takes, does_not)] == [2, 1]


@pytest.mark.parametrize("claim", few(["linear.dW", "relu.dZ", "softmax.dZ", "chain.rule"], "linear.dW".__eq__))
def test_cotangents_are_often_the_same_along_an_axis_and_then_of_stride_0(claim):
    cotangent = LINKS[claim].functions[-1].removesuffix("_vjp")
    name = {"linear": "dZ", "relu": "dY", "softmax": "dS"}[cotangent] if claim != "chain.rule" else "dS"
    drawn = _by_default(claim)
    even = [usage for case, usage in drawn if min(case[name].shape) > 1 and (case[name] == case[name][:, :1]).all()]
    assert len(even) > 5
    assert 2 < sum(usage.memory == "broadcast" for usage in even) < len(even)


def test_a_size_that_fits_some_parameters_alone_is_tried_with_others():
    each = [one for one in checks.properties(library.operation("conv2d")) if one.link is Link.IMPLEMENTATION][-1]
    domain = Domain("float64", Conventions(), signatures=each.signatures)
    assert len(swept(each, domain, Task(0, "float64", 100, 1, each))) == sweep.number(each.sweeps)


@pytest.mark.parametrize("claim", ["linear.dW", "softmax_cross_entropy.dZ", "network.dW"])
def test_arrays_of_integers_hold_what_is_judged(claim):
    functions, seen = LINKS[claim].functions, set()
    for case, usage in _by_default(claim):
        if usage.integers:
            (name,) = usage.concerned(functions[0])
            seen.add(name)
            for A in case[name] if isinstance(case[name], list) else [case[name]]:
                assert A.size  # nothing floating could be made of no whole numbers
                assert A.dtype == np.float64
                assert A.astype(np.int64).astype(np.float64).tobytes() == A.tobytes()
    expected = {"linear.dW": {"W", "Y", "b"}, "network.dW": {"weights", "biases", "X", "P"}}
    assert seen == expected.get(claim, {"Z", "P"})


@pytest.mark.parametrize(("claim", "names"), [("relu.dZ", ("Z", "dY")), ("softmax.dZ", ("Z", "dS"))])
def test_one_array_in_two_places(claim, names):
    shared = [
        [case[name].tobytes() for name in names] for case, usage in _by_default(claim) if usage.memory == "shared"
    ]
    assert sum(first == second for first, second in shared) > 5


def test_layers_of_one_shape_share_one_array():
    drawn = [case["weights"] for case, usage in _by_default("network.dW") if usage.memory == "shared"]
    assert sum(len({W.tobytes() for W in weights}) < len(weights) for weights in drawn) > 2


def test_nothing_outside_the_limits_is_drawn():
    limits = Limits(memory=("contiguous", "strided"), integers=False)
    for _, usage in _drawn("linear.dW", Conventions(limits=limits)):
        assert (usage.memory in limits.memory, usage.integers) == (True, False)


@pytest.mark.parametrize("labels", few(["index", "one-hot", "distribution"], "index".__eq__))
def test_integers_respect_declared_labels_and_logits(labels):
    declared = Conventions(labels=labels, limits=Limits(logit=80))
    of_losses = {
        usage.concerned("softmax_cross_entropy")
        for _, usage in _drawn("softmax_cross_entropy.dZ", declared)
        if usage.integers
    }
    assert of_losses == ({("Z",)} if labels == "index" else {("Z",), ("P",)})
    of_networks = {usage.argument for _, usage in _drawn("network.dW", declared) if usage.integers}
    assert of_networks == (set() if labels == "index" else {3})  # P: rounded weights might give larger logits


def test_the_links_inside_the_spec_call_nothing():
    each = next(each for each in PROPERTIES if each.id == "linear.dW: Jacobian → formula")
    assert {usage for _, usage in _examples(each, 20)} == {PLAIN}


@pytest.mark.parametrize("dtype", NUMPY_DTYPES.values(), ids=str)
def test_whole_numbers_keep_their_format(dtype):
    found = _whole(np.array([-0.5, 2.5, -np.inf], dtype))
    assert (found.dtype, found.tolist()) == (dtype, [0, 2, -8])

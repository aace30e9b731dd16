"""Mistakes of public reports, each as a few lines of NumPy: refuted, with a diagnosis that is true or with none.

Beside each stands what it should have been, which must hold. The reports are named where they are public.
"""

import numpy as np
import pytest
from few import DEEP, few

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_impl.wrapping.forward_backward import from_forward_backward
from backproof_properties import runner
from backproof_properties.results import Link, Verdict
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES

pytestmark = pytest.mark.no_cover  # whole searches, of kinds that other tests cover

LINKS = {each.claim: place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION}
SEEDS = (1, 2, 3) if DEEP else (1,)
MICRO_BATCH = 2
OF_USAGE = 100
"""Examples, as many as by default, where one way of calling among many shows the mistake."""


def _run(target, claim, seed, examples, conventions=None):
    """What a search says that does not shrink."""
    each, task = PROPERTIES[LINKS[claim]], runner.Task(LINKS[claim], "float64", examples, seed)
    subject = Subject(as_target(target, conventions), "float64")
    search = runner.Search(each, subject, task, largest=128 if claim.startswith("network") else 5).searched()
    search.plainly()
    search.diagnose()
    return search.outcome()


def _linear(dW=None, dY=None, db=None):
    def vjp(W, Y, b, dZ):  # noqa: ARG001 - the contract
        right = (dZ @ Y.T, W.T @ dZ, dZ.sum(axis=1))
        return tuple(g if wrong is None else wrong(W, Y, dZ) for g, wrong in zip(right, (dW, dY, db), strict=True))

    return {"linear_vjp": vjp}


def _off(function, roundings):
    def off(*arguments):
        found = getattr(R, function)(*arguments)
        return found * (1 + roundings * np.finfo(found.dtype).eps)

    return {function: off}


def _fused(gradient):
    return {"softmax_cross_entropy_vjp": lambda Z, P: gradient(R.softmax(Z), P)}


def _masked(at_zero):
    def vjp(Z, dY):
        kept = np.maximum(Z, 0)  # the output; a slope of 0 makes it 0 where Z is negative, never negative itself
        return np.where((kept < 0) | (at_zero & (kept == 0)), 0, dY)

    return {"relu": lambda Z: np.maximum(Z, 0), "relu_vjp": vjp}


def _by_output(leaks):
    """ReLU as the leaky one of slope 0: whether its output says that Z was negative is asked with ``leaks``."""

    def vjp(Z, dY):
        kept, dZ = Z.copy(), dY.copy()
        kept[Z <= 0] *= 0.0
        dZ[leaks(kept)] *= 0.0
        return dZ

    return {"relu_vjp": vjp}


def _read(dZ_of_memory):
    return _linear(
        dW=lambda _, Y, dZ: dZ_of_memory(dZ) @ Y.T,
        dY=lambda W, _, dZ: W.T @ dZ_of_memory(dZ),
        db=lambda _, __, dZ: dZ_of_memory(dZ).sum(axis=1),
    )


def _row_after_row(A):
    """As a kernel reads it that is handed a pointer and no strides: after the first number may lie others."""
    read = A.copy()
    read.reshape(-1)[1:] = read.reshape(-1)[1:] if A.flags.c_contiguous else 7
    return read


def _unit_strides_for_0(A):
    """As a kernel reads it that takes a stride of 0 for that of a unit: beyond the first number lie others."""
    read = A.copy()
    for axis, stride in enumerate(A.strides):
        if stride == 0:
            read[(slice(None),) * axis + (slice(1, None),)] = 7
    return read


def _over_the_logits(copied):
    def vjp(Z, P):
        Z = copied(Z)
        Z -= Z.max(axis=0, keepdims=True) if Z.size else 0
        np.exp(Z, out=Z)
        Z /= Z.sum(axis=0, keepdims=True)
        Z *= P.sum(axis=0, keepdims=True)
        Z -= P
        return Z

    return {"softmax_cross_entropy_vjp": vjp}


def _layer(copied):
    class CrossEntropy:
        def forward(self, logits, P):
            self.logits, self.P = logits, P
            return R.softmax_cross_entropy(logits, P)

        def backward(self):
            return _over_the_logits(copied)["softmax_cross_entropy_vjp"](self.logits, self.P).copy()

    return from_forward_backward(softmax_cross_entropy=CrossEntropy)


def _first_weight(S, P):
    mass = P.sum(axis=0)
    return (S - P / np.where(mass == 0, 1, mass)) * mass[:1]


def _without_weight(S, P):
    mass = P.sum(axis=0)
    return S - P / np.where(mass == 0, 1, mass)


def _weighted(S, P):
    mass = P.sum(axis=0)
    return (S - P / np.where(mass == 0, 1, mass)) * mass


def _ignored_left_out(S, P):
    return np.where((P == 0).all(axis=0), 0, S - P)


def _accumulated(share):
    """Gradients of micro-batches of two, each divided by ``share(all samples, samples of the part, parts)``."""

    def gradients(weights, biases, X, P):
        samples = X.shape[1]
        starts = range(0, samples, MICRO_BATCH)
        total = {"dW": [np.zeros_like(W) for W in weights], "db": [np.zeros_like(b) for b in biases]}
        for start in starts:
            part = slice(start, min(start + MICRO_BATCH, samples))
            found = R.network_gradients(weights, biases, X[:, part], P[:, part])
            divisor = X.dtype.type(share(samples, part.stop - start, len(starts)))
            for name, sums in total.items():
                total[name] = [so_far + A / divisor for so_far, A in zip(sums, found[name], strict=True)]
        return total

    return {"network_gradients": gradients}


MEAN, IGNORED = Conventions(reduction="mean"), Conventions(unnormalised_labels="ignored")
WRITES = {"changes-input", "aliasing"}
FAULTY = [
    # flash-attention#355, pytorch#194719; TransformerEngine#623
    *[(f"linear.{output}", _read(_row_after_row), None, {"memory-layout"}) for output in ("dW", "dY", "db")],
    *[(f"linear.{output}", _read(_unit_strides_for_0), None, {"memory-layout"}) for output in ("dW", "dY", "db")],
    # unsloth#5002
    ("softmax_cross_entropy.dZ", _over_the_logits(lambda Z: Z), None, WRITES),
    ("softmax_cross_entropy.dZ", _layer(lambda Z: Z), None, WRITES),
    ("linear.db", _linear(db=lambda _, __, dZ: dZ.sum(axis=1) * (1 + 8 * np.finfo(dZ.dtype).eps)), None, {"precision"}),
    ("linear.dY", _linear(dY=lambda W, _, dZ: (W.T @ dZ) * (1 + 8 * np.finfo(dZ.dtype).eps)), None, {"precision"}),
    ("softmax.dZ", _off("softmax_vjp", 200), None, {"precision"}),
    ("relu.dZ", _off("relu_vjp", 8), None, {"precision"}),
    ("cross_entropy.dS", _off("cross_entropy_vjp", 8), None, {"precision"}),
    ("softmax_cross_entropy.dZ", _off("softmax_cross_entropy_vjp", 200), None, {"precision"}),
    # darknet#96, ML-From-Scratch#71
    ("softmax.dZ", {"softmax_vjp": lambda _, dS: dS.copy()}, None, {"gradient-passed-through"}),
    ("softmax.dZ", {"softmax_vjp": lambda Z, dS: dS * R.softmax(Z) * (1 - R.softmax(Z))}, None, {"softmax-diagonal"}),
    # chainer#5898
    ("relu.dZ", _masked(at_zero=False), None, {"mask-missing"}),
    ("relu.dZ", _by_output(lambda kept: kept < 0), None, {"mask-missing"}),
    # Liger-Kernel#1298, with the weights of the samples in the labels
    ("softmax_cross_entropy.dZ", _fused(_first_weight), None, {"first-sample", None}),
    ("softmax_cross_entropy.dZ", _fused(_without_weight), None, {"label-normalised", None}),
    # Paddle#28622, an ignored sample being a column without labels
    ("softmax_cross_entropy.dZ", _fused(lambda S, P: S - P), None, {"unnormalised-labels"}),
    ("softmax_cross_entropy.dZ", _fused(lambda S, P: S - P), IGNORED, {"unnormalised-labels"}),
    # mlx-lm#1413, torchtune#1875
    ("network.dW", _accumulated(lambda _, held, parts: held * parts), MEAN, {"micro-batches"}),
]
CORRECT = [
    ("linear.dW", _read(np.copy), None),
    ("softmax_cross_entropy.dZ", _over_the_logits(np.copy), None),
    ("softmax_cross_entropy.dZ", _layer(np.copy), None),
    ("relu.dZ", _by_output(lambda kept: kept <= 0), Conventions(relu_at_zero=0)),
    ("softmax.dZ", {"softmax_vjp": R.softmax_vjp}, None),
    ("relu.dZ", _masked(at_zero=True), Conventions(relu_at_zero=0)),
    ("softmax_cross_entropy.dZ", _fused(_weighted), None),
    ("softmax_cross_entropy.dZ", _fused(_ignored_left_out), Conventions(unnormalised_labels="unsupported")),
    ("softmax_cross_entropy.dZ", _fused(_ignored_left_out), IGNORED),
    ("network.dW", _accumulated(lambda samples, _, __: samples), MEAN),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("claim", "target", "conventions", "causes"), few(FAULTY, lambda row: row[0] != "network.dW"))
def test_a_reported_mistake_is_refuted_and_its_diagnosis_is_true(claim, target, conventions, causes, seed):
    outcome = _run(target, claim, seed, OF_USAGE if "memory-layout" in causes else 30, conventions)
    assert outcome.verdict is Verdict.REFUTED
    assert (outcome.finding.diagnosis and outcome.finding.diagnosis.cause) in causes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("claim", "target", "conventions"), CORRECT)
def test_what_it_should_have_been_holds(claim, target, conventions, seed):
    task = runner.Task(LINKS[claim], "float64", 10, seed)
    assert runner.run(task, as_target(target, conventions)).verdict is Verdict.HOLDS


@pytest.mark.parametrize("seed", few([1, 2, 3], (1).__eq__))
def test_samples_without_labels_that_are_left_out_get_the_line_to_declare(seed):
    """Under that line it is held against 0 there, and all else that is wrong of the labels still shows."""
    finding = _run(_fused(_ignored_left_out), "softmax_cross_entropy.dZ", seed, 30).finding
    assert finding.diagnosis.declare == "unnormalised_labels=ignored"
    twice = _fused(lambda S, P: _ignored_left_out(S, P) * np.where(P.sum(axis=0) == 0, 1, 2))
    diagnosis = _run(twice, "softmax_cross_entropy.dZ", seed, 30).finding.diagnosis
    assert diagnosis is None or diagnosis.declare is None


@pytest.mark.slow
@pytest.mark.parametrize("claim", ["network.dW", "network.dX"])
def test_networks_that_leave_samples_without_labels_out_get_it_too(claim, monkeypatch):
    loss = _fused(_ignored_left_out)["softmax_cross_entropy_vjp"]
    monkeypatch.setattr(R, "softmax_cross_entropy_vjp", loss)
    finding = _run({"network_gradients": R.network_gradients}, claim, 1, 30).finding
    assert finding.diagnosis.declare == "unnormalised_labels=ignored"

"""float32, beside float64: values that are wrong there are refuted; nothing else that happens there leaves a trace."""

import numpy as np
import pytest

import backproof
from backproof import Conventions, Limits
from backproof_impl import reference as R
from backproof_impl.loading import as_target
from backproof_properties.choices import beside

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("unshrunk")]


def _narrow(W, Y, _, dZ):
    narrow = np.float16 if dZ.dtype == np.float32 else dZ.dtype
    return dZ @ Y.T, W.T @ dZ, dZ.astype(narrow).sum(axis=1).astype(dZ.dtype)


def test_what_is_wrong_in_float32_alone_is_refuted_where_no_dtype_is_asked_for():
    found = backproof.check({"linear_vjp": _narrow}, operations=["linear.db"], examples=40, seed=1)
    (refuted,) = found.failures
    assert (refuted.dtype, refuted.finding.inputs["dZ"]["dtype"]) == ("float64", "float32")
    assert refuted.finding.usage.endswith("inputs in float32")
    assert "float16" in refuted.finding.diagnosis.sentence
    asked = backproof.check({"linear_vjp": _narrow}, operations=["linear.db"], dtypes=["float64"], examples=40, seed=1)
    assert asked.passed


def test_a_target_that_does_not_keep_to_float32_is_judged_in_float64_alone():
    found = backproof.check(
        {"relu": lambda Z: np.maximum(Z, 0).astype(np.float64)}, operations=["relu.forward"], examples=20, seed=1
    )
    assert found.passed


def _declines(Z):
    if Z.dtype == np.float32:
        msg = "doubles alone"
        raise NotImplementedError(msg)
    return R.relu(Z)


def _raises(Z):
    assert Z.dtype == np.float64, "doubles alone"
    return R.relu(Z)


@pytest.mark.parametrize("relu", [_declines, _raises])
def test_what_float32_is_answered_with_is_not_counted(relu):
    found = backproof.check({"relu": relu}, operations=["relu.forward"], examples=20, seed=1)
    assert found.passed
    assert all(each.declined is None for each in found.results)


def test_an_output_that_is_left_out_in_float32_is_not_missed():
    def network_gradients(weights, biases, X, P):
        found = R.network_gradients(weights, biases, X, P)
        return {**found, "loss": None if X.dtype == np.float32 else found["loss"]}

    target = {"network_gradients": network_gradients}
    assert backproof.check(target, operations=["network.forward"], examples=10, seed=1).passed


SOURCE = """
import os
import numpy as np
_mask = None
def relu(Z):
    global _mask
    if Z.dtype == np.float32:
        os._exit(3)
    _mask = Z >= 0
    return np.maximum(Z, 0)
def relu_vjp(Z, dY):
    mask = Z >= 0 if _mask is None or _mask.shape != Z.shape else _mask
    return np.where(mask, dY, 0).astype(dY.dtype)
"""


@pytest.mark.slow
def test_a_process_that_ends_there_is_asked_again(tmp_path):
    """A mask that is kept from another call is found by calls of the forward function, which ended in float32."""
    path = tmp_path / "stale.py"
    path.write_text(SOURCE, encoding="utf-8")
    found = backproof.check(path, operations=["relu"], examples=100, seed=3, isolate=True)
    assert [each.claim for each in found.failures] == ["relu.dZ"]


@pytest.mark.parametrize(
    ("conventions", "requested", "other"),
    [
        (Conventions(), None, "float32"),
        (Conventions(), ("float64",), None),
        (Conventions(limits=Limits(dtypes=("float64", "float32"))), None, "float32"),
        (Conventions(limits=Limits(dtypes=("float64",))), None, None),
        (Conventions(limits=Limits(logit=300)), None, None),
        (Conventions(limits=Limits(magnitude=(1e39, 1e40))), None, None),
        (Conventions(accumulator="float64"), None, None),
    ],
)
def test_what_is_declared_for_float64_is_not_asked_of_float32(conventions, requested, other):
    assert beside(_target(conventions), requested) == other


def _target(conventions):
    return as_target({"relu": R.relu}, conventions)

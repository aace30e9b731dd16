"""The adapter for PyTorch offers everything, takes labels of any mass, and declares what its spellings differ in."""

import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS

pytestmark = pytest.mark.pytorch

Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 2.0], [0.0, 0.25, 0.0, 0.0]])


@pytest.fixture
def load():
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    return as_target


def test_it_offers_everything_under_its_declaration(load):
    pytorch = load("pytorch")
    assert set(pytorch.functions) == set(FUNCTIONS)
    assert pytorch.name == "pytorch"
    assert pytorch.conventions == Conventions(layout="batch-first", relu_at_zero=0)


def test_a_variant_offers_what_its_spelling_changes(load):
    clamp = load("pytorch:clamp")
    assert set(clamp.functions) == {"relu", "relu_vjp", "network_gradients"}
    assert clamp.name == "pytorch:clamp"
    assert clamp.conventions == Conventions(layout="batch-first", relu_at_zero=1)
    assert clamp.functions["relu_vjp"](np.zeros((1, 1)), np.array([[3.0]])).tolist() == [[3.0]]


def test_labels_need_not_sum_to_one(load):
    call = load("pytorch").functions
    S = R.softmax(Z)
    np.testing.assert_allclose(call["cross_entropy_vjp"](S.T, P.T).T, R.cross_entropy_vjp(S, P), rtol=1e-14)
    found = call["softmax_cross_entropy_vjp"](Z.T, P.T).T
    np.testing.assert_allclose(found, R.softmax_cross_entropy_vjp(Z, P), rtol=1e-13, atol=1e-15)


def test_an_unlabelled_class_of_probability_zero_contributes_nothing(load):
    call = load("pytorch").functions
    S, labels = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    assert float(call["cross_entropy"](S, labels)) == 0.0
    assert call["cross_entropy_vjp"](S, labels).tolist() == [[0.0, -1.0]]


def test_unfused_cross_entropy_is_infinite_beyond_its_declared_logits(load):
    far, labels = np.array([[0.0, 800.0]]), np.array([[1.0, 0.0]])
    assert float(load("pytorch").functions["softmax_cross_entropy"](far, labels)) == 800.0
    unfused = load("pytorch:unfused")
    assert float(unfused.functions["softmax_cross_entropy"](far, labels)) == np.inf
    assert unfused.conventions.limits.logit == 350

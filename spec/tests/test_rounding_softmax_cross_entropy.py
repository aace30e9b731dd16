"""rounding.softmax_cross_entropy: the fused formula and the chain through −P/S, in every dtype."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec.matrices import as_matrix, from_entries
from backproof_spec.rounding import softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import Arithmetic

DTYPES = ["float64", "float32", "float16"]
DOUBLE = Arithmetic.of("float64")


def _softmax(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


def _log_softmax(Z):
    D = Z - Z.max(axis=0)
    return D - np.log(np.exp(D).sum(axis=0))


def _gradients(Z, P):
    S, one = _softmax(Z), Z.dtype.type(1)
    total = P.sum(axis=0)
    dS, dS_by_reciprocal = -P / S, -P * (one / S)
    return [
        S * total - P,
        np.exp(_log_softmax(Z)) * total - P,
        S * (dS - (S * dS).sum(axis=0)),
        S * (dS_by_reciprocal - (S * dS_by_reciprocal).sum(axis=0)),
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("dtype", DTYPES)
@given(
    logits=st.lists(st.floats(-4, 4, width=16), min_size=1, max_size=6),
    labels=st.lists(st.floats(0, 3, width=16, allow_subnormal=False), min_size=6, max_size=6),
)
@example(logits=[0.0] * 6, labels=[1.0, 0, 0, 0, 0, 0])
@example(logits=[0.1, 0.2], labels=[0.0] * 6)
def test_numpy_is_admitted(refused, known, dtype, logits, labels):
    Z = np.array([logits], dtype=dtype).T / np.dtype(dtype).type(3)
    P = np.array([labels[: len(logits)]], dtype=dtype).T
    ar = Arithmetic.of(dtype)
    gradient = softmax_cross_entropy.dZ(known(Z), known(P), ar)
    with np.errstate(under="ignore"):
        assert [refused(gradient, g) for g in _gradients(Z, P)] == [[]] * 4
        assert refused(softmax_cross_entropy.dZ(known(Z), known(P), ar, fused=True), _softmax(Z) - P) == []
        loss = softmax_cross_entropy.forward(known(Z), known(P), ar)
        assert refused(loss, [[-(P * _log_softmax(Z)).sum()]]) == []
        assert refused(loss, [[-(P * np.log(_softmax(Z))).sum()]]) == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [0.0, 5.0, 9.7, 17.0, 80.0, 104.0, 700.0, 1000.0, 6e4])
def test_the_fused_loss_is_admitted_across_gaps(refused, known, dtype, gap):
    Z, P = np.array([[5.0], [5.0 - gap]], dtype=dtype), np.array([[0.25], [0.75]], dtype=dtype)
    ar = Arithmetic.of(dtype)
    with np.errstate(under="ignore"):
        loss = -(P * _log_softmax(Z)).sum()
        gradient = _softmax(Z) - P
    found = softmax_cross_entropy.forward(known(Z), known(P), ar)
    assert refused(found, [[loss]]) == []
    assert found.radius[0, 0] < mp.inf
    assert refused(softmax_cross_entropy.dZ(known(Z), known(P), ar), gradient) == []


def test_the_logarithm_of_an_underflowed_probability_is_refused(refused, known):
    found = softmax_cross_entropy.forward(known([[800.0], [0.0]]), known([[0.0], [1.0]]), DOUBLE)
    assert refused(found, [[np.inf]]) == [(0, 0)]
    assert refused(found, [[800.0]]) == []


def test_labels_that_do_not_sum_to_one_separate_the_two_conventions(refused, known):
    Z, P = np.array([[0.1], [0.7]]), np.array([[1.0], [2.0]])
    S = _softmax(Z)
    derivative, fused = (softmax_cross_entropy.dZ(known(Z), known(P), DOUBLE, fused=f) for f in (False, True))
    assert refused(derivative, S * 3 - P) == refused(fused, S - P) == []
    assert refused(derivative, S - P) == refused(fused, S * 3 - P) == [(0, 0), (1, 0)]


def test_one_part_in_a_million_is_refused(refused, known):
    Z, P = np.array([[0.1, 2.0], [-0.7, 1.0]]), np.array([[1.0, 0.25], [0.0, 0.75]])
    gradient, loss = (f(known(Z), known(P), DOUBLE) for f in (softmax_cross_entropy.dZ, softmax_cross_entropy.forward))
    assert len(refused(gradient, (_softmax(Z) - P) * (1 + 1e-6))) == 4
    assert refused(loss, [[-(P * _log_softmax(Z)).sum() * (1 + 1e-6)]]) == [(0, 0)]


def test_an_uncertain_logit_spoils_its_column_and_the_loss(known):
    Z, r = as_matrix("Z", [[1.0, 2.0], [3.0, 4.0]]), as_matrix("r", [[0, 0], [0, 0]])
    r[0, 1] = mp.inf
    found = softmax_cross_entropy.dZ(Enclosure(Z, r), known([[1.0, 1.0], [0.0, 0.0]]), DOUBLE)
    assert [[x == mp.inf for x in row] for row in found.radius.tolist()] == [[False, True], [False, True]]
    assert (
        softmax_cross_entropy.forward(Enclosure(Z, r), known([[1.0, 1.0], [0.0, 0.0]]), DOUBLE).radius[0, 0] == mp.inf
    )


def test_one_class_and_an_empty_batch(refused, known):
    assert refused(softmax_cross_entropy.forward(known([[7.0]]), known([[3.0]]), DOUBLE), [[0.0]]) == []
    assert refused(softmax_cross_entropy.dZ(known([[7.0]]), known([[3.0]]), DOUBLE), [[0.0]]) == []
    empty = known(np.zeros((3, 0)))
    assert softmax_cross_entropy.dZ(empty, empty, DOUBLE).shape == (3, 0)
    loss = softmax_cross_entropy.forward(empty, empty, DOUBLE)
    assert (loss.exact.tolist(), refused(loss, [[1e-300]])) == ([[0]], [(0, 0)])


def test_an_unlabelled_column_of_uncertain_logits_makes_the_loss_uncertain(known):
    # Found by the suite on PyTorch: a hidden layer overflowed, and 0·nan is nan though no label stands there.
    Z = Enclosure(known([[0.0], [0.0]]).exact, from_entries(2, 1, {(0, 0): mp.inf}))
    assert softmax_cross_entropy.forward(Z, known([[0.0], [0.0]]), DOUBLE).radius[0, 0] == mp.inf


@pytest.mark.parametrize("offset", [1e6, 1e9, 2.0**50])
def test_the_loss_as_log_sum_exp_minus_the_logit_is_refused_at_a_large_common_offset(refused, known, offset):
    Z, P = offset + np.array([[0.25, 1.5], [-1.0, 0.75], [0.5, -2.0]]), np.eye(3)[:, :2]
    top = Z.max(axis=0)
    logsumexp = top + np.log(np.exp(Z - top).sum(axis=0))
    bound = softmax_cross_entropy.forward(known(Z), known(P), DOUBLE)
    assert refused(bound, -(P * _log_softmax(Z)).sum()) == []
    assert refused(bound, (P * (logsumexp - Z)).sum()) == [(0, 0)]
    gradient = softmax_cross_entropy.dZ(known(Z), known(P), DOUBLE)
    assert refused(gradient, _softmax(Z) - P) == []
    assert refused(gradient, np.exp(Z - logsumexp) - P) != []


def test_loss_and_gradient_are_certified_for_logits_of_any_size(refused):
    Z, P = 1e40 * np.array([[1.0, 2.0], [3.0, -2.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    uncertain = Enclosure(as_matrix("Z", Z), as_matrix("r", np.abs(Z) * 1e-15))
    for found, right in (
        (softmax_cross_entropy.forward(uncertain, Enclosure.exactly(as_matrix("P", P)), DOUBLE), [[0.0]]),
        (softmax_cross_entropy.dZ(uncertain, Enclosure.exactly(as_matrix("P", P)), DOUBLE), np.zeros((2, 2))),
    ):
        assert refused(found, right) == []
        assert max(found.radius) < 1e-12


def test_a_masked_class_without_label_adds_nothing_and_has_no_gradient(refused, known):
    Z, P = np.array([[0.25, -np.inf], [-np.inf, 1.5], [-1.0, -np.inf]]), np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.0]])
    masks, S = Enclosure.exactly(as_matrix("Z", Z, masked=True)), _softmax(Z)
    loss = -_log_softmax(Z)[0, 0]
    found = softmax_cross_entropy.forward(masks, known(P), DOUBLE)
    assert refused(found, [[loss]]) == []
    assert refused(found, [[np.nan]]) == refused(found, [[loss * (1 + 1e-6)]]) == [(0, 0)]
    for fused, mass in ((False, P.sum(axis=0)), (True, 1)):
        bound = softmax_cross_entropy.dZ(masks, known(P), DOUBLE, fused=fused)
        assert refused(bound, S * mass - P) == []
        assert refused(bound, np.where(np.isinf(Z), 1e-300, S * mass - P)) == [(0, 1), (1, 0), (2, 1)]


def test_nothing_is_claimed_of_a_masked_class_with_a_label(known):
    masks = Enclosure.exactly(as_matrix("Z", [[0.0], [-np.inf]], masked=True))
    found = [f(masks, known([[0.0], [1.0]]), DOUBLE) for f in (softmax_cross_entropy.forward, softmax_cross_entropy.dZ)]
    assert (found[0].radius[0, 0], found[1].radius[1, 0]) == (mp.inf, mp.inf)

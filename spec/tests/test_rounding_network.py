"""rounding.network: NumPy's whole forward and backward pass is admitted, and a slip anywhere in it is not."""

import itertools

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.network import Network
from backproof_spec.network import gradients as exact_gradients
from backproof_spec.rounding import network
from backproof_spec.rounding.formats import Arithmetic

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING


def _softmax(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


def _numpy(weights, biases, X, P, at_zero=1):
    Ys, Zs = [X], []
    for W, b in zip(weights, biases, strict=True):
        Zs.append(W @ Ys[-1] + b[:, None])
        Ys.append(np.maximum(Zs[-1], 0))
    dZ, dWs, dbs = _softmax(Zs[-1]) * P.sum(axis=0) - P, [], []
    for k in reversed(range(len(weights))):
        dWs.append(dZ @ Ys[k].T)
        dbs.append(dZ.sum(axis=1))
        dY = weights[k].T @ dZ
        if k:
            dZ = dY * np.where(Zs[k - 1] == 0, dY.dtype.type(at_zero), Zs[k - 1] > 0)
    D = Zs[-1] - Zs[-1].max(axis=0)
    loss = -(P * (D - np.log(np.exp(D).sum(axis=0)))).sum()
    return loss, dY, dWs[::-1], dbs[::-1]


def _case(dtype, depth, samples, seed):
    source = np.random.default_rng(seed)
    widths = [3, 4, 2, 3][: depth + 1]
    weights = [source.normal(size=(b, a)).astype(dtype) for a, b in itertools.pairwise(widths)]
    biases = [source.normal(size=b).astype(dtype) for b in widths[1:]]
    X = source.normal(size=(3, samples)).astype(dtype)
    P = source.uniform(size=(widths[-1], samples)).astype(dtype)
    return weights, biases, X, P


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("samples", [0, 1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_numpy_is_admitted(refused, dtype, depth, samples, seed):
    case = _case(dtype, depth, samples, seed)
    net, ar = Network.of(*case), Arithmetic.of(dtype)
    if samples == 0:
        loss, dX, dWs, dbs = 0.0, case[2], [0 * W for W in case[0]], [0 * b for b in case[1]]
    else:
        loss, dX, dWs, dbs = _numpy(*case)
    found = network.gradients(net, ar)
    assert refused(found.loss, [[loss]]) == []
    assert refused(found.dX, dX) == []
    assert [refused(e, x) for e, x in zip((*found.dW, *found.db), (*dWs, *dbs), strict=True)] == [[]] * 2 * depth


def test_centres_are_the_exact_gradients():
    net = Network.of(*_case("float64", 3, 2, 7))
    found, exact = network.gradients(net, Arithmetic.of("float64")), exact_gradients(net)
    with mp.workprec(400):
        for enclosure, value in zip((found.dX, *found.dW, *found.db), (exact.dX, *exact.dW, *exact.db), strict=True):
            assert mp.norm(enclosure.exact - value, mp.inf) < mp.mpf(10) ** -40


def test_one_part_in_a_million_is_refused_in_every_live_entry(refused):
    case = _case("float64", 3, 3, 0)
    net, ar = Network.of(*case), Arithmetic.of("float64")
    loss, dX, dWs, dbs = _numpy(*case)
    found = network.gradients(net, ar)
    assert refused(found.loss, [[loss * (1 + 1e-6)]]) == [(0, 0)]
    for enclosure, value in zip((found.dX, *found.dW, *found.db), (dX, *dWs, *dbs), strict=True):
        assert len(refused(enclosure, value * (1 + 1e-6))) == np.count_nonzero(value) > 0


@pytest.mark.parametrize("at_zero", [1, 0, 0.5])
def test_an_exact_kink_inside_the_network_demands_the_convention(refused, at_zero):
    # Z_1 = 1·2 − 2 = 0 exactly, whatever the order of evaluation.
    case = (
        [np.array([[1.0]]), np.array([[0.5], [-0.5]])],
        [np.array([-2.0]), np.zeros(2)],
        np.array([[2.0]]),
        np.array([[1.0], [0.0]]),
    )
    found = network.gradients(Network.of(*case, relu_at_zero=at_zero), Arithmetic.of("float64"))
    for other in (1, 0, 0.5):
        _, dX, _, _ = _numpy(*case, at_zero=other)
        assert refused(found.dX, dX) == ([] if other == at_zero else [(0, 0)])


def test_an_uncertain_kink_inside_the_network_admits_both_branches(refused):
    # 0.1·3 − 0.3 is 2⁻⁵⁴ or 0 in float64, and −1e-17 exactly: no sign is certain.
    case = (
        [np.array([[0.1]]), np.array([[0.5], [-0.5]])],
        [np.array([-0.3]), np.zeros(2)],
        np.array([[3.0]]),
        np.array([[1.0], [0.0]]),
    )
    found = network.gradients(Network.of(*case), Arithmetic.of("float64"))
    assert refused(found.dX, [[0.0]]) == refused(found.dX, _numpy(*case)[1]) == []
    assert refused(found.dX, [[1.0]]) == [(0, 0)]


def test_an_uncertified_sample_spoils_no_other_samples_gradient():
    # The first sample's pre-activation overflows float16, the second's does not.
    weights, biases = [np.array([[300.0], [1.0]])], [np.zeros(2)]
    net = Network.of(weights, biases, [[300.0, 0.5]], [[1.0, 0.0], [0.0, 1.0]])
    found = network.gradients(net, Arithmetic.of("float16"))
    assert [r == mp.inf for r in found.dX.radius] == [True, False]
    assert [r == mp.inf for r in found.dW[0].radius] == [True, True]


@pytest.mark.parametrize("size", [1e20, 1e150])
def test_a_network_whose_logits_are_huge_is_certified(refused, size):
    case = (
        [np.eye(2) * size, np.array([[1.0, 1.0], [-0.3, 2.0]])],
        [np.zeros(2), np.zeros(2)],
        np.array([[1.1, 0.3], [0.7, 0.9]]),
        np.array([[1.0, 0.0], [0.0, 1.0]]),
    )
    net, ar = Network.of(*case), Arithmetic.of("float64")
    loss, dX, dWs, dbs = _numpy(*case)
    found = network.gradients(net, ar)
    bounds = (found.loss, found.dX, *found.dW, *found.db)
    assert [refused(e, x) for e, x in zip(bounds, ([[loss]], dX, *dWs, *dbs), strict=True)] == [[]] * 6
    assert all(mp.isfinite(r) for e in bounds for r in e.radius)
    assert refused(found.dW[0], dWs[0] + 0.1) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def _forwards(weights, biases, X, P):
    """dW of the first layer of two: the tangents of the logits and of the loss, for each entry of W_1."""
    (V, W), dtype = weights, X.dtype
    Z = V @ X + biases[0][:, None]
    S, dV = _softmax(W @ np.maximum(Z, 0) + biases[1][:, None]), np.zeros_like(V)
    for s in range(X.shape[1]):
        tangents = np.einsum("cm,m,n->cmn", W, (Z[:, s] >= 0).astype(dtype), X[:, s]).astype(dtype)
        means = np.einsum("c,cmn->mn", S[:, s], tangents)
        dV += np.einsum("c,cmn->mn", P[:, s], means - tangents)
    return dV


def _path_by_path(weights, biases, X, P):
    """The same from the least factor to the largest: one product for each sample, class, unit and input."""
    (V, W), Z = weights, weights[0] @ X + biases[0][:, None]
    dZ, dV = _softmax(W @ np.maximum(Z, 0) + biases[1][:, None]) * P.sum(axis=0) - P, np.zeros_like(V)
    for s, c, m, n in np.ndindex(X.shape[1], *W.shape, X.shape[0]):
        if Z[m, s] >= 0:
            dV[m, n] += np.multiply.reduce(sorted((dZ[c, s], W[c, m], X[n, s]), key=abs), dtype=X.dtype)
    return dV


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("order", [_forwards, _path_by_path])
def test_products_formed_in_another_order_are_admitted_where_they_underflow(refused, dtype, order):
    form, ar = np.finfo(dtype), Arithmetic.of(dtype)
    for seed in range(12):
        source = np.random.default_rng(seed)

        def drawn(*shape, source=source):
            tiny = source.integers(-64, 64, shape) * float(form.smallest_subnormal)
            return np.where(source.random(shape) < 0.5, tiny, source.normal(size=shape)).astype(dtype)

        case = ([drawn(2, 2), 4 * drawn(3, 2)], [drawn(2), drawn(3)], 2 * drawn(2, 2), abs(drawn(3, 2)))
        assert refused(network.gradients(Network.of(*case), ar).dW[0], order(*case)) == []


def test_a_mean_taken_anywhere_in_the_backward_pass_is_admitted_at_subnormal_numbers(refused):
    case = ([np.array([[1e-160], [-2e-160]])], [np.zeros(2)], np.array([[3e-160, 1e-163, 4e-170]]), np.eye(3)[:2])
    S, third = _softmax(case[0][0] @ case[2]), 1 / 3
    dZ = S * case[3].sum(axis=0) - case[3]
    found = network.gradients(Network.of(*case), Arithmetic.of("float64", rescaled=True), mp.mpf(1) / 3)
    early, late, inputs = (third * dZ) @ case[2].T, third * (dZ @ case[2].T), dZ @ (third * case[2]).T
    assert [refused(found.dW[0], x) for x in (early, late, inputs)] == [[]] * 3
    assert refused(found.dX, case[0][0].T @ (third * dZ)) == refused(found.dX, (third * case[0][0]).T @ dZ) == []


def test_the_slope_at_0_is_rounded_where_there_is_a_relu():
    case, half = _case("float16", 1, 2, 0), Arithmetic.of("float16")
    with_slope, without = (network.gradients(Network.of(*case, relu_at_zero=at), half).dX for at in (0.5, 1))
    assert list(with_slope.radius) == list(without.radius)

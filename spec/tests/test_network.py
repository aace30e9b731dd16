"""network: the backward recursion on networks small enough for paper, against the product of explicit Jacobians."""

import itertools

import numpy as np
import pytest
from mpmath import mp

from backproof_spec import network
from backproof_spec.matrices import shape, transpose, vec
from backproof_spec.network import Network

ONE_LAYER = ([[[1, 0], [0, 1]]], [[0, 0]], [[3], [3]], [[1], [0]])
# Z_1 = (2, −2), Y_1 = (2, 0), Z_2 = 2 + 5·0 − 2 = 0 exactly, Y_2 = 0, Z_3 = (0, 0), S = (1/2, 1/2).
THREE_LAYERS = ([[[1], [-1]], [[1, 5]], [[4], [8]]], [[0, 0], [-2], [0, 0]], [[2]], [[1], [0]])


def test_one_layer_by_hand():
    net = Network.of(*ONE_LAYER)
    found = network.gradients(net)
    assert net.depth == 1
    assert found.dX.tolist() == [[-0.5], [0.5]]
    assert found.dW[0].tolist() == [[-1.5, -1.5], [1.5, 1.5]]
    assert found.db[0].tolist() == [[-0.5], [0.5]]
    with mp.workprec(400):
        assert abs(network.forward(net) - mp.log(2)) < mp.mpf(10) ** -110


@pytest.mark.parametrize("slope", [1, 0.5, 0])
def test_three_layers_by_hand_with_a_kink_in_the_second(slope):
    net = Network.of(*THREE_LAYERS, relu_at_zero=slope)
    found = network.gradients(net)
    assert net.depth == 3
    assert [M.tolist() for M in found.db] == [[[2 * slope], [0]], [[2 * slope]], [[-0.5], [0.5]]]
    assert [M.tolist() for M in found.dW] == [[[4 * slope], [0]], [[4 * slope, 0]], [[0], [0]]]
    assert found.dX.tolist() == [[2 * slope]]


def test_activations_by_hand():
    Ys, Zs = network.activations(Network.of(*THREE_LAYERS))
    assert [M.tolist() for M in Ys] == [[[2]], [[2], [0]], [[0]]]
    assert [M.tolist() for M in Zs] == [[[2], [-2]], [[0]], [[0], [0]]]


def _random(depth, samples):
    source = np.random.default_rng(depth)
    widths = [3, 2, 4, 3][: depth + 1]
    weights = [source.normal(size=(a, b)) for b, a in itertools.pairwise(widths)]
    biases = [source.normal(size=a) for a in widths[1:]]
    return Network.of(weights, biases, source.normal(size=(3, samples)), source.uniform(size=(widths[-1], samples)))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("samples", [1, 2])
def test_gradients_are_the_product_of_the_jacobians(depth, samples):
    net = _random(depth, samples)
    found, (row_X, rows_W, rows_b) = network.gradients(net), network.jacobian(net)
    with mp.workprec(400):
        for gradient, row in zip((found.dX, *found.dW, *found.db), (row_X, *rows_W, *rows_b), strict=True):
            difference = transpose(vec(gradient)) - row
            assert shape(row) == (1, gradient.rows * gradient.cols)
            assert mp.norm(difference, mp.inf) < mp.mpf(10) ** -100


def test_fused_labels_reach_every_gradient():
    weights, biases, X, _ = ONE_LAYER
    found = network.gradients(Network.of(weights, biases, X, [[2], [0]], fused=True))
    assert found.db[0].tolist() == [[-1.5], [0.5]]
    assert found.dX.tolist() == [[-1.5], [0.5]]


def test_an_empty_batch_has_zero_gradients_and_no_loss():
    weights, biases, _, _ = THREE_LAYERS
    net = Network.of(weights, biases, np.zeros((1, 0)), np.zeros((2, 0)))
    found = network.gradients(net)
    assert network.forward(net) == 0
    assert shape(found.dX) == (1, 0)
    assert [M.tolist() for M in found.dW] == [[[0], [0]], [[0, 0]], [[0], [0]]]
    assert [M.tolist() for M in found.db] == [[[0], [0]], [[0]], [[0], [0]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": []}, "got 0 weights and 3 biases, expected one of each per layer"),
        ({"biases": [[0, 0], [-2]]}, "got 3 weights and 2 biases"),
        ({"weights": [[[1], [-1]], [[1]], [[4], [8]]]}, r"network: W_2 has shape \(1, 1\), expected \(1, 2\)"),
        ({"weights": [[[1, 2], [-1, 2]], [[1, 5]], [[4], [8]]]}, r"network: W_1 has shape \(2, 2\), expected \(2, 1\)"),
        ({"biases": [[0, 0], [-2], [0]]}, r"network: b_3 has shape \(1, 1\), expected \(2, 1\) = \(rows of W_3, 1\)"),
        ({"X": [[2], [3]]}, r"network: W_1 has shape \(2, 1\), expected \(2, 2\)"),
        ({"P": [[1, 0], [0, 1]]}, r"network: P has shape \(2, 2\), expected \(2, 1\)"),
        ({"P": "one"}, "network: P: got str"),
        ({"biases": [[0, 0], [None], [0, 0]]}, r"network: b_2: entry \(0, 0\) is None"),
    ],
)
def test_arguments_that_do_not_fit_are_named(change, message):
    arguments = dict(zip(("weights", "biases", "X", "P"), THREE_LAYERS, strict=True)) | change
    with pytest.raises(ValueError, match=message):
        Network.of(**arguments)


def test_a_last_layer_without_classes_is_refused():
    net = Network.of([np.zeros((0, 1))], [np.zeros(0)], [[1]], np.zeros((0, 1)))
    for function in (network.forward, network.gradients, network.jacobian):
        with pytest.raises(ValueError, match="zero classes"):
            function(net)

"""No public function leaves the global precision of mpmath changed, whether it returns or raises."""

import contextlib

import pytest
from mpmath import mp

from backproof_spec import chain, differentiation, matrices, network
from backproof_spec.matrices import as_matrix
from backproof_spec.operations import cross_entropy, linear, relu, softmax, softmax_cross_entropy
from backproof_spec.rounding import cross_entropy as rounding_cross_entropy
from backproof_spec.rounding import linear as rounding_linear
from backproof_spec.rounding import network as rounding_network
from backproof_spec.rounding import relu as rounding_relu
from backproof_spec.rounding import softmax as rounding_softmax
from backproof_spec.rounding import softmax_cross_entropy as rounding_softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure, inner_products
from backproof_spec.rounding.formats import Arithmetic

A = as_matrix("A", [[1.1, 2.0], [3.0, 0.3]])
V = as_matrix("V", [1.0, 2.0])
E, F = Enclosure.exactly(A), Enclosure.exactly(V)
HALF = Arithmetic.of("float16")
NET = network.Network.of([A], [V], A, A)
SQUARE, EXP = chain.SCALARS[0], chain.SCALARS[2]
BAD = as_matrix("bad", [[1.0]])


def _boom(_):
    raise ZeroDivisionError


def _columns(Z, arithmetic):
    """All that is found of each column, some of it when it is asked for."""
    found = rounding_softmax.columns(Z, arithmetic)
    return [(each.s, each.log_s, each.radius, each.stored, each.log_radius) for each in found]


def _gradients(net, arithmetic):
    found = rounding_network.gradients(net, arithmetic)
    return found.loss, found.dX, found.dW, found.db


CALLS = {
    "matrices.product": (matrices.product, (A, A), (A, BAD)),
    "matrices.compose": (matrices.compose, (A, A), (A, BAD)),
    "matrices.as_matrix": (matrices.as_matrix, ("A", [[1]]), ("A", "no")),
    "linear.forward": (linear.forward, (A, A, V), (A, BAD, V)),
    "linear.jacobian_W": (linear.jacobian_W, (A, A, V), (A, BAD, V)),
    "linear.jacobian_Y": (linear.jacobian_Y, (A, A, V), (A, BAD, V)),
    "linear.jacobian_b": (linear.jacobian_b, (A, A, V), (A, BAD, V)),
    "linear.dW": (linear.dW, (A, A), (BAD, A)),
    "linear.dY": (linear.dY, (A, A), (A, BAD)),
    "linear.db": (linear.db, (A,), ("no",)),
    "relu.forward": (relu.forward, (A,), ("no",)),
    "relu.mask": (relu.mask, (A, 0.5), (A, 2)),
    "relu.jacobian": (relu.jacobian, (A,), (A, 2)),
    "relu.dZ": (relu.dZ, (A, A), (A, BAD)),
    "softmax.forward": (softmax.forward, (A,), ("no",)),
    "softmax.jacobian": (softmax.jacobian, (A,), ("no",)),
    "softmax.dZ": (softmax.dZ, (A, A), (A, BAD)),
    "cross_entropy.forward": (cross_entropy.forward, (A, A), (A, BAD)),
    "cross_entropy.dS": (cross_entropy.dS, (A, A), (A, BAD)),
    "cross_entropy.jacobian": (cross_entropy.jacobian, (A, A), (A, BAD)),
    "softmax_cross_entropy.forward": (softmax_cross_entropy.forward, (A, A), (A, BAD)),
    "softmax_cross_entropy.dZ": (softmax_cross_entropy.dZ, (A, A), (A, BAD)),
    "softmax_cross_entropy.jacobian": (softmax_cross_entropy.jacobian, (A, A), (A, BAD)),
    "network.of": (network.Network.of, ([A], [V], A, A), ([A], [V], A, BAD)),
    "network.forward": (network.forward, (NET,), (None,)),
    "network.activations": (network.activations, (NET,), (None,)),
    "network.jacobian": (network.jacobian, (NET,), (None,)),
    "network.gradients": (network.gradients, (NET,), (None,)),
    "chain.scalar_derivative": (chain.scalar_derivative, (EXP, SQUARE, mp.mpf(2)), (EXP, SQUARE, None)),
    "chain.scalar_third_derivative": (chain.scalar_third_derivative, (EXP, SQUARE, mp.mpf(2)), (EXP, SQUARE, None)),
    "chain.forward": (chain.forward, (A, A, V), (A, BAD, V)),
    "chain.jacobian_Y": (chain.jacobian_Y, (A, A, V), (A, BAD, V)),
    "chain.dY": (chain.dY, (A, A, V, A), (A, A, V, BAD)),
    "differentiation.jacobian": (differentiation.jacobian, (relu.forward, A), (_boom, A)),
    "differentiation.one_sided_jacobian": (differentiation.one_sided_jacobian, (relu.forward, A, 1), (_boom, A, 1)),
    "enclosure.inner_products": (inner_products, (E, E, HALF, 2), (E, None, HALF, 2)),
    "enclosure.scaled": (E.scaled, (mp.mpf(0.5), HALF), (None, HALF)),
    "rounding.linear.forward": (rounding_linear.forward, (E, E, F, HALF), (E, None, F, HALF)),
    "rounding.linear.dW": (rounding_linear.dW, (E, E, HALF), (E, None, HALF)),
    "rounding.linear.dY": (rounding_linear.dY, (E, E, HALF), (E, None, HALF)),
    "rounding.linear.db": (rounding_linear.db, (E, HALF), (None, HALF)),
    "rounding.relu.forward": (rounding_relu.forward, (E, HALF), (None, HALF)),
    "rounding.relu.dZ": (rounding_relu.dZ, (E, E, HALF), (E, None, HALF)),
    "rounding.softmax.columns": (_columns, (E, HALF), (None, HALF)),
    "rounding.softmax.forward": (rounding_softmax.forward, (E, HALF), (None, HALF)),
    "rounding.softmax.dZ": (rounding_softmax.dZ, (E, E, HALF), (E, None, HALF)),
    "rounding.cross_entropy.forward": (rounding_cross_entropy.forward, (E, E, HALF), (E, None, HALF)),
    "rounding.cross_entropy.dS": (rounding_cross_entropy.dS, (E, E, HALF), (E, None, HALF)),
    "rounding.softmax_cross_entropy.forward": (rounding_softmax_cross_entropy.forward, (E, E, HALF), (E, None, HALF)),
    "rounding.softmax_cross_entropy.dZ": (rounding_softmax_cross_entropy.dZ, (E, E, HALF), (E, None, HALF)),
    "rounding.network.gradients": (_gradients, (NET, HALF), (None, HALF)),
}


@pytest.mark.parametrize("precision", [20, 53, 5000])
@pytest.mark.parametrize("name", CALLS)
def test_precision_is_restored_after_a_result_and_after_an_error(name, precision):
    function, good, bad = CALLS[name]
    with mp.workprec(precision):
        function(*good)
        assert mp.prec == precision
        raised = None
        with contextlib.suppress(Exception):
            raised = function(*bad)
        assert raised is None, "the bad arguments were meant to raise"
        assert mp.prec == precision


@pytest.mark.parametrize(
    "name", [name for name in CALLS if not name.startswith(("matrices.", "enclosure.", "chain.s"))]
)
def test_results_do_not_depend_on_the_callers_precision(name):
    function, good, _ = CALLS[name]
    found = []
    for precision in (20, 53):
        with mp.workprec(precision):
            result = function(*good)
        with mp.workprec(5000):
            found.append(repr(result))
    assert found[0] == found[1]

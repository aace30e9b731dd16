"""The Jacobian that is read from a definition is the product written out: Yᵀ⊗I, I⊗W, 1⊗I, diag(s) − s·sᵀ, and so on."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest
from mpmath import mp

from backproof_spec.composition import network
from backproof_spec.differentiation import one_sided_jacobian
from backproof_spec.language import exact
from backproof_spec.language.functions import real
from backproof_spec.library import operation
from backproof_spec.matrices import as_matrix
from backproof_spec.network import Network
from backproof_spec.network import jacobian as written_out
from backproof_spec.operations import cross_entropy, linear, relu, softmax, softmax_cross_entropy

EXPLICIT = {
    ("linear", "W"): linear.jacobian_W,
    ("linear", "Y"): linear.jacobian_Y,
    ("linear", "b"): linear.jacobian_b,
    ("relu", "Z"): relu.jacobian,
    ("softmax", "Z"): softmax.jacobian,
    ("cross_entropy", "S"): cross_entropy.jacobian,
    ("softmax_cross_entropy", "Z"): softmax_cross_entropy.jacobian,
}


def _columns(place, rows):
    """The position of an entry of a matrix in its vec: column on column."""
    i, j = (*place, 0, 0)[:2]
    return i + j * rows


@pytest.mark.parametrize(("name", "by"), EXPLICIT, ids="-".join)
@pytest.mark.parametrize("seed", range(4))
def test_the_jacobian_of_a_definition_is_the_product_written_out(name, by, seed):
    of, random = operation(name), Random(seed)
    sizes = {dim: random.randint(1, 4) for dim in dict.fromkeys(of.dimension.values())}
    shapes = {each.name: tuple(sizes[of.dimension[i]] for i in each.indices) for each in of.arguments}
    grid = {name: list(_places(shape)) for name, shape in shapes.items()}
    values = {name: {place: mp.mpf(random.randint(1, 9)) / 8 for place in places} for name, places in grid.items()}
    with mp.workprec(200):
        given = exact.evaluation(of, values, {}, sizes)
        matrices = [
            as_matrix(each, [[values[each][i, j] for j in range(shape[1])] for i in range(shape[0])])
            if len(shape) == 2
            else as_matrix(each, [[values[each][(i,)]] for i in range(shape[0])])
            for each, shape in shapes.items()
        ]
        written = EXPLICIT[name, by](*matrices).value
        (output,) = of.outputs
        rows = sizes[of.dimension[of.shapes[output][0]]] if of.shapes[output] else 1
        found = exact.jacobian(given, output)
        for place, slopes in found.items():
            for at in grid[by]:
                expected = written[_columns(place, rows), _columns(at, shapes[by][0])]
                assert abs(real(slopes.get((by, at), 0)) - expected) <= mp.ldexp(1, -180)


def _places(shape):
    if len(shape) == 1:
        return ((i,) for i in range(shape[0]))
    return ((i, j) for i in range(shape[0]) for j in range(shape[1]))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_jacobian_of_a_network_is_the_product_of_those_of_its_layers(depth, seed):
    of, random = network(depth), Random(seed)
    sizes = {dim: random.randint(1, 3) for dim in dict.fromkeys(of.dimension.values())}
    values = {
        each.name: {place: mp.mpf(random.randint(-9, 9)) / 8 + mp.mpf(1) / 64 for place in product(*shape)}
        for each in of.arguments
        for shape in [[range(sizes[of.dimension[i]]) for i in each.indices]]
    }
    with mp.workprec(200):
        row = exact.jacobian(exact.evaluation(of, values, {}, sizes), "L")[()]
        A = {name: _matrix(tensor) for name, tensor in values.items()}
        layers = range(1, depth + 1)
        net = Network.of([A[f"W{k}"] for k in layers], [A[f"b{k}"] for k in layers], A["X"], A["P"])
        of_X, of_W, of_b = written_out(net)
        rows = {"X": of_X, **{f"W{k}": of_W[k - 1] for k in layers}, **{f"b{k}": of_b[k - 1] for k in layers}}
        for name, expected in rows.items():
            for place in values[name]:
                slope = real(row.get((name, place), 0))
                assert abs(slope - expected[0, _columns(place, A[name].rows)]) <= mp.ldexp(1, -150)


def _matrix(tensor):
    rows, columns = (max(k) + 1 for k in zip(*((*place, 0)[:2] for place in tensor), strict=True))
    return as_matrix("A", [[tensor[(i, j) if (i, j) in tensor else (i,)] for j in range(columns)] for i in range(rows)])


def test_what_is_claimed_of_relu_at_its_kink_is_a_subgradient():
    """No derivative exists at 0: the 1 that the notes take lies between the slopes from the left and from the right."""
    of = operation("relu")
    Z = {(0, 0): Fraction(0), (0, 1): Fraction(2), (1, 0): Fraction(-3), (1, 1): Fraction(0)}
    given = exact.evaluation(of, {"Z": Z, "dY": dict.fromkeys(Z, Fraction(1))}, {}, dict.fromkeys(of.dimension, 2))
    left, right = (one_sided_jacobian(relu.forward, _matrix(Z), side) for side in (-1, 1))
    (by_Z,) = of.gradients
    claimed, convention = given.compiled(by_Z.claimed), exact.jacobian(given, "Y")
    for place in Z:
        k = _columns(place, 2)
        slope = claimed(dict(zip(by_Z.indices, place, strict=True)))
        assert slope == convention[place].get(("Z", place), 0)
        assert left[k, k] <= real(slope) <= right[k, k]
    assert left != right

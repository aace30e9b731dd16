"""Theorems against the explicit Jacobians and Kronecker products of the spec, formed whole, in numbers."""

import re
from random import Random

import pytest
from mpmath import mp

from backproof_spec import differentiation, network
from backproof_spec.calculus import values
from backproof_spec.calculus.evaluate import AGREEMENT, DIGITS
from backproof_spec.calculus.terms import close, free_indices
from backproof_spec.calculus.theorems import THEOREMS
from backproof_spec.matrices import from_entries, identity, kron, ones, unvec, vec, vjp
from backproof_spec.operations import cross_entropy, linear, relu, softmax, softmax_cross_entropy

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

SMALL = mp.mpf(10) ** -AGREEMENT


class _Numbers:
    """A model of a derivation as mpmath matrices; numbers are 1 × 1, and vectors columns."""

    def __init__(self, derivation, sizes):
        self.derivation = derivation
        self.model = values.model(derivation, derivation.theorem.hypotheses, Random(5), sizes)

    def __call__(self, name):
        dims = self.derivation.theory.dims(name)
        places = tuple(("index", f"i{k}", dim) for k, dim in enumerate(dims))
        return self.table(("entry", name, places), places)

    def gradient(self):
        """∂L/∂X as a matrix of the shape of X."""
        _, _, by, _, d = self.derivation.theorem.conclusion
        return self.table(d, by)

    def table(self, term, indices):
        body = close(term, indices)
        return self._matrix(
            tuple(i[2] for i in indices), lambda place: self.model.value(body, {}, tuple(reversed(place)))
        )

    def map(self, name):
        """A map that the derivation knows nothing of, as a function of matrices."""
        inputs, outputs = self.derivation.theory.dims(name), self.derivation.theory.rest(name)

        def at(X):
            argument = {place: X[(*place, 0, 0)[:2]] for place in self.model.places(inputs)}
            return self._matrix(outputs, lambda place: self.model.of_map("map", name, place, argument))

        return at

    def _matrix(self, dims, entry):
        rows, columns = ([self.model.sizes[dim] for dim in dims] + [1, 1])[:2]
        return from_entries(rows, columns, {(*place, 0, 0)[:2]: entry(place) for place in self.model.places(dims)})


def _standardised(z, eps):
    """(z − mean z)/√(var z + ε) of a column."""
    mean = sum(z) / z.rows
    deviation = mp.sqrt(sum((each - mean) ** 2 for each in z) / z.rows + eps[0, 0])
    return from_entries(z.rows, 1, {(i, 0): (z[i, 0] - mean) / deviation for i in range(z.rows)})


def _quotients(function, X):
    """The explicit Jacobian of a function that has none in the spec, straight from the definition of a derivative."""
    return differentiation.jacobian(function, X)


JACOBIANS = {
    "linear.dW": lambda M: (linear.jacobian_W(M("W"), M("Y"), M("b")).value, M("dZ")),
    "linear.dY": lambda M: (linear.jacobian_Y(M("W"), M("Y"), M("b")).value, M("dZ")),
    "linear.db": lambda M: (linear.jacobian_b(M("W"), M("Y"), M("b")).value, M("dZ")),
    "linear.dW.sample": lambda M: (linear.jacobian_W(M("W"), M("y"), M("b")).value, M("dz")),
    "linear.dY.sample": lambda M: (linear.jacobian_Y(M("W"), M("y"), M("b")).value, M("dz")),
    "linear.db.sample": lambda M: (linear.jacobian_b(M("W"), M("y"), M("b")).value, M("dz")),
    "relu.dZ": lambda M: (relu.jacobian(M("Z")).value, M("dY")),
    "network.step": lambda M: (
        linear.jacobian_Y(M("W"), M("Y"), M("b")).value * relu.jacobian(M("Z")).value,
        M("dU"),
    ),
    "softmax.dZ": lambda M: (softmax.jacobian(M("Z")).value, M("dS")),
    "cross_entropy.dS": lambda M: (cross_entropy.jacobian(M("S"), M("P")).value, ones(1, 1)),
    "softmax_cross_entropy.dZ": lambda M: (softmax_cross_entropy.jacobian(M("Z"), M("P")).value, ones(1, 1)),
    "softmax_cross_entropy.dZ.normalised": lambda M: (
        softmax_cross_entropy.jacobian(M("Z"), M("P")).value,
        ones(1, 1),
    ),
    "chain.scalar": lambda M: (
        _quotients(M.map("f"), M.map("g")(M("x"))) * _quotients(M.map("g"), M("x")),
        ones(1, 1),
    ),
    "residual.dX": lambda M: (identity(M("X").rows) + _quotients(M.map("g"), M("X")), M("dY")),
    "layer_norm.dZ": lambda M: (_quotients(lambda z: _standardised(z, M("ε")), M("z")), M("dy")),
}
SIZES = [
    {"m": 2, "n": 3, "p": 2, "d": 2, "v": 3},
    {"m": 3, "n": 3, "p": 3, "d": 3, "v": 3},
    {"m": 1, "n": 1, "p": 4, "d": 2, "v": 1},
    {"m": 3, "n": 2, "p": 1, "d": 1, "v": 2},
]


def _agree(found, expected):
    assert (found.rows, found.cols) == (expected.rows, expected.cols)
    for i in range(found.rows):
        for j in range(found.cols):
            assert abs(found[i, j] - expected[i, j]) <= SMALL * max(1, abs(expected[i, j]))


def test_every_theorem_is_compared_with_an_explicit_jacobian_or_kronecker_product():
    networks = {stem for stem in THEOREMS if re.match(r"network\.\d", stem)}
    assert set(THEOREMS) == {*JACOBIANS, *networks, *PRODUCTS, "chain.rule"}


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("stem", JACOBIANS)
def test_a_theorem_is_the_transposed_explicit_jacobian(stem, sizes, derived):
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived(stem), sizes)
        jacobian, cotangent = JACOBIANS[stem](numbers)
        found = numbers.gradient()
        assert (jacobian.rows, jacobian.cols) == (cotangent.rows * cotangent.cols, found.rows * found.cols)
        _agree(found, unvec(vjp(jacobian, vec(cotangent)), found.rows, found.cols))


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_chain_rule_is_the_product_of_the_explicit_jacobians(sizes, derived):
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived("chain.rule"), sizes)
        f, g, x = numbers.map("f"), numbers.map("g"), numbers("x")
        _, _, (k,), (_, _, (i,), *_), d = numbers.derivation.theorem.conclusion
        whole = numbers.table(d, (i, k))
        _agree(whole, _quotients(f, g(x)) * _quotients(g, x))
        _agree(whole, _quotients(lambda X: f(g(X)), x))


@pytest.mark.parametrize("stem", [stem for stem in THEOREMS if re.match(r"network\.\d", stem)])
def test_a_network_theorem_is_the_explicit_jacobian_of_the_whole(stem, derived):
    _, k, output = stem.split(".")
    layers = range(1, int(k) + 1)
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived(stem), {f"n{layer}": 2 + layer % 2 for layer in range(int(k) + 1)} | {"p": 2})
        W, b = [numbers(f"W{layer}") for layer in layers], [numbers(f"b{layer}") for layer in layers]
        JX, JW, Jb = network.jacobian(network.Network(W, b, numbers("X"), numbers("P")))
        found = numbers.gradient()
        J = {"X": JX, "W": JW[int(output[2:] or 1) - 1], "b": Jb[int(output[2:] or 1) - 1]}[output[1]]
        _agree(found, unvec(J.T, found.rows, found.cols))


PRODUCTS = {
    "kron.vec": lambda M: (kron(M("B'"), M("A")) * vec(M("X")), vec(M("A") * M("X") * M("B"))),
    "kron.transpose": lambda M: (kron(M("A"), M("B")).T, kron(M("A").T, M("B").T)),
    "kron.mixed": lambda M: (kron(M("A"), M("B")) * kron(M("C"), M("D")), kron(M("A") * M("C"), M("B") * M("D"))),
}
"""Both sides of a theorem about ⊗, of whole matrices."""
PAIRS = {
    "kron.vec": (("r", "i"), ()),
    "kron.transpose": (("j", "r"), ("i", "k")),
    "kron.mixed": (("i", "k"), ("u", "w")),
}
"""The pairs of free indices that are a row and a column there."""


@pytest.mark.parametrize("stem", PRODUCTS)
def test_pairs_of_indices_are_places_in_the_kronecker_product(stem, derived):
    """Row (i, k) is row k + i·p, p the dimension of k; each side of the theorem is the matrix that it stands for."""
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived(stem), {"m": 2, "n": 3, "p": 2, "q": 4, "r": 3, "t": 2})
        model, (_, *sides) = numbers.model, numbers.derivation.theorem.conclusion
        free = {name: (kind, name, dim) for kind, name, dim in free_indices(sides[0])}
        for side, matrix in zip(sides, PRODUCTS[stem](numbers), strict=True):
            seen = set()
            for values in model.places(tuple(i[2] for i in free.values())):
                at = dict(zip(free, values, strict=True))
                row, column = (
                    at[pair[1]] + at[pair[0]] * model.sizes[free[pair[1]][2]] if pair else 0 for pair in PAIRS[stem]
                )
                assert model.value(side, {free[name]: value for name, value in at.items()}) == matrix[row, column]
                seen.add((row, column))
            assert len(seen) == matrix.rows * matrix.cols

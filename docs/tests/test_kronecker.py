"""kronecker: the drawn pattern is the spec's explicit Jacobian at the counterexample, block by block."""

import numpy as np
import pytest

from backproof_docs.kronecker import NotDrawn, network_form, pattern
from backproof_impl import reference
from backproof_properties.arrays import NUMPY_DTYPES, plain
from backproof_properties.results import Finding, Link, Outcome, Verdict

W = np.array([[1.0, -2.0, 0.0], [0.0, 3.0, 4.0]])
Y = np.array([[1.0, 0.0], [-2.0, 5.0], [0.0, 7.0]])
b = np.array([0.5, 0.0])


def _pattern(claim, output="", dtype="float64", conventions=None, **inputs):
    given = {n: [plain(v) for v in value] if isinstance(value, list) else plain(value) for n, value in inputs.items()}
    finding = Finding("m", output, given)
    outcome = Outcome(claim, Link.IMPLEMENTATION, dtype, Verdict.REFUTED, 5, finding=finding)
    return pattern(outcome, conventions or {})


def _signs(drawn):
    signs = np.zeros((drawn.rows, drawn.columns))
    for place, (sign, _) in drawn.entries.items():
        signs[place] = sign
    return signs


@pytest.mark.parametrize(
    ("claim", "matrix", "block"),
    [
        ("linear.dW", np.kron(Y.T, np.eye(2)), (2, 2)),
        ("linear.dY", np.kron(np.eye(2), W), (2, 3)),
        ("linear.db", np.kron(np.ones((2, 1)), np.eye(2)), (2, 2)),
    ],
)
def test_the_linear_jacobians_are_kronecker_products(claim, matrix, block):
    drawn = _pattern(claim, W=W, Y=Y, b=b, dZ=np.ones((2, 2)))
    assert np.array_equal(_signs(drawn), np.sign(matrix))
    assert (drawn.block_rows, drawn.block_columns) == block


def test_the_identity_of_vec_is_drawn_too():
    A, X, B = W, np.ones((3, 2)), np.array([[1.0, -1.0], [0.0, 2.0]])
    drawn = _pattern("kron.vec", A=A, X=X, B=B)
    assert np.array_equal(_signs(drawn), np.sign(np.kron(B.T, A)))


def test_values_are_told_to_six_digits():
    drawn = _pattern("linear.dY", W=W / 3, Y=Y, b=b)
    assert drawn.entries[0, 1] == (-1, "-0.666667")


def test_relu_is_diagonal_with_the_declared_value_at_zero():
    Z = np.array([[0.0, -1.0], [2.0, 0.0]])
    assert np.array_equal(_signs(_pattern("relu.dZ", Z=Z)), np.diag([1, 1, 0, 1]))
    declared = _pattern("relu.dZ", Z=Z, conventions={"relu_at_zero": 0})
    assert np.array_equal(_signs(declared), np.diag([0, 1, 0, 0]))
    assert "0 where Z = 0, as declared" in declared.blocks


def test_softmax_has_one_block_for_each_sample():
    drawn = _pattern("softmax.dZ", Z=np.zeros((2, 2)))
    block = np.array([[1, -1], [-1, 1]])
    assert np.array_equal(_signs(drawn), np.kron(np.eye(2), block))


def test_losses_have_one_row():
    P = np.array([[1.0], [0.0]])
    assert np.array_equal(_signs(_pattern("cross_entropy.dS", S=np.full((2, 1), 0.5), P=P)), [[-1, 0]])
    assert np.array_equal(_signs(_pattern("softmax_cross_entropy.dZ", Z=np.zeros((2, 1)), P=P)), [[-1, 1]])


def test_label_mass_on_probability_zero_is_drawn():
    drawn = _pattern("cross_entropy.dS", S=np.array([[0.0], [1.0]]), P=np.array([[1.0], [0.0]]))
    assert drawn.entries == {(0, 0): (-1, "-inf")}


def test_the_chain_is_block_diagonal():
    drawn = _pattern("chain.rule", W=W, Y=Y, b=b, dS=np.ones((2, 2)))
    assert (drawn.rows, drawn.columns, drawn.block_rows, drawn.block_columns) == (4, 6, 2, 3)
    assert all(i // 2 == j // 3 for i, j in drawn.entries)


@pytest.mark.parametrize(
    ("claim", "output", "columns", "block", "name"),
    [
        ("network.dX", "network_gradients.dX", 6, 3, "vec X"),
        ("network.dW", "network_gradients.dW[1]", 6, 3, "vec W_2"),
        ("network.db", "network_gradients.db[0]", 2, 2, "∂L/∂b_1"),
    ],
)
def test_a_networks_row_is_that_of_the_layer_refuted(claim, output, columns, block, name):
    case = {"weights": [W, np.ones((3, 2))], "biases": [b, np.zeros(3)], "X": Y, "P": np.eye(3)[:, :2]}
    drawn = _pattern(claim, output, **case)
    assert (drawn.rows, drawn.columns, drawn.block_rows, drawn.block_columns) == (1, columns, 1, block)
    assert name in drawn.formula


@pytest.mark.parametrize("claim", ["linear.forward", "network.forward", "chain.scalar"])
def test_a_claim_without_a_jacobian_has_no_picture(claim):
    assert _pattern(claim, W=W, Y=Y, b=b) is None


def test_what_is_no_single_layers_has_no_picture():
    case = {"weights": [W], "biases": [b], "X": Y, "P": np.eye(2)}
    assert _pattern("network.dW", "dW", **case) is None


def test_an_error_without_a_finding_has_no_picture():
    assert pattern(Outcome("linear.dW", Link.IMPLEMENTATION, "float64", Verdict.ERROR, reason="r"), {}) is None


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 2), (2, 3, 0)])
def test_empty_jacobians_are_patterns_without_entries(shape):
    m, n, p = shape
    drawn = _pattern("linear.dW", W=np.zeros((m, n)), Y=np.zeros((n, p)), b=np.zeros(m))
    assert (drawn.rows, drawn.columns, drawn.entries) == (m * p, m * n, {})


@pytest.mark.parametrize("dtype", list(NUMPY_DTYPES))
def test_inputs_are_read_in_their_own_format(dtype):
    Z = np.array([[1e-6, 0.1]]).astype(NUMPY_DTYPES[dtype])
    drawn = _pattern("linear.dY", W=Z.T @ np.ones((1, 1), dtype=Z.dtype), Y=Z[:, :1], b=np.zeros(2))
    assert drawn.entries[1, 0][1] == {"float16": "0.0999756", "bfloat16": "0.100098"}.get(dtype, "0.1")


def test_large_ones_are_not_drawn():
    with pytest.raises(NotDrawn, match="it has 66 × 66 entries, and is drawn up to 64 × 64"):
        _pattern("relu.dZ", Z=np.zeros((33, 2)))
    case = {"weights": [np.zeros((8, 10))], "biases": [np.zeros(8)], "X": np.zeros((10, 1)), "P": np.zeros((8, 1))}
    with pytest.raises(NotDrawn, match="it has 1 × 80 entries"):
        _pattern("network.dW", "network_gradients.dW[0]", **case)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"Z": np.array([[np.nan]])}, "softmax: Z|Z: entry"),
        ({}, "the counterexample holds no Z"),
        ({"Z": np.zeros((0, 1))}, "zero classes"),
    ],
)
def test_what_the_spec_cannot_use_is_not_drawn(inputs, reason):
    with pytest.raises(NotDrawn, match=reason):
        _pattern("softmax.dZ", **inputs)


# --- the form of a network --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "output", "formula"),
    [
        (1, "dX", "∂L/∂vec X = vec(S − P)ᵀ·(I⊗W⁽¹⁾)"),
        (1, "dW1", "∂L/∂vec W⁽¹⁾ = vec(S − P)ᵀ·(Xᵀ⊗I)"),
        (2, "db2", "∂L/∂b⁽²⁾ = vec(S − P)ᵀ·(1⊗I)"),
        (3, "dW2", "∂L/∂vec W⁽²⁾ = vec(S − P)ᵀ·(I⊗W⁽³⁾)·D⁽²⁾·(Y⁽¹⁾ᵀ⊗I)"),
        (3, "dX", "∂L/∂vec X = vec(S − P)ᵀ·(I⊗W⁽³⁾)·D⁽²⁾·(I⊗W⁽²⁾)·D⁽¹⁾·(I⊗W⁽¹⁾)"),
    ],
)
def test_the_form_of_a_network_has_a_factor_for_each_operation(layers, output, formula):
    assert network_form(layers, output) == (formula, "D⁽ˡ⁾ = diag(vec 1[Z⁽ˡ⁾ ≥ 0])" if "D⁽" in formula else "")


@pytest.mark.parametrize("output", ["dX", "dW1", "db1", "dW2", "db2", "dW3", "db3"])
def test_the_form_of_a_network_is_its_gradient(output):
    random = np.random.default_rng(5)
    weights = [random.normal(size=shape) for shape in ((4, 3), (3, 4), (2, 3))]
    biases = [random.normal(size=len(each)) for each in weights]
    X, P = random.normal(size=(3, 5)), random.random((2, 5))
    P /= P.sum(axis=0)
    Ys, Zs = [X], []
    for A, c in zip(weights, biases, strict=True):
        Zs.append(reference.linear(A, Ys[-1], c))
        Ys.append(reference.relu(Zs[-1]))
    row = (reference.softmax(Zs[-1]) - P).ravel("F")
    for factor in network_form(3, output)[0].partition("ᵀ·")[2].split("·"):
        layer = int(next((digit for digit in factor.translate(PLAIN) if digit.isdigit()), 0))
        if factor[0] == "D":
            row = row * (Zs[layer - 1] >= 0).ravel("F")
        elif factor.startswith("(I⊗"):
            row = row @ np.kron(np.eye(5), weights[layer - 1])
        else:
            below = np.ones((5, 1)) if factor == "(1⊗I)" else Ys[layer].T
            row = row @ np.kron(below, np.eye(len(row) // 5))
    gradients = reference.network_gradients(weights, biases, X, P)
    wanted = gradients["dX"] if output == "dX" else gradients[output[:2]][int(output[2]) - 1]
    np.testing.assert_allclose(row, wanted.ravel("F"))


PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

"""matrices: no trap of mpmath is fallen into, inputs are read exactly or refused, vec and ⊗ are the textbook's."""

from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec import matrices
from backproof_spec.matrices import as_matrix, shape

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
HUGE_AND_ONE = [[1e200, 1.0, -1e200]]
A = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


# --- traps of mpmath -----------------------------------------------------------------------------------------------


def test_mpmath_drops_terms_from_dot_products():
    with mp.workdps(50):
        assert mp.fdot([mp.mpf(10) ** 200, 1, -(mp.mpf(10) ** 200)], [1, 1, 1]) == 0
        row = mpmath.matrix([[mp.mpf(10) ** 200, 1, -(mp.mpf(10) ** 200)]])
        assert (row * mpmath.matrix([1, 1, 1]))[0, 0] == 0


def test_product_drops_no_term_at_any_precision():
    for precision in (20, 53, 200):
        with mp.workprec(precision):
            assert matrices.product(as_matrix("A", HUGE_AND_ONE), matrices.ones(3, 1)).tolist() == [[1]]


def test_kron_keeps_huge_and_tiny_blocks(fractions):
    found = matrices.kron(as_matrix("A", [[1e300, 5e-324]]), as_matrix("B", [[2.0], [0.5]]))
    assert fractions(found) == [
        [Fraction(1e300) * 2, Fraction(5e-324) * 2],
        [Fraction(1e300) / 2, Fraction(5e-324) / 2],
    ]


@pytest.mark.parametrize(
    "total",
    [
        matrices.sum_of_columns,
        lambda row: matrices.vjp(matrices.transpose(row), matrices.ones(3, 1)),
        lambda row: matrices.compose(row, matrices.ones(3, 1)),
    ],
    ids=["sum_of_columns", "vjp", "compose"],
)
def test_sums_drop_no_term_at_exact_precision(total):
    with mp.workprec(matrices.EXACT_BITS):
        assert total(as_matrix("A", HUGE_AND_ONE)).tolist() == [[1]]


def test_nonzeros_reads_the_private_storage_of_the_installed_mpmath():
    M = mpmath.matrix([[0, 7], [-3, 0]])
    assert sorted((i, j, int(value)) for i, j, value in matrices.nonzeros(M)) == [(0, 1, 7), (1, 0, -3)]


def test_from_entries_stores_no_zero_and_is_an_ordinary_mpmath_matrix():
    M = matrices.from_entries(2, 2, {(0, 0): mp.mpf(0), (1, 1): mp.mpf(4)})
    assert list(matrices.nonzeros(M)) == [(1, 1, 4)]
    assert mpmath.matrix([[0, 0], [0, 4]]) == M


@pytest.mark.parametrize(("m", "n"), [(0, 3), (3, 0), (0, 0)])
def test_zero_sizes_keep_their_shapes(m, n):
    Z = matrices.zeros(m, n)
    assert shape(as_matrix("Z", np.zeros((m, n)))) == (m, n)
    assert [shape(f(Z)) for f in (matrices.absolute, lambda M: matrices.add(M, M), lambda M: matrices.scale(2, M))] == [
        (m, n)
    ] * 3
    assert (
        shape(matrices.hadamard(Z, Z)) == shape(matrices.constant(Z, mp.mpf(1))) == shape(matrices.ones(m, n)) == (m, n)
    )
    assert shape(matrices.transpose(Z)) == (n, m)
    assert shape(matrices.vec(Z)) == (0, 1)
    assert shape(matrices.unvec(matrices.vec(Z), m, n)) == (m, n)
    assert shape(matrices.kron(Z, matrices.identity(2))) == (2 * m, 2 * n)
    assert shape(matrices.commutation(m, n)) == (0, 0)
    assert shape(matrices.vjp(Z, matrices.zeros(m, 1))) == (n, 1)
    assert shape(matrices.sum_of_columns(Z)) == (m, 1)
    for multiply in (matrices.product, matrices.compose):
        assert shape(multiply(Z, matrices.zeros(n, 4))) == (m, 4)
        assert shape(multiply(matrices.zeros(2, m), Z)) == (2, n)
        assert multiply(matrices.zeros(2, 0), matrices.zeros(0, 2)).tolist() == [[0, 0], [0, 0]]


# --- reading inputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1, 2.5], [-3, 0]], [[1, 2.5], [-3, 0]]),
        (((1, 2),), [[1, 2]]),
        ([1.0, 2.0], [[1], [2]]),
        (np.array([1.0, 2.0]), [[1], [2]]),
        (np.array([[1, 2]], dtype=np.int64), [[1, 2]]),
        (np.array([[0.1]], dtype=np.float16), [[0.0999755859375]]),
        (np.array([[0.1]], dtype=np.float32), [[0.100000001490116119384765625]]),
        (np.array([[0.1]], dtype=ml_dtypes.bfloat16), [[0.10009765625]]),
        (mpmath.matrix([[1, 2]]), [[1, 2]]),
        ([[np.float64(5e-324)]], [[5e-324]]),
        (np.asfortranarray([[1.0, 2.0], [3.0, 4.0]])[::-1], [[3, 4], [1, 2]]),
    ],
)
def test_as_matrix_reads_exactly(values, expected):
    assert as_matrix("A", values).tolist() == expected


@pytest.mark.parametrize("precision", [10, 53])
def test_as_matrix_reads_integers_beyond_two_to_the_53_exactly(fractions, precision):
    with mp.workprec(precision):
        assert fractions(as_matrix("A", [[2**53 + 1, -(2**64) - 1]])) == [[2**53 + 1, -(2**64) - 1]]
        assert fractions(as_matrix("A", np.array([[2**53 + 1]]))) == [[2**53 + 1]]
        assert fractions(as_matrix("A", [[0.1]])) == [[Fraction(0.1)]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(np.zeros(0), (0, 1)), (np.zeros((0, 3)), (0, 3)), (np.zeros((3, 0)), (3, 0)), ([], (0, 0)), ([[], []], (2, 0))],
)
def test_as_matrix_keeps_empty_shapes(values, expected):
    assert shape(as_matrix("A", values)) == expected


@pytest.mark.parametrize(
    "values",
    [
        [[1.0, 2.0], [3.0]],
        [[1.0], 2.0],
        [1.0, [2.0]],
        "12",
        ["1"],
        [["1"]],
        np.array(["1.5"]),
        [[b"1"]],
        [[1j]],
        np.array([[1 + 0j]]),
        [[float("nan")]],
        [[float("inf")]],
        np.array([-np.inf]),
        None,
        [None],
        [[None]],
        1.0,
        np.float64(1.0),
        np.array(1.0),
        mp.mpf(1),
        np.zeros((2, 2, 2)),
        {"a": 1},
    ],
    ids=repr,
)
def test_as_matrix_refuses_and_names_the_argument(values):
    with pytest.raises(ValueError, match=r"^linear: W: .*expected"):
        as_matrix("linear: W", values)


@pytest.mark.parametrize(
    "values",
    [
        [[mp.nan]],
        [[mp.inf]],
        mpmath.matrix([[mp.nan]]),
        mpmath.matrix([[-mp.inf]]),
        mpmath.matrix([[mp.mpc(1, 1)]]),
    ],
    ids=["nan-entry", "inf-entry", "nan-matrix", "inf-matrix", "complex-matrix"],
)
def test_as_matrix_refuses_what_mpmath_calls_numbers_too(values):
    with pytest.raises(ValueError, match=r"^linear: W: .*expected"):
        as_matrix("linear: W", values)


def test_as_matrix_reads_integers_beyond_the_range_of_float64(fractions):
    assert fractions(as_matrix("A", [[10**400]])) == [[10**400]]


def test_as_matrix_reads_fractions_exactly_or_refuses_them(fractions):
    try:
        read = fractions(as_matrix("A", [[Fraction(1, 3)]]))
    except ValueError as error:
        assert str(error).startswith("A: entry (0, 0)")  # noqa: PT017 - either outcome is sound, a rounded value is not
    else:
        assert read == [[Fraction(1, 3)]]


# --- vec, ⊗, K -----------------------------------------------------------------------------------------------------


def test_vec_stacks_columns_and_unvec_inverts_it():
    v = matrices.vec(as_matrix("A", A))
    assert v.tolist() == [[1], [4], [2], [5], [3], [6]]
    assert matrices.unvec(v, 2, 3).tolist() == A
    assert matrices.unvec(v, 3, 2).tolist() == [[1, 5], [4, 3], [2, 6]]


def test_unvec_refuses_a_vector_of_another_length():
    with pytest.raises(ValueError, match=r"unvec: v has shape \(5, 1\), expected \(6, 1\)"):
        matrices.unvec(matrices.ones(5, 1), 2, 3)


def test_kron_on_a_literal():
    found = matrices.kron(as_matrix("A", [[1, 2], [0, -1]]), as_matrix("B", [[0, 3], [5, 7]]))
    assert found.tolist() == [[0, 3, 0, 6], [5, 7, 10, 14], [0, 0, 0, -3], [0, 0, -5, -7]]


def test_commutation_on_a_literal_and_as_a_transpose():
    K = matrices.commutation(2, 3)
    assert matrices.product(K, as_matrix("v", [1, 4, 2, 5, 3, 6])).tolist() == [[1], [2], [3], [4], [5], [6]]
    swapped = matrices.commutation(3, 2)
    assert matrices.product(K, swapped) == matrices.identity(6)


def test_vec_of_a_triple_product_on_a_literal():
    left, X, right = (as_matrix("M", M) for M in ([[1, 2]], [[3, 4, 5], [6, 7, 8]], [[1], [0], [-1]]))
    # A·X·B = [15 18 21]·[1 0 −1]ᵀ = −6, and Bᵀ⊗A = [1 2 0 0 −1 −2].
    J = matrices.kron(matrices.transpose(right), left)
    assert J.tolist() == [[1, 2, 0, 0, -1, -2]]
    assert matrices.product(J, matrices.vec(X)).tolist() == [[-6]]


def test_kron_of_products_is_the_product_of_krons():
    P, Q, R, S = (as_matrix("M", M) for M in ([[1, 2], [3, 4]], [[0, 1]], [[5], [6]], [[7, 8], [9, 1]]))
    left = matrices.product(matrices.kron(P, Q), matrices.kron(R, S))
    assert left == matrices.kron(matrices.product(P, R), matrices.product(Q, S))


def test_algebra_on_literals():
    M, N = as_matrix("M", [[1, -2], [0, 4]]), as_matrix("N", [[-1, 5], [6, 0]])
    assert matrices.add(M, N).tolist() == [[0, 3], [6, 4]]
    assert matrices.hadamard(M, N).tolist() == [[-1, -10], [0, 0]]
    assert matrices.absolute(M).tolist() == [[1, 2], [0, 4]]
    assert matrices.scale(-3, M).tolist() == [[-3, 6], [0, -12]]
    assert matrices.transpose(M).tolist() == [[1, 0], [-2, 4]]
    assert matrices.sum_of_columns(M).tolist() == [[-1], [4]]
    assert matrices.diag(as_matrix("v", [3, 0, 2])).tolist() == [[3, 0, 0], [0, 0, 0], [0, 0, 2]]
    assert matrices.vjp(M, as_matrix("g", [1, 10])).tolist() == [[1], [38]]
    assert list(matrices.nonzeros(matrices.add(M, matrices.scale(-1, M)))) == []


# --- exact products ------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=5))
@example([(1.7976931348623157e308, 1.7976931348623157e308), (5e-324, 5e-324), (-1.7976931348623157e308, 1.0)])
def test_products_and_compositions_of_floats_are_exact(fractions, pairs):
    row, column = as_matrix("A", [[a for a, _ in pairs]]), as_matrix("B", [b for _, b in pairs])
    expected = [[sum(Fraction(a) * Fraction(b) for a, b in pairs)]]
    assert fractions(matrices.product(row, column)) == expected
    with mp.workprec(matrices.EXACT_BITS):
        assert fractions(matrices.compose(row, column)) == expected
        assert fractions(matrices.vjp(matrices.transpose(row), column)) == expected


def test_product_works_where_exponents_span_more_than_integers_should():
    with mp.workprec(53):
        row = as_matrix("A", [[mp.ldexp(1, 40_000), mp.ldexp(1, -40_000)]])
        assert matrices.integers(row) is None
        assert matrices.product(row, matrices.ones(2, 1))[0, 0] == mp.ldexp(1, 40_000)


def test_shapes_that_do_not_fit_are_named():
    two, three = matrices.identity(2), matrices.identity(3)
    for function, name in [
        (matrices.product, "product: B"),
        (matrices.compose, "compose: K"),
        (matrices.add, "add: B"),
        (matrices.hadamard, "hadamard: B"),
        (matrices.vjp, "vjp: g"),
    ]:
        with pytest.raises(ValueError, match=rf"{name} has shape \(3, 3\), expected \(2, "):
            function(two, three)

"""rounding.linear: NumPy in every order and dtype is admitted; one part in a million off is not."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backproof_spec.rounding import linear
from backproof_spec.rounding.formats import Arithmetic

SIZES = st.tuples(*[st.integers(0, 4)] * 3)


@st.composite
def operands(draw):
    """(W, Y, b, dZ) in one dtype, from subnormal to large."""
    dtype = draw(st.sampled_from(["float64", "float32", "float16"]))
    m, n, p = draw(SIZES)
    width = {"float64": 64, "float32": 32, "float16": 16}[dtype]
    top = {"float64": 1e150, "float32": 2.0**60, "float16": 64.0}[dtype]
    numbers = st.floats(-top, top, width=width)
    return [draw(hnp.arrays(dtype, s, elements=numbers)) for s in ((m, n), (n, p), (m,), (m, p))]


@given(operands())
def test_numpy_is_admitted(refused, known, arrays):
    W, Y, b, dZ = arrays
    ar = Arithmetic.of(W.dtype.name)
    eW, eY, eb, edZ = map(known, arrays)
    assert refused(linear.forward(eW, eY, eb, ar), W @ Y + b[:, None]) == []
    assert refused(linear.dW(edZ, eY, ar), dZ @ Y.T) == []
    assert refused(linear.dY(eW, edZ, ar), W.T @ dZ) == []
    assert refused(linear.db(edZ, ar), dZ.sum(axis=1)) == []
    assert refused(linear.db(edZ, ar), dZ @ np.ones(dZ.shape[1], dZ.dtype)) == []


def test_the_bias_may_come_first(refused, known):
    W, Y, b = np.array([[0.1, 0.7]]), np.array([[0.3], [0.9]]), np.array([1e16])
    found = linear.forward(known(W), known(Y), known(b), Arithmetic.of("float64"))
    assert refused(found, [[(b[0] + W[0, 0] * Y[0, 0]) + W[0, 1] * Y[1, 0]]]) == []
    assert refused(found, W @ Y + b[:, None]) == []


def test_forward_counts_the_bias_among_the_roundings(fractions, known):
    u, w, b = Fraction(1, 2**11), 1 + Fraction(1, 1024), 1 + Fraction(3, 1024)
    found = linear.forward(*(known([[float(x)]]) for x in (w, w, b)), Arithmetic.of("float16"))
    worst = (w * w * (1 + u) + b) * (1 + u)
    exact, radius = fractions(found.exact)[0][0], fractions(found.radius)[0][0]
    assert exact == w * w + b
    assert ((1 + u) ** 2 - 1) * w * w < worst - exact <= radius
    assert radius == pytest.approx(((1 + u) ** 2 - 1) * (w * w + b) * (1 + Fraction(1, 2**60)), rel=1e-15)


def test_one_part_in_a_million_is_refused_in_every_entry(refused, known):
    source = np.random.default_rng(0)
    W, Y, b, dZ = (source.uniform(0.5, 2, size=s) for s in ((3, 4), (4, 5), (3,), (3, 5)))
    ar, (eW, eY, eb, edZ) = Arithmetic.of("float64"), map(known, (W, Y, b, dZ))
    for enclosure, value in [
        (linear.forward(eW, eY, eb, ar), W @ Y + b[:, None]),
        (linear.dW(edZ, eY, ar), dZ @ Y.T),
        (linear.dY(eW, edZ, ar), W.T @ dZ),
        (linear.db(edZ, ar), dZ.sum(axis=1)),
    ]:
        assert refused(enclosure, value) == []
        assert len(refused(enclosure, value * (1 + 1e-6))) == len(refused(enclosure, value * (1 - 1e-6))) == value.size


def test_empty_dimensions_are_exactly_zero_or_the_bias(known):
    ar = Arithmetic.of("float64")
    forward = linear.forward(known(np.zeros((2, 0))), known(np.zeros((0, 3))), known([0.1, 0.2]), ar)
    assert forward.exact.tolist() == [[0.1] * 3, [0.2] * 3]
    assert forward.radius.tolist() == [[0] * 3] * 2
    dW = linear.dW(known(np.zeros((2, 0))), known(np.zeros((3, 0))), ar)
    assert (dW.shape, dW.exact.tolist(), dW.radius.tolist()) == ((2, 3), [[0] * 3] * 2, [[0] * 3] * 2)
    assert linear.db(known(np.zeros((2, 0))), ar).exact.tolist() == [[0], [0]]
    assert linear.dY(known(np.zeros((0, 2))), known(np.zeros((0, 3))), ar).shape == (2, 3)


def test_overflow_in_float32_is_demanded(refused, known):
    W, Y = np.array([[2e38, 2e38]], dtype="float32"), np.array([[1.0], [1.0]], dtype="float32")
    found = linear.forward(known(W), known(Y), known([0.0]), Arithmetic.of("float32"))
    assert refused(found, [[np.inf]]) == []
    assert refused(found, [[3.4e38]]) == [(0, 0)]


def test_a_product_stored_in_the_dtype_before_the_bias_is_added_is_admitted(refused, known):
    # NumPy itself: its float16 product accumulates in float32, and `W @ Y + b` rounds to float16 twice.
    source = np.random.default_rng(0)
    W, Y, b = (source.normal(size=s).astype("float16") for s in ((8, 4), (4, 8), (8,)))
    found = linear.forward(known(W), known(Y), known(b), Arithmetic.of("float16", "float32"))
    assert refused(found, W @ Y + b[:, None]) == []

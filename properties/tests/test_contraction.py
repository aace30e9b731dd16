"""contraction: a sum of products without its products is near enough to what it is, or says how far from it."""

from fractions import Fraction

import numpy as np
import pytest

from backproof_properties.contraction import Matrices, plan, sizes_of, values_of
from backproof_spec import library

WIDE = np.longdouble


def _exactly(A):
    """Every entry as a fraction."""
    significand, exponent = np.frexp(A)
    whole = np.ldexp(significand, 64)
    return [
        [Fraction(int(x)) * Fraction(2) ** (int(e) - 64) for x, e in zip(*rows, strict=True)]
        for rows in zip(whole, exponent, strict=True)
    ]


def _numbers(kind, shape, rng):
    A = rng.uniform(-4, 4, shape)
    if kind == "wide":
        A = A * 2.0 ** rng.integers(-300, 300, shape)
    if kind == "tiny":
        A = A * 2.0**-600
    if kind == "subnormal":
        A = A * 2.0**-1070
    if kind == "one-hot":
        A = np.eye(*shape)[rng.permutation(shape[0])] if shape[0] else A
    if kind == "intermediate":
        return A.astype(WIDE) / 3
    if kind == "masked":
        A = A * (rng.random(shape) < 1 / 2)
    return A.astype(WIDE)


KINDS = ("ordinary", "wide", "tiny", "subnormal", "one-hot", "intermediate", "masked")


@pytest.mark.parametrize("finer", [True, False])
@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
def test_it_is_no_further_from_the_sum_than_it_says(left, right, finer):
    rng = np.random.default_rng(KINDS.index(left) * 10 + KINDS.index(right))
    for m, K, n in ((3, 1, 2), (2, 7, 3), (3, 40, 2)):
        A, B = _numbers(left, (m, K), rng), _numbers(right, (K, n), rng)
        size = sizes_of(np.abs(A), np.abs(B))
        with np.errstate(all="ignore"):
            value, out, rounded = values_of(A, B, size, finer=finer)
        room = _exactly(np.broadcast_to(out + rounded, value.shape))
        a, b, found = _exactly(A), _exactly(B), _exactly(value)
        for i in range(m):
            for j in range(n):
                assert abs(found[i][j] - sum(a[i][k] * b[k][j] for k in range(K))) <= room[i][j]


def test_float64_has_60_bits_of_ordinary_sums_and_what_is_not_rounded_exactly():
    rng = np.random.default_rng(1)
    A, B = _numbers("ordinary", (40, 60), rng), _numbers("ordinary", (60, 50), rng)
    size = sizes_of(np.abs(A), np.abs(B))
    _, out, rounded = values_of(A, B, size, finer=True)
    assert np.all(out + rounded <= 2.0**-60 * size)
    value, out, _ = values_of(A, np.eye(60, dtype=WIDE), np.abs(A), finer=True)
    assert not out.any()
    assert np.array_equal(value, A)


def test_what_is_contracted_is_what_both_sides_have():
    linear = library.operation("linear")
    (found,) = [plan(node) for node in [linear.definitions[0].body.left]]
    assert (found.summed, found.shared, found.of_left, found.of_right) == (("j",), (), ("i",), ("s",))
    assert plan(library.operation("layer_norm").definitions[2].body) is None


def test_axes_are_letters_in_any_order():
    rng = np.random.default_rng(2)
    found = plan(library.operation("linear").definitions[0].body.left)
    order, sizes = ("s", "j", "i"), (4, 3, 2)
    W, Y = rng.normal(size=(1, 3, 2)), rng.normal(size=(4, 3, 1))
    by = Matrices(found, order, sizes)
    assert np.allclose(by.array(by.left(W) @ by.right(Y)), (W * Y).sum(axis=1, keepdims=True))

"""rounding.cross_entropy: quotients by division or reciprocal, logarithms, and the infinities of label mass on 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec.matrices import as_matrix
from backproof_spec.rounding import cross_entropy
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import Arithmetic

DOUBLE, SINGLE, HALF = (Arithmetic.of(name) for name in ("float64", "float32", "float16"))
OMEGA = 2.0**-126


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@given(
    pairs=st.lists(
        st.tuples(st.floats(2.0**-14, 1, width=16), st.floats(0, 4, width=16, allow_subnormal=True)),
        min_size=1,
        max_size=6,
    )
)
def test_numpy_is_admitted(refused, known, dtype, pairs):
    S, P = (np.array([column], dtype=dtype) for column in zip(*pairs, strict=True))
    ar = Arithmetic.of(dtype)
    gradient, loss = cross_entropy.dS(known(S), known(P), ar), cross_entropy.forward(known(S), known(P), ar)
    one = S.dtype.type(1)
    with np.errstate(under="ignore", over="ignore"):
        assert refused(gradient, -P / S) == []
        assert refused(gradient, -(P * (one / S))) == []
        assert refused(loss, [[-(P * np.log(S)).sum()]]) == []
        assert refused(loss, [[np.einsum("ij,ij->", P, -np.log(S))]]) == []


def test_no_label_mass_demands_exactly_zero(refused, known):
    found = cross_entropy.dS(known([[0.0, 0.5]]), known([[0.0, 0.0]]), DOUBLE)
    assert (found.exact.tolist(), found.radius.tolist()) == ([[0, 0]], [[0, 0]])
    assert refused(cross_entropy.forward(known([[0.0, 1.0]]), known([[0.0, 1.0]]), DOUBLE), [[0.0]]) == []
    assert refused(cross_entropy.forward(known([[0.0, 1.0]]), known([[0.0, 1.0]]), DOUBLE), [[np.nan]]) == [(0, 0)]


def test_label_mass_on_zero_demands_the_infinities(refused, known):
    S, P = known([[0.0], [1.0]]), known([[0.5], [0.5]])
    assert refused(cross_entropy.forward(S, P, DOUBLE), [[np.inf]]) == []
    assert refused(cross_entropy.forward(S, P, DOUBLE), [[1e308]]) == [(0, 0)]
    assert refused(cross_entropy.dS(S, P, DOUBLE), [[-np.inf], [-0.5]]) == []
    assert refused(cross_entropy.dS(S, P, DOUBLE), [[np.inf], [-0.5]]) == [(0, 0)]


def test_negative_label_mass_on_zero_has_the_other_infinity(refused, known):
    found = cross_entropy.forward(known([[0.0]]), known([[-1.0]]), DOUBLE)
    assert refused(found, [[-np.inf]]) == []  # −(−1)·log 0


def test_one_part_in_a_million_is_refused(refused, known):
    S, P = np.array([[0.2, 0.5], [0.8, 0.5]]), np.array([[0.3, 1.0], [0.7, 2.0]])
    gradient, loss = cross_entropy.dS(known(S), known(P), DOUBLE), cross_entropy.forward(known(S), known(P), DOUBLE)
    assert len(refused(gradient, -P / S * (1 + 1e-6))) == 4
    assert refused(loss, [[-(P * np.log(S)).sum() * (1 - 1e-6)]]) == [(0, 0)]


def test_a_quotient_beyond_every_rounding_demands_infinity(refused, known):
    S, P = np.array([[2e-5]], dtype="float16"), np.array([[3.0]], dtype="float16")
    with np.errstate(over="ignore"):
        computed = -P / S
    found = cross_entropy.dS(known(S), known(P), HALF)
    assert found.exact[0, 0] == -mp.inf
    assert refused(found, computed) == []


def test_an_inverse_that_may_overflow_is_uncertified(known):
    found = cross_entropy.dS(known([[2.0**-128]]), known([[2.0**-20]]), SINGLE)
    assert found.radius[0, 0] == mp.inf


def test_uncertain_probabilities_admit_every_probability_within_their_radius(refused, known):
    S = Enclosure(as_matrix("S", [[0.25]]), as_matrix("r", [[0.125]]))
    gradient, loss = cross_entropy.dS(S, known([[3.0]]), DOUBLE), cross_entropy.forward(S, known([[3.0]]), DOUBLE)
    for s in (0.125, 0.25, 0.375):
        assert refused(gradient, [[-3 / s]]) == refused(loss, [[-3 * np.log(s)]]) == []
    assert refused(gradient, [[-3 / 0.12]]) == refused(loss, [[-3 * np.log(0.12)]]) == [(0, 0)]


def test_a_probability_that_may_be_zero_is_uncertified(known):
    S = Enclosure(as_matrix("S", [[0.25]]), as_matrix("r", [[0.25]]))
    assert cross_entropy.dS(S, known([[1.0]]), DOUBLE).radius[0, 0] == mp.inf
    assert cross_entropy.forward(S, known([[1.0]]), DOUBLE).radius[0, 0] == mp.inf
    assert cross_entropy.dS(S, known([[0.0]]), DOUBLE).radius[0, 0] == 0


def test_under_flush_to_zero_subnormal_denominators_and_logarithms_are_uncertified(refused, known):
    flushed = Arithmetic.of("float32", flush_to_zero=True)
    S, P = known([[OMEGA / 2]]), known([[1e-3]])
    assert cross_entropy.dS(S, P, flushed).radius[0, 0] == mp.inf
    assert cross_entropy.forward(S, P, flushed).radius[0, 0] == mp.inf
    mass = known([[OMEGA / 2]])
    assert refused(cross_entropy.dS(known([[0.001]]), mass, flushed), [[0.0]]) == []
    assert refused(cross_entropy.dS(known([[0.001]]), mass, SINGLE), [[0.0]]) == [(0, 0)]


def test_an_empty_batch_loses_exactly_nothing(refused, known):
    found = cross_entropy.forward(known(np.zeros((3, 0))), known(np.zeros((3, 0))), DOUBLE)
    assert found.exact.tolist() == [[0]]
    assert refused(found, [[0.0]]) == []
    assert refused(found, [[1e-300]]) == [(0, 0)]

"""rounding.relu: exact but for flushed subnormals, other conventions' product, and signs that are not certain."""

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import as_matrix, from_entries
from backproof_spec.rounding import relu
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import Arithmetic

SINGLE, FLUSHED = Arithmetic.of("float32"), Arithmetic.of("float32", flush_to_zero=True)
OMEGA = 2.0**-126


def _around(exact, radius):
    return Enclosure(as_matrix("exact", [[exact]]), from_entries(1, 1, {(0, 0): mp.mpf(radius)}))


def test_exact_inputs_give_exact_outputs(known):
    found = relu.forward(known([[-1.0, 0.0, 2.5]]), SINGLE)
    assert (found.exact.tolist(), found.radius.tolist()) == ([[0, 0, 2.5]], [[0, 0, 0]])


def test_forward_is_as_certain_as_its_input():
    for exact, kept, radius in ((3.0, 3, 0.5), (0.25, 0.25, 0.5), (-0.25, 0, 0.25), (-3.0, 0, 0)):
        found = relu.forward(_around(exact, 0.5), SINGLE)
        assert (found.exact.tolist(), found.radius.tolist()) == ([[kept]], [[radius]])


@pytest.mark.parametrize("at_zero", [1, 0, 0.5])
def test_a_certain_sign_demands_its_branch_and_exact_zero_the_convention(refused, known, at_zero):
    found = relu.dZ(known([[-1.0, 0.0, 2.0]]), known([[3.0, 4.0, 5.0]]), SINGLE, at_zero)
    assert refused(found, [[0.0, 4 * at_zero, 5.0]]) == []
    for other in {1, 0, 0.5} - {at_zero}:
        assert refused(found, [[0.0, 4 * other, 5.0]]) == [(0, 1)]
    assert refused(found, [[3.0, 4 * at_zero, 0.0]]) == [(0, 0), (0, 2)]


@pytest.mark.parametrize("z", [0.1, -0.1, 0.25, 0.0])
@pytest.mark.parametrize("g", [4.0, -4.0])
def test_an_uncertain_sign_admits_either_branch_of_an_uncertain_cotangent(refused, z, g):
    found = relu.dZ(_around(z, 0.25), _around(g, 0.5), SINGLE)
    assert [refused(found, [[x]]) for x in (0.0, g, g - 0.5, g + 0.5)] == [[], [], [], []]
    assert refused(found, [[3 * g]]) == [(0, 0)]


def test_a_sign_just_certain_admits_one_branch(refused):
    found = relu.dZ(_around(0.2500001, 0.25), _around(4.0, 0.5), SINGLE)
    assert refused(found, [[0.0]]) == [(0, 0)]
    assert refused(found, [[4.5]]) == []


def test_uncertified_inputs_are_uncertified(known):
    for Z, dY in ((_around(1.0, mp.inf), known([[1.0]])), (known([[1.0]]), _around(1.0, mp.inf))):
        assert relu.dZ(Z, dY, SINGLE).radius.tolist() == [[mp.inf]]
    assert relu.forward(_around(1.0, mp.inf), SINGLE).radius.tolist() == [[mp.inf]]


def test_a_product_with_another_convention_is_rounded_once(refused, known):
    g = np.float32(0.3)
    found = relu.dZ(known([[0.0]]), known([[g]]), SINGLE, 0.1)
    assert refused(found, [[np.float32(0.1) * g]]) == []
    assert refused(found, [[np.float32(0.1) * g * (1 + 1e-6)]]) == [(0, 0)]


def test_flushed_subnormals_are_admitted_only_where_declared(refused, known):
    tiny = known([[OMEGA / 2]])
    for arithmetic, outcome in ((FLUSHED, []), (SINGLE, [(0, 0)])):
        assert refused(relu.forward(tiny, arithmetic), [[0.0]]) == outcome
        assert refused(relu.dZ(known([[1.0]]), tiny, arithmetic), [[0.0]]) == outcome
        assert refused(relu.dZ(tiny, known([[5.0]]), arithmetic), [[0.0]]) == outcome
        assert refused(relu.dZ(known([[-OMEGA / 2]]), known([[5.0]]), arithmetic), [[5.0]]) == outcome


def test_a_flushed_product_with_another_convention_is_admitted(refused, known):
    # 0.5 · 1.5ω is subnormal, though neither factor is.
    assert refused(relu.dZ(known([[0.0]]), known([[1.5 * OMEGA]]), FLUSHED, 0.5), [[0.0]]) == []


def test_a_value_that_may_be_subnormal_may_be_flushed(refused):
    # The exact value is normal; one that a conforming implementation computes instead is not, and is flushed.
    assert refused(relu.forward(_around(OMEGA, OMEGA / 8), FLUSHED), [[0.0]]) == []
    assert refused(relu.dZ(_around(1.0, 0.0), _around(OMEGA, OMEGA / 8), FLUSHED), [[0.0]]) == []


def test_the_centre_is_the_exact_value_at_the_default_precision(fractions, known):
    with mp.workprec(200):
        long = mp.mpf(1) + mp.ldexp(1, -100)
    found = relu.dZ(known([[1.0]]), Enclosure.exactly(as_matrix("dY", [[long]])), SINGLE)
    assert fractions(found.exact) == [[1 + Fraction(1, 2**100)]]


@pytest.mark.parametrize("arithmetic", [SINGLE, FLUSHED])
def test_a_mask_is_0_exactly_and_an_overflow_to_minus_infinity_is_uncertain(known, arithmetic):
    Z = Enclosure.exactly(as_matrix("Z", [[-np.inf, 2.0]], masked=True))
    for found in (relu.forward(Z, arithmetic), relu.dZ(Z, known([[3.0, 2.0]]), arithmetic, at_zero=0.5)):
        assert (found.exact.tolist(), found.radius.tolist()) == ([[0, 2]], [[0, 0]])
    overflow = Enclosure(Z.exact, from_entries(1, 2, {(0, 0): mp.inf}))
    for found in (relu.forward(overflow, arithmetic), relu.dZ(overflow, known([[3.0, 2.0]]), arithmetic)):
        assert found.radius.tolist() == [[mp.inf, 0]]

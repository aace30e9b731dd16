"""rounding.formats: u, ω, η, Ω as NumPy and ml_dtypes publish them, and the arithmetic a target may declare."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from mpmath import mp

from backproof_spec.rounding.formats import FORMATS, Arithmetic


def _published(name):
    return ml_dtypes.finfo(ml_dtypes.bfloat16) if name == "bfloat16" else np.finfo(name)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("precision", [20, 53, 200])
def test_constants_are_the_published_ones_at_any_working_precision(fractions, name, precision):
    published, form = _published(name), FORMATS[name]
    with mp.workprec(precision):
        found = mp.matrix([[form.u, form.smallest_normal, form.smallest_subnormal, form.largest]])
    expected = [float(x) for x in (published.smallest_normal, published.smallest_subnormal, published.max)]
    assert fractions(found) == [[Fraction(float(published.eps)) / 2, *map(Fraction, expected)]]
    assert form.subnormal_exponent == mp.log(form.smallest_subnormal, 2)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_eta_is_two_u_omega(name):
    form = FORMATS[name]
    assert form.smallest_subnormal == 2 * form.u * form.smallest_normal


def test_the_accumulator_is_the_format_itself_unless_declared():
    assert Arithmetic.of("float16") == Arithmetic(*[FORMATS["float16"]] * 3)
    wide = Arithmetic.of("float16", "float32", flush_to_zero=True)
    assert (wide.output.name, wide.accumulator.name, wide.flush_to_zero) == ("float16", "float32", True)


def test_unknown_formats_are_refused():
    for arguments in (("float8",), ("float32", "float80")):
        with pytest.raises(
            ValueError, match=r"number format 'float8.*' is not known, expected one of float16, bfloat16"
        ):
            Arithmetic.of(*arguments)


@pytest.mark.parametrize(("output", "accumulator"), [("float64", "float32"), ("float16", "bfloat16")])
def test_a_narrower_accumulator_is_refused(output, accumulator):
    with pytest.raises(ValueError, match=rf"accumulator {accumulator} does not hold every {output}"):
        Arithmetic.of(output, accumulator)


def test_intermediates_are_of_the_dtype_and_an_accumulator_holds_them():
    assert Arithmetic.of("bfloat16").intermediates.name == "bfloat16"
    fused = Arithmetic.of("bfloat16", intermediates="float32")
    assert (fused.output.name, fused.intermediates.name, fused.accumulator.name) == ("bfloat16", "float32", "float32")
    with pytest.raises(ValueError, match="accumulator float32 does not hold every float64, expected a wider format"):
        Arithmetic.of("bfloat16", "float32", intermediates="float64")
    with pytest.raises(ValueError, match="intermediates float16 does not hold every bfloat16"):
        Arithmetic.of("bfloat16", "float32", intermediates="float16")


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_holds(name):
    form = FORMATS[name]
    with mp.workprec(200):
        held = [
            mp.mpf(0),
            mp.mpf(-1),
            1 + 2 * form.u,
            form.largest,
            form.smallest_subnormal,
            3 * form.smallest_subnormal,
        ]
        others = [1 + form.u, 2 * form.largest, form.smallest_subnormal / 2, mp.mpf("0.1")]
        assert all(map(form.holds, held))
        assert not any(map(form.holds, others))


def test_an_accumulator_of_a_smaller_range_is_refused():
    with pytest.raises(ValueError, match="accumulator float16 does not hold every bfloat16"):
        Arithmetic.of("bfloat16", "float16")


def test_derived_quantities_are_those_of_the_accumulator():
    ieee, flushed = Arithmetic.of("float16", "float32"), Arithmetic.of("float32", flush_to_zero=True)
    assert ieee.u == mp.ldexp(1, -24)
    assert ieee.underflow == mp.ldexp(1, -150)
    assert flushed.underflow == mp.ldexp(1, -126)
    with mp.workprec(200):
        # c = 4 ulp: E = 2·4·2⁻²⁴ = 2⁻²¹, and E/(1−E) = 1/(2²¹ − 1).
        assert abs(ieee.function_error * (2**21 - 1) - 1) < mp.mpf(10) ** -50


def test_growth_is_one_plus_u_to_the_number_of_roundings():
    half = Arithmetic.of("float16")
    assert half.growth(0) == 1
    assert half.growth(2) == 1 + mp.ldexp(1, -10) + mp.ldexp(1, -22)


def test_growth_is_more_than_one_at_the_default_precision():
    assert Arithmetic.of("float64").growth(1) > 1

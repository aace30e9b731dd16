"""The filter and the exact path: the same bounds, of every operation; and only what is inside is said to be."""

import inspect
from contextlib import suppress
from functools import cache
from itertools import product

import numpy as np
import pytest
from few import few, telling
from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_properties import fields
from backproof_properties.arrays import NUMPY_DTYPES
from backproof_properties.checks import signatures
from backproof_properties.computed import claimed, formula_bounds
from backproof_properties.contraction import WIDE
from backproof_properties.fields import Doubt
from backproof_properties.filter import certainly, faint, known, of_gradient, of_output, surely
from backproof_properties.inputs import Inputs, evaluation
from backproof_properties.source import Seed, Unfit
from backproof_properties.subject import Domain
from backproof_spec import library
from backproof_spec.language.reverse import derived
from backproof_spec.language.rounding import BITS, rounded
from backproof_spec.rounding.formats import Arithmetic, Format

NAMES = few(library.built_in(), telling)
FORMATS = {
    "float64": Arithmetic.of("float64"),
    "float16": Arithmetic.of("float16", "float32"),
    "float32": Arithmetic.of("float32", flush_to_zero=True),
    "bfloat16": Arithmetic.of("bfloat16", intermediates="float32"),
    "flushed float16": Arithmetic.of("float16", intermediates="float32", flush_to_zero=True),
}
EXAMPLES = 15
PLANTED = (0.5, 0.9, 0.99, 1.01, 1.1, 2)


@cache
def _operation(name):
    return derived(library.operation(name))


def _both(operation, case, arithmetic):
    """(name, exact bounds, field) of each output and gradient; None where there are none."""
    with mp.workprec(BITS):
        given = evaluation(operation, case)
        for output in operation.outputs:
            bounds = rounded(given, arithmetic)
            try:
                exact = {place: bounds.arithmetic.returned(each) for place, each in bounds.tensor(output).items()}
            except ArithmeticError:
                exact = {}
            yield output, exact, lambda: of_output(operation, output, case, arithmetic)  # noqa: B023 - called at once
        for each in operation.gradients:
            exact = formula_bounds(rounded(given, arithmetic), each)
            yield each.name, exact, lambda: of_gradient(operation, each, claimed(each), case, arithmetic)  # noqa: B023


def _examples(operation, dtype, check, examples=EXAMPLES):
    function = list(signatures(operation))[1]

    for number in range(examples):
        with np.errstate(all="ignore"), suppress(Unfit):
            check(Inputs(operation, function)(Seed(f"1/{number}"), Domain(dtype, Conventions(), 64)))


def _exactly(value):
    """All bits of a wide float."""
    mantissa, exponent = np.frexp(value)
    high = float(mantissa)
    return mp.ldexp(mp.mpf(high) + mp.mpf(float(mantissa - WIDE(high))), int(exponent))


class _Boundless(Format):
    """A format in which nothing underflows: of what is lost there and then divided by the filter counts the least."""

    smallest_subnormal = mp.mpf(0)


@cache
def _boundless(form):
    return _Boundless(form.name, form.precision, form.emin, form.emax)


WIDEST = {"float64", "flushed float16"}
"""The formats of which all that any other has is one: the longest, and the shortest with all that is declared."""


def _shows_a_format(row):
    name, form = row
    return (form == "float64" and name in {"softmax_cross_entropy", "layer_norm", "embedding", "conv2d", "focal"}) or (
        name == "layer_norm" and form in WIDEST
    )


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "dtype"), few(product(library.built_in(), FORMATS), _shows_a_format))
def test_its_bounds_are_the_exact_ones_or_a_little_less(name, dtype):
    operation, arithmetic, compared = _operation(name), FORMATS[dtype], 0
    dtype = arithmetic.output.name
    formats = map(_boundless, (arithmetic.output, arithmetic.accumulator, arithmetic.intermediates))
    boundless = Arithmetic(*formats, exp_ulps=arithmetic.exp_ulps)

    def check(case):
        nonlocal compared
        pairs = zip(_both(operation, case, arithmetic), _both(operation, case, boundless), strict=True)
        for (what, exact, bounds), (_, least, _) in pairs:
            try:
                field = bounds()
            except (Doubt, ArithmeticError):
                continue
            for place in np.ndindex(field.error.shape):
                ours, theirs = field.error[place], exact.get(place)
                if np.isnan(ours):
                    continue
                assert theirs is not None, (what, place)
                assert theirs.fine, (what, place)
                compared += 1
                wide = _exactly(ours)  # mpmath 1.3 compares with no wide float
                assert 0.99 * least[place].error <= wide <= 1.001 * theirs.error, (what, place, ours, theirs)
                assert abs(_exactly(field.value[place]) - theirs.value) <= 2**-6 * theirs.error

    _examples(operation, dtype, check)
    assert compared > 0 or dtype == "float16"


@pytest.mark.parametrize(("form", "exact"), [("flushed float16", False), ("bfloat16", True)])
def test_what_is_returned_as_it_was_given_is_exact_where_nothing_is_flushed(form, exact):
    operation, arithmetic = _operation("transpose"), FORMATS[form]
    small = np.array([[2.0**-20, 1.0, 0.0]]).astype(NUMPY_DTYPES[arithmetic.output.name])
    (_, bounds, field), _ = _both(operation, {"X": small, "dY": small.T}, arithmetic)
    found = [bounds[k, 0].error for k in range(3)]
    assert found[1:] == [0, 0]
    assert (found[0] == 0) == exact
    assert exact or found[0] >= 2.0**-20
    assert [float(each) for each in field().error[:, 0]] == pytest.approx([float(each) for each in found])


@pytest.mark.no_cover
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(4 * EXAMPLES, marks=pytest.mark.deep)])  # a million errors
@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_to_be_inside_is_inside(name, examples):
    operation, arithmetic, said = _operation(name), FORMATS["float64"], dict.fromkeys(PLANTED, 0)

    def check(case):
        for what, exact, bounds in _both(operation, case, arithmetic):
            if not exact or any(each is None or not each.fine for each in exact.values()):
                continue
            field = known(bounds)
            for far in PLANTED:
                got = np.empty(tuple(1 + k for k in max(exact)))
                for place, each in exact.items():
                    got[place] = float(each.value + far * each.error)
                for place in map(tuple, np.argwhere(surely(got, field))):
                    assert abs(mp.mpf(got[place]) - exact[place].value) <= exact[place].error, (what, far)
                    said[far] += 1

    _examples(operation, "float64", check, examples)
    assert said[0.5]


def test_it_says_nothing_where_floats_are_not_wide_enough(monkeypatch):
    monkeypatch.setattr(fields, "_ROUNDOFF", 2.0**-53)
    operation = _operation("gelu")
    case = {"X": np.ones((1, 2)), "dY": np.ones((1, 2))}
    with pytest.raises(Doubt):
        of_output(operation, "Y", case, FORMATS["float64"])
    assert certainly(np.ones((1, 2)), lambda: of_output(operation, "Y", case, FORMATS["float64"])) is None
    assert of_output(operation, "Y", case, FORMATS["float16"]).error.shape == (1, 2)


def test_every_function_of_the_language_has_a_fast_form():
    for name in fields.FUNCTIONS:
        assert name in fields._FUNCTIONS or callable(getattr(np, name))
    assert inspect.signature(fields._erf)


def test_a_value_that_may_be_0_is_not_taken_for_a_small_one():
    """Of the first query Σ_u dA[t,u]·K[u,a] is 0, in whatever floats something else."""
    rng, operation = np.random.default_rng(1), _operation("causal_attention")
    case = {name: rng.normal(size=(2, 2)) for name in ("Q", "K", "V", "dO")}
    each = next(one for one in operation.gradients if one.name == "Q")
    field = of_gradient(operation, each, claimed(each), case, FORMATS["float64"])
    got = field.value.astype(np.float64)
    got[0] = 0
    assert certainly(got, lambda: field) is not None
    assert (faint(field) == ((field.value != 0) & [[True], [False]])).all()


def test_a_product_without_brackets_is_multiplied_by_nothing_else():
    """Where subnormal numbers are flushed every product may lose one: a factor 1 more was another, and hid a loss."""
    text = "operation f(A[i], B[i]) -> Y\nY[i] = A[i]*B[i]\ngradient by A[i] = dY[i]*B[i]\n"
    operation, arithmetic = library.operation(text), Arithmetic.of("float32", flush_to_zero=True)
    case = {"A": np.array([1.5 * 2.0**-126]), "B": np.ones(1), "dY": np.ones(1)}
    with mp.workprec(BITS):
        exact = rounded(evaluation(operation, case), arithmetic).tensor("Y")[0,]
    assert _exactly(of_output(operation, "Y", case, arithmetic).error[0]) <= exact.error
    assert certainly(np.zeros(1, np.float32), lambda: of_output(operation, "Y", case, arithmetic)) is None


def test_what_is_summed_over_nothing_is_not_formed_at_any_size():
    """An empty axis makes nothing of the whole, and not of the arrays without it: they took all memory."""
    operation = library.operation("operation f(A[i], B[j], C[u]) -> Y\nY[i,j] = sum_u [i = j]*exp(A[i]*B[j])*C[u]\n")
    case = {"A": np.ones(2**11), "B": np.ones(2**11), "C": np.ones(0), "dY": np.ones((2**11, 2**11))}
    with pytest.raises(Doubt):
        of_output(operation, "Y", case, FORMATS["float64"])


def test_more_indices_than_numpy_has_axes_are_for_the_exact_path():
    sums = " + ".join(f"sum_i{k} X[s,i{k}]*X[s,i{k}]" for k in range(40))
    operation = _operation(f"operation many(X[s,i0]) -> Y\nY[s] = {sums}\n")
    case = {"X": np.ones((2, 3)), "dY": np.ones(2)}
    assert known(lambda: of_output(operation, "Y", case, Arithmetic.of("float64"))) is None

"""The reverse sweep gives the gradients that the explicit Jacobian gives."""

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from few import few, telling
from mpmath import mp

from backproof_spec.language import exact
from backproof_spec.language.adjoints import RULES
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.exact import Exact, Kink
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.proving import drawn, equal, refuted
from backproof_spec.language.reading import read
from backproof_spec.language.reverse import derived, missing, swept
from backproof_spec.language.syntax import Entry
from backproof_spec.language.text import line, written
from backproof_spec.library import built_in, operation

NUMBERS = [Fraction(each, 8) for each in (1, 3, 9, 14)]


def _bare(op):
    return replace(op, gradients=())


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(built_in(), telling))
def test_every_gradient_is_derived(name):
    for op in (derived(_bare(operation(name))), swept(operation(name))):
        assert [each.name for each in op.gradients] == [each.name for each in op.differentiated]
        for gradient in op.gradients:
            assert refuted(op, gradient) is None


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(built_in(), telling))
def test_what_is_derived_can_be_written_and_read(name):
    op = derived(_bare(operation(name)))
    again = read(written(op))
    assert (again.definitions, again.gradients) == (op.definitions, op.gradients)


def test_claims_are_kept():
    op = operation("layer_norm")
    assert missing(op) == ()
    assert derived(op) is op
    half = replace(op, gradients=op.gradients[1:])
    assert missing(half) == ("X",)
    assert derived(half).gradients[1:] == op.gradients[1:]
    assert missing(operation("mlp_block")) == ("X", "W", "b", "V", "d", "g", "e")


def test_the_sweep_over_layer_norm():
    op = derived(_bare(operation("layer_norm")))
    assert [line(each) for each in (*op.definitions[6:], *op.gradients)] == [
        "dr[s] = sum_i dY[s,i]*g[i]*c[s,i]",
        "dv[s] = -(dr[s]*r[s]/(2*(v[s] + eps)))",
        "dc[s,i] = 2*dv[s]*c[s,i]/size(i) + dY[s,i]*r[s]*g[i]",
        "dm[s] = -sum_i dc[s,i]",
        "gradient by X[s,i] = dm[s]/size(i) + dc[s,i]",
        "gradient by g[i] = sum_s dY[s,i]*r[s]*c[s,i]",
        "gradient by b[i] = sum_s dY[s,i]",
    ]


@pytest.mark.parametrize("name", [each for each, function in FUNCTIONS.items() if function.arity])
def test_the_rule_of_a_function_is_that_of_its_row(name):
    """∂f of the table of functions at numbers, against the expression."""
    function, names = FUNCTIONS[name], ("x", "y")
    op = read("operation f(x, y, v, w) -> z\nz = x + y + v + w")
    with mp.workprec(400):
        for number in NUMBERS:
            arguments = (number, Fraction(1, 2))[: function.arity]
            value = function.value(*arguments)
            slopes = [slope(arguments, value) for slope in function.slopes]
            values = {**dict(zip(names, arguments, strict=False)), "v": value, "w": Fraction(3)}
            given = Evaluation(op, {}, {}, {each: {(): of} for each, of in values.items()}, Exact())
            cotangents = RULES[name](tuple(map(Entry, names[: function.arity])), Entry("v"), Entry("w"))
            found = [given.compiled(each)({}) for each in cotangents] or [Fraction(0)]
            assert all(equal(3 * slope, each) for slope, each in zip(slopes, found, strict=True))


@pytest.mark.parametrize(
    "body",
    [
        "max_i X[i]*Y[i]",
        "min_i X[i]^2",
        "(sum_i X[i])*sum_i Y[i]",
        "sum_{i,j} X[i]*Y[j]*[i <= j]*X[j]",
        "sum_i softmax_i (X[i]*Y[i])*X[i]",
        "sum_i (softmax_i X[i])^2*logsumexp_j (X[j]*Y[i])",
        "sum_i X[i]^Y[i] + sum_i 2^X[i] + sum_i Y[i]^-3",
        "mean_{i,j} max(X[i], Y[j])/min(X[j], Y[i])",
        "sum_i abs(X[i] - Y[i])*relu(X[i] - 1)*sign(Y[i] - 1)",
        "X[0]*Y[1] + sum_i X[i + 1]*Y[i]",
        "sum_i Y[i]*log(softmax_i (X[i]*Y[i]))",
        "sum_i exp(log(softmax_i X[i])*Y[i])",
    ],
)
def test_an_operation_of_ones_own(body):
    own = read(f"operation f(X[i]: positive, Y[i]: positive) -> L\nsuppose size(i) > 0\nL = {body}")
    for op in (derived(own), swept(own)):
        for gradient in op.gradients:
            assert refuted(op, gradient) is None


def test_the_accurate_sweep_divides_by_no_softmax_that_may_be_0():
    text = "operation f(Z[i]: logits, P[i]: constant) -> L\nsuppose size(i) > 0\nL = -sum_i P[i]*log(softmax_i Z[i])"
    (gradient,) = swept(operation(text)).gradients
    assert line(gradient) == "gradient by Z[i] = (softmax_i Z[i])*sum_i1 dL*P[i1] - dL*P[i]"


def test_equal_largest_entries_share_the_cotangent():
    op = derived(read("operation f(X[i]) -> L\nsuppose size(i) > 1\nL = max_i X[i]"))
    given = next(each for each in (drawn(op, Random(seed)) for seed in range(50)) if each is not None)
    size = given.sizes["i"]
    at = exact.evaluation(op, {**given.values, "X": {(k,): Fraction(1) for k in range(size)}}, {}, given.sizes)
    found = at.entries(op.gradients[0].claimed, ("i",))
    assert set(found.values()) == {given.values["dL"][()] / size}
    for along in (False, True):
        with pytest.raises(Kink):
            exact.jets(at, strict=True, along=along).tensor("L")


@pytest.mark.parametrize(("relation", "jumps"), [("<", True), ("<=", True), (">", True), (">=", True), ("=", False)])
def test_a_comparison_has_no_derivative_where_both_sides_are_equal_and_move_apart(relation, jumps):
    for left, value, kink in (("X[i]", 1, jumps), ("X[i]", 2, False), ("X[i]*0 + 1", 2, False)):
        op = operation(f"operation f(X[i]) -> L\nL = sum_i [{left} {relation} 1]*X[i]\n")
        at = exact.evaluation(op, {"X": {(0,): Fraction(value)}, "dL": {(): Fraction(1)}}, {})
        with pytest.raises(Kink) if kink else nullcontext():
            exact.jets(at, strict=True).tensor("L")


def test_a_root_has_no_derivative_at_0_though_what_stands_below_it_has_one():
    at0 = {"X": {(0,): Fraction(0)}, "dL": {(): Fraction(1)}}
    for body, derivative in (("sqrt(sum_i X[i]^2)", None), ("sum_i X[i]^2", 0), ("sqrt(4 + sum_i X[i]^2)", 0)):
        at = exact.evaluation(operation(f"operation f(X[i]) -> L\nL = {body}\n"), at0, {})
        if derivative is None:
            for along in (False, True):
                with pytest.raises(ArithmeticError):
                    exact.jets(at, strict=True, along=along).tensor("L")
        else:
            assert exact.vjp(at, "X", exact.jets(at, strict=True)) == {(0,): derivative}
            assert exact.jets(at, strict=True, along=True).tensor("L")[()].slopes == {("", ()): 0}
            assert exact.jacobian(at, "L") == {(): {}}

"""Another way to compute a name: proved equal for all sizes, refuted in numbers, or refused with what is missing."""

from fractions import Fraction
from random import Random

import pytest
from mpmath import mp

from backproof_spec.calculus.derivation import declared, proof_file, recalled
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.language import ways
from backproof_spec.language.exact import evaluation
from backproof_spec.language.proving import drawn, refuted_way
from backproof_spec.language.rounding import BITS, rounded
from backproof_spec.library import Unreadable, operation
from backproof_spec.rounding.formats import Arithmetic

SOFTMAX = "operation f(Z[s,i]: logits) -> S\nsuppose size(i) > 0\nm[s] = max_i Z[s,i]\nS[s,i] = softmax_i Z[s,i]\n"
VARIANCE = "operation f(X[s,i]) -> v\nsuppose size(i) > 0\nm[s] = mean_i X[s,i]\nv[s] = mean_i (X[s,i] - m[s])^2\n"
TANH = "operation f(x[i]) -> Y\nY[i] = tanh(x[i])\n"
SLOPE = "operation f(x[i]) -> Y\ny[i] = sigmoid(x[i])\nY[i] = exp(-x[i])/(1 + exp(-x[i]))^2\n"
ROOT = "operation f(x[i]) -> Y\nsuppose x[i] > 0\nY[i] = 1/sqrt(x[i])\n"
PROVED = [
    (SOFTMAX, "S[s,i] = exp(Z[s,i] - m[s])/sum_k exp(Z[s,k] - m[s])"),
    (SOFTMAX, "S[s,k] = exp(Z[s,k])/sum_i exp(Z[s,i])"),
    (VARIANCE, "v[s] = mean_i X[s,i]^2 - m[s]^2"),
    (TANH, "Y[i] = 2*sigmoid(2*x[i]) - 1"),
    (TANH, "Y[i] = 1 - 2/(exp(2*x[i]) + 1)"),
    (SLOPE, "Y[i] = y[i]*(1 - y[i])"),
    (ROOT, "Y[i] = exp(-log(x[i])/2)"),
]
ROOT_OF_ANY = ROOT.replace("suppose x[i] > 0\n", "")
FALSE = [
    (SOFTMAX, "S[s,i] = exp(Z[s,i] - m[s])/sum_k exp(Z[s,k])"),
    (TANH, "Y[i] = 2*sigmoid(x[i]) - 1"),
    (VARIANCE, "v[s] = mean_i X[s,i]^2 + m[s]^2"),
    (ROOT, "Y[i] = 1/log(x[i] - x[i])"),
]
UNPROVED = [
    (ROOT_OF_ANY, "Y[i] = exp(-log(x[i])/2)", ("pos", ("entry", "x", (("index", "i", "n"),)))),
    (VARIANCE.replace("suppose size(i) > 0\n", ""), "v[s] = mean_i X[s,i]^2 - m[s]^2", ("pos", ("dim", "m"))),
    (TANH.replace("tanh", "softplus"), "Y[i] = relu(x[i]) + log(1 + exp(-abs(x[i])))", None),
]


def _also(text, way):
    of = operation(f"{text}computed also {way}\n")
    return of, of.ways[-1]


@pytest.mark.no_cover
@pytest.mark.parametrize(("text", "way"), PROVED)
def test_a_way_that_gives_the_same_is_proved_for_all_sizes(text, way):
    of, also = _also(text, way)
    assert refuted_way(of, also) is None
    found = ways.prove(of, also)
    assert found.theorem.conclusion == ways.lowered(of, also)[1]
    theorem = replay(proof_file(found))
    assert theorem.conclusion == found.theorem.conclusion
    assert ways.not_supposed(found) is None
    assert found.stem == f"f.{also.name}"


def test_layer_norm_is_computed_by_exp_and_log_also():
    of = operation("layer_norm")
    [*_, way] = of.ways
    assert ways.stem(of, way) == "layer_norm.r"
    assert replay(proof_file(ways.prove(of, way))).conclusion[0] == "eq"


@pytest.mark.parametrize(("text", "way"), FALSE)
def test_a_way_that_gives_something_else_is_refuted_in_numbers(text, way):
    of, also = _also(text, way)
    found = refuted_way(of, also)
    assert found is not None
    assert found.right != found.claimed
    with pytest.raises(Unproved):
        ways.prove(of, also)


@pytest.mark.parametrize(("text", "way", "missing"), UNPROVED)
def test_of_a_way_that_is_not_proved_it_is_known_what_is_missing(text, way, missing):
    of, also = _also(text, way)
    assert refuted_way(of, also) is None
    with pytest.raises(Unproved) as raised:
        ways.prove(of, also)
    if missing is None:
        assert len(raised.value.sides) == 2
    else:
        assert raised.value.missing[0] == missing[0]
        assert raised.value.missing[1][0] == missing[1][0]


def test_the_largest_entry_may_be_attained_twice():
    """Of weights that choose one of them nothing is supposed."""
    of, way = _also(SOFTMAX, "m[s] = max_i (Z[s,i] + 0)")
    found = ways.prove(of, way)
    assert not found.theorem.hypotheses - {*ways.lowered(of, way)[0].hypotheses}


def test_a_way_starts_where_its_name_does():
    with pytest.raises(Unreadable, match=r"line 4, column 22: S is not defined before y, and another way to it starts"):
        operation("operation f(x[i]) -> S\ny[i] = exp(x[i])\nS[i] = y[i]*x[i]\ncomputed also y[i] = S[i]/x[i]\n")
    with pytest.raises(Unreadable, match="y is not defined before y"):
        operation("operation f(x[i]) -> y\ny[i] = exp(x[i])\ncomputed also y[i] = y[i]\n")


def test_two_ways_have_two_stems():
    of = operation(f"{TANH}computed also Y[i] = 2*sigmoid(2*x[i]) - 1\ncomputed also Y[i] = tanh(x[i])\n")
    assert [ways.stem(of, each) for each in of.ways] == ["f.Y", "f.Y.2"]


# --- the bound --------------------------------------------------------------------------------------------------------


def _bounds(text):
    of = operation(text)
    with mp.workprec(BITS):
        given = next(filter(None, (drawn(of, Random(seed)) for seed in range(20))))
        return rounded(given, Arithmetic.of("float64")).tensor("v")


def test_the_bound_is_that_of_either_way():
    of = "operation f(X[s,i]) -> v\nsuppose size(i) > 0\nm[s] = mean_i X[s,i]\n"
    centred, moments = "mean_i (X[s,i] - m[s])^2", "mean_i X[s,i]^2 - m[s]^2"
    one, other = _bounds(f"{of}v[s] = {centred}\n"), _bounds(f"{of}v[s] = {moments}\n")
    for both in (
        _bounds(f"{of}v[s] = {centred}\ncomputed also v[s] = {moments}\n"),
        _bounds(f"{of}v[s] = {moments}\ncomputed also v[s] = {centred}\n"),
    ):
        assert both.keys() == one.keys()
        for place, each in both.items():
            wider = max(one[place].error, other[place].error)
            assert wider <= each.error <= wider * (1 + mp.mpf(2) ** -40)
            assert each.majorant == abs(each.value)
    assert any(one[place].error != other[place].error for place in one)


def test_a_way_that_may_overflow_makes_nothing_certain():
    of = operation("operation f(x[i]) -> Y\nY[i] = x[i] - x[i]\ncomputed also Y[i] = exp(x[i]) - exp(x[i])\n")
    with mp.workprec(BITS):
        given = evaluation(of, {"x": {(0,): Fraction(700)}, "dY": {(0,): Fraction(1)}}, {}, {"i": 1})
        [bound] = rounded(given, Arithmetic.of("float32")).tensor("Y").values()
    assert not bound.fine


# --- read back --------------------------------------------------------------------------------------------------------


def test_a_proof_file_gives_its_lines_back_and_nothing_of_another():
    of, way = _also(TANH, "Y[i] = 2*sigmoid(2*x[i]) - 1")
    found = ways.prove(of, way)
    data, (named, wanted) = proof_file(found), ways.lowered(of, way)
    again = recalled(named, wanted, data)
    assert again is named
    assert proof_file(again) is data
    assert [(line.theorem.conclusion, line.theorem.hypotheses, line.words) for line in again.lines] == [
        (line.theorem.conclusion, line.theorem.hypotheses, line.plain) for line in found.lines
    ]
    assert declared(again) == declared(found)
    other, also = _also(TANH, "Y[i] = 1 - 2/(exp(2*x[i]) + 1)")
    assert recalled(*ways.lowered(other, also), data) is None
    torn = [
        None, 3, [], {}, {**data, "format": 1}, {**data, "digest": "0"}, {**data, "steps": data["steps"][:-1]},
        {**data, "lines": []}, {**data, "steps": 5}, {**data, "declarations": []}, {**data, "title": "another"},
        {**data, "steps": [{**data["steps"][0], "gives": 10**6}]},
        {**data, "steps": [{**data["steps"][0], "terms": 7}]},
        {**data, "steps": [{**data["steps"][0], "terms": [["num", 1, 1], *(["mul", k, k] for k in range(40))]}]},
    ]  # fmt: skip
    for each in torn:
        assert recalled(*ways.lowered(of, way), each) is None


def test_a_proof_that_assumes_more_is_not_of_the_same_statement():
    of, way = _also(ROOT, "Y[i] = exp(-log(x[i])/2)")
    data = proof_file(ways.prove(of, way))
    named, wanted = ways.lowered(of, way)
    assert recalled(named, wanted, data) is not None
    named, wanted = ways.lowered(of, way)
    named.hypotheses.clear()
    assert recalled(named, wanted, data) is None

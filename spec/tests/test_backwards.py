"""Proofs back along the names whose cotangents are defined, and what they refuse."""

import pytest

from backproof_spec import library
from backproof_spec.calculus import replay
from backproof_spec.calculus.derivation import declared, proof_file, recalled
from backproof_spec.calculus.evaluate import agrees, worst_deviation
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.values import telling
from backproof_spec.language import backwards, deriving
from backproof_spec.language.proving import refuted
from backproof_spec.language.reverse import derived
from backproof_spec.language.text import written

TWICE = """operation twice(X[s,i], W[i,j]) -> Y
where size(j) = size(i)
R[s,i] = X[s,i] + sum_j W[i,j]*tanh(X[s,j])
Y[s,i] = R[s,i] + sum_j W[i,j]*tanh(R[s,j])
dR[s,j] = dY[s,j] + (1 - tanh(R[s,j])^2)*sum_i W[i,j]*dY[s,i]
gradient by X[s,j] = dR[s,j] + (1 - tanh(X[s,j])^2)*sum_i W[i,j]*dR[s,i]
gradient by W[i,j] = sum_s (dR[s,i]*tanh(X[s,j]) + dY[s,i]*tanh(R[s,j]))
"""


def _backwards(of, gradient):
    said = deriving.lowered(of, gradient)
    return backwards.prove(of, said, said.claimed, deriving.Monic, "the rules of differentiation")


@pytest.mark.parametrize("by", ["X", "W"])
def test_a_line_is_what_goes_through_a_name_and_what_goes_past_it(by):
    of = library.operation(TWICE)
    found = _backwards(of, next(each for each in of.gradients if each.name == by))
    assert [line.plain for line in found.lines] == [
        "the rules of differentiation",
        "what goes through R, gathered in its cotangent",
        "both sides have one normal form",
    ]
    assert [each[1] for each in declared(found)][-1] == "JR"
    assert replay.replay(proof_file(found)).conclusion == found.theorem.conclusion
    for model in telling(found, found.theorem, 3):
        assert all(agrees(worst_deviation(line.theorem, model)) for line in found.lines)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dR[s,j] = dY[s,j] + ", "dR[s,j] = "),
        ("dR[s,j] = dY[s,j] + (1 - tanh(R[s,j])^2)", "dR[s,j] = dY[s,j] + (1 - tanh(X[s,j])^2)"),
        ("X[s,j] = dR[s,j] + ", "X[s,j] = dY[s,j] + "),
    ],
)
def test_a_false_twin_is_not_proved(right, wrong):
    of = library.operation(TWICE.replace(right, wrong))
    with pytest.raises(Unproved):
        _backwards(of, of.gradients[0])
    assert refuted(of, of.gradients[0]) is not None


READ_ON = """operation read_on(X[s,i], W[i,j]) -> Y, Z
where size(j) = size(i)
Y[s,i] = tanh(sum_j W[i,j]*X[s,j])
Z[s,i] = tanh(sum_j W[i,j]*Y[s,j])
"""


@pytest.mark.parametrize("by", ["X", "W"])
def test_an_output_that_is_read_on_has_a_cotangent_of_both_and_a_function_its_name(by):
    of = derived(library.operation(READ_ON))
    found = _backwards(of, next(each for each in of.gradients if each.name == by))
    assert [line.plain for line in found.lines][1] == "what goes through Y, gathered in its cotangent"
    assert replay.replay(proof_file(found)).conclusion == found.theorem.conclusion
    assert "tanh" not in repr(found.theorem.conclusion[-1])


@pytest.mark.parametrize(("right", "wrong"), [("(1 - Y[s,i]^2)", "(1 - Y[s,i])"), ("dY[s,i] + ", "")])
def test_false_twins_of_what_is_read_on_are_not_proved(right, wrong):
    text = written(derived(library.operation(READ_ON)))
    assert right in text
    of = library.operation(text.replace(right, wrong))
    with pytest.raises(Unproved):
        _backwards(of, of.gradients[1])


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["gru_sequence", "lstm_sequence"])
def test_what_is_not_claimed_of_a_long_composition_is_proved_backwards(name):
    of = derived(library.operation(name))
    found = deriving.prove(of, of.gradients[0])
    assert "what goes through Y1, gathered in its cotangent" in [line.plain for line in found.lines]


def test_the_name_of_a_slope_is_one_that_is_free():
    of = library.operation(TWICE.replace("W", "JR"))
    assert [each[1] for each in declared(_backwards(of, of.gradients[0]))][-1] == "JJR"


def test_a_proof_file_gives_back_what_the_proof_has_defined_for_itself():
    of = library.operation(TWICE)
    found = _backwards(of, of.gradients[0])
    data, wanted = proof_file(found), found.theorem.conclusion

    def again(data):
        return recalled(deriving.lowered(of, of.gradients[0]).derivation, wanted, data)

    assert declared(again(data)) == declared(found)
    own = data["declarations"][-1]
    for each in (["variable", "JR", []], ["define", "R", *own[2:]], own[:3], ["define"], 7):
        torn = {**data, "declarations": [*data["declarations"][:-1], each]}
        assert again({**torn, "digest": replay.file_digest(torn)}) is None


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "right", "wrong", "by"),
    [
        ("transformer_block", "dR[t,m] = dY[t,m] + ", "dR[t,m] = ", "X"),
        ("transformer_block", "WQ[k,m] = sum_t dQ[t,k]*N[t,m]", "WQ[k,m] = sum_t dQ[t,k]*X[t,m]", "WQ"),
        ("multi_head_attention", "S[h,t,w]*dS[h,t,w]", "dS[h,t,w]", "X"),
        ("multi_head_attention", "sum_u dA[h,t,u]*K[h,u,a]/sqrt(size(a))", "sum_u dA[h,t,u]*K[h,u,a]", "WQ"),
        ("elman_sequence", "(dY2[s,g] + ", "(", "H"),
        ("elman_sequence", "dZ2[s,h]*Y1[s,g]", "dZ2[s,h]*Y2[s,g]", "U"),
        ("frobenius_norm", "dN*X[i,j]/N", "dN*X[i,j]/N^2", "X"),
        ("frobenius_norm", "dN*X[i,j]/N", "2*dN*X[i,j]/N", "X"),
    ],
)
def test_false_twins_of_what_is_made_of_many_names_are_refuted(name, right, wrong, by):
    written = library.built_in()[name].read_text(encoding="utf-8")
    assert right in written
    of = library.operation(written.replace(right, wrong))
    assert refuted(of, next(each for each in of.gradients if each.name == by)) is not None

"""mutations: every rule of the table is needed, words name the part of the definition, and what is wrong is wrong."""

import pytest

from backproof_properties import suspected
from backproof_properties.mutations import of_forward, of_gradient
from backproof_properties.rewriting import RULES
from backproof_properties.suspected import different
from backproof_spec.language.numpy_source import source
from backproof_spec.language.text import text
from backproof_spec.library import operation

CENTRED = "operation centred(X[s,i]) -> Y\nsuppose size(i) > 0\nY[s,i] = X[s,i] - mean_j X[s,j]\n"
LEAKY = """\
operation leaky(X[s,i], A[i,j]; slope in 0.125, 0.25) -> Y
where size(j) = size(i)
Y[s,i] = step(X[s,i])*sum_j A[i,j]*X[s,j] + slope*relu(X[s,i])
"""
SMALL = ("rms_norm", "embedding", "max_pool", "cumsum", "focal", "rope", "logsumexp", "weighted_cross_entropy")


def _mutants(source_, name):
    given = operation(source_)
    return list(of_forward(given) if name == "forward" else of_gradient(given, name))


def _all(text):
    names = ["forward", *(each.name for each in operation(text).differentiated)]
    return [mutant for name in names for mutant in _mutants(text, name)]


def _words(text, name):
    return [each.words for each in _mutants(text, name)]


def test_words_name_the_part_of_the_definition_that_is_wrong():
    words = _words("rms_norm", "X")
    for said in (
        "the term X[s,k]*r[s]^2*mean_i g[i]*dY[s,i]*X[s,i] is left out",
        "mean_i g[i]*dY[s,i]*X[s,i] is taken as a sum, not a mean",
        "the factor g[k] is left out",
        "dY is ignored: it is taken as 1",
        "divided by size(i)",
        "in r[s], the term eps is left out",
        "in r[s], mean_i X[s,i]^2 is taken as a sum, not a mean, in what is differentiated",
        "in the reverse sweep, the factor X[s,k] is left out",
    ):
        assert said in words


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("embedding", "E", "of several s that fall on one place the last one counts alone in sum_s dY[s,d]*[v = t[s]]"),
        ("embedding", "forward", "in Y[s,d], off by one: E[t[s],d] is taken as E[t[s] + 1,d]"),
        ("cumsum", "X", "the condition [t <= u] is taken as [t < u]"),
        ("causal_attention", "forward", "in E[t,u], off by one: the condition [u <= t] is taken as [u + 1 <= t]"),
        (CENTRED, "forward", "in Y[s,i], mean_j X[s,j] runs over s"),
        ("conv2d", "X", "the term pad is left out"),
        ("logsumexp", "Z", "softmax_k Z[s,k] is not divided by its sum"),
        ("lstm_cell", "bi", "in di[s,h], the factor 1 - i[s,h] is left out"),
        (LEAKY, "X", "in the reverse sweep, step(X[s,i]) is 0 where X[s,i] is 0"),
        (LEAKY, "X", "in the reverse sweep, slope is ignored: it is taken as 0.125"),
        (LEAKY, "X", "in Y[s,i], A[j,i] stands for A[i,j], in what is differentiated"),
    ],
)
def test_what_is_often_wrong_is_among_them(text, name, said):
    assert said in _words(text, name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "layer_norm",
            "g[i]*(X[s,i] - mean_s1 X[s1,i])*(1/sqrt(mean_s1 (X[s1,i] - mean_s11 X[s11,i])^2 + eps)) + b[i]",
        ),
        ("softmax", "exp(Z[i,s])/sum_s1 exp(Z[i,s1])"),
    ],
)
def test_every_reduction_may_run_over_the_other_axis(name, said):
    (wrong,) = [each for each in _mutants(name, "forward") if each.words == "every reduction runs over the other axis"]
    assert [text(each.body) for each in wrong.operation.definitions] == [said]


def test_every_rule_of_the_table_is_needed():
    causes = {each.cause for text in (*SMALL, "layer_norm", "gelu", LEAKY) for each in _all(text)}
    assert {rule.cause for rules in RULES.values() for rule in rules} <= causes


@pytest.mark.parametrize("text", [*SMALL, LEAKY])
def test_a_mutant_is_an_operation_that_can_be_written_for_numpy(text):
    for each in _all(text)[::5]:
        exec(source(each.operation), {})  # noqa: S102 - what was just written


def test_what_comes_to_the_same_thing_is_one_mutant():
    given = operation("rms_norm")
    rows = different(list(suspected.of_gradient(given, "g")))
    identities = [formula.identity for _, _, formula in rows]
    assert len(set(identities)) == len(identities)
    words = [words for _, words, _ in rows]
    assert "the factor r[s] is left out" in words
    assert "in the reverse sweep, the factor r[s] is left out" not in words

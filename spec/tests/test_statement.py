"""Statements in index notation: read, proved, derived, refuted by numbers, and refused where they cannot be read."""

import json

import pytest

from backproof_spec.calculus import statement
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.statement import Malformed, claim, counterexample, prove, read
from backproof_spec.calculus.tactics import Unproved

LINEAR = "Z[i,s] = sum_j W[i,j]*Y[j,s] + b[i]\nL = f(Z)\ndZ[i,s] = f'[i,s](Z)\n"
SOFTMAX = "suppose size(k) > 0\nS[i] = exp(Z[i]) / sum_k exp(Z[k])\nL = -sum_i P[i]*log(S[i])\n"
TRUE = {
    "linear.dW": LINEAR + "gradient L by W[a,c] = sum_s dZ[a,s]*Y[c,s]",
    "linear.dY": LINEAR + "gradient L by Y[c,r] = sum_i W[i,c]*dZ[i,r]",
    "linear.db": LINEAR + "gradient L by b[a] = sum_s dZ[a,s]",
    "of an entry": "Z[i,s] = sum_j W[i,j]*Y[j,s]\ngradient Z[i,s] by W[a,c] = delta[i,a]*Y[c,s]",
    "softmax_cross_entropy.dZ": SOFTMAX + "gradient L by Z[j] = S[j]*sum_i P[i] - P[j]",
    "S - P": "suppose sum_i P[i] = 1\n" + SOFTMAX + "gradient L by Z[j] = S[j] - P[j]",
    "relu": "suppose Z[i] != 0\nY[i] = relu(Z[i])\nL = f(Y)\ngradient L by Z[k] = f'[k](Y)*step(Z[k])",
    "squares": "L = sum_{i, s} (Y[i,s] - T[i,s])^2/2\ngradient L by Y[k,r] = Y[k,r] - T[k,r]",
    "a map of many": "y[i] = 0.5*x[i]\nL[u] = f[u](y)\ngradient L[u] by x[k] = f'[u,k](y)/2",
    "a comment, blank lines, a scalar": "# one\n\n  y = x*x*x   # two\n\ngradient y by x = 3*x^2\n",
}  # fmt: skip
FALSE = {
    "transposed": LINEAR + "gradient L by W[a,c] = sum_s dZ[c,s]*Y[a,s]",
    "no sum over samples": "Z[i,s] = X[i,s] + b[i]\nL = sum_{i,s} Z[i,s]^2\ngradient L by b[a] = 2*b[a]",
    "S - P of labels that do not sum to 1": SOFTMAX + "gradient L by Z[j] = S[j] - P[j]",
    "twice": "L = sum_{i,s} (Y[i,s] - T[i,s])^2/2\ngradient L by Y[k,r] = 2*(Y[k,r] - T[k,r])",
    "no mask": "suppose Z[i] != 0\nY[i] = relu(Z[i])\nL = f(Y)\ngradient L by Z[k] = f'[k](Y)",
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_statement_is_proved_and_its_proof_replays(name):
    derivation = prove(read(TRUE[name]))
    assert derivation.theorem.conclusion == claim(read(TRUE[name]))
    assert replay(json.loads(text(proof_file(derivation)))).conclusion == derivation.theorem.conclusion


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_is_not_proved_and_has_a_counterexample(name):
    found = read(FALSE[name])
    with pytest.raises(Unproved):
        prove(found)
    model, free = counterexample(found)
    derivative, claimed = model.sides(claim(found), free)
    assert abs(derivative - claimed) > 1e-3


@pytest.mark.parametrize("name", TRUE)
def test_a_true_statement_has_no_counterexample(name):
    assert counterexample(read(TRUE[name]), attempts=5) is None


def test_a_gradient_that_is_not_claimed_is_derived():
    derivation = prove(read("L = sum_i x[i]*x[i]\ngradient L by x[k]"))
    assert derivation.theorem.conclusion[-1] == ("mul", ("num", 2, 1), ("entry", "x", (("index", "k", "n"),)))


def test_what_needs_a_hypothesis_says_which_fact_is_missing():
    with pytest.raises(Unproved, match=r"no proof found that .*> 0"):
        prove(read("y = log(x)\ngradient y by x = 1/x"))
    assert prove(read("suppose x > 0\ny = log(x)\ngradient y by x = 1/x"))


def test_the_statement_of_the_documentation_is_proved():
    shown = statement.__doc__.split("\n\n")[1]
    assert prove(read("\n".join(line.strip() for line in shown.splitlines())))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "line 1, column 1: cannot go on at … the end"),
        ("y = x*\ngradient y by x", "line 1, column 7: cannot go on"),
        ("y = x)\ngradient y by x", "line 1, column 6: cannot go on at … y = x)"),
        ("y = x", "line 2, column 1: expected one line 'gradient L by X[i] = …', the last one"),
        ("gradient y by x\ny = x", "expected one line 'gradient L by X[i] = …', the last one"),
        ("y = Z[i,j] + Z[i]\ngradient y by x", "line 1, column 14: Z has 1 indices here, 2 elsewhere"),
        ("y = S\nS = x\ngradient y by x", "line 1, column 5: S is used before it is defined"),
        ("y = x\ny = x\ngradient y by x", "line 2, column 1: y is defined twice"),
        ("y = x[i]\ngradient y by x[k]", "line 1, column 1: y: index i is not on the left"),
        ("y[i,i] = x[i]\ngradient y[i,i] by x[k]", "line 1, column 1: y: an index stands twice on the left"),
        ("y = x\nz = y\ngradient z by y", "line 3, column 15: y is defined: a gradient is by a name that is not"),
        ("y = f(x)\ngradient y by z", "f(x): x stands nowhere with its indices"),
        ("y = f(x)\nz = f(w)\ngradient x by w", "line 2, column 5: f is a map of x elsewhere"),
        ("y = delta[i]\ngradient y by x", "line 1, column 5: delta has two indices: delta[i,j]"),
        ("y = x^0\ngradient y by x", "line 1, column 5: power 0: expected a whole number from 1 to 9"),
        ("y = f(x) + f\ngradient y by x", "f is a map: write f(Z)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(written, said):
    with pytest.raises(Malformed) as malformed:
        read(written)
    assert said in str(malformed.value)

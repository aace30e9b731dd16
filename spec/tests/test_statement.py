"""Statements in index notation: read, proved, derived, refuted by numbers, and refused where they cannot be read."""

import contextlib
import json

import pytest
from few import few

from backproof_spec.calculus import evaluate, values
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.limits import Stopped, within
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.statement import claim, counterexample, prove
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import CHILDREN, polynomial
from backproof_spec.language import statements
from backproof_spec.language.parsing import Malformed
from backproof_spec.language.statements import read, read_all

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
MASKED = (
    "suppose M[q,k] >= 0\nsuppose sum_k M[q,k] > 0\nS[q,k] = M[q,k]*exp(A[q,k])/sum_l M[q,l]*exp(A[q,l])\n"
    "gradient S[q,k] by A[r,j] = delta[q,r]*S[q,k]*(delta[k,j] - S[q,j])"
)
TRUE |= {
    "masked softmax": MASKED,
    "masked softmax, by names": "suppose M[q,k] >= 0\nE[q,k] = M[q,k]*exp(A[q,k])\nW[q] = sum_k 2*M[q,k]\n"
    "suppose W[q] > 0\nL[q] = log(sum_k E[q,k])\ngradient L[q] by A[r,j] = delta[q,r]*E[q,j]/sum_k E[q,k]",
    "a mean of exponentials": "suppose P[k] >= 0\nsuppose sum_k P[k] = 1\nL = log(sum_k exp(Z[k])*P[k])\n"
    "gradient L by Z[j] = P[j]*exp(Z[j])/sum_k P[k]*exp(Z[k])",
}
PIECEWISE = {
    "leaky relu": "suppose x != 0\ny = relu(x) - a*relu(-x)\ngradient y by x = step(x) + a*(1-step(x))",
    "leaky relu, by two steps": "suppose x != 0\ny = relu(x) - a*relu(-x)\ngradient y by x = step(x) + a*step(-x)",
    "absolute value": "suppose x != 0\ny = relu(x) + relu(-x)\ngradient y by x = 2*step(x) - 1",
    "relu of relu": "suppose Z[i] != 0\nY[i] = relu(Z[i])*step(Z[i])\nL = f(Y)\n"
    "gradient L by Z[k] = f'[k](Y)*step(Z[k])",
    "squared relu": "suppose Z[i] != 0\nL = sum_i G[i]*relu(Z[i])^2\ngradient L by Z[k] = 2*G[k]*relu(Z[k])",
    "elu": "suppose x != 0\ny = relu(x) + a*(exp(-relu(-x)) - 1)\n"
    "gradient y by x = step(x) + a*(1-step(x))*exp(-relu(-x))",
    "huber": "suppose x - d != 0\ny = x*x/2*(1-step(x-d)) + (d*x - d*d/2)*step(x-d)\n"
    "gradient y by x = x*(1-step(x-d)) + d*step(x-d)",
    "a step that another one implies": "suppose x != 0\nsuppose x+1 != 0\ny = relu(x+1)*step(x)\n"
    "gradient y by x = step(x)",
    "a multiple of it": "suppose x != 0\nsuppose 2*x+1 != 0\ny = relu(2*x+1)*step(x)\ngradient y by x = 2*step(x)",
    "by a square": "suppose x != 0\nsuppose x+b^2 != 0\ny = step(x)*relu(x+b^2)\ngradient y by x = step(x)",
    "by what is supposed": "suppose x-a != 0\nsuppose x-b != 0\nsuppose b-a > 0\ny = step(x-a)*relu(x-b)\n"
    "gradient y by x = step(x-b)",
    "steps that exclude each other": "suppose x != 0\nsuppose -x-1 != 0\ny = step(x)*relu(-x-1)\ngradient y by x = 0",
    "three steps": "suppose x != 0\nsuppose x-1 != 0\nsuppose x-2 != 0\ny = step(x)*step(x-1)*relu(x-2)\n"
    "gradient y by x = step(x-2)",
    "a window": "suppose x != 0\nsuppose x-1 != 0\ny = step(x)*relu(1-x)\ngradient y by x = 1 - step(x) - step(1-x)",
    "hard tanh": "suppose x+1 != 0\nsuppose x-1 != 0\ny = relu(x+1) - relu(x-1) - 1\n"
    "gradient y by x = step(x+1)*step(1-x)",
    "a hinge": "suppose m - x != 0\ny = relu(m - x)\ngradient y by x = -step(m - x)",
    "a hinge, turned": "suppose m - x != 0\ny = relu(m - x)\ngradient y by x = step(x - m) - 1",
    "where it is positive": "suppose x > 0\ny = relu(x)\ngradient y by x = 1",
    "where it is negative": "suppose -x > 0\ny = relu(x)\ngradient y by x = 0",
    "of twice": "suppose x != 0\ny = relu(2*x)\ngradient y by x = 2*step(x)",
    "of half a difference": "suppose x - y != 0\nz = relu((x-y)/2)\ngradient z by x = step(x-y)/2",
    "of a positive multiple": "suppose a > 0\nsuppose x != 0\ny = relu(a*x)\ngradient y by x = a*step(x)",
    "of a square": "suppose x != 0\ny = relu(x^2)\ngradient y by x = 2*x",
    "clipped": "suppose x - lo != 0\nsuppose x - hi != 0\ny = x + relu(lo - x) - relu(x - hi)\n"
    "gradient y by x = 1 - step(lo - x) - step(x - hi)",
    "never both": "suppose x != 0\ny = z*relu(x)*relu(-x)\ngradient y by x = 0",
}
"""What is made of relu and 1[· ≥ 0], off the kinks."""
TRUE |= PIECEWISE
LANGUAGE = {
    "functions": "suppose x > 0\ny = tanh(x)*sqrt(x)\ngradient y by x = (1 - tanh(x)^2)*sqrt(x) + tanh(x)/(2*sqrt(x))",
    "an integral": "y = erf(x)\ngradient y by x = 2/sqrt(pi)*exp(-x^2)",
    "less than 0": "suppose x < 0\ny = abs(x)\ngradient y by x = -1",
    "the larger of two": "suppose x != z\ny = max(x, z)\ngradient y by x = [x >= z]",
    "softmax": "suppose size(i) > 0\nS[i] = softmax_i Z[i]\ngradient S[i] by Z[j] = S[i]*([i = j] - S[j])",
    "the largest": "y = max_i x[i]\ngradient y by x[k] = [x[k] = y]",
    "powers": "suppose x > 0\ny = x^n + x^-2 + x^0 + 1e-5*x\ngradient y by x = n*x^n/x - 2*x^-3 + 0.00001",
    "of what has no name": "gradient mean_i x[i]^2 by x[k] = 2*x[k]/size(i)\n",
    "lines that go on": "y = sum_i (x[i]\n  *a[i])\n  + b\ngradient y by x[k] = a[k]",
}
"""What a statement has in common with operations."""
TRUE |= LANGUAGE
NAMES = {
    "of reductions": "mean_x = x\nmax_v = v*mean_x\n"
    "y = max_v - mean_x + (mean_x)^2\ngradient y by x = v - 1 + 2*mean_x",
    "of lines": "where[i] = x[i]\noperation = sum_i where[i]\ncomputed = operation\nalso = computed - where_1\n"
    "gradient also by where_1 = -1",
    "of functions": "sqrt = x\nsin[i] = z[i]*sqrt\nmin = sum_i sin[i]\ngradient min by x = sum_i z[i]",
    "of indices": "L = k*sum_k x[k]\ngradient L by x[k] = k",
    "of what it is by": "y = r^2*pi\ngradient y by pi = r^2",
    "of an index in and outside of a sum": "suppose size(i) > 0\nS[i] = exp(Z[i])/sum_i exp(Z[i])\n"
    "gradient S[i] by Z[j] = S[i]*(delta[i,j] - S[j])",
}
"""Names that have another meaning elsewhere."""
TRUE |= NAMES
QUOTIENTS = {
    "by a difference, turned": "suppose a - b != 0\ny = 1/(b-a)\ngradient y by a = 1/(b-a)^2",
    "by a negative difference": "suppose a - b > 0\ny = log(a-b)\ngradient y by a = -1/(b-a)",
    "at another index": "suppose A[i,j] - B[i,j] != 0\nL[i,j] = 1/(2*B[i,j] - 2*A[i,j])\nM = sum_{i,j} L[i,j]*x[i,j]\n"
    "gradient M by x[k,l] = L[k,l]",
    "in a sum": "suppose p[s] != 0\nsuppose 1-p[s] != 0\nL = sum_s g[s]*(1/p[s] + 1/(1-p[s]))\n"
    "gradient L by g[k] = 1/(p[k]*(1-p[k]))",
    "by a name for a sum of squares": "suppose e > 0\nsuppose size(s) > 0\nv = sum_s (x[s]-m)^2\nL = log(v+e)\n"
    "gradient L by e = 1/(v+e)",
    "by a product": "suppose a != 0\nsuppose b != 0\ny = x/(a*b)\ngradient y by a = -x/(a*a*b)",
    "by a name for a product": "suppose a != 0\nsuppose b != 0\nc = a*b\ny = x/c\ngradient y by a = -y/a",
    "by a quotient": "suppose a != 0\nsuppose b != 0\ny = x/(a/b)\ngradient y by b = x/a",
    "by what is negative": "suppose -a > 0\ny = x/a\ngradient y by a = -x/(a*a)",
    "by minus two": "suppose a != 0\ny = x/(-2*a)\ngradient y by a = x/(2*a*a)",
    "by more than a negative number": "suppose -a > 0\ny = x/(a - 1)\ngradient y by x = 1/(a - 1)",
    "by what is larger than 1": "suppose a - 1 > 0\ny = x/a + log(a + 2)*x\ngradient y by x = 1/a + log(a + 2)",
    "by what is at least 2": "suppose a[i] >= 2\nL = sum_i log(a[i])*x[i]\ngradient L by x[k] = log(a[k])",
    "by a size of more than 1": "suppose size(i) > 1\nm = sum_i x[i]/size(i)\ngradient m by x[k] = 1/size(i)",
    "by a square that is multiplied out": "suppose a + b != 0\ny = x/(a + b)\ngradient y by a = -x/(a*a + 2*a*b + b*b)",
    "of a square that is not 0": "suppose a^2 != 0\ny = relu(a*a) + relu(-a*a)\ngradient y by a = 2*a",
    "between": "suppose a > 0\nsuppose 1 - a > 0\ny = relu(a + 1)*x/(a - 2)\ngradient y by x = (a + 1)/(a - 2)",
    "the logarithm of a square": "suppose a != 0\ny = log(a*a)\ngradient y by a = 2/a",
    "by each factor of what is not 0": "suppose x*y != 0\nL = a/x + a/y\ngradient L by a = 1/x + 1/y",
    "by the root of a square": "suppose x^2 != 0\nL = a/x\ngradient L by x = -a/x^2",
    "by the factors of a sum": "suppose x*y + x != 0\nL = a/x + b/(1+y)\ngradient L by a = 1/x",
    "by a factor of what is positive": "suppose x*y > 0\nL = a/x\ngradient L by x = -a/x^2",
    "by a factor at each index": "suppose x[i]*y[i] != 0\nL = sum_i a[i]/x[i]\ngradient L by a[k] = 1/x[k]",
    "by a factor of what a name stands for": "c = a*b\nsuppose c != 0\ny = x/a\ngradient y by x = 1/a",
    "by what a quotient is of": "suppose x/y != 0\nL = a/x\ngradient L by a = 1/x",
    "by a quotient of 1": "suppose x != 0\ny = a/(1/x)\ngradient y by a = x",
}
"""What needs a ≠ 0 of something that is made of what is not 0."""
TRUE |= QUOTIENTS
TRUE |= {
    f"a tensor called {name}": f"{name}[i] = x[i]^2\nL = sum_i a[i]*{name}[i]\ngradient L by x[j] = 2*a[j]*x[j]"
    for name in CHILDREN
    if name not in {"sum", "delta"}
}
"""The kernel's words are names like any others."""
EQUATIONS = {
    "x is 0": "suppose x = 0\ny = x^2 + a*x\ngradient y by x = a + x",
    "a is a third": "suppose a = 1/3\ny = a*x^2\ngradient y by x = 2*x/3",
    "b is twice c": "suppose b[i] = 2*c[i]\nL = sum_i b[i]*x[i]\ngradient L by x[k] = 2*c[k]",
    "a number is positive": "suppose 2 > 0\nsuppose 3 != 0\nsuppose 4 >= 0\nsuppose z != 0\nsuppose x != 0\n"
    "y = relu(3*x)/(5*z)\ngradient y by x = 3*step(x)/(5*z)",
    "nothing is not negative": "suppose 0*x >= 0\nsuppose x - x >= 0\ny = x*step(z - z)\ngradient y by x = 1",
    "a symmetric matrix": "suppose A[i,j] = A[j,i]\nL = sum_{i,j} x[i]*A[i,j]*x[j]\n"
    "gradient L by x[k] = 2*sum_j A[k,j]*x[j]",
    "its transpose": "suppose A[i,j] = A[j,i]\nL = sum_{i,j} x[i]*A[i,j]*y[j]\ngradient L by x[k] = sum_j A[j,k]*y[j]",
    "rows that sum to 1": "suppose sum_j W[i,j] = 1\nL = a*sum_{i,j} W[i,j]*x[i]\ngradient L by a = sum_i x[i]",
    "what it is by is known": "suppose x = c/3\ny = x^2\ngradient y by x = 2*c/3",
    "far from 0": "suppose x - 100 > 0\nsuppose x > 0\ny = log(x)\ngradient y by x = 1/x",
}
"""What no values drawn at random would satisfy."""
TRUE |= EQUATIONS
SIGMOID = "y = 1/(1+exp(-x))\n"
TANH = "y = (exp(x)-exp(-x))/(exp(x)+exp(-x))\n"
LAYER_NORM = """
suppose size(i) > 0
suppose e > 0
m = sum_i x[i]/size(i)
c[i] = x[i] - m
v = e + sum_i c[i]*c[i]/size(i)
s = exp(log(v)/2)
y[i] = c[i]/s
L = f(y)
gradient L by x[k] = (f'[k](y) - sum_i f'[i](y)/size(i) - y[k]*sum_i f'[i](y)*y[i]/size(i))/s
"""
FRACTIONS = {
    "sigmoid": SIGMOID + "gradient y by x = y*(1-y)",
    "sigmoid, written out": SIGMOID + "gradient y by x = exp(x)/((1+exp(x))*(1+exp(x)))",
    "exp over 1 + exp": "y = exp(x)/(1+exp(x))\ngradient y by x = exp(x)/((1+exp(x))*(1+exp(x)))",
    "of every entry": "y[i] = 1/(1+exp(-z[i]))\nL = f(y)\ngradient L by z[k] = f'[k](y)*y[k]*(1-y[k])",
    "tanh": TANH + "gradient y by x = 1-y*y",
    "tanh, written out": TANH + "gradient y by x = 4/(exp(x)+exp(-x))^2",
    "tanh by exp(2x)": "y = (exp(2*x)-1)/(exp(2*x)+1)\ngradient y by x = 1-y*y",
    "softplus": "y = log(1+exp(x))\ngradient y by x = 1/(1+exp(-x))",
    "cross-entropy of a sigmoid": "p = 1/(1+exp(-z))\nL = -t*log(p) - (1-t)*log(1-p)\ngradient L by z = p - t",
    "cross-entropy of sigmoids": "p[s] = 1/(1+exp(-z[s]))\nL = -sum_s (t[s]*log(p[s]) + (1-t[s])*log(1-p[s]))\n"
    "gradient L by z[k] = p[k] - t[k]",
    "batch normalisation": "suppose e > 0\nsuppose size(s) > 0\nm[i] = sum_s x[i,s]/size(s)\n"
    "v[i] = sum_s (x[i,s]-m[i])^2/size(s)\nr[i] = exp(log(v[i]+e)/2)\nh[i,s] = (x[i,s]-m[i])/r[i]\nL = f(h)\n"
    "gradient L by x[a,u] = (f'[a,u](h) - sum_s f'[a,s](h)/size(s) - h[a,u]*sum_s f'[a,s](h)*h[a,s]/size(s))/r[a]",
    "in the terms of a sum": "L = sum_s (log(1+exp(w*x[s])) - t[s]*w*x[s])\n"
    "gradient L by w = sum_s (1/(1+exp(-w*x[s])) - t[s])*x[s]",
    "a sum that is 0": "L = sum_s (1/(1+exp(x[s]*w)) + 1/(1+exp(-x[s]*w)))\ngradient L by w = 0",
    "a square plus 1": "y = 1/(x*x+1)\ngradient y by x = -2*x/((x*x+1)*(x*x+1))",
    "a square root": "suppose x > 0\ny = exp(log(x)/2)\ngradient y by x = 1/(2*y)",
    "a mean": "suppose size(i) > 0\nm = sum_i x[i]/size(i)\nL = sum_i (x[i]-m)^2\ngradient L by x[k] = 2*(x[k]-m)",
    "powers of exp": "y = exp(x)*exp(x)*exp(0)\ngradient y by x = 2*exp(2*x)",
    "layer normalisation": LAYER_NORM,
}
"""What is proved by multiplying out, or by what exp and log do to + and ·."""
TRUE |= FRACTIONS
FALSE = {
    "a step that another one does not imply": "suppose x != 0\nsuppose x+1 != 0\ny = relu(x+1)*step(x)\n"
    "gradient y by x = step(x+1)",
    "a window that is never shut": "suppose x != 0\nsuppose x-1 != 0\ny = step(x)*relu(x-1)\n"
    "gradient y by x = 1 - step(x) - step(x-1)",
    "steps that do not exclude each other": "suppose x != 0\nsuppose 1-x != 0\ny = step(x)*relu(1-x)\n"
    "gradient y by x = 0",
    "transposed": LINEAR + "gradient L by W[a,c] = sum_s dZ[c,s]*Y[a,s]",
    "no sum over samples": "Z[i,s] = X[i,s] + b[i]\nL = sum_{i,s} Z[i,s]^2\ngradient L by b[a] = 2*b[a]",
    "S - P of labels that do not sum to 1": SOFTMAX + "gradient L by Z[j] = S[j] - P[j]",
    "twice": "L = sum_{i,s} (Y[i,s] - T[i,s])^2/2\ngradient L by Y[k,r] = 2*(Y[k,r] - T[k,r])",
    "sigmoid": SIGMOID + "gradient y by x = y*(1-y)*(1-y)",
    "a square root": "suppose x > 0\ny = exp(log(x)/2)\ngradient y by x = 1/y",
    "in the terms of a sum": "L = sum_s log(1+exp(w*x[s]))\ngradient L by w = sum_s x[s]/(1+exp(w*x[s]))",
    "values too large to be computed at first": "L = exp(exp(exp(x+2)))\ngradient L by x = L*exp(exp(x+2))*exp(x)",
    "leaky relu": "suppose x != 0\ny = relu(x) - a*relu(-x)\ngradient y by x = step(x) + a*step(x)",
    "squared relu": "suppose x != 0\ny = relu(x)^2\ngradient y by x = 2*x",
    "no mask": "suppose Z[i] != 0\nY[i] = relu(Z[i])\nL = f(Y)\ngradient L by Z[k] = f'[k](Y)",
}


LONG = {
    *("steps that exclude each other", "three steps", "cross-entropy of sigmoids", "a sum that is 0"),
    *("where it is negative", "by a negative difference"),
}
"""What takes half a second or more."""


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(TRUE, lambda name: not name.endswith("normalisation") and name not in LONG))
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


@pytest.mark.no_cover
@pytest.mark.parametrize("name", TRUE)
def test_a_true_statement_has_no_counterexample(name):
    assert counterexample(read(TRUE[name]), attempts=5) is None


NORM = "suppose size(i) > 0\nm = sum_i x[i]/size(i)\nc[i] = x[i] - m\n"
FOLDED = {
    "S - P": ("suppose sum_i P[i] = 1\n" + SOFTMAX + "gradient L by Z[j]", "S[j] - P[j]"),
    "S ΣP - P": (SOFTMAX + "gradient L by Z[j]", "S[j]*sum_i P[i] - P[j]"),
    "the Jacobian of softmax": (SOFTMAX + "gradient S[i] by Z[j]", "S[i]*delta[i,j] - S[i]*S[j]"),
    "of two classes": ("E = exp(x)\ny = E/(E+1)\ngradient y by x", "y - y*y"),
    "a name squared": ("y = exp(x)\nL = y*y*y\ngradient L by x", "3*L"),
    "a number before it": ("y = 2*exp(x)\nL = y*z\ngradient L by x", "L"),
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_derived_gradient_is_in_the_names_that_were_defined(name):
    written, folded = FOLDED[name]
    derivation = prove(read(written))
    wanted = prove(read(f"{written} = {folded}"))
    by_names = derivation.theorem.conclusion[-1]
    assert polynomial(by_names) == polynomial(wanted.theorem.conclusion[-1]), by_names
    assert replay(json.loads(text(proof_file(derivation)))).conclusion == derivation.theorem.conclusion


def test_a_simplification_is_no_longer_than_what_the_rules_give():
    written = "c = 0.8*(x + 0.04*x^3)\nE = exp(2*c)\nt = (E - 1)/(E + 1)\ny = 0.5*x*(1 + t)\ngradient y by x"
    (line,) = prove(read(written)).lines
    assert line.words == "the rules of differentiation"


def test_a_file_of_several_gradients_is_several_statements():
    several = read_all("# squares\nL = sum_i x[i]*y[i]^2\ngradient L by x[k]\ngradient L by y[k]\n", "mine")
    assert [each.derivation.stem for each in several] == ["mine.dx", "mine.dy"]
    assert {each.derivation.title for each in several} == {"squares; i, k = 1..n"}
    assert [each.stem for each in map(prove, several)] == ["mine.dx", "mine.dy"]


def test_gradients_by_one_name_have_names_of_their_own():
    several = read_all("y = x*x\nz = x+1\ngradient y by x\ngradient z by x")
    assert [each.derivation.stem for each in several] == ["statement.dx.1", "statement.dx.2"]


def test_a_title_is_a_comment_before_everything_else():
    above = ("## One \n", "\n\n# Two\n#no\n", "")
    titles = [read(f"{each}y = x\ngradient y by x").derivation.title for each in above]
    assert titles == ["One", "Two", "a statement"]


def test_a_gradient_that_is_not_claimed_is_derived():
    derivation = prove(read("L = sum_i x[i]*x[i]\ngradient L by x[k]"))
    assert derivation.theorem.conclusion[-1] == ("mul", ("num", 2, 1), ("entry", "x", (("index", "k", "n"),)))


def test_what_needs_a_hypothesis_says_which_fact_is_missing():
    with pytest.raises(Unproved, match=r"no proof found that .*> 0"):
        prove(read("y = log(x)\ngradient y by x = 1/x"))
    assert prove(read("suppose x > 0\ny = log(x)\ngradient y by x = 1/x"))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("y = x/x\ngradient y by x = 0", "nonzero"),
        ("y = log(x*x)\ngradient y by x = 2/x", "pos"),
        ("y = 1/(1-1/(1+x))\ngradient y by x = 0", "nonzero"),
    ],
)
def test_the_fact_that_is_missing_is_the_least_that_would_do(written, kind):
    with pytest.raises(Unproved) as unproved:
        prove(read(written))
    assert unproved.value.missing[0] == kind


def test_a_fact_about_a_dimension_is_about_the_index_that_was_written():
    found = read("S[i] = exp(Z[i])/sum_k exp(Z[k])\ngradient S[i] by Z[j] = S[i]*(delta[i,j]-S[j])")
    with pytest.raises(Unproved) as unproved:
        prove(found)
    assert unproved.value.missing == ("pos", ("dim", "n"))
    assert found.derivation.letters == {"n": ["i", "k", "j"]}


def test_greek_letters_that_read_as_no_other_are_names():
    assert prove(read("y[i] = γ*x[i] + β\ngradient y[k] by γ = x[k]"))
    assert prove(read("λ = σ*o_1\ngradient λ by σ = o_1"))


def test_no_dimension_has_the_name_of_a_tensor():
    found = read("L = sum_i (x[i]-n)*(x[i]-n) + sum_k m*p[k]\ngradient L by n = -2*sum_i (x[i]-n)")
    assert set(found.derivation.letters) == {"q", "r"}


NESTED = "\n".join(f"y{k} = y{k - 1}^9" for k in range(1, 8))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            f"y0 = x\n{NESTED}\ngradient y7 by x",
            "all definitions unfolded the statement has up to 9,565,937 parts",
        ),
        (
            "y = (1+x+z)^9\nw = y^9\nv = w^9\ngradient v by x = x",
            "the statement has up to .* parts, where 50,000",
        ),
        (f"y = ({'9' * 999}*x)^9\ngradient y by x", "a number has up to .* parts"),
    ],
)
def test_what_would_be_too_large_is_refused_before_it_is(written, said):
    with pytest.raises(Stopped, match=said):
        prove(read(written))


def test_what_takes_too_long_is_stopped():
    found = read("y = (1+x+z)^9\nw = y^3\ngradient w by x = 27*(1+x+z)^9")
    with pytest.raises(Stopped, match=r"stopped after 0.1 s"), within(0.1):
        prove(found)


@pytest.mark.parametrize("name", EQUATIONS)
def test_values_are_found_that_satisfy_what_is_supposed(name):
    derivation = prove(read(EQUATIONS[name]))
    for model in values.telling(derivation, derivation.theorem, 3):
        assert evaluate.agrees(evaluate.worst_deviation(derivation.theorem, model))


def test_one_hypothesis_is_not_undone_for_another():
    supposed = "suppose -x[i] > 0\nsuppose sum_i x[i]*x[i] > 0\n"
    derivation = prove(read(f"{supposed}L = log(sum_i x[i]*x[i])\ngradient L by x[k]"))
    assert list(values.telling(derivation, derivation.theorem, 2))


def test_hypotheses_that_turn_each_other_round_end():
    """x = −y and y = −x, off 0: what turns a step round does not begin again."""
    found = read(
        "suppose x[i] = -y[i]\nsuppose y[i] = -x[i]\nsuppose x[i] != 0\nsuppose y[i] != 0\n"
        "L = sum_i step(x[i])*z[i]\ngradient L by z[k] = step(x[k])"
    )
    with contextlib.suppress(Unproved):
        prove(found)


def test_what_has_no_value_is_looked_for_once():
    """Of definitions of definitions each is found to have none, and not anew for each that it is part of."""
    products = "".join(f"A{n} = A{n - 1}*z\n" for n in range(1, 40))
    found = read(f"suppose -x > 0\nA0 = log(x)\n{products}L = A39\ngradient L by z = L")
    assert counterexample(found) is None


def test_where_the_sides_differ_both_are_kept():
    """1[x]·1[x³] is 1[x], but no tactic compares x and x³."""
    found = read("suppose x != 0\ny = relu(x)*step(x^3)\ngradient y by x = step(x)")
    with pytest.raises(Unproved, match="different normal forms") as unproved:
        prove(found)
    left, right = unproved.value.sides
    assert left != right
    assert len(found.derivation.lines) == 1


@pytest.mark.parametrize("height", [3, 4])
def test_numbers_are_computed_with_as_many_digits_as_they_take(height):
    towers = ["x+2"]
    for _ in range(height):
        towers.append(f"exp({towers[-1]})")
    derivation = prove(read(f"L = {towers[-1]}\ngradient L by x = {'*'.join(towers[1:])}"))
    for model in values.telling(derivation, derivation.theorem, 4):
        assert evaluate.agrees(evaluate.worst_deviation(derivation.theorem, model))


def test_values_are_smaller_where_what_is_computed_from_them_is_too_large():
    derivation = prove(read("L = exp(exp(exp(exp(exp(8*x)))))\ngradient L by x"))
    (model,) = values.telling(derivation, derivation.theorem, 1)
    assert abs(model.values["x"][()]) < 1
    assert evaluate.agrees(evaluate.worst_deviation(derivation.theorem, model))


def test_values_at_which_a_side_is_not_defined_tell_nothing():
    derivation = prove(read("y = x + log(a)\ngradient y by x = 1"))
    assert all(model.values["a"][()] > 0 for model in values.telling(derivation, derivation.theorem, 4))
    nowhere = prove(read("y = x + 1/(b-b)\ngradient y by x = 1"))
    with pytest.raises(values.Undefined, match="no values were found at which both sides are defined"):
        next(values.telling(nowhere, nowhere.theorem, 1))


def test_a_derivative_that_is_0_is_0_and_no_error_of_a_difference_quotient():
    found = read("y = exp(3*x)*exp(-3*x)\ngradient y by x = 1")
    model, free = counterexample(found)
    assert model.sides(claim(found), free) == (0, 1)


def test_the_statement_of_the_documentation_is_proved():
    shown = statements.__doc__.split("\n\n")[1]
    assert prove(read("\n".join(line.strip() for line in shown.splitlines())))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "line 1, column 1: expected one line 'gradient L by X[i] = …', the last one"),
        ("y = x*\ngradient y by x", "line 1, column 7: read the end of the line, where an expression was expected"),
        ("y = x**2\ngradient y by x", "column 7: read *2, where an expression was expected: a power"),
        ("y = 2x\ngradient y by x", "column 6: read x, where a new line or an operator was expected: a product is 2*x"),
        ("y = .5*x\ngradient y by x", "column 5: read .5*x, where a new line or an expression was expected"),
        ("L = sum_i x[i]^2\ngradient L by x[j] = 2*x[i]", "line 2, column 22: index i is neither in what is differ"),
        ("y = x)\ngradient y by x", "line 1, column 6: read ), where a new line or + or - was expected"),
        ("y = x", "line 2, column 1: expected one line 'gradient L by X[i] = …', the last one"),
        ("gradient y by x\ny = x", "expected one line 'gradient L by X[i] = …', the last one"),
        ("y = Z[i,j] + Z[i]\ngradient y by x", "line 1, column 14: Z has 1 index here, 2 elsewhere"),
        ("y = S\nS = x\ngradient y by x", "line 1, column 5: S is used before it is defined"),
        ("y = x\ny = x\ngradient y by x", "line 2, column 1: y is defined twice"),
        ("y = x[i]\ngradient y by x[k]", "line 1, column 1: y: index i is not on the left"),
        ("y[i,i] = x[i]\ngradient y[i,i] by x[k]", "line 1, column 1: y[i,i]: an index stands twice"),
        ("y = x\nz = y\ngradient z by y", "line 3, column 15: y is defined: a gradient is by a name that is not"),
        ("y = f(x)\ngradient y by z", "f(x): x stands nowhere with its indices"),
        ("y = f(x)\nz = f(w)\ngradient x by w", "line 2, column 5: f is a map of x elsewhere"),
        ("y = delta[i]\ngradient y by x", "line 1, column 5: delta has two indices: delta[i,j]"),
        ("y = f(x) + f\ngradient y by x", "line 1, column 12: f is a map: write f(x)"),
        ("L = sinh(x)\ngradient L by x", "line 1, column 5: there is no function sinh: sinh(x) = (exp(x)-exp(-x))/2"),
        ("y = softmax(x)\ngradient y by x", "column 5: there is no function softmax: it is over an index, softmax_i"),
        ("y = x^argmax(x)\ngradient y by x", "column 7: there is no function argmax: did you mean max?"),
        ("y = x\nz = y*Sin (y)\ngradient z by x", "line 2, column 7: there is no function Sin: did you mean sin"),
        ("y = ReLU(x)\ngradient y by x", "line 1, column 5: there is no function ReLU: did you mean relu?"),
        ("y = max'[i](x)\ngradient y by x[i]", "line 1, column 5: max is a function, and f'(Z) the"),
        ("y[i] = g(x[i])\ngradient y[i] by x[k]", "column 8: there is no function g, where there are abs, cos,"),
        ("L = sum_i X[i]*X[i]\ngradient L by x[j] = 0", "line 2, column 15: x occurs in no definition: did you mean X"),
        ("L = sum_i X[i]\ngradient L by X[j] = x[j]", "line 2, column 22: x occurs in no definition: did you mean X?"),
        ("loss = x*x\ngradient los by x = 0", "line 2, column 10: los occurs in no definition: did you mean loss?"),
        ("gradient x² + x by x = 1", "line 1, column 11: ² is no digit here: write x^2 for the power x², and x2"),
        ("y = x^２\ngradient y by x", "line 1, column 7: ２ is no digit here: write x^2"),
        ("y = \u0430x + ax\ngradient y by ax = 1", "column 5: \u0430  ('\\u0430', cyrillic small letter a): names are"),
        ("y = x\u0302\ngradient y by x", "column 6: \u0302  ('\\u0302', combining circumflex accent): names are"),
        ("y = x\ny\u200b = z\ngradient y by x", "line 2, column 2: '\\u200b', zero width space, is not seen: leave it"),
        ("y = x # \u202e\ngradient y by x", "line 1, column 9: '\\u202e', right-to-left override, is not seen"),
        ("y = \u03bf*o\ngradient y by o", "line 1, column 7: o reads as \u03bf, which is another name: o is latin"),
        ("y = v\ngradient y by v = \u03bd", "line 2, column 19: \u03bd reads as v, which is another name"),
        ("y = \u0391 + A\ngradient y by A = 1", "line 1, column 9: A reads as \u0391, which is another name: A is lat"),
        ("y = i*sum_\u03b9 x[\u03b9]\ngradient y by i", "line 1, column 11: \u03b9 reads as i, which is another name"),
        ("y = ((((x^9)^9)^9)^9)^9\ngradient y by x", "line 1, column 5: as it is written this has up to 118,097 parts"),
        (f"y = x + {'9' * 5000}\ngradient y by x", "line 1, column 9: a number of more than 1000 digits"),
        ("operation f(X[i]) -> Y\nY[i] = X[i]", "line 1, column 1: an operation has its own command: backproof prove"),
        ("where size(i) = 2\ny = x\ngradient y by x", "line 1, column 1: 'where' ties the sizes of an operation"),
        ("y = x\ncomputed also y = x\ngradient y by x", "line 2, column 1: 'computed also' is for operations"),
        ("a, b = f(x)\ngradient a by x", "line 1, column 1: 'a, b = …' is for operations"),
        ("y = x\ngradient by x = 1", "line 2, column 13: expected 'gradient L by X[i] = …': of what is said"),
        ("y[i] = x[2*i]\ngradient y[i] by x[k]", "line 1, column 10: here a place is an index, as in X[i,j]"),
        ("y[i] = sum_j x[i,j]*[j <= i]\ngradient y[i] by x[k,l]", "column 21: here indices are compared by [i = j]"),
        ("y = x*[size(i) > 1]\ngradient y by x", "line 1, column 7: here indices are compared by [i = j]"),
        ("y = x*(7//2)\ngradient y by x", "line 1, column 8: a//b is for the sizes and places of operations"),
        ("y[i] = [x[i] = z[i]]\ngradient y[i] by z[k]", "the kernel has no terms for [x[i] = z[i]]"),
        ("delta = x\ny = x\ngradient y by x", "line 1, column 1: delta has a meaning already"),
        ("f = z\ny = f(x) + x\ngradient y by x", "line 2, column 5: f is defined elsewhere"),
        ("y = " + "exp(" * 3000 + "x" + ")" * 3000 + "\ngradient y by x", "a formula is nested too deeply to be read"),
        ("y = x\ngradient y by x = q", "line 2, column 19: q occurs in no definition, where there are x, y"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(written, said):
    with pytest.raises(Malformed) as malformed:
        read(written)
    assert said in str(malformed.value)

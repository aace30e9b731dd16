"""A theory with a name of every kind, in which rules are tried."""

from backproof_spec.calculus.notation import (
    Expression,
    Map,
    Tensor,
    exp,
    indices,
    total,
)
from backproof_spec.calculus.tactics import Proof

i, j, k, l, r, s = indices(i="n", j="n", k="n", l="n", r="m", s="m")
X, Y, T = (Tensor(name, ("n",)) for name in "XYT")
W, c = Tensor("W", ("m", "n")), Tensor("c", ())
S, D = Tensor("S", ("n",)), Tensor("D", ())
f = Map("f", ("n",), ("m",))
VARIABLES = (X, Y, T, W, c)
FREE = {"n": (i, j, k), "m": (r, s)}
"""Free indices, by their dimensions."""


def declared():
    p = Proof()
    for tensor in VARIABLES:
        p.variable(tensor.name, *tensor.dims)
    p.map(f.name, f.inputs, f.outputs)
    p.define("S", (i,), X[i] * exp(c[()]))
    p.define("D", (), total(S[i] * Y[i], i))
    return p


def inverse(a):
    """1/a."""
    return Expression(("inv", a.term))

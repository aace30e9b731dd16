"""The chain rule, for differentiable maps of which nothing else is known."""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import indices, total


def scalar() -> Derivation:
    """(f∘g)′(x) = f′(g(x))·g′(x)."""
    d = Derivation("chain.scalar", "(f∘g)′(x) = f′(g(x))·g′(x)")
    x, f, g = d.variable("x"), d.map("f", ()), d.map("g", ())
    inner = g.at((), (), x[()])
    d.begin(d.derivative(f.at((), (), inner).term, "x", ()))
    words = "the chain rule, $g$ being differentiable at $x$ and $f$ at $g(x)$; $∂x/∂x = 1$"
    d.then(f.slope((), (), inner) * g.slope((), (), x[()]), words)
    return d


def rule() -> Derivation:
    """D(f∘g) = Df∘Dg: entry (i, k) of the Jacobian is Σ_j Df[i, j]·Dg[j, k]."""
    d = Derivation("chain.rule", "D(f∘g) = Df∘Dg")
    x, f, g = d.variable("x", "n"), d.map("f", ("m",), ("p",)), d.map("g", ("n",), ("m",))
    i, j, k, r = indices(i="p", j="m", k="n", r="n")
    inner = g.at((j,), (r,), x[r])
    d.begin(d.derivative(f.at((i,), (j,), inner).term, "x", (k,)))
    product = f.slope((i, j), (j,), inner) * g.slope((j, k), (r,), x[r])
    d.then(total(product, j), "the chain rule, once for $f$ and once for $g$")
    return d

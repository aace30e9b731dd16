"""Beyond the source notes: a residual connection, layer normalisation."""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import (
    Expression,
    always,
    delta,
    exp,
    indices,
    log,
    positive,
    size,
    total,
)
from backproof_spec.calculus.terms import Formula


def residual() -> Derivation:
    """δX = δY + Dg(X)ᵀ·δY for Y = X + g(X)."""
    d = Derivation("residual.dX", "δX = δY + Dg(X)ᵀ·δY")
    X, f, g = d.variable("X", "n"), d.map("f", ("n",)), d.map("g", ("n",), ("n",))
    i, j, k, m = indices(i="n", j="n", k="n", m="n")
    Y = d.define("Y", (i,), X[i] + g.at((i,), (j,), X[j]))
    dY = d.define("dY", (i,), f.slope((i,), (j,), Y[j]))
    slope = delta(i, k) + g.slope((i, k), (m,), X[m])
    d.known(Y[i], X[k], slope, "$Y$ depends on $X$ by itself and through $g$")
    d.begin(d.derivative(f.at((), (i,), Y[i]).term, "X", (k,)))
    d.then(total(dY[i] * slope, i), "the chain rule; the definition of $δY$", unfolding=["dY"])
    d.then(dY[k] + total(g.slope((i, k), (m,), X[m]) * dY[i], i), "$δ$ is contracted")
    return d


def layer_norm() -> Derivation:
    """δz = (δy − mean δy − y·mean(δy∘y))/σ for y = (z − mean z)/σ, σ = √(var z + ε), ε > 0."""
    d = Derivation("layer_norm.dZ", "δz = (δy − mean(δy) − y·mean(δy∘y))/σ")
    z, eps, f = d.variable("z", "n"), d.variable("ε"), d.map("f", ("n",))
    i, j, k = indices(i="n", j="n", k="n")
    d.suppose(always(positive(size("n"))), always(positive(eps[()])))
    inverse = 1 / size("n")
    c = d.define("c", (i,), z[i] - inverse * total(z[j], j))
    v = d.define("v", (), eps[()] + inverse * total(c[j] * c[j], j))
    sigma = d.define("σ", (), exp(Expression(("num", 1, 2)) * log(v[()])))
    y = d.define("y", (i,), c[i] / sigma[()])
    dy = d.define("dy", (i,), f.slope((i,), (j,), y[j]))
    d.known(c[i], z[k], delta(i, k) - inverse, "the rules for sums")
    d.known(v[()], z[k], 2 * inverse * c[k], "the product rule; the $c$ sum to 0", unfolding=["c"])
    by = [_square_root(d, v[()].term, sigma[()].term), d("sym", d("unfold", "σ", ()))]
    words = "the rules for exp and log, since $v > 0$; $v = σ²$"
    d.known(sigma[()], z[k], inverse * c[k] / sigma[()], words, by=by)
    jacobian = (delta(i, k) - inverse) / sigma[()] - y[i] * y[k] * inverse / sigma[()]
    d.known(y[i], z[k], jacobian, "the product rule and that for $1/σ$; the definition of $y$", unfolding=["y"])
    d.begin(d.derivative(f.at((), (i,), y[i]).term, "z", (k,)))
    d.then(total(dy[i] * jacobian, i), "the chain rule; the definition of $δy$", unfolding=["dy"])
    mean, mixed = inverse * total(dy[i], i), inverse * total(dy[i] * y[i], i)
    d.then((dy[k] - mean - y[k] * mixed) / sigma[()], "$δ$ is contracted, the means taken out of the sum")
    return d


def _square_root(d: Derivation, v: Formula, sigma: Formula) -> Theorem:
    """1/v = 1/σ·1/σ for σ = exp(½·log v), v > 0."""
    half = ("mul", ("num", 1, 2), ("log", v))
    whole = d("cong_exp", d("ring", ("add", half, half), ("log", v)))
    square = d("trans", d("sym", d("exp_add", half, half)), d("trans", whole, d("exp_log", d.positive(v))))
    root = d("unfold", sigma[1], ())
    both = d("trans", d("cong_mul", root, root), square)
    apart = d("inv_mul", d.nonzero(sigma), d.nonzero(sigma))
    return d("trans", d("sym", d("cong_inv", both)), apart)

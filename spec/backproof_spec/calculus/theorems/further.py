"""Beyond the source notes: another loss, a residual connection, layer normalisation, attention."""

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


def squared_error() -> Derivation:
    """δY = Y − T for L = ½·Σ (Y − T)²."""
    d = Derivation("squared_error.dY", "δY = Y − T")
    Y, T = d.variable("Y", "n", "p"), d.variable("T", "n", "p")
    i, k, s, r = indices(i="n", k="n", s="p", r="p")
    half = Expression(("num", 1, 2))
    L = d.define("L", (), half * total((Y[i, s] - T[i, s]) * (Y[i, s] - T[i, s]), i, s))
    d.begin(d.derivative(L[()].term, "Y", (k, r)))
    words = "the rules for sums and products; ½·2 = 1"
    d.then(total((Y[i, s] - T[i, s]) * (delta(i, k) * delta(s, r)), i, s), words)
    d.then(Y[k, r] - T[k, r], "$δ$ is contracted")
    return d


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


def attention(name: str) -> Derivation:
    """δQ, δK or δV of O = softmax(Q·Kᵀ)·V, the softmax over the keys of each query."""
    formula = {"Q": "δQ = δA·K", "K": "δK = δAᵀ·Q", "V": "δV = Sᵀ·δO"}[name]
    d = Derivation(f"attention.d{name}", formula, () if name == "V" else ("softmax.dZ",))
    Q, K, V, f = d.variable("Q", "n", "d"), d.variable("K", "m", "d"), d.variable("V", "m", "v"), d.map("f", ("n", "v"))
    q, u, k, w, x, a, b, c, o = indices(q="n", u="n", k="m", w="m", x="m", a="d", b="d", c="v", o="v")
    d.suppose(always(positive(size("m"))))
    A = d.define("A", (q, k), total(Q[q, a] * K[k, a], a))
    S = d.define("S", (q, k), exp(A[q, k]) / total(exp(A[q, w]), w))
    O = d.define("O", (q, c), total(S[q, k] * V[k, c], k))
    dO = d.define("dO", (q, c), f.slope((q, c), (u, o), O[u, o]))
    if name == "V":
        d.known(O[q, c], V[w, o], S[q, w] * delta(c, o), "$S$ does not depend on $V$")
        d.begin(d.derivative(f.at((), (q, c), O[q, c]).term, "V", (w, o)))
        words = "the chain rule; the definition of $δO$; $δ$ is contracted"
        d.then(total(S[q, w] * dO[q, o], q), words, unfolding=["dO"])
        return d
    dS = d.define("dS", (q, k), total(dO[q, c] * V[k, c], c))
    dA = d.define("dA", (q, k), S[q, k] * (dS[q, k] - total(S[q, x] * dS[q, x], x)))
    entry, slope, jacobian, final = {
        "Q": (
            Q[u, b],
            delta(q, u) * K[k, b],
            S[q, k] * (K[k, b] - total(S[q, x] * K[x, b], x)) * delta(q, u),
            total(dA[u, k] * K[k, b], k),
        ),
        "K": (
            K[w, b],
            delta(k, w) * Q[q, b],
            S[q, k] * (delta(k, w) - S[q, w]) * Q[q, b],
            total(dA[q, w] * Q[q, b], q),
        ),
    }[name]
    d.known(A[q, k], entry, slope, "the rules for sums and products; $δ$ is contracted")
    words = "the softmax of each query has the Jacobian $diag(s) − s·sᵀ$, as in softmax.dZ; $Σ exp A > 0$"
    d.known(S[q, k], entry, jacobian, words, unfolding=["S"])
    d.begin(d.derivative(f.at((), (q, c), O[q, c]).term, *entry.term[1:]))
    words = "the chain rule; $O = S·V$; the definitions of $δO$ and $δS$"
    d.then(total(dS[q, k] * jacobian, q, k), words, unfolding=["dO", "dS"])
    d.then(final, "$δ$ is contracted; the definition of $δA$", unfolding=["dA"])
    return d

"""Beyond the source notes: activations, another loss, a residual connection, layer normalisation, attention."""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.normal import Normal
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


def sigmoid() -> Derivation:
    """σ′ = σ·(1 − σ) for σ(z) = 1/(1 + e⁻ᶻ)."""
    d = Derivation("sigmoid.dZ", "σ′ = σ·(1 − σ)")
    z = d.variable("z")[()]
    D = d.define("D", (), 1 + exp(-z))
    y = d.define("y", (), 1 / D[()])
    d.begin(d.derivative(y[()].term, "z", ()), "the rules for 1/a and exp; D = 1 + exp(−z) > 0")
    power = _unfolding(d, "D").equal(exp(-z).term, (D[()] - 1).term)
    d.then(exp(-z) / D[()] / D[()], "two minus signs")
    d.then((D[()] - 1) / D[()] / D[()], "exp(−z) = D − 1", by=[power])
    d.then(1 / D[()] - 1 / D[()] / D[()], "D/D = 1, since D > 0")
    d.then(y[()] * (1 - y[()]), "the definition of y", unfolding=["y"])
    return d


def tanh() -> Derivation:
    """tanh′ = 1 − tanh² for tanh z = (eᶻ − e⁻ᶻ)/(eᶻ + e⁻ᶻ)."""
    d = Derivation("tanh.dZ", "tanh′ = 1 − tanh²")
    z = d.variable("z")[()]
    N, D = d.define("N", (), exp(z) - exp(-z)), d.define("D", (), exp(z) + exp(-z))
    y = d.define("y", (), N[()] / D[()])
    d.begin(d.derivative(y[()].term, "z", ()), "the product rule, and the rules for exp and 1/a; D > 0")
    d.then((exp(z) + exp(-z)) / D[()] - N[()] * (exp(z) - exp(-z)) / D[()] / D[()], "two minus signs")
    sum_ = _unfolding(d, "D").equal(exp(z).term, (D[()] - exp(-z)).term)
    d.then(1 - N[()] * N[()] / D[()] / D[()], "eᶻ + e⁻ᶻ = D, eᶻ − e⁻ᶻ = N and D/D = 1", unfolding=["N"], by=[sum_])
    d.then(1 - y[()] * y[()], "the definition of y", unfolding=["y"])
    return d


def _unfolding(d: Derivation, name: str) -> Normal:
    """Normal forms that replace one definition."""
    return Normal(d, frozenset({name}))


def squared_error() -> Derivation:
    """δY = Y − T for L = ½·Σ (Y − T)²."""
    d = Derivation("squared_error.dY", "δY = Y − T")
    Y, T = d.variable("Y", "n", "p"), d.variable("T", "n", "p")
    i, k, s, r = indices(i="n", k="n", s="p", r="p")
    half = Expression(("num", 1, 2))
    L = d.define("L", (), half * total((Y[i, s] - T[i, s]) * (Y[i, s] - T[i, s]), i, s))
    d.begin(d.derivative(L[()].term, "Y", (k, r)), "the rules for sums and products")
    d.then(total((Y[i, s] - T[i, s]) * (delta(i, k) * delta(s, r)), i, s), "½·2 = 1")
    d.then(Y[k, r] - T[k, r], "δ is contracted")
    return d


def residual() -> Derivation:
    """δX = δY + Dg(X)ᵀ·δY for Y = X + g(X)."""
    d = Derivation("residual.dX", "δX = δY + Dg(X)ᵀ·δY")
    X, f, g = d.variable("X", "n"), d.map("f", ("n",)), d.map("g", ("n",), ("n",))
    i, j, k, m = indices(i="n", j="n", k="n", m="n")
    Y = d.define("Y", (i,), X[i] + g.at((i,), (j,), X[j]))
    dY = d.define("dY", (i,), f.slope((i,), (j,), Y[j]))
    d.begin(
        d.derivative(f.at((), (i,), Y[i]).term, "X", (k,)), "the chain rule: Y depends on X by itself and through g"
    )
    slope = delta(i, k) + g.slope((i, k), (m,), X[m])
    words = "the definition of δY; of the sum over j one term is left, as δ is 0 elsewhere"
    d.then(total(dY[i] * slope, i), words, unfolding=["dY"])
    d.then(dY[k] + total(g.slope((i, k), (m,), X[m]) * dY[i], i), "δ is contracted")
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
    d.begin(d.derivative(f.at((), (i,), y[i]).term, "z", (k,)), "the chain rule; v > 0, so σ = exp(½·log v) > 0")
    by = [_square_root(d, v[()].term, sigma[()].term), d("sym", d("unfold", "σ", ()))]
    jacobian = (delta(i, k) - inverse) / sigma[()] - y[i] * y[k] * inverse / sigma[()]
    hidden = ["c", "y", "dy"]
    words = "∂c[i]/∂z[k] = δ[i, k] − 1/n; ∂v/∂z[k] = 2c[k]/n, since the c sum to 0; v = σ²; the definitions of y and δy"
    d.then(total(dy[i] * jacobian, i), words, unfolding=hidden, by=by)
    mean, mixed = inverse * total(dy[i], i), inverse * total(dy[i] * y[i], i)
    d.then((dy[k] - mean - y[k] * mixed) / sigma[()], "δ is contracted, the means taken out of the sum")
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
    dS = d.define("dS", (q, k), total(dO[q, c] * V[k, c], c))
    dA = d.define("dA", (q, k), S[q, k] * (dS[q, k] - total(S[q, x] * dS[q, x], x)))
    entry, final = {
        "Q": (Q[u, b], total(dA[u, k] * K[k, b], k)),
        "K": (K[w, b], total(dA[q, w] * Q[q, b], q)),
        "V": (V[w, o], total(S[q, w] * dO[q, o], q)),
    }[name]
    _, by, places = entry.term
    through = "O" if name == "V" else "O, S and A"
    d.begin(d.derivative(f.at((), (q, c), O[q, c]).term, by, places), f"the chain rule, through {through}")
    words = "the definitions of δO, δS and δA, the softmax of each query as in softmax.dZ; δ is contracted"
    words = "the definition of δO; δ is contracted" if name == "V" else words
    d.then(final, words, unfolding=["S", "dO", "dS", "dA"])
    return d

"""L = −Σ P·log S, by itself and after softmax."""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import always, delta, equal, indices, log, positive, total
from backproof_spec.calculus.theorems import softmax

i, j, k, s, r = indices(i="n", j="n", k="n", s="p", r="p")


def dS() -> Derivation:
    """δS = −P/S where S > 0."""
    d = Derivation("cross_entropy.dS", "δS = −P/S")
    S, P = d.variable("S", "n", "p"), d.variable("P", "n", "p")
    d.suppose(always(positive(S[i, s]), i, s))
    L = d.define("L", (), -total(P[i, s] * log(S[i, s]), s, i))
    d.begin(d.derivative(L[()].term, "S", (j, r)))
    words = "the rules for sums and products, $P$ not depending on $S$; $∂log a = ∂a/a$, since $S > 0$"
    d.then(-total(P[i, s] / S[i, s] * (delta(i, j) * delta(s, r)), s, i), words)
    d.then(-(P[j, r] / S[j, r]), "$δ$ is contracted")
    return d


def dZ() -> Derivation:
    """δZ = S·ΣP − P, whatever P is."""
    return _fused("softmax_cross_entropy.dZ", "δZ = S·ΣP − P", normalised=False)


def dZ_normalised() -> Derivation:
    """δZ = S − P where every column of P sums to 1."""
    return _fused("softmax_cross_entropy.dZ.normalised", "δZ = S − P", normalised=True)


def _fused(stem: str, title: str, *, normalised: bool) -> Derivation:
    uses = ("softmax_cross_entropy.dZ",) if normalised else ("cross_entropy.dS", "softmax.dZ")
    d = Derivation(stem, title, uses)
    Z, S = softmax.defined(d)
    P = d.variable("P", "n", "p")
    L = d.define("L", (), -total(P[i, s] * log(S[i, s]), s, i))
    dS = d.define("dS", (i, s), -(P[i, s] / S[i, s]))
    slope = softmax.jacobian(d, Z, S)
    d.begin(d.derivative(L[()].term, "Z", (j, r)))
    words = "the chain rule; the loss gives $δS = −P/S$ as in cross_entropy.dS, since $S > 0$"
    d.then(total(dS[i, s] * slope, i, s), words, unfolding=["dS"])
    words = "$δ$ is contracted as in softmax.dZ: samples do not mix"
    d.then(S[j, r] * (dS[j, r] - total(S[i, r] * dS[i, r], i)), words)
    words = "the definition of $δS$; $S/S = 1$, since $S > 0$"
    d.then(S[j, r] * total(P[i, r], i) - P[j, r], words, unfolding=["dS"])
    if normalised:
        d.suppose(always(equal(total(P[i, s], i), 1), s))
        d.then(S[j, r] - P[j, r], "the labels of a sample sum to 1")
    return d

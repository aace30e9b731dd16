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
    words = "the rules for sums and products, P not depending on S; ∂log a = ∂a/a, since S > 0"
    d.then(-total(P[i, s] / S[i, s] * (delta(i, j) * delta(s, r)), s, i), words)
    d.then(-(P[j, r] / S[j, r]), "δ is contracted")
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
    _, S = softmax.defined(d)
    P = d.variable("P", "n", "p")
    L = d.define("L", (), -total(P[i, s] * log(S[i, s]), s, i))
    dS = d.define("dS", (i, s), -(P[i, s] / S[i, s]))
    d.begin(d.derivative(L[()].term, "Z", (j, r)), "the chain rule through log and softmax; S > 0 and Σ exp Z > 0")
    jacobian = (S[i, s] * delta(i, j) - S[i, s] * S[j, s]) * delta(s, r)
    words = "the loss gives δS = −P/S as in cross_entropy.dS, and softmax its Jacobian diag(s) − s·sᵀ"
    d.then(total(dS[i, s] * jacobian, i, s), words, unfolding=["S", "dS"])
    words = "δ is contracted as in softmax.dZ: samples do not mix"
    d.then(S[j, r] * (dS[j, r] - total(S[i, r] * dS[i, r], i)), words)
    words = "the definition of δS; S/S = 1, since S > 0"
    d.then(S[j, r] * total(P[i, r], i) - P[j, r], words, unfolding=["dS"])
    if normalised:
        d.suppose(always(equal(total(P[i, s], i), 1), s))
        d.then(S[j, r] - P[j, r], "the labels of a sample sum to 1")
    return d

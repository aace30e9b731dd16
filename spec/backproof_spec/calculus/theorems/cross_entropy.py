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
    d.begin(d.derivative(L[()].term, "S", (j, r)), "the rules for sums and products; ∂log a = ∂a/a, since S > 0")
    d.then(-total(P[i, s] / S[i, s] * (delta(i, j) * delta(s, r)), s, i), "P does not depend on S")
    d.then(-(P[j, r] / S[j, r]), "δ is contracted")
    return d


def dZ() -> Derivation:
    """δZ = S·ΣP − P, whatever P is."""
    return _fused("softmax_cross_entropy.dZ", "δZ = S·ΣP − P", normalised=False)


def dZ_normalised() -> Derivation:
    """δZ = S − P where every column of P sums to 1."""
    return _fused("softmax_cross_entropy.dZ.normalised", "δZ = S − P", normalised=True)


def _fused(stem: str, title: str, *, normalised: bool) -> Derivation:
    d = Derivation(stem, title)
    _, S = softmax.defined(d)
    P = d.variable("P", "n", "p")
    L = d.define("L", (), -total(P[i, s] * log(S[i, s]), s, i))
    d.begin(d.derivative(L[()].term, "Z", (j, r)), "the chain rule through log and softmax; S > 0 and Σ exp Z > 0")
    jacobian = (S[i, s] * delta(i, j) - S[i, s] * S[j, s]) * delta(s, r)
    d.then(-total(P[i, s] / S[i, s] * jacobian, s, i), "the Jacobian of softmax is diag(s) − s·sᵀ", unfolding=["S"])
    d.then(-total(P[i, s] * ((delta(i, j) - S[j, s]) * delta(s, r)), s, i), "S/S = 1, since S > 0")
    d.then(-total(P[i, r] * (delta(i, j) - S[j, r]), i), "δ[s, r] is contracted: samples do not mix")
    d.then(S[j, r] * total(P[i, r], i) - P[j, r], "δ[i, j] is contracted, and S[j, r] taken out of the sum")
    if normalised:
        d.suppose(always(equal(total(P[i, s], i), 1), s))
        d.then(S[j, r] - P[j, r], "the labels of a sample sum to 1")
    return d

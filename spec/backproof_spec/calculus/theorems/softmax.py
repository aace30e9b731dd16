"""S = exp Z / Σ exp Z per column, followed by any differentiable function of S."""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import Expression, Tensor, always, delta, exp, indices, positive, size, total

i, j, k, s, r = indices(i="n", j="n", k="n", s="p", r="p")


def defined(d: Derivation) -> tuple[Tensor, Tensor]:
    """Z and S = softmax(Z), for n > 0 classes."""
    Z = d.variable("Z", "n", "p")
    d.suppose(always(positive(size("n"))))
    return Z, d.define("S", (i, s), exp(Z[i, s]) / total(exp(Z[k, s]), k))


def jacobian(d: Derivation, Z: Tensor, S: Tensor) -> Expression:
    """∂S[i, s]/∂Z[j, r], shown as a line and known from then on."""
    slope = (S[i, s] * delta(i, j) - S[i, s] * S[j, s]) * delta(s, r)
    words = "the rules for exp, sums and 1/a, since $Σ exp Z > 0$: the Jacobian of a column is $diag(s) − s·sᵀ$"
    d.known(S[i, s], Z[j, r], slope, words, unfolding=["S"])
    return slope


def dZ() -> Derivation:
    """δZ = S∘(δS − 1·1ᵀ(S∘δS)), through the Jacobian diag(s) − s·sᵀ of each column."""
    d = Derivation("softmax.dZ", "δZ = S∘(δS − 1·1ᵀ(S∘δS))")
    Z, S = defined(d)
    f = d.map("f", ("n", "p"))
    dS = d.define("dS", (i, s), f.slope((i, s), (k, r), S[k, r]))
    slope = jacobian(d, Z, S)
    d.begin(d.derivative(f.at((), (i, s), S[i, s]).term, "Z", (j, r)))
    d.then(total(dS[i, s] * slope, i, s), "the chain rule; the definition of $δS$", unfolding=["dS"])
    d.then(dS[j, r] * S[j, r] - total(dS[i, r] * S[i, r] * S[j, r], i), "$δ$ is contracted: samples do not mix")
    d.then(S[j, r] * (dS[j, r] - total(S[i, r] * dS[i, r], i)), "S[j, r] does not depend on i: taken out")
    return d

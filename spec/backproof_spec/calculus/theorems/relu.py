"""Y = max(Z, 0) = Z·1[Z ≥ 0], followed by any differentiable function of Y, off the kink.

At Z = 0 the derivative does not exist; that δZ = δY·1[Z ≥ 0] takes 1 there is a convention, and no theorem.
"""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import always, delta, indices, nonzero, step, total


def dZ() -> Derivation:
    """δZ = δY∘1[Z ≥ 0] where no entry of Z is 0."""
    d = Derivation("relu.dZ", "δZ = δY∘1[Z ≥ 0]")
    Z, f = d.variable("Z", "n", "p"), d.map("f", ("n", "p"))
    i, k, s, r = indices(i="n", k="n", s="p", r="p")
    d.suppose(always(nonzero(Z[i, s]), i, s))
    Y = d.define("Y", (i, s), Z[i, s] * step(Z[i, s]))
    dY = d.define("dY", (i, s), f.slope((i, s), (k, r), Y[k, r]))
    words = "the product rule, where $∂1[Z ≥ 0] = 0$, since $Z$ is not 0"
    slope = delta(i, k) * delta(s, r) * step(Z[i, s])
    d.known(Y[i, s], Z[k, r], slope, words)
    d.begin(d.derivative(f.at((), (i, s), Y[i, s]).term, "Z", (k, r)))
    d.then(total(dY[i, s] * slope, i, s), "the chain rule; the definition of $δY$", unfolding=["dY"])
    d.then(dY[k, r] * step(Z[k, r]), "$δ$ is contracted")
    return d

"""network: the enclosures of the layers, composed forwards and backwards.

Every layer's result is the next one's input with its uncertainty. A ReLU mask entry whose pre-activation's sign is
certain must be that sign's; the others admit either branch.

The products of a gradient may be formed in any order: backwards, forwards (a tangent for each parameter, through the
loss or up to the logits), path by path. It is the sum of the monomials Y·W_{l+1}⋯W_k·S·P and −Y·W_{l+1}⋯W_k·P, and each
of them meets as many roundings as in the recursion, whatever the order: the lemma for the whole sum, whose magnitudes
are the recursion's on absolute values, where nothing cancels on the way. A product of some of the factors that
underflows is off by η/2, and the other factors multiply that by at most ∏max(1, |factor|).
"""

from __future__ import annotations

from dataclasses import dataclass

from mpmath import mp

from backproof_spec.matrices import (
    Matrix,
    Number,
    absolute,
    add,
    at_least,
    from_entries,
    hadamard,
    nonzeros,
    ones,
    product,
    scale,
    transpose,
)
from backproof_spec.network import Network
from backproof_spec.operations.softmax_cross_entropy import column_sums
from backproof_spec.rounding import linear, relu, softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure, certified, coarse
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic


@dataclass(frozen=True)
class Forward:
    """[Y_0 … Y_{k−1}], [Z_1 … Z_k], each with what a conforming implementation may have computed instead."""

    activations: list[Enclosure]
    pre_activations: list[Enclosure]


def forward(net: Network, arithmetic: Arithmetic) -> Forward:
    """The forward pass."""
    Ys, Zs = [Enclosure.exactly(net.X)], []
    for layer, (W, b) in enumerate(zip(net.weights, net.biases, strict=True), 1):
        Zs.append(linear.forward(Enclosure.exactly(W), Ys[-1], Enclosure.exactly(b), arithmetic))
        if layer < net.depth:
            Ys.append(relu.forward(Zs[-1], arithmetic))
    return Forward(Ys, Zs)


def loss(net: Network, arithmetic: Arithmetic) -> Enclosure:
    """L (1, 1)."""
    return softmax_cross_entropy.forward(
        forward(net, arithmetic).pre_activations[-1], Enclosure.exactly(net.P), arithmetic
    )


@dataclass(frozen=True)
class Gradients:
    """∂L/∂X, and ∂L/∂W_l, ∂L/∂b_l for each layer."""

    dX: Enclosure
    dW: list[Enclosure]
    db: list[Enclosure]


def gradients(net: Network, arithmetic: Arithmetic, factor: Number = 1) -> Gradients:
    """The backward pass from the loss to X, times ``factor`` (a mean's 1/p), its products formed in any order."""
    ahead = forward(net, arithmetic)
    dZ = softmax_cross_entropy.dZ(ahead.pre_activations[-1], Enclosure.exactly(net.P), arithmetic, fused=net.fused)
    radii = iter(_radii_in_any_order(net, ahead, dZ, arithmetic, factor))
    dWs, dbs = [], []

    def widened(found: Enclosure) -> Enclosure:
        return (found if factor == 1 else found.scaled(factor, arithmetic).finite()).widened(next(radii))

    for layer in reversed(range(net.depth)):
        dWs.append(widened(linear.dW(dZ, ahead.activations[layer], arithmetic)))
        dbs.append(widened(linear.db(dZ, arithmetic)))
        dY = linear.dY(Enclosure.exactly(net.weights[layer]), dZ, arithmetic)
        if layer > 0:
            dZ = relu.dZ(ahead.pre_activations[layer - 1], dY, arithmetic, net.relu_at_zero)
    return Gradients(widened(dY), dWs[::-1], dbs[::-1])


# --- any order --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Monomials:
    """Sums of absolute values: of the monomials, as they are and enlarged; and of what underflow may meet.

    ``rest`` is Σ∏max(1, |factor|): whichever product of factors underflows, the others multiply it by no more.
    """

    exact: Matrix
    enlarged: Matrix
    rest: Matrix

    def times(self, A: Enclosure) -> _Monomials:
        """Each monomial times an entry of A, summed over the rows of A."""
        enlarged = coarse(A)
        return _Monomials(
            product(self.exact, absolute(A.exact)),
            product(self.enlarged, enlarged),
            product(self.rest, _at_least_one(enlarged)),
        )

    def transposed(self) -> _Monomials:
        """The transposes."""
        return _Monomials(*map(transpose, (self.exact, self.enlarged, self.rest)))

    def radius(self, arithmetic: Arithmetic, roundings: int, factors: int, factor: Number) -> Matrix:
        """(1+u)^N·enlarged − exact, times ``factor``, and what is lost where some factors' product underflows."""
        form, stores = arithmetic.output, factors if arithmetic.output != arithmetic.accumulator else 0
        growth = arithmetic.growth(roundings) * (1 + form.u) ** stores * (1 + mp.ldexp(mp.mpf(1), -60))
        lost = form.smallest_subnormal / 2 * factors
        if arithmetic.flush_to_zero:
            lost = form.smallest_normal * (factors + roundings)
        apart = add(scale(growth * factor, self.enlarged), scale(-factor, self.exact))
        return add(apart, scale(growth * lost, self.rest))

    def masked(self, certain: Matrix, possible: Matrix) -> _Monomials:
        """Those that pass a mask: certainly, and possibly."""
        return _Monomials(
            hadamard(self.exact, certain), hadamard(self.enlarged, possible), hadamard(self.rest, possible)
        )


def _at_least_one(A: Matrix) -> Matrix:
    """max(1, a) where a ≠ 0: a product with 0 is 0, whatever the others are."""
    return from_entries(A.rows, A.cols, {(i, j): max(mp.mpf(1), a) for i, j, a in nonzeros(A)})


def _of_the_loss(net: Network, dZ: Enclosure) -> _Monomials:
    """S·ΣP and P, transposed: one row for each sample. Distributed over ΣP, a factor P_i stands in each monomial."""
    P = net.P
    exact = add(absolute(add(dZ.exact, P)), absolute(P))
    enlarged = coarse(Enclosure(exact, dZ.radius))
    labels = _at_least_one(P)
    masses, counts = ([mp.mpf(1)] * P.cols if net.fused else column_sums(A) for A in (P, labels))
    rest = {}
    for i, j, most in nonzeros(enlarged):
        share = max(mp.mpf(1), most / masses[j]) if masses[j] else mp.mpf(0)
        rest[i, j] = share * counts[j] + labels[i, j]
    parts = (coarse(Enclosure.exactly(exact)), enlarged, coarse(Enclosure.exactly(from_entries(P.rows, P.cols, rest))))
    return _Monomials(*parts).transposed()


@at_least(RADIUS_BITS)
def _radii_in_any_order(
    net: Network, ahead: Forward, dZ: Enclosure, arithmetic: Arithmetic, factor: Number
) -> list[Matrix]:
    """What each dW and db, from the last to the first, and dX may be off by: the lemma for the sum of all monomials."""
    samples, roundings, factors = net.P.cols, net.P.rows + 4, 3
    behind, found = _of_the_loss(net, certified(dZ)), []
    slopes = 2 if net.relu_at_zero not in {0, 1} else 0
    for layer in reversed(range(net.depth)):
        through = behind.transposed()
        ahead_of_it = (certified(ahead.activations[layer]).transposed(), Enclosure.exactly(ones(samples, 1)))
        found += [through.times(Y).radius(arithmetic, roundings + samples, factors, factor) for Y in ahead_of_it]
        behind = behind.times(Enclosure.exactly(net.weights[layer]))
        factors, roundings = factors + 1, roundings + net.weights[layer].rows + slopes
        if layer > 0:
            masks = relu.slopes(ahead.pre_activations[layer - 1], arithmetic, net.relu_at_zero)
            behind = behind.masked(*map(transpose, masks))
    return [*found, behind.transposed().radius(arithmetic, roundings, factors, factor)]

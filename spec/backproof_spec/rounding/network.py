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

from dataclasses import dataclass, replace
from functools import cached_property

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


class Gradients:
    """L; and, times a factor, ∂L/∂X, and ∂L/∂W_l, ∂L/∂b_l for each layer, their products formed in any order.

    Each is found when it is asked for; what they share, once.
    """

    def __init__(self, net: Network, arithmetic: Arithmetic, factor: Number) -> None:
        """``factor`` is 1, or a mean's 1/p."""
        self._net, self._arithmetic, self._factor = net, arithmetic, factor

    @cached_property
    def _ahead(self) -> Forward:
        return forward(self._net, self._arithmetic)

    @cached_property
    def loss(self) -> Enclosure:
        """L (1, 1)."""
        logits, P = self._ahead.pre_activations[-1], Enclosure.exactly(self._net.P)
        return softmax_cross_entropy.forward(logits, P, self._arithmetic)

    @cached_property
    def _of_logits(self) -> Enclosure:
        logits, P = self._ahead.pre_activations[-1], Enclosure.exactly(self._net.P)
        return softmax_cross_entropy.dZ(logits, P, self._arithmetic, fused=self._net.fused)

    @cached_property
    def _dZ(self) -> list[Enclosure]:
        """Those of the layers, from the last to the first."""
        net, found = self._net, [self._of_logits]
        for layer in reversed(range(1, net.depth)):
            dY = linear.dY(Enclosure.exactly(net.weights[layer]), found[-1], self._arithmetic)
            found.append(relu.dZ(self._ahead.pre_activations[layer - 1], dY, self._arithmetic, net.relu_at_zero))
        return found

    @cached_property
    def _behind(self) -> list[_Monomials]:
        """What is behind each layer, from the last to the first, and behind X."""
        return _behind(self._net, self._ahead, self._of_logits, self._arithmetic)

    @cached_property
    @at_least(RADIUS_BITS)
    def dX(self) -> Enclosure:
        """∂L/∂X."""
        dY = linear.dY(Enclosure.exactly(self._net.weights[0]), self._dZ[-1], self._arithmetic)
        return self._in_any_order(dY, self._behind[-1].transposed())

    @cached_property
    @at_least(RADIUS_BITS)
    def dW(self) -> list[Enclosure]:
        """∂L/∂W_l, from the first layer to the last."""
        Ys = self._ahead.activations
        rows = list(zip(self._dZ, self._behind, reversed(Ys), strict=False))
        found = [(linear.dW(dZ, Y, self._arithmetic), each.summed(certified(Y).transposed())) for dZ, each, Y in rows]
        return [self._in_any_order(*each) for each in reversed(found)]

    @cached_property
    @at_least(RADIUS_BITS)
    def db(self) -> list[Enclosure]:
        """∂L/∂b_l, from the first layer to the last."""
        one = Enclosure.exactly(ones(self._net.P.cols, 1))
        rows = zip(self._dZ, self._behind, strict=False)
        found = [(linear.db(dZ, self._arithmetic), each.summed(one)) for dZ, each in rows]
        return [self._in_any_order(*each) for each in reversed(found)]

    def of(self, kind: str) -> list[Enclosure]:
        """The gradients of a kind, dX, dW or db: those of all layers, or the one by X."""
        found: Enclosure | list[Enclosure] = getattr(self, kind)
        return [found] if isinstance(found, Enclosure) else found

    def _in_any_order(self, found: Enclosure, monomials: _Monomials) -> Enclosure:
        """The recursion's bound, or the lemma's for the sum of all monomials, where that is wider."""
        if self._factor != 1:
            found = found.scaled(self._factor, self._arithmetic).finite()
        return found.widened(monomials.radius(self._arithmetic, self._factor))


def gradients(net: Network, arithmetic: Arithmetic, factor: Number = 1) -> Gradients:
    """The backward pass from the loss to X, times ``factor`` (a mean's 1/p)."""
    return Gradients(net, arithmetic, factor)


# --- any order --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Monomials:
    """Sums of absolute values: of the monomials, as they are and enlarged; and of what underflow may meet.

    The last is Σ∏max(1, |factor|): whichever product of factors underflows, the others multiply it by no more.
    """

    sums: tuple[Matrix, ...]
    roundings: int
    factors: int

    def times(self, A: Enclosure) -> _Monomials:
        """Each monomial times an entry of A, summed over the rows of A."""
        enlarged = coarse(A)
        sums = map(product, self.sums, (absolute(A.exact), enlarged, _at_least_one(enlarged)))
        return _Monomials(tuple(sums), self.roundings + A.shape[0], self.factors + 1)

    def summed(self, A: Enclosure) -> _Monomials:
        """As ``times``, summed over the samples; A is among the factors that are there at first."""
        return replace(self.transposed().times(A), factors=self.factors)

    def transposed(self) -> _Monomials:
        """The transposes."""
        return replace(self, sums=tuple(map(transpose, self.sums)))

    def masked(self, certain: Matrix, possible: Matrix, roundings: int) -> _Monomials:
        """Those that pass a mask: certainly, and possibly."""
        sums = map(hadamard, self.sums, (certain, possible, possible))
        return _Monomials(tuple(sums), self.roundings + roundings, self.factors)

    def radius(self, arithmetic: Arithmetic, factor: Number) -> Matrix:
        """(1+u)^N·enlarged − exact, times ``factor``, and what is lost where some factors' product underflows."""
        (exact, enlarged, rest), form = self.sums, arithmetic.output
        stores = self.factors if arithmetic.stores else 0
        growth = arithmetic.growth(self.roundings) * (1 + form.u) ** stores * (1 + mp.ldexp(mp.mpf(1), -60))
        lost = form.smallest_subnormal / 2 * self.factors
        if arithmetic.flush_to_zero:
            lost = form.smallest_normal * (self.factors + self.roundings)
        apart = add(scale(growth * factor, enlarged), scale(-factor, exact))
        return add(apart, scale(growth * lost, rest))


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
    return _Monomials(parts, P.rows + 4, factors=3).transposed()


@at_least(RADIUS_BITS)
def _behind(net: Network, ahead: Forward, dZ: Enclosure, arithmetic: Arithmetic) -> list[_Monomials]:
    """The monomials of what comes back to each layer, from the last to the first, and to X: one row for each sample."""
    slopes = 2 if net.relu_at_zero not in {0, 1} else 0
    found = [_of_the_loss(net, certified(dZ))]
    for layer in reversed(range(net.depth)):
        back = found[-1].times(Enclosure.exactly(net.weights[layer]))
        if layer > 0:
            masks = relu.slopes(ahead.pre_activations[layer - 1], arithmetic, net.relu_at_zero)
            certain, possible = map(transpose, masks)
            back = back.masked(certain, possible, slopes)
        found.append(back)
    return found

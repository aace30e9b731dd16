"""How far an implementation may be from an operation's value: propagated through its definitions at the concrete input.

With every value v go a majorant M, the value with every minus read as a plus, and an error bound E; u is the unit
roundoff, η the smallest subnormal, γ_n = (1+u)^n − 1:

    input       M = |v|          E = 0 (u·|v| of a number that the format does not hold)
    Σ of n      ΣM               ΣE + γ_{n−1}·Σ(M + E)
    a + Σ of n  M_a + M_Σ        E_Σ + γ_1·(M_Σ + E_Σ) + E_a + γ_n·(M_a + E_a): the n may be added to a, one by one
    a·b         M_a·M_b          M_a·E_b + M_b·E_a + E_a·E_b, all + u·(M + that) + η·k·R_a·R_b
    1/b, f(a)   |f(v)|           the most that f changes over v ± E, + 2c·u·|f| + η
    step, [a≤b] the value        0, or 1 where E leaves either
    a name      |v|              E: what has a name is formed; the larger one of its ways (``computed also``)

M is the same under associativity, commutativity and distributivity: one definition admits every order of summation,
blocking and fused multiplication. A partial product of k factors may underflow before the others, which multiply what
is lost by no more than their reach R: Π max(1, M) over a monomial, Σ R over a sum, whatever is distributed over what.
Softmax and logsumexp are taken with the largest logit subtracted, a softmax perhaps as exp(a − logsumexp a); the
logarithm of a softmax is (a − largest) − log Σ, where a difference has one rounding, u·|a − largest|. ``fine``: nothing
on the way to the value can overflow, in whatever order products are formed and over whatever denominator: with
D = Π max(1, |b|) of what is divided by, R·D ≤ Ω/4. In a sum of terms written out the D are multiplied, as in
(a·d + c·b)/(b·d); in a Σ they have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce
from math import prod
from typing import Any, ClassVar

from mpmath import mp

from backproof_spec.language.evaluating import Entries, Evaluation, Holds, Place, Tensor
from backproof_spec.language.functions import FUNCTIONS, Function, Number, real
from backproof_spec.language.syntax import Apply, Bracket, Definition, Multiply, Reduce, operands, softmax_of
from backproof_spec.language.whole import At
from backproof_spec.rounding.formats import RADIUS_BITS, Arithmetic, Format

BITS = RADIUS_BITS
"""The precision at which all of this is computed."""


@dataclass(frozen=True)
class Rounded:
    """A value, its majorant, how far from it an implementation may be, and whether all before it can be finite.

    ``monomials``: their reach R, all together, and the most factors of one; None of what is formed. ``over``: the D
    of what it is divided by. ``terms``: those of the Σ that it is, 1 of anything else.
    """

    value: Number
    majorant: Number
    error: Number
    fine: bool = True
    monomials: tuple[Number, int] | None = None
    over: Number = 1
    terms: int = 1

    @property
    def reach(self) -> tuple[Number, int]:
        """How much of an underflow there may be within, and of how many factors."""
        return self.monomials or (max(mp.mpf(1), self.majorant + self.error), 1)

    @property
    def exactly(self) -> bool:
        """Does every implementation have this very value?"""
        return bool(self.error == 0)


def _parts(each: Rounded) -> tuple[Number, Number, Number]:
    return each.value, each.majorant, each.error


_MARGIN = 2
"""So many powers of two from overflow nothing is certain: code multiplies by small numbers first."""


def either(one: Rounded, other: Rounded) -> Rounded:
    """One value, computed in one way or in another."""
    error = max(one.error, other.error + abs(one.value - other.value))
    return replace(one, error=error, fine=one.fine and other.fine)


class Rounding:
    """Numbers with their error bounds, in one number format."""

    def __init__(self, arithmetic: Arithmetic, *, kept: bool = False) -> None:
        """In the format of intermediates; ``kept``: in that of sums and the products in them, nothing being stored."""
        between, output = arithmetic.intermediates, arithmetic.output
        self.form = form = arithmetic.accumulator if kept else between
        self.flushes = arithmetic.flush_to_zero
        self.u, self.least, self.small = form.u, self.least_of(form), 1 / form.largest
        self.most, self.output = self.most_of(between), output
        self.once_more = output != between
        self.ulps = arithmetic.exp_ulps
        self.inner = Rounding(arithmetic, kept=True) if arithmetic.accumulator is not form and not kept else self

    def least_of(self, form: Format) -> Number:
        """What may become of a number that is smaller."""
        return form.smallest_normal if self.flushes else form.smallest_subnormal

    def most_of(self, form: Format) -> Number:
        """What surely does not overflow."""
        return mp.ldexp(form.largest, -_MARGIN)

    def function(self, stored: int = 1) -> Number:
        """How far a function may be off, relative to its value: in a wider accumulator, with so many stored roundings.

        tanh x = −t/(2 + t), t = expm1(−2x), has four: t is off by u and may stand for twice as much, and two follow.
        """
        own, wider = 2 * self.ulps * self.u, self.inner.u
        return own if self.inner is self else min(own, 1 / ((1 - self.u) ** stored * (1 - 2 * self.ulps * wider)) - 1)

    def returned(self, each: Rounded) -> Rounded:
        """What is returned: rounded to the output's format, where intermediates have another; what that holds stays."""
        form, size = self.output, abs(each.value) + each.error
        flushed = self.flushes and 0 < size < self.least_of(form)
        if not self.once_more or (each.exactly and form.holds(each.value) and not flushed):
            return each
        fine = each.fine and bool(size <= self.most_of(form))
        return replace(each, error=each.error + form.u * size + self.least_of(form), fine=fine)

    def given(self, value: Number) -> Rounded:
        """A number of the format; what flushes reads a subnormal one as 0."""
        size = abs(real(value))
        return Rounded(real(value), size, size if self.flushes and size < self.least_of(self.output) else mp.mpf(0))

    def number(self, value: Fraction) -> Rounded:
        """A number of a formula, as the format holds it."""
        v = real(value)
        held = value.denominator & (value.denominator - 1) == 0 and value.numerator.bit_length() <= self.form.precision
        small = v != 0 and abs(v) < self.form.smallest_normal
        error = mp.mpf(0) if held and not small else self.u * abs(v) + (self.least if small else 0)
        return self._formed(v, abs(v), error)

    def is_zero(self, value: Rounded) -> bool:
        """Is it 0 in every implementation?"""
        return bool(value.value == 0 and value.exactly)

    def _formed(self, value: Number, majorant: Number, error: Number, *of: Rounded) -> Rounded:
        fine = all(each.fine for each in of) and bool(majorant + error <= self.most)
        return Rounded(value, majorant, error, fine)

    def _flushed(self, each: Rounded, count: int) -> Rounded:
        """After so many operations, even if they round nothing: each may make 0 of a subnormal number.

        Of one operation the result is known: fl(v) ≥ |v| − E is none if that is normal.
        """
        normal = count == 1 and abs(each.value) - each.error >= self.least
        if not self.flushes or not each.value or normal:
            return each
        return replace(each, error=each.error + count * self.least)

    def _reaching(self, each: Rounded, reach: Number, factors: int, over: Number) -> Rounded:
        fine = each.fine and bool(reach * over <= self.most)
        return replace(each, fine=fine, monomials=(reach, factors), over=over)

    def add(self, terms: Sequence[Rounded]) -> Rounded:
        """The sum, in any order: that of a Σ may begin at another term, which then meets all its roundings."""
        begun = sum(each.terms - 1 for each in terms)
        return self.summed([self._met(each, begun + 1 - each.terms) for each in terms], prod)

    def _met(self, each: Rounded, more: int) -> Rounded:
        """After so many further roundings of a sum."""
        growth = (1 + self.inner.u) ** more - 1
        return replace(each, error=each.error + growth * (each.majorant + each.error)) if more else each

    def summed(self, terms: Sequence[Rounded], combined: Callable[[Sequence[Number]], Number]) -> Rounded:
        """Σ, in any order; ``combined``: the D of these."""
        fine, count = all(each.fine for each in terms), len(terms) - 1
        terms = [each for each in terms if not self.is_zero(each)]
        if len(terms) < len(("a", "b")):
            return self._flushed(replace(terms[0] if terms else self.given(Fraction(0)), fine=fine), count)
        value, majorant, error = (sum(column, mp.mpf(0)) for column in zip(*map(_parts, terms), strict=True))
        growth = (1 + self.u) ** (len(terms) - 1) - 1
        found = self._formed(value, majorant, error + growth * (majorant + error))
        reaches, factors = zip(*(each.reach for each in terms), strict=True)
        over = combined([each.over for each in terms])
        found = self._reaching(replace(found, fine=found.fine and fine), sum(reaches, mp.mpf(0)), max(factors), over)
        return self._flushed(found, count)

    def difference(self, left: Rounded, right: Rounded) -> Rounded:
        """a − b of what is formed: one rounding of what is left."""
        value, error = left.value - right.value, left.error + right.error
        return self._flushed(self._formed(value, abs(value), error + self.u * (abs(value) + error), left, right), 1)

    def apart(self, left: Rounded, right: Rounded) -> Rounded:
        """a − b, in any order with what they are made of: in terms of what both are."""
        return self.add([left, replace(right, value=-right.value)])

    def total(self, terms: Sequence[Rounded]) -> Rounded:
        """Σ, in the accumulator, and stored."""
        found = self.inner.summed(terms, partial(max, default=1))
        found = replace(found, terms=max(1, sum(not self.is_zero(each) for each in terms)))
        if self.inner is self or found.exactly:
            return found
        return replace(found, error=found.error + self.u * (abs(found.value) + found.error) + self.least)

    def multiply(self, left: Rounded, right: Rounded) -> Rounded:
        """a·b; by 0, 1 and −1 nothing is rounded."""
        for a, b in ((left, right), (right, left)):
            if a.exactly and abs(a.value) in {0, 1}:
                size, fine = abs(a.value), a.fine and b.fine
                found = Rounded(a.value * b.value, size * b.majorant, size * b.error, fine)
                (reach, count), (other, more) = a.monomials or (mp.mpf(1), 0), b.reach
                return self._flushed(self._reaching(found, reach * other, count + more, a.over * b.over), 1)
        majorant = left.majorant * right.majorant
        error = left.majorant * right.error + right.majorant * left.error + left.error * right.error
        (reach, count), (other, more) = left.reach, right.reach
        own = self.u * (majorant + error) + self.least * reach * other * (count + more)
        found = self._formed(left.value * right.value, majorant, error + own, left, right)
        return self._reaching(found, reach * other, count + more, left.over * right.over)

    def divide(self, left: Rounded, right: Rounded) -> Rounded:
        """a·(1/b)."""
        if right.value == 0:
            msg = "a division by 0"
            raise ZeroDivisionError(msg)
        inverse, least = 1 / abs(right.value), abs(right.value) - right.error
        error = 1 / least - inverse if least > 0 else mp.inf
        own = self.u * (inverse + error) + self.least
        over = max(1, abs(right.value) + right.error) * right.over
        return self.multiply(left, replace(self._formed(1 / right.value, inverse, error + own, right), over=over))

    def power(self, base: Rounded, exponent: Rounded) -> Rounded:
        """a^e: of whole e as a product, else as exp(e·log a)."""
        e = exponent.value
        if exponent.exactly and e == int(e):
            n = abs(int(e))
            size = base.majorant**n
            error = (base.majorant + base.error) ** n * (1 + self.u) ** n - size + self.function() * size
            below = n * self.least * max(1, base.majorant + base.error) ** max(n - 1, 0)
            positive = self._formed(base.value**n, size, error + below, base)
            return positive if e >= 0 else self.divide(self.given(Fraction(1)), positive)
        logarithm = self.apply(FUNCTIONS["log"], (base,))
        return self.apply(FUNCTIONS["exp"], (self.multiply(exponent, logarithm),))

    def apply(self, function: Function, arguments: tuple[Rounded, ...]) -> Rounded:
        """f(a, …)."""
        values = tuple(each.value for each in arguments)
        value, error = real(function.value(*values)), sum((each.error for each in arguments), mp.mpf(0))
        smooth = function.kink is None
        if error and not function.contracting:
            try:
                error = max(abs(real(function.value(values[0] + e)) - value) for e in (error, -error))
            except ArithmeticError:
                error = mp.inf
        size, lost = max(abs(value), function.scale) + error, self.least + function.saturates * self.small
        own = self.function(function.stored) * size + lost if smooth else mp.mpf(0)
        return self._formed(value, abs(value), error + own, *arguments)

    def largest(self, values: Sequence[Rounded]) -> Rounded:
        """The largest, whichever that may be."""
        found = max(values, key=lambda each: each.value)
        near = [each for each in values if each.value + each.error >= found.value - found.error]
        error, fine = max(each.error for each in near), all(each.fine for each in values)
        return Rounded(found.value, abs(found.value), error, fine)

    def bracket(self, holds: Holds, left: Rounded, right: Rounded) -> Rounded:
        """1 where it holds, else 0; off by 1 where rounding decides it."""
        error, value = left.error + right.error, mp.mpf(holds(left.value, right.value))
        unsure = bool(error) and abs(left.value - right.value) <= error
        return Rounded(value, value, mp.mpf(unsure), left.fine and right.fine)


@dataclass
class RoundedEvaluation(Evaluation[Rounded]):
    """An operation at values, with their error bounds."""

    arithmetic: Rounding

    def defined(self, definition: Definition) -> Tensor[Rounded]:
        """What has a name is formed, in this way or another: its majorant is its size, its error the larger one."""
        ways = [definition, *(each for each in self.operation.ways if each.name == definition.name)]
        forms = [(way.indices, self.compiled(way.body)) for way in ways]

        def entry(place: Place) -> Rounded:
            found = (of(dict(zip(indices, place, strict=True))) for indices, of in forms)
            return self._named(reduce(either, found))

        return Entries(entry, [self.size(index) for index in definition.indices])

    @staticmethod
    def _named(each: Rounded) -> Rounded:
        return replace(each, majorant=abs(each.value), monomials=None, over=1, terms=1)

    def _negated(self, of: Callable[[At], Rounded]) -> Callable[[At], Rounded]:
        """Minus a Σ is a Σ."""
        minus = self.arithmetic.number(Fraction(-1))

        def negated(at: At) -> Rounded:
            each = of(at)
            return replace(self.arithmetic.multiply(minus, each), terms=each.terms)

        return negated

    def _apply(self, node: Apply) -> Callable[[At], Rounded]:
        of = softmax_of(node)
        return self._log_softmax(of) if of else super()._apply(node)

    def _multiply(self, node: Multiply) -> Callable[[At], Rounded]:
        return self._product(node, self.arithmetic)

    def _product(self, node: Multiply, rounding: Rounding) -> Callable[[At], Rounded]:
        """A product of numbers, where no bracket is 0."""
        brackets = [self.compiled(each) for each in operands(node) if isinstance(each, Bracket)]
        others = [self.compiled(each) for each in operands(node) if not isinstance(each, Bracket)]

        def of(at: At) -> Rounded:
            held = [each(at) for each in brackets]
            if any(map(rounding.is_zero, held)):
                return rounding.given(Fraction(0))
            values = [*(each for each in held if not each.exactly), *(each(at) for each in others)]
            return reduce(rounding.multiply, values, rounding.given(Fraction(1)))

        return of

    def _sum(self, node: Reduce, _: Callable[[At], Rounded]) -> Callable[[At], Rounded]:
        """Σ of products that are in the accumulator like the sum."""
        inner = self.arithmetic.inner
        body = self._product(node.body, inner) if isinstance(node.body, Multiply) else self.compiled(node.body)
        over = self._over(node, body)
        return lambda at: self.arithmetic.total(over(at))

    def _shifted(
        self, node: Reduce, body: Callable[[At], Rounded], less: Callable[[Rounded, Rounded], Rounded]
    ) -> Callable[[At], tuple[Rounded, Rounded]]:
        """The largest of the logits, and Σ exp(a − largest)."""
        over = self._over(node, body)

        def of(at: At) -> tuple[Rounded, Rounded]:
            values = over(at)
            if not values:
                msg = f"{node.reduction}_{','.join(node.indices)} of nothing"
                raise ArithmeticError(msg)
            largest = self.arithmetic.largest(values)
            return largest, self.arithmetic.total([self._power_of_e(less(each, largest)) for each in values])

        return of

    def _power_of_e(self, each: Rounded) -> Rounded:
        return self.arithmetic.apply(FUNCTIONS["exp"], (each,))

    def _softmax(self, node: Reduce, body: Callable[[At], Rounded]) -> Callable[[At], Rounded]:
        less = self.arithmetic.apart
        shifted = self._shifted(node, body, less)

        def of(at: At) -> Rounded:
            largest, total = shifted(at)
            return self.arithmetic.divide(self._power_of_e(less(body(at), largest)), total)

        return of

    def _log_softmax(self, node: Reduce) -> Callable[[At], Rounded]:
        """(a − largest) − log Σ."""
        body, less = self.compiled(node.body), self.arithmetic.difference
        shifted = self._shifted(node, body, less)

        def of(at: At) -> Rounded:
            largest, total = shifted(at)
            return less(less(body(at), largest), self.arithmetic.apply(FUNCTIONS["log"], (total,)))

        return of

    def _logsumexp(self, node: Reduce, body: Callable[[At], Rounded]) -> Callable[[At], Rounded]:
        shifted = self._shifted(node, body, self.arithmetic.apart)

        def of(at: At) -> Rounded:
            largest, total = shifted(at)
            return self.arithmetic.add([largest, self.arithmetic.apply(FUNCTIONS["log"], (total,))])

        return of

    _REDUCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
        **Evaluation._REDUCTIONS,  # noqa: SLF001 - what it inherits
        "sum": _sum,
        "softmax": _softmax,
        "logsumexp": _logsumexp,
    }


def rounded(given: Evaluation[Number], arithmetic: Arithmetic) -> RoundedEvaluation:
    """The same, with error bounds; the parameters are numbers of a formula."""
    rounding = Rounding(arithmetic)
    whole = {each.name for each in given.operation.arguments if each.kind == "index"}

    def entries(name: str, tensor: Tensor[Number]) -> Tensor[Rounded]:
        shape = [given.sizes[dim] for dim in given.operation.shapes[of_cotangent.get(name, name)]]
        return Entries(lambda place: rounding.given(tensor[place]), shape)

    of_cotangent = given.operation.cotangents
    values: Mapping[str, Tensor[Any]] = {
        name: tensor if name in whole else entries(name, tensor) for name, tensor in given.values.items()
    }
    return RoundedEvaluation(given.operation, given.sizes, given.parameters, values, rounding)

"""Number formats and the arithmetic a target declares.

Notation: u unit roundoff, ω smallest normal, η = 2uω smallest subnormal, Ω largest finite, Θ_N = (1+u)^N − 1.
Model: fl(a∘b) = (a∘b)(1+δ) + ε with |δ| ≤ u, and |ε| ≤ η/2 for × and ÷, ε = 0 for ±.
Reference: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. 2002, eq. (2.4) and (2.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mpmath import mp

from backproof_spec.matrices import Number, at_least

RADIUS_BITS = 200
"""Error bounds are computed at this precision, then inflated by 1 + 2⁻⁶⁰: that covers their own and their centre's
rounding."""


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: ``precision`` significand bits, exponents ``emin`` to ``emax``."""

    name: str
    precision: int
    emin: int
    emax: int

    @cached_property
    def u(self) -> Number:
        """u = 2^−precision, the unit roundoff."""
        return mp.ldexp(mp.mpf(1), -self.precision)

    @cached_property
    def smallest_normal(self) -> Number:
        """ω = 2^emin."""
        return mp.ldexp(mp.mpf(1), self.emin)

    @cached_property
    def smallest_subnormal(self) -> Number:
        """η = 2uω = 2^(emin − precision + 1)."""
        return mp.ldexp(mp.mpf(1), self.subnormal_exponent)

    @cached_property
    def subnormal_exponent(self) -> int:
        """log₂ η."""
        return self.emin - self.precision + 1

    @cached_property
    def largest(self) -> Number:
        """Ω = (2 − 2u)·2^emax."""
        return mp.ldexp(mp.mpf(2**self.precision - 1, prec=self.precision), self.emax - self.precision + 1)

    def holds(self, value: Number) -> bool:
        """Is it a number of this format?"""
        _, significand, exponent, bits = value._mpf_
        return not significand or (
            bits <= self.precision and exponent >= self.subnormal_exponent and abs(value) <= self.largest
        )

    def contains(self, other: Format) -> bool:
        """Is every number of ``other`` a number of this format?"""
        return self.precision >= other.precision and self.emin <= other.emin and self.emax >= other.emax


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("float16", precision=11, emin=-14, emax=15),
        Format("bfloat16", precision=8, emin=-126, emax=127),
        Format("float32", precision=24, emin=-126, emax=127),
        Format("float64", precision=53, emin=-1022, emax=1023),
    )
}
"""IEEE 754-2019 binary16, binary32, binary64, and bfloat16."""


@dataclass(frozen=True)
class Arithmetic:
    """How a target says it computes: each kernel in ``accumulator``, rounding what it stores to ``output``.

    Of an operation in a file what is stored on the way is rounded to ``intermediates``, and to ``output`` at last.
    ``exp_ulps`` is the accuracy of its exp and log: 4 covers NumPy (2.3), PyTorch (0.9) and JAX (1.5), as measured.
    With ``flush_to_zero`` any subnormal operand or result may be replaced by zero. ``rescaled`` admits two more
    roundings of each monomial, anywhere: the target multiplies by a factor of its own (a mean's 1/p).
    """

    output: Format
    accumulator: Format
    intermediates: Format
    flush_to_zero: bool = False
    exp_ulps: int = 4
    rescaled: bool = False

    @classmethod
    def of(
        cls,
        dtype: str,
        accumulator: str | None = None,
        *,
        intermediates: str | None = None,
        flush_to_zero: bool = False,
        rescaled: bool = False,
    ) -> Arithmetic:
        """The arithmetic of ``dtype``; what is None of the others is the dtype, or the intermediates' format."""
        unknown = [name for name in (dtype, accumulator, intermediates) if name is not None and name not in FORMATS]
        if unknown:
            msg = f"number format {unknown[0]!r} is not known, expected one of {', '.join(FORMATS)}"
            raise ValueError(msg)
        output = FORMATS[dtype]
        between = FORMATS[intermediates or dtype]
        wide = FORMATS[accumulator] if accumulator else between
        for name, wider, each in (("accumulator", wide, between), ("intermediates", between, output)):
            if not wider.contains(each):
                msg = f"{name} {wider.name} does not hold every {each.name}, expected a wider format"
                raise ValueError(msg)
        return cls(output, wide, between, flush_to_zero, rescaled=rescaled)

    @property
    def u(self) -> Number:
        """The unit roundoff of the accumulator."""
        return self.accumulator.u

    @property
    def underflow(self) -> Number:
        """What one product or quotient may lose to underflow: η/2, or ω where subnormals are flushed."""
        form = self.accumulator
        return form.smallest_normal if self.flush_to_zero else form.smallest_subnormal / 2

    @property
    @at_least(RADIUS_BITS)
    def function_error(self) -> Number:
        """E = 2cu/(1 − 2cu): the relative error of exp or log accurate to c ulp, in either direction."""
        e = 2 * self.exp_ulps * self.u
        return e / (1 - e)

    @at_least(RADIUS_BITS)
    def growth(self, roundings: int) -> Number:
        """(1+u)^N: the most that N roundings can enlarge a monomial; two more for a target that rescales."""
        return (1 + self.u) ** (roundings + 2 * self.rescaled)

    @cached_property
    def stores(self) -> bool:
        """Is what was accumulated rounded once more?"""
        return self.output != self.accumulator

    @at_least(RADIUS_BITS)
    def stored(self, magnitude: Number, error: Number) -> Number:
        """The error of what is off by ``error`` from a value of this magnitude, once stored in the output format."""
        if not self.stores:
            return error
        form = self.output
        underflow = form.smallest_normal if self.flush_to_zero else form.smallest_subnormal / 2
        return error + form.u * (magnitude + error) + underflow

"""What a property is checked on: a target, a number format, and the spec's reading of the declared conventions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_impl.target import FUNCTIONS, Signatures, Target
from backproof_properties import contract, judge
from backproof_properties.arrays import Case
from backproof_properties.contract import PLAIN, Like, Raised, Trace, Usage
from backproof_properties.results import Observation
from backproof_spec.matrices import Number
from backproof_spec.rounding.enclosure import Enclosure
from backproof_spec.rounding.formats import FORMATS, RADIUS_BITS, Arithmetic, Format


@dataclass(frozen=True)
class Domain:
    """Where inputs are drawn from: a format, within what the conventions admit, in sizes ``least`` to ``largest``.

    ``signatures``: what the functions of the target take, who leaves out what need not be handed over.
    ``long``: one size of each example lies at or beyond a power of two. ``swept``: the number of one among the examples
    that go through all sizes (``sizes``), in which with ``few`` all but one are small.
    """

    dtype: str
    conventions: Conventions
    largest: int = 128
    least: int = 0
    signatures: Signatures = field(default_factory=lambda: FUNCTIONS, compare=False, repr=False)
    long: bool = False
    swept: int | None = None
    few: bool = False

    @property
    def sweeps(self) -> bool:
        """Are sizes gone through?"""
        return self.swept is not None

    @property
    def small(self) -> bool:
        """Are sizes kept to where every kernel takes its short path, and differentiation is affordable?"""
        return self.largest <= 64  # noqa: PLR2004 - the widest block of vectorised kernels

    @property
    def format(self) -> Format:
        """The number format."""
        return FORMATS[self.dtype]


def _wider(declared: str, dtype: str) -> str | None:
    return declared if declared != "dtype" and FORMATS[declared].contains(FORMATS[dtype]) else None


@dataclass(frozen=True)
class Subject:
    """A target in one dtype, called in one way; ``trace`` takes down the calls.

    ``swift``: what is certainly within its bound need not be compared with the bound itself.
    """

    target: Target
    dtype: str
    usage: Usage = PLAIN
    trace: Trace | None = None
    swift: bool = False

    @property
    def conventions(self) -> Conventions:
        """The target's declaration."""
        return self.target.conventions

    @property
    def fused(self) -> tuple[bool, ...]:
        """May the target return S − P whatever ΣP is (True), S·ΣP − P (False)? Each is a way to the gradient."""
        return {"fused": (True,), "rounding": (False, True)}.get(self.conventions.unnormalised_labels, (False,))

    @cached_property
    def arithmetic(self) -> Arithmetic:
        """The declared arithmetic; what does not hold the dtype is the dtype, an accumulator the intermediates'."""
        declared = self.conventions
        between = _wider(declared.intermediates, self.dtype)
        return Arithmetic.of(
            self.dtype,
            _wider(declared.accumulator, between or self.dtype),
            intermediates=between,
            flush_to_zero=declared.arithmetic == "flush-to-zero",
            rescaled=bool(declared.reduction != "sum" or declared.scale),
        )

    def call(self, function: str, case: Case, wanted: str, like: Like | None = None) -> Any:
        """One output of the target's function, its contract checked; or what it raised, if that may mean overflow."""
        broken = next((value for value in case.values() if isinstance(value, Raised)), None)
        if broken is not None:  # what was to be handed on
            raise broken
        try:
            found = contract.call(self.target, function, case, wanted, self.usage, self.trace, like)
        except Raised as raised:
            if not raised.overflow:
                raise
            return raised
        if self.trace is not None:
            self.trace.returned(wanted, found)
        return found

    def judge(
        self, name: str, computed: Any, enclosure: Enclosure, samples: int | None, *, of_loss: bool = False
    ) -> Observation:
        """Judge an output against its enclosure under the declared reduction (``of_loss``) and per-output scale.

        Without ``samples`` the enclosure is one of the scaled output already.
        """
        bound = self.scaled(name, enclosure, samples, of_loss=of_loss)
        return self.raised(computed, [bound]) if isinstance(computed, Raised) else judge.enclosed(name, computed, bound)

    def bounded(
        self, name: str, computed: Any, bounds: Callable[[], Any], judged: Callable[..., Observation]
    ) -> Observation:
        """Judge an output of an operation of a definition against the bound of each entry, where it is needed."""
        return judged(name, computed, bounds)

    def raised(self, raised: Raised, enclosures: Iterable[Enclosure]) -> Observation:
        """Judge an exception in place of these outputs: a way to say that one of them overflows, and else an error."""
        seen = judge.overflowed(enclosures)
        if seen is None:
            raise raised
        return seen

    def scaled(self, name: str, enclosure: Enclosure, samples: int | None, *, of_loss: bool) -> Enclosure:
        """The enclosure of an output under the declared reduction and per-output scale."""
        if samples is None:
            return enclosure
        factor = self.factor(name.rpartition(".")[2].partition("[")[0], samples, of_loss=of_loss)
        return enclosure if factor == 1 else enclosure.scaled(factor, self.arithmetic)

    def factor(self, output: str, samples: int, *, of_loss: bool) -> Number:
        """What the declared scale and, of what a loss gives, the reduction make of an output."""
        reduction = self.reduction(samples) if of_loss else mp.mpf(1)
        return mp.fmul(self.scale(output, samples), reduction, prec=RADIUS_BITS)

    def reduction(self, samples: int) -> Number:
        """What the declared reduction makes of the sum over the samples: 1, or 1/p."""
        return mp.fdiv(1, samples, prec=RADIUS_BITS) if self.conventions.reduction == "mean" else mp.mpf(1)

    def scale(self, output: str, samples: int) -> Number:
        """The declared factor on an output."""
        declared = self.conventions.scale.get(output, 1)
        if declared == "batch":
            return mp.mpf(samples)
        return mp.fdiv(1, samples, prec=RADIUS_BITS) if declared == "1/batch" else mp.mpf(declared)

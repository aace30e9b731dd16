"""What was drawn: the regimes that an example holds, each counted for every claim that it concerns.

One table. A regime concerns the claims and operations named beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backproof_properties.arrays import Array, Case, arrays_of
from backproof_properties.contract import Usage
from backproof_properties.strategies import last_logits
from backproof_spec.rounding.formats import Format


@dataclass(frozen=True)
class Seen:
    """An example, as the table looks at it."""

    case: Case
    usage: Usage
    form: Format

    @cached_property
    def arrays(self) -> list[Array]:
        """Every argument but the labels, in float64."""
        return [A.astype(np.float64) for A in arrays_of(self.case, [name for name in self.case if name != "P"])]

    @cached_property
    def entries(self) -> Array:
        """Their entries."""
        return np.concatenate([A.ravel() for A in self.arrays])

    @cached_property
    def logits(self) -> list[tuple[float, float]]:
        """(max − min, min |z|) of each sample's logits that are finite: Z, or those of a network."""
        Z = self.case["Z"].astype(np.float64) if "Z" in self.case else last_logits(*self._layers)
        Z = Z[:, np.isfinite(Z).all(axis=0)]
        return list(zip(np.ptp(Z, axis=0), np.abs(Z).min(axis=0), strict=True)) if Z.size else []

    @property
    def _layers(self) -> tuple[list[Array], list[Array], Array]:
        return self.case["weights"], self.case["biases"], self.case["X"]

    @cached_property
    def sizes(self) -> list[int]:
        """Every size, the number of samples last."""
        return [size for A in self.arrays for size in A.shape] + [self.samples]

    @property
    def samples(self) -> int:
        """The number of samples."""
        return int(next(self.case[name].shape[1] for name in ("Y", "X", "Z", "S") if name in self.case))

    @cached_property
    def masses(self) -> Array:
        """ΣP of each sample."""
        return np.asarray(self.case["P"].astype(np.float64).sum(axis=0))

    @property
    def one_hot(self) -> bool:
        """Is there a sample whose labels are a one and zeros?"""
        P = self.case["P"]
        return bool((((P == 1).sum(axis=0) == 1) & ((P != 0).sum(axis=0) == 1)).any())

    def gaps(self, least: float, most: float) -> bool:
        """Do some sample's logits lie this far apart?"""
        return any(least <= gap <= most for gap, _ in self.logits)


@dataclass(frozen=True)
class Regime:
    """What an example may hold: its name, the claims and operations that it concerns, and how it is told."""

    name: str
    claims: tuple[str, ...]
    held: Callable[[Seen], bool]

    def concerns(self, claim: str) -> bool:
        """Is the claim, or its operation, one of these?"""
        return claim in self.claims or claim.partition(".")[0] in self.claims


_ALL = ("linear", "relu", "softmax", "cross_entropy", "softmax_cross_entropy", "network", "chain")
_WIDE = _ALL[:-1]
_LOGITS, _LABELS = (
    ("softmax", "softmax_cross_entropy", "network"),
    ("cross_entropy", "softmax_cross_entropy", "network"),
)
_OF_LAYERS = ("linear.dY", "linear.dW", "linear.db", "relu.dZ", "softmax.dZ")
_BACKWARD = (*_OF_LAYERS, "cross_entropy.dS", "softmax_cross_entropy.dZ", "chain")
_SAMPLES = 64
_SEVERAL = 4


def _memory(kind: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.usage.memory == kind


def _depth(layers: int) -> Callable[[Seen], bool]:
    return lambda seen: min(len(seen.case["weights"]), _SEVERAL) == layers


def _gap(least: float, most: float) -> Callable[[Seen], bool]:
    return lambda seen: seen.gaps(least, most)


def _has_ties(seen: Seen) -> bool:
    return any(np.unique(A).size < A.size for A in seen.arrays if A.size > 1)


def _of_small(seen: Seen) -> bool:
    size = np.abs(seen.entries)
    return bool(((size > 0) & (size < float(seen.form.smallest_normal))).any())


REGIMES: tuple[Regime, ...] = (
    # --- values -------------------------------------------------------------------------------------------------------
    Regime("+0", _ALL, lambda seen: bool(((seen.entries == 0) & ~np.signbit(seen.entries)).any())),
    Regime(
        "−0",
        ("linear", "relu", "softmax", "network", "chain"),
        lambda seen: bool(((seen.entries == 0) & np.signbit(seen.entries)).any()),
    ),
    Regime("ties", _ALL, _has_ties),
    Regime("subnormal", _WIDE, _of_small),
    Regime(
        "near overflow",
        ("linear", "relu", "softmax", "softmax_cross_entropy", "network"),
        lambda seen: bool((np.abs(seen.entries[np.isfinite(seen.entries)]) >= float(seen.form.largest) / 16).any()),
    ),
    Regime("−inf", ("softmax", "softmax_cross_entropy.dZ"), lambda seen: bool(np.isinf(seen.entries).any())),
    # --- logits -------------------------------------------------------------------------------------------------------
    Regime("logits equal", _LOGITS, _gap(0, 0)),
    Regime("gap of 11 to 20", _LOGITS, _gap(11, 20)),
    Regime("gap of 88 to 110", _LOGITS, _gap(88, 110)),
    Regime("gap of 700 to 1000", _LOGITS, _gap(700, 1000)),
    Regime("gap of 10⁴ to 10²⁰", _LOGITS, _gap(1e4, 1e20)),
    Regime("gap of 10²⁰ and more", _LOGITS, _gap(1e20, np.inf)),
    Regime("common offset", _LOGITS, lambda seen: any(least > 1e3 * (1 + gap) for gap, least in seen.logits)),
    # --- labels -------------------------------------------------------------------------------------------------------
    Regime("one-hot", _LABELS, lambda seen: seen.one_hot),
    Regime("ΣP = 1, soft", _LABELS, lambda seen: not seen.one_hot and bool((seen.masses == 1).any())),
    Regime("ΣP ≠ 1", _LABELS, lambda seen: bool(((seen.masses != 1) & (seen.masses != 0)).any())),
    Regime("ΣP = 0", _LABELS, lambda seen: bool((seen.masses == 0).any())),
    # --- sizes --------------------------------------------------------------------------------------------------------
    Regime("a size of 0", _ALL, lambda seen: 0 in seen.sizes),
    Regime("one sample", _ALL, lambda seen: seen.samples == 1),
    Regime("65 to 127 samples", _ALL, lambda seen: _SAMPLES < seen.samples < 2 * _SAMPLES),
    Regime("a size of 64 and more", _ALL, lambda seen: max(seen.sizes) >= _SAMPLES),
    *(Regime(f"{n} layer{'s' * (n > 1)}{' and more' * (n == _SEVERAL)}", ("network",), _depth(n)) for n in range(1, 5)),
    # --- usages -------------------------------------------------------------------------------------------------------
    Regime("Fortran order", _ALL, _memory("fortran")),
    Regime("strided", _ALL, _memory("strided")),
    Regime("negative strides", _ALL, _memory("reversed")),
    Regime("read-only", _ALL, _memory("read-only")),
    Regime(
        "stride of 0",
        (*_OF_LAYERS, "network", "chain"),
        _memory("broadcast"),
    ),
    Regime(
        "one array twice",
        (*_OF_LAYERS, "network", "chain"),
        _memory("shared"),
    ),
    Regime("integers", ("linear", "relu.dZ", "softmax.dZ", *_LABELS), lambda seen: seen.usage.integers),
    Regime("after other calls", _ALL, lambda seen: seen.usage.history),
    Regime("stale forward pass", _BACKWARD, lambda seen: seen.usage.stale),
)


def held(claim: str, case: Case, usage: Usage, form: Format) -> Iterator[str]:
    """The names of the regimes that concern a claim and that an example of it holds."""
    seen = Seen(case, usage, form)
    with np.errstate(all="ignore"):
        yield from [regime.name for regime in REGIMES if regime.concerns(claim) and regime.held(seen)]

"""Where a claim is decided: the inputs at which right and wrong differ most often. Each must have been judged.

A claim that holds on every input but these has not been checked: a mask is decided at the kink, a product at
shapes that tell it from its transpose, a blocked loop at its rest, a maximum where it is attained twice. The table
names them; the runner sees that each was judged where the declared conventions admit it, and says which was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_properties.arrays import Array, Case


@dataclass(frozen=True)
class Condition:
    """A kind of input: its name, whether an example is of it, and whether the conventions admit it at all.

    A ``long`` one is of sizes beyond 64, and asked for where no fewer examples are tried than by default.
    """

    name: str
    holds: Callable[[Case], bool]
    admitted: Callable[[Conventions], bool] = lambda _: True
    long: bool = False

    @property
    def times(self) -> int:
        """How many examples of it must have been judged: of long sums one alone may overflow, or end in a zero."""
        return 3 if self.long else 1


BY_DEFAULT = 100
"""Examples of each link: a run of fewer is one in a hurry."""


# --- shapes -----------------------------------------------------------------------------------------------------------


def _layered(case: Case) -> list[Array]:
    """The weights of the example, layer by layer."""
    found: list[Array] = case["weights"] if "weights" in case else [case["W"]]
    return found


def _reaching(name: str, size: int, below: int | None = None) -> Callable[[Conventions], bool]:
    """Do the limits of this name admit ``size`` or more, ``below`` another?"""

    def admitted(declared: Conventions) -> bool:
        least, most = declared.limits.sizes(name)
        return (most is None or most >= size) and (below is None or least < below)

    return admitted


def _unequal_widths(declared: Conventions) -> bool:
    least, most = declared.limits.sizes("width")
    return most is None or most > max(least, 1)


_SEVERAL_WIDE, _SEVERAL_DEEP = _reaching("width", 2), _reaching("depth", 2)

SQUARE = Condition(
    "a square W of 2 rows or more",
    lambda case: any(1 < W.shape[0] == W.shape[1] for W in _layered(case)),
    _SEVERAL_WIDE,
)
OBLONG = Condition(
    "a W that is not square", lambda case: any(W.shape[0] != W.shape[1] for W in _layered(case)), _unequal_widths
)
SAMPLES = Condition(
    "2 samples or more", lambda case: (case["X"] if "X" in case else case["Y"]).shape[1] > 1, _reaching("batch", 2)
)
DEEP = Condition("2 layers or more", lambda case: len(case["weights"]) > 1, _SEVERAL_DEEP)

_BLOCK, _TWO = 64, 128


def _beyond_a_block(name: str, limit: str, argument: str, axis: int) -> Condition:
    """One whole block of a blocked kernel, and a rest, along an axis of an argument."""

    def holds(case: Case) -> bool:
        return argument in case and _BLOCK < case[argument].shape[axis] < _TWO

    return Condition(f"65 to 127 {name}", holds, _reaching(limit, _BLOCK + 1, _TWO), long=True)


_LONG_PRODUCT = (
    _beyond_a_block("outputs", "width", "W", 0),
    _beyond_a_block("inputs", "width", "W", 1),
    _beyond_a_block("samples", "batch", "Y", 1),
)
_LONG_Z = (_beyond_a_block("rows", "width", "Z", 0), _beyond_a_block("samples", "batch", "Z", 1))
_LONG_S = (_beyond_a_block("classes", "width", "S", 0), _beyond_a_block("samples", "batch", "S", 1))
_LONG_BATCH = _beyond_a_block("samples", "batch", "X", 1)

# --- values -----------------------------------------------------------------------------------------------------------


def _tied(case: Case) -> bool:
    """Is the maximum of a column of Z attained twice?"""
    Z = case["Z"].astype(np.float64)
    return bool(Z.size and ((Z.max(axis=0) == Z).sum(axis=0) > 1).any())


def _stopped(case: Case) -> bool:
    """Is a row of a hidden layer's W zero, with its b? Then Z is 0 there, however it is computed."""
    hidden = zip(case["weights"][:-1], case["biases"][:-1], strict=True)
    return case["X"].size > 0 and any(((W == 0).all(axis=1) & (b == 0)).any() for W, b in hidden)


def _unnormalised(case: Case) -> bool:
    """Is ΣP certainly not 1 for some sample?"""
    P = case["P"].astype(np.float64)
    return bool((np.abs(P.sum(axis=0) - 1) > _CERTAIN).any())


_CERTAIN = 2.0**-4
"""More than the rounding of labels in the shortest format leaves."""

ZERO = Condition("an entry of Z that is exactly 0", lambda case: bool((case["Z"] == 0).any()))
TIE = Condition("a tie for the largest logit", _tied, _SEVERAL_WIDE)
HIDDEN_ZERO = Condition("a hidden Z that is exactly 0", _stopped, _SEVERAL_DEEP)
MASS = Condition(
    "labels whose sum is not 1",
    _unnormalised,
    lambda declared: declared.labels == "distribution" and declared.unnormalised_labels in {"derivative", "fused"},
)
ABSENT = Condition(
    "a class of probability 0 and label 0",
    lambda case: bool(((case["S"] == 0) & (case["P"] == 0)).any()),
    _SEVERAL_WIDE,
)

_LINEAR = (SQUARE, OBLONG, SAMPLES, *_LONG_PRODUCT)
_NETWORK = (DEEP, SQUARE, OBLONG, SAMPLES, HIDDEN_ZERO, MASS, _LONG_BATCH)
DECISIVE: dict[str, tuple[Condition, ...]] = {
    "chain.rule": _LINEAR,
    "linear.forward": _LINEAR,
    "linear.dY": _LINEAR,
    "linear.dW": _LINEAR,
    "linear.db": _LINEAR,
    "relu.forward": (ZERO, *_LONG_Z),
    "relu.dZ": (ZERO, *_LONG_Z),
    "softmax.forward": (TIE, *_LONG_Z),
    "softmax.dZ": (TIE, *_LONG_Z),
    "cross_entropy.forward": (ABSENT, MASS, *_LONG_S),
    "cross_entropy.dS": (ABSENT, MASS, *_LONG_S),
    "softmax_cross_entropy.forward": (TIE, MASS, *_LONG_Z),
    "softmax_cross_entropy.dZ": (TIE, MASS, *_LONG_Z),
    "network.forward": _NETWORK,
    "network.dX": _NETWORK,
    "network.dW": _NETWORK,
    "network.db": _NETWORK,
}
"""For each claim about an implementation, where it is decided."""


def of_claim(claim: str, conventions: Conventions, examples: int) -> tuple[Condition, ...]:
    """What must be judged of a claim under these conventions, where so many examples are tried."""
    asked = (each for each in DECISIVE.get(claim, ()) if examples >= BY_DEFAULT or not each.long)
    return tuple(each for each in asked if each.admitted(conventions))

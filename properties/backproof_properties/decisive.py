"""Where a claim is decided: the inputs at which right and wrong differ most often. Each must have been judged.

A claim that holds on every input but these has not been checked: a mask is decided at the kink, a product at
shapes that tell it from its transpose, a maximum where it is attained twice. The table names them; the runner sees that
each was judged at least once where the declared conventions admit it, and says which was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_properties.arrays import Array, Case


@dataclass(frozen=True)
class Condition:
    """A kind of input: its name, whether an example is of it, and whether the conventions admit it at all."""

    name: str
    holds: Callable[[Case], bool]
    admitted: Callable[[Conventions], bool] = lambda _: True


# --- shapes -----------------------------------------------------------------------------------------------------------


def _layered(case: Case) -> list[Array]:
    """The weights of the example, layer by layer."""
    found: list[Array] = case["weights"] if "weights" in case else [case["W"]]
    return found


def _reaching(name: str, size: int) -> Callable[[Conventions], bool]:
    """Do the limits of this name admit ``size``, or more?"""

    def admitted(declared: Conventions) -> bool:
        _, most = declared.limits.sizes(name)
        return most is None or most >= size

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

_LINEAR = (SQUARE, OBLONG, SAMPLES)
_NETWORK = (DEEP, *_LINEAR, HIDDEN_ZERO, MASS)
DECISIVE: dict[str, tuple[Condition, ...]] = {
    "chain.rule": _LINEAR,
    "linear.forward": _LINEAR,
    "linear.dY": _LINEAR,
    "linear.dW": _LINEAR,
    "linear.db": _LINEAR,
    "relu.forward": (ZERO,),
    "relu.dZ": (ZERO,),
    "softmax.forward": (TIE,),
    "softmax.dZ": (TIE,),
    "cross_entropy.forward": (ABSENT, MASS),
    "cross_entropy.dS": (ABSENT, MASS),
    "softmax_cross_entropy.forward": (TIE, MASS),
    "softmax_cross_entropy.dZ": (TIE, MASS),
    "network.forward": _NETWORK,
    "network.dX": _NETWORK,
    "network.dW": _NETWORK,
    "network.db": _NETWORK,
}
"""For each claim about an implementation, where it is decided."""


def of_claim(claim: str, conventions: Conventions) -> tuple[Condition, ...]:
    """What must be judged of a claim under these conventions."""
    return tuple(each for each in DECISIVE.get(claim, ()) if each.admitted(conventions))

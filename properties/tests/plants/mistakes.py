"""Mistakes that must be refused: for each the edit of the reference, and the claims that must refuse it."""

from __future__ import annotations

from plants import (
    Plant,
    arguments,
    cross_entropy,
    linear,
    network,
    relu,
    softmax,
    softmax_cross_entropy,
    usage,
)

_MODULES = (linear, relu, softmax, cross_entropy, softmax_cross_entropy, network, arguments, usage)

MISTAKES: tuple[Plant, ...] = tuple(plant for module in _MODULES for plant in module.MISTAKES)

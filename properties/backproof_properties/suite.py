"""The suite: every property, in one visible table. Nothing is registered by importing."""

from __future__ import annotations

from backproof_properties import chain, cross_entropy, kron, linear, network, relu, softmax, softmax_cross_entropy
from backproof_properties.property import Property
from backproof_spec.claims import CLAIM_IDS

_MODULES = (kron, chain, linear, relu, softmax, cross_entropy, softmax_cross_entropy, network)

PROPERTIES: tuple[Property, ...] = tuple(
    sorted((each for module in _MODULES for each in module.PROPERTIES), key=lambda each: CLAIM_IDS.index(each.claim))
)
"""In the order of the claims, and within a claim in the order of the chain of trust."""


def properties_of(claims: tuple[str, ...]) -> tuple[Property, ...]:
    """The properties of these claims."""
    return tuple(each for each in PROPERTIES if each.claim in claims)

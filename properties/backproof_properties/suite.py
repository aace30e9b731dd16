"""The suite: every property, in one visible table. Nothing is registered by importing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from backproof_impl.conventions import UsageError
from backproof_properties import chain, checks, kron, network, proof
from backproof_properties.property import Property
from backproof_properties.results import Link
from backproof_spec.claims import CLAIM_IDS, NOTES
from backproof_spec.library import built_in, operation

_DEFINED = (operation(name) for name in NOTES if name in built_in())

PROPERTIES: tuple[Property, ...] = tuple(
    sorted(
        (
            *(each for module in (kron, chain, network, proof) for each in module.PROPERTIES),
            *(each for defined in _DEFINED for each in checks.properties(defined)),
        ),
        key=lambda each: (CLAIM_IDS.index(each.claim), list(Link).index(each.link)),
    )
)
"""In the order of the claims, and within a claim in the order of the chain of trust."""


def properties_of(claims: tuple[str, ...]) -> tuple[Property, ...]:
    """The properties of these claims."""
    return tuple(each for each in PROPERTIES if each.claim in claims)


def claims_required(names: Iterable[str], claims: tuple[str, ...], further: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The claims that these names, or ``all``, require among those that are run; ``UsageError`` for one that is not.

    ``further``: those of operations beside the suite's.
    """
    about = {each.claim for each in properties_of(claims) if each.link is Link.IMPLEMENTATION} | {*further}
    chosen: set[str] = set()
    for name in names:
        named = about if name == "all" else set(claims_named([name], further))
        outside = sorted(named - set(claims))
        if outside:
            msg = f"required claim {outside[0]} is not run: expected some of {', '.join(claims)}, or all"
            raise UsageError(msg)
        chosen.update(named & about)
    return tuple(claim for claim in claims if claim in chosen)


def claims_named(
    names: Iterable[str] | None, further: tuple[str, ...] = (), others: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The claims that operations or claim ids stand for; ``UsageError`` names the close ones for an unknown name.

    ``others``: operations that could be meant, too.
    """
    claims = (*CLAIM_IDS, *further)
    if names is None:
        return claims
    chosen: set[str] = set()
    operations = dict.fromkeys([*NOTES, *(each.partition(".")[0] for each in further)])
    for name in names:
        found = [claim for claim in claims if name in (claim, claim.partition(".")[0])]
        if not found:
            spelt = {known.lower(): known for known in (*claims, *operations, *others)}
            close = [spelt[word] for word in difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.5)]
            hint = f"did you mean {' or '.join(close)}?" if close else f"expected one of {', '.join(operations)}"
            msg = f"claim {name!r} is not known: {hint} (backproof list claims shows all)"
            raise UsageError(msg)
        chosen.update(found)
    return tuple(claim for claim in claims if claim in chosen)

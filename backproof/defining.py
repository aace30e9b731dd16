"""Operations of one's own: read from a file or a text, and chosen beside those of the suite.

>>> import backproof
>>> square = backproof.operation('''
... operation square(X[i]) -> Y
... Y[i] = X[i]^2
... gradient by X[i] = 2*X[i]*dY[i]
... ''')
>>> [argument.name for argument in square.differentiated]
['X']
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backproof_impl.conventions import UsageError
from backproof_impl.target import FUNCTIONS, Signature
from backproof_properties.checks import signatures
from backproof_properties.suite import claims_named
from backproof_spec import claims, library
from backproof_spec.claims import CLAIM_IDS, NOTES, Claim
from backproof_spec.operation import Operation


def operation(source: str | Path) -> Operation:
    """The operation in a text, in a file, or among the built-in ones. Raises ``UsageError``: where, and what to do."""
    try:
        return library.operation(source)
    except library.Unreadable as error:
        raise UsageError(str(error)) from None


ALL = "all"
"""Stands for every operation that is built in, those of the suite among them."""


def built_in() -> tuple[str, ...]:
    """The built-in operations beside those of the suite."""
    return tuple(name for name in library.built_in() if name not in NOTES)


def named(name: str) -> str | Operation:
    """The operation of this name or file; those of the suite stay names. Raises ``UsageError``."""
    return name if name in NOTES or name == ALL else operation(name)


def _read(each: Any) -> Operation:
    return each if isinstance(each, Operation) else operation(each)


@dataclass(frozen=True)
class Choice:
    """Operations beside the suite's, what is claimed of them, and which claims are to be judged.

    ``given``: what was asked for by a file or a name, so that it can be asked for again. ``all``: every claim is.
    """

    operations: tuple[Operation, ...]
    claims: tuple[str, ...]
    given: tuple[str, ...] = ()
    all: bool = False

    @property
    def own(self) -> tuple[Claim, ...]:
        """What is claimed of them."""
        return tuple(claim for each in self.operations for claim in claims.claims_of(each))

    @property
    def signatures(self) -> dict[str, Signature]:
        """What a target may offer of them."""
        return {name: row for each in self.operations for name, row in signatures(each).items()}


def chosen(asked: Iterable[Any] | None, of_target: Iterable[Any]) -> Choice:
    """What is asked for: operations, and claims by their names; ``of_target``: operations that the target names.

    Of an operation that is asked for all claims are judged, unless some are named. ``all`` stands for those that are
    built in, and one of their claims brings its operation. Raises ``UsageError``.
    """
    items = list(asked or ())
    everything = ALL in items
    items = [*built_in(), *(each for each in items if each != ALL)] if everything else items
    given = [each for each in items if _is_operation(each)]
    names = [each for each in items if not _is_operation(each)]
    first, operations = _different(given), _different([*given, *of_target])
    further = [each for each in _of_claims(names) if each not in {of.name for of in operations}]
    operations = _different([*operations, *further])
    ids = {each.name: tuple(claim.id for claim in claims.claims_of(each)) for each in operations}
    own = tuple(claim for group in ids.values() for claim in group)
    wanted = set(claims_named(names, own, built_in())) if names else set()
    if everything or not items:
        return Choice(operations, (*CLAIM_IDS, *own), all=True)
    wanted |= {claim for each in first for claim in ids[each.name] if wanted.isdisjoint(ids[each.name])}
    return Choice(
        operations,
        tuple(claim for claim in (*CLAIM_IDS, *own) if claim in wanted),
        tuple(str(each) for each in given if not isinstance(each, Operation) and "\n" not in str(each)),
    )


def _is_operation(each: Any) -> bool:
    """Is it one, its text, its file or its name; and not the name of a claim?"""
    if isinstance(each, Operation | Path):
        return True
    return isinstance(each, str) and ("\n" in each or each.endswith(".op") or each in built_in())


def _of_claims(names: Iterable[Any]) -> tuple[str, ...]:
    """The built-in operations of which these are claims."""
    stems = dict.fromkeys(each.partition(".")[0] for each in names if isinstance(each, str))
    return tuple(each for each in stems if each in built_in())


def _different(given: Iterable[Any]) -> tuple[Operation, ...]:
    """Each once. Raises ``UsageError`` where two have one name, or a function of one that the suite has."""
    found: dict[str, Operation] = {}
    functions: dict[str, str] = dict.fromkeys(FUNCTIONS, "the suite")
    for each in given:
        new = _read(each)
        if found.get(new.name) == new:
            continue
        taken = next((functions[name] for name in signatures(new) if name in functions), None)
        if taken or new.name in NOTES:
            msg = f"operation {new.name}: {taken or 'the suite'} has that name already: give it another one"
            raise UsageError(msg)
        functions |= dict.fromkeys(signatures(new), f"another operation ({new.name})")
        found[new.name] = new
    return tuple(found.values())

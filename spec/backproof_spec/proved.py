"""Every theorem: those derived by hand, and what is claimed of each operation in a file, by the stem of the claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from backproof_spec import library
from backproof_spec.calculus import theorems
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.claims import NOTES
from backproof_spec.language import deriving, ways
from backproof_spec.language.reverse import derived
from backproof_spec.operation import Operation

Theorems = Mapping[str, Callable[[], Derivation]]
"""What derives a theorem, by its stem."""


@cache
def operations() -> Mapping[str, Operation]:
    """The built-in operations whose theorems are made of their definitions, gradients that none claims among them.

    Those of the notes are proved by hand.
    """
    return {name: derived(library.operation(name)) for name in library.built_in() if name not in NOTES}


def of_operations() -> Theorems:
    """The gradients of each, and the other ways to compute its names."""
    return {stem: derive for operation in operations().values() for stem, derive in of(operation).items()}


def of(operation: Operation) -> Theorems:
    """Those of one."""
    gradients = {
        f"{operation.name}.d{each.name}": partial(deriving.prove, operation, each) for each in operation.gradients
    }
    return {
        **gradients,
        **{ways.stem(operation, each): partial(ways.prove, operation, each) for each in operation.ways},
    }


def every() -> Theorems:
    """Those by hand first."""
    return {**theorems.THEOREMS, **of_operations()}


def named(name: str) -> Theorems:
    """The theorems of a name: a stem, an operation or a claim. Raises ``KeyError``: what is close."""
    operation = name.partition(".")[0]
    theirs = of(derived(library.operation(operation))) if operation in {*library.built_in()} - {*NOTES} else {}
    found = {stem: derive for stem, derive in theirs.items() if name in {stem, operation}}
    try:
        return {**theorems.named(name, library.built_in()), **found}
    except KeyError:
        if not found:
            raise
        return found

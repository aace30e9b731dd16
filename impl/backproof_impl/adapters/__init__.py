"""One short file for each library: the library's own functions under the names a target offers.

A module here has a ``TARGET``, and ``VARIANTS`` where the library spells an operation in several ways.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Adapter:
    """A built-in target: ``module[:object]``, the package it imports, the extra that installs it."""

    source: str
    package: str
    extra: str


ADAPTERS: dict[str, Adapter] = {
    "reference": Adapter("backproof_impl.reference", "numpy", ""),
    "pytorch": Adapter("backproof_impl.adapters.pytorch:TARGET", "torch", "pytorch"),
}
"""Built-in targets, one row each; ``backproof list adapters`` prints this table."""

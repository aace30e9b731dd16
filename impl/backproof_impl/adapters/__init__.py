"""One short file for each library: the library's own functions under the names a target offers.

A module here has a ``TARGET``, and ``VARIANTS`` where the library spells an operation in several ways: each a target of
the functions that this changes, under its own conventions, loaded as ``name:variant``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Adapter:
    """A built-in target: ``module[:object]``, the package it imports, the extra that installs it, its variants."""

    source: str
    package: str
    extra: str
    variants: tuple[str, ...] = ()


def _row(library: str, package: str, *variants: str, extra: str = "") -> Adapter:
    return Adapter(f"{__name__}.{library}:TARGET", package, extra or library, variants)


ADAPTERS: dict[str, Adapter] = {
    "reference": Adapter("backproof_impl.reference", "numpy", ""),
    "pytorch": _row("pytorch", "torch", "maximum", "clamp", "where", "index", "unfused"),
    "jax": _row("jax", "jax", "maximum", "where", "leaky_relu"),
    "tensorflow": _row("tensorflow", "tensorflow", "maximum", "where", "sparse", "keras"),
    "tinygrad": _row("tinygrad", "tinygrad", "maximum", "clamp"),
    "autograd": _row("autograd", "autograd", "where", "clip"),
    "mygrad": _row("mygrad", "mygrad", "softmax", "nll", "maximum"),
    "sklearn": _row("sklearn", "sklearn", extra="scikit-learn"),
}
"""Built-in targets, one row each; ``backproof list adapters`` prints this table."""


def defined(name: str) -> tuple[str, ...]:
    """The operations in files of which an adapter offers the library's own function, read without importing it."""
    path = Path(__file__).resolve().parents[1] / "libraries" / f"{ADAPTERS[name].package}_functions.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    tables = (each.value for each in body if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "DEFINED")
    keys = (key for table in tables if isinstance(table, ast.Dict) for key in table.keys if key is not None)
    return tuple(map(ast.literal_eval, keys))

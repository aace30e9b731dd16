"""One short file for each library: the library's own functions under the names a target offers.

A module here has a ``TARGET``, and ``VARIANTS`` where the library spells an operation in several ways: each a target of
the functions that this changes, under its own conventions, loaded as ``name:variant``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
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


def defined(name: str) -> dict[str, str]:
    """The operations in files of which an adapter offers the library's own function, as written there: not imported."""
    path = Path(__file__).resolve().parents[1] / "libraries" / f"{ADAPTERS[name].package}_functions.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return _entries(
        each.value for each in body if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "DEFINED"
    )


def offered(name: str) -> dict[str, str]:
    """The same, and those of the notes, which stand in the adapter's own module in a table with a row for ReLU."""
    path = Path(__file__).with_name(f"{name}.py")
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else ()
    tables = (_entries([each]) for each in tree if isinstance(each, ast.Dict))
    return next((each for each in tables if "relu" in each), {}) | defined(name)


def _entries(tables: Iterable[ast.expr | None]) -> dict[str, str]:
    """What stands in tables under strings; what a helper of the module wraps, without it."""
    pairs = (pair for each in tables if isinstance(each, ast.Dict) for pair in zip(each.keys, each.values, strict=True))
    return {ast.literal_eval(key): ast.unparse(_inside(value)) for key, value in pairs if isinstance(key, ast.Constant)}


def _inside(value: ast.expr) -> ast.expr:
    helped = isinstance(value, ast.Call) and value.args and ast.unparse(value.func).startswith("_")
    return value.args[0] if isinstance(value, ast.Call) and helped else value

"""Which operations a target says that it has: ``OPERATIONS = ["rms_norm.op"]`` in its file, read without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from backproof_impl.adapters import ADAPTERS
from backproof_impl.conventions import UsageError

NAME = "OPERATIONS"


def operations_named(source: Any) -> list[Any]:
    """What is listed, files by their paths from where we are. Raises ``UsageError`` where that is no list of names."""
    if not isinstance(source, str | Path):
        listed = source.get(NAME) if isinstance(source, Mapping) else getattr(source, NAME, None)
        return _checked(str(getattr(source, "__name__", type(source).__name__)), listed, _folder(source))
    path = _file(str(source))
    if path is None:
        return []
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):  # loading it says so
        return []
    found = next(filter(None, map(_assigned, tree.body)), None)
    if found is None:
        return []
    try:
        listed = ast.literal_eval(found)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        listed = ast.unparse(found)
    return _checked(str(source), listed, path.parent)


def _assigned(each: ast.stmt) -> ast.expr | None:
    """What a statement gives the name, if it does."""
    targets = each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AnnAssign) else []
    named = any(isinstance(name, ast.Name) and name.id == NAME for name in targets)
    return each.value if named and isinstance(each, ast.Assign | ast.AnnAssign) else None


def _checked(who: str, listed: Any, folder: Path) -> list[Any]:
    if listed is None:
        return []
    if not isinstance(listed, list | tuple):
        msg = f'target {who}: {NAME} is {listed}, expected a list of names or files, such as ["rms_norm.op"]'
        raise UsageError(msg)
    return [str(folder / each) if isinstance(each, str) and each.endswith(".op") else each for each in listed]


def _folder(source: Any) -> Path:
    """Where files are looked for that an object names."""
    return Path(getattr(source, "__file__", None) or "./_").parent


def _file(source: str) -> Path | None:
    """The file that a target's name stands for, if it is one of Python's."""
    name = source.partition(":")[0]
    if name.endswith(".py"):
        return Path(name)
    parts = name.split(".")
    if name in ADAPTERS or not all(map(str.isidentifier, parts)):
        return None
    spec: ModuleSpec | None = None
    path: list[str] | None = [*sys.path, str(Path.cwd())]
    for number in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: number + 1]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None

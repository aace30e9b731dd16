"""``[tool.backproof]`` of the nearest ``pyproject.toml``: what the command line takes where it says nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backproof_impl.conventions import UsageError

_NAME = "pyproject.toml"
_LIST = (list, "a list of strings")
_KINDS: Mapping[str, tuple[type, str]] = {
    "target": (str, "a string"),
    "operations": _LIST,
    "dtypes": _LIST,
    "examples": (int, "a whole number"),
    "conventions": (dict, "a table, such as {relu_at_zero = 0}"),
    "known": (str, "a string"),
}
"""The keys there are, and what each holds."""


@dataclass(frozen=True)
class Settings:
    """What is set, as the options of the command line take it; files are found from the folder of the settings."""

    commands: ClassVar = ("verify", "validate", "grade")
    """Those that take any of it."""
    target: str | None = None
    operation: tuple[str, ...] = ()
    claim: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    known: Path | None = None
    dtype: tuple[str, ...] = ()
    examples: int | None = None

    def defaults(self) -> dict[str, dict[str, Any]]:
        """The defaults of each command. What is set of the target is that of no other: see ``validate``."""
        shared = {"dtype": list(self.dtype), "examples": self.examples}
        graded = {
            **shared,
            "operation": list(self.operation),
            "claim": list(self.claim),
            "declared": list(self.declared),
        }
        of = dict(zip(self.commands, (shared, shared, graded), strict=True))
        return {name: {key: value for key, value in given.items() if value} for name, given in of.items()}


def settings(folder: Path) -> Settings:
    """Those of a folder, or of one that it is in. Raises ``UsageError``: the file, the key, what is expected."""
    path = next((each / _NAME for each in (folder, *folder.parents) if (each / _NAME).is_file()), None)
    table = {} if path is None else _table(path)
    for key, value in table.items():
        if key not in _KINDS:
            msg = f"{path}: [tool.backproof] has no {key}, expected some of {', '.join(_KINDS)}"
            raise UsageError(msg)
        kind, words = _KINDS[key]
        if type(value) is not kind or (isinstance(value, list) and not all(isinstance(each, str) for each in value)):
            msg = f"{path}: [tool.backproof] {key} is {value!r}, expected {words}"
            raise UsageError(msg)
    if path is not None and table.get("examples", 1) < 1:
        msg = f"{path}: [tool.backproof] examples is {table['examples']}, expected a whole number of at least 1"
        raise UsageError(msg)
    return Settings() if path is None else _read(table, path.parent)


def _table(path: Path) -> dict[str, Any]:
    """Ours; that of other tools is theirs to read."""
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}, expected a file in TOML"
        raise UsageError(msg) from None
    found = tool.get("backproof", {}) if isinstance(tool, dict) else {}
    if not isinstance(found, dict):
        msg = f"{path}: tool.backproof is {found!r}, expected a table: [tool.backproof]"
        raise UsageError(msg)
    return found


def _read(table: Mapping[str, Any], folder: Path) -> Settings:
    names, target = table.get("operations", []), table.get("target")
    here = folder == Path.cwd()

    def found(name: str) -> str:
        return name if here else str(folder / name)

    return Settings(
        target=found(target) if target and target.partition(":")[0].endswith(".py") else target,
        operation=tuple(found(each) for each in names if each.endswith(".op")),
        claim=tuple(each for each in names if not each.endswith(".op")),
        declared=tuple(_declarations(table.get("conventions", {}))),
        known=Path(found(table["known"])) if "known" in table else None,
        dtype=tuple(table.get("dtypes", [])),
        examples=table.get("examples"),
    )


def _declarations(conventions: Mapping[str, Any]) -> Iterator[str]:
    """As ``--declare`` takes them; ``scale`` and ``limits`` are tables of their own."""
    for name, value in conventions.items():
        if isinstance(value, dict):
            yield from (f"{name}={key}={_written(each)}" for key, each in value.items())
        else:
            yield f"{name}={_written(value)}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)

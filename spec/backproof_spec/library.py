"""The operations that there are: the built-in ones, one file each in ``operations``, and a user's own, read likewise.

An operation that another one uses is looked for beside it, then among the built-in ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from backproof_spec.language.parsing import Malformed
from backproof_spec.language.reading import read
from backproof_spec.language.vocabulary import meant
from backproof_spec.operation import Operation

ROOT = Path(__file__).parent / "operations"


class Unreadable(ValueError):
    """There is no such operation, or its file cannot be read: which, where, and what to do."""


@cache
def built_in() -> dict[str, Path]:
    """The files of the built-in operations, by name."""
    return {path.stem: path for path in sorted(ROOT.rglob("*.op"))}


def operation(source: str | Path) -> Operation:
    """A built-in operation by its name, one in a file by its path, or one by its text. Raises ``Unreadable``."""
    if isinstance(source, str) and "\n" in source:
        return _read(source, "the operation", Path(), ())
    name = str(source)
    if name in built_in():
        return _built_in(name)
    if not name.endswith(".op"):
        msg = f"there is no operation {name}{meant(name, built_in())} (one of your own is named by its file, {name}.op)"
        raise Unreadable(msg)
    return _of_file(Path(source), ())


@cache
def _built_in(name: str) -> Operation:
    """Read once."""
    return _of_file(built_in()[name], ())


def _of_file(path: Path, using: tuple[Path, ...]) -> Operation:
    """The operation of a file; ``using``: the files in which it is used, the first one first."""
    here = path.resolve()
    if here in using:
        chain = " uses ".join(each.stem for each in (*using[using.index(here) :], here))
        msg = f"{path}: an operation cannot use itself: {chain}"
        raise Unreadable(msg)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        hint = "; expected a file, or the name of a built-in one (backproof list operations)"
        msg = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}{hint}"
        raise Unreadable(msg) from None
    return _read(text, str(path), path.parent, (*using, here))


def _read(text: str, name: str, folder: Path, using: tuple[Path, ...]) -> Operation:
    try:
        return read(text, _finder(folder, using))
    except Malformed as error:
        msg = f"{name}: {error}"
        raise Unreadable(msg) from None


def _finder(folder: Path, using: tuple[Path, ...]) -> Callable[[str], Operation | None]:
    def find(name: str) -> Operation | None:
        beside = folder / f"{name}.op"
        path = beside if beside.is_file() else built_in().get(name)
        return _of_file(path, using) if path is not None else None

    return find

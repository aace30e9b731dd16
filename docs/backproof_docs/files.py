"""Writing files: whole or not at all. Regular files are replaced; devices, pipes and links are written through.

What cannot be written is a ``UsageError`` of one line: what, where, why, what to do.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from backproof_impl.conventions import UsageError

_ADVICE = {
    errno.ENOSPC: "make room there, or write elsewhere",
    errno.EDQUOT: "make room there, or write elsewhere",
    errno.EPIPE: "what read it has gone",
    errno.EISDIR: "expected the name of a file",
    errno.ENOENT: "its folder has gone; make it again, or write elsewhere",
}


def write(what: str, path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``: a regular file is replaced by a whole one, anything else written to as it is."""
    data = content if isinstance(content, bytes) else content.encode()
    with _in_a_line(what, path):
        through = _through(path)
        if through is not None:
            with through:
                through.write(data)
            return
        place = path.resolve()  # a link stays, and leads to the new file
        temporary = _fresh(place.parent)
        try:
            with temporary.open("wb") as file:
                file.write(data)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def require_writable(what: str, path: Path) -> None:
    """Refuse, before any work, what could not be written after it. A missing folder is made."""
    with _in_a_line(what, path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        found = _status(path)
        if found is None or stat.S_ISREG(found.st_mode):
            require_folder(what, path.resolve().parent)
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def require_folder(what: str, folder: Path) -> None:
    """Make the folder if it is missing; refuse one in which no file can be made."""
    with _in_a_line(what, folder):
        folder.mkdir(parents=True, exist_ok=True)
        _fresh(folder).unlink()


def _fresh(folder: Path) -> Path:
    """A new empty file in ``folder``."""
    path = folder / f".backproof-{secrets.token_hex(8)}"
    path.touch(exist_ok=False)
    return path


def _status(path: Path) -> os.stat_result | None:
    """What the path leads to, if it leads anywhere."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _through(path: Path) -> BinaryIO | None:
    """What is written to as it is: a device, a pipe, our own output; None where a regular file is to be replaced."""
    found = _status(path)
    if found is None:
        return None
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed, or no file at all
            if os.path.samestat(found, os.fstat(stream.fileno())):
                stream.flush()
                return os.fdopen(os.dup(stream.fileno()), "wb")
    return None if stat.S_ISREG(found.st_mode) else os.fdopen(os.open(path, os.O_WRONLY), "wb")


@contextmanager
def _in_a_line(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason, number = error.strerror or str(error), error.errno or 0
    except ValueError as error:  # a name with a NUL in it
        reason, number = str(error), 0
    else:
        return
    advice = _ADVICE.get(number, "expected a place that can be written to")
    msg = f"{what} {path}: {reason}: {advice}"
    raise UsageError(msg)

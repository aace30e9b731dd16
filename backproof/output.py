"""Standard output is written to its end, or one line says why it could not be."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from backproof.interrupts import heard

REFUSED, INTERRUPTED = 2, 130
_OF_OUTPUT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EPIPE}


def leave(command: Callable[[], Any]) -> NoReturn:
    """Run the command, and exit with the status that it returns or exits with."""
    if sys.stdout is None:
        refuse("standard output is closed: expected it open, or sent to a file (> report.txt)")
    try:
        Path.cwd()
    except OSError:
        refuse("the current folder has gone: expected to be run in one that exists (cd)")
    try:
        status = _status(command)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain("interrupted")
        status = INTERRUPTED
    except OSError as error:
        _discard_output()
        where = error.filename or ("standard output" if error.errno in _OF_OUTPUT else "the system")
        complain(f"{where}: {error.strerror or error}: {_ADVICE.get(error.errno or 0, 'nothing more was done')}")
        status = REFUSED
    sys.exit(status)  # in no handler: whoever sees it is not to take it for the error itself


_ADVICE = {
    errno.ENOSPC: "make room there, or send it elsewhere",
    errno.EDQUOT: "make room there, or send it elsewhere",
    errno.EPIPE: "what read it has gone, and the rest was not said (--json FILE keeps a report)",
}


def _status(command: Callable[[], Any]) -> Any:
    try:
        with heard():
            return command() or 0
    except SystemExit as leaving:
        if isinstance(leaving.__context__, OSError):  # what we print with exits where a pipe is closed
            raise leaving.__context__ from None
        return leaving.code


def _discard_output() -> None:
    """What is still to be written is not tried again when the process ends."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def complain(message: str) -> None:
    """One line on standard error, whatever the names in it are made of."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    with suppress(AttributeError, OSError, ValueError):  # closed as well
        sys.stderr.write(f"backproof: {line}\n")


def refuse(message: str) -> NoReturn:
    """One line on standard error, and status 2."""
    complain(message)
    sys.exit(REFUSED)

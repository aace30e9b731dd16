"""Long lines in lines that fit a page or a terminal: prose and formulas, and commands."""

from __future__ import annotations

import textwrap


def folded(text: str, width: int, indent: int = 0, *, together: str = "", whole: bool = False) -> list[str]:
    """Lines of at most ``width``, broken at spaces, and set in from the second on; at least one.

    ``together``: of ``a = b`` none is broken at that sign. ``whole``: words that are too long are not broken either.
    """
    kept = text.replace(f" {together} ", f"\0{together}\0") if together else text
    wrapper = textwrap.TextWrapper(
        width, subsequent_indent=" " * indent, break_long_words=not whole, break_on_hyphens=False
    )
    lines = wrapper.wrap(kept)
    return [line.replace("\0", " ") for line in lines] or [""]


def continued(pieces: list[str], width: int) -> list[str]:
    """Pieces of a command in lines of at most ``width`` where they can be, each but the last ending in a backslash."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + len("  \\") <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]

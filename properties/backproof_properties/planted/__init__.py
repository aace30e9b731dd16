"""The suite tests itself: copies of the reference implementation with exactly one thing changed.

``mistakes``  each must be refused, at the claims named
``unusual``   each is correct though unlike the reference, and must be accepted under its own declaration

A plant is a list of edits of the source of ``reference.py``; each old text must stand there exactly once, so a plant
cannot go stale in silence. The result is a file like any user's: it imports NumPy, and ``backproof`` to declare.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backproof_impl import reference

Edit = tuple[str, str]


@dataclass(frozen=True)
class Plant:
    """A changed copy of the reference: its name, what was done, the edits, the claims that must refuse it, and why.

    ``cause`` is what the diagnosis must name at the first of those claims; empty where no diagnosis is meant for it.
    """

    name: str
    what: str
    edits: tuple[Edit, ...]
    refused: tuple[str, ...] = ()
    cause: str = ""

    def source(self) -> str:
        """The text of the changed copy. Raises ``ValueError`` where an edit no longer fits the reference."""
        text = Path(reference.__file__).read_text(encoding="utf-8")
        for old, new in self.edits:
            if text.count(old) != 1:
                msg = f"planted {self.name}: {old!r} stands {text.count(old)} times in reference.py, expected once"
                raise ValueError(msg)
            text = text.replace(old, new)
        return text

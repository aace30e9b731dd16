"""Run every ``console`` block of the README and the guide, and write what it prints into the block.

    python docs/refresh.py            rewrite the blocks
    pytest docs/tests/test_guide.py   check that they still say what the commands print

A block is a line ``$ command`` and its output. A command that reads ``my_layers.py`` gets the last ``python`` block.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md")))
_FENCE = re.compile(r"^```(console|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A command of a page, the output shown, and the file the reader has just been told to write."""

    page: Path
    command: str
    shown: str
    my_layers: str

    @property
    def needs_pytorch(self) -> bool:
        """Does its output depend on PyTorch being installed?"""
        return "pytorch" in self.command or "digits" in self.command or needs_pytorch(self.my_layers)


def needs_pytorch(text: str) -> bool:
    """Does a python block?"""
    return "import torch" in text


def blocks(page: Path) -> Iterator[Block]:
    """The console blocks of a page, in order."""
    my_layers = ""
    for kind, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            my_layers = text
        else:
            command, _, shown = text.removeprefix("$ ").partition("\n")
            yield Block(page, command, shown, my_layers)


def python_blocks(page: Path) -> list[str]:
    """The python blocks of a page, in order."""
    return [text for kind, text in _FENCE.findall(page.read_text(encoding="utf-8")) if kind == "python"]


def run(block: Block, *further: str) -> str:
    """What the command, with ``further`` arguments, prints at 80 columns, without trailing blanks."""
    program, *arguments = [*shlex.split(block.command), *further]
    words = [sys.executable, *(["-m", "backproof"] if program == "backproof" else []), *arguments]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "my_layers.py").write_text(block.my_layers, encoding="utf-8")
        where = ROOT if program == "python" else folder
        done = subprocess.run(  # noqa: S603 - the project's own commands, from its own pages
            words,
            cwd=where,
            env={**os.environ, "COLUMNS": "80", "XDG_CACHE_HOME": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    return "".join(f"{line.rstrip()}\n" for line in (done.stdout + done.stderr).splitlines())


def main() -> None:
    """Rewrite every block, but for those that need PyTorch where there is none."""
    possible = importlib.util.find_spec("torch") is not None
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in (each for each in blocks(page) if possible or not each.needs_pytorch):
            before = f"```console\n$ {block.command}\n{block.shown}```"
            text = text.replace(before, f"```console\n$ {block.command}\n{run(block)}```")
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

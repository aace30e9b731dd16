"""The pictures of the README and the guide, made of what the commands show.

    python docs/pictures.py             make them again; those of HTML pages need Chromium
    pytest docs/tests/test_pictures.py  check that what they show is what the commands print today

Beside the pictures ``sources.json`` keeps a digest of what each was made of, but for its numbers, which move with the
versions of NumPy and Hypothesis.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

import backproof
from backproof.shown import Report
from backproof_docs.html import to_html
from backproof_docs.proof_formats import files
from backproof_docs.proofs import checked
from backproof_docs.terminal import print_report
from backproof_impl import reference
from backproof_spec.calculus.theorems import THEOREMS

FOLDER = Path(__file__).resolve().parent / "pictures"
README = FOLDER.parents[1] / "README.md"
SEED, SECONDS, COLUMNS = 1, 3.0, 80
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--force-device-scale-factor=1.5",
)  # fmt: skip


def example() -> str:
    """The file that the README begins with: its first python block."""
    [text, *_] = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(text)


@functools.cache
def _refuted() -> Report:
    """What is found in it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("my_layers.py").write_text(example(), encoding="utf-8")
        found = backproof.check("my_layers.py", operations="cross_entropy", seed=SEED, afresh=True)
    return replace(found, seconds=SECONDS)


def terminal() -> str:
    """The report in a terminal, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    print_report(_refuted(), console)
    svg = console.export_svg(title="backproof validate my_layers.py --claim cross_entropy", unique_id="report")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # no font is fetched from anywhere


def page() -> str:
    """The report as an HTML page."""
    return re.sub(r"FOLDERS = \[.*", "FOLDERS = []", to_html(_refuted()))  # where it was made makes no other picture


def jacobian() -> str:
    """The Jacobian at a counterexample: of the page, that figure alone."""

    def wrong(W: np.ndarray, Y: np.ndarray, b: np.ndarray, dZ: np.ndarray) -> tuple[np.ndarray, ...]:
        dW, dY, db = reference.linear_vjp(W, Y, b, dZ)
        return dW * (0.5 if W.shape == (3, 2) and Y.shape[1] == 2 and Y.all() else 1), dY, db  # noqa: PLR2004

    whole = to_html(backproof.check({"linear_vjp": wrong}, operations="linear.dW", seed=2, examples=60, afresh=True))
    head, _, rest = whole.partition("<body>")
    figure = re.search(r"<figure>\s*<h4>the Jacobian.*?</figure>", rest, re.DOTALL)
    return f'{head}<body><main class="backproof-report">{figure.group() if figure else ""}</main></body></html>'


def proof() -> str:
    """The page of a theorem."""
    derivation = THEOREMS["linear.dW"]()
    text = dict(files([derivation], checked([derivation]), ["html"]))["linear.dW.html"]
    return text if isinstance(text, str) else text.decode()


@dataclass(frozen=True)
class Picture:
    """A file, what makes its source, and the size of the window in which that is drawn."""

    file: str
    source: Callable[[], str]
    size: tuple[int, int] = (0, 0)


PICTURES = (
    Picture("report.svg", terminal),
    Picture("page.png", page, (940, 1180)),
    Picture("jacobian.png", jacobian, (380, 270)),
    Picture("proof.png", proof, (860, 1180)),
)


def digest(source: str) -> str:
    """Of the source without its numbers, and without what they make wide or long."""
    return hashlib.sha256(re.sub(r"\d[\d.]*(e[+-]?\d+)?|[+−-]|\s+|&#160;", "", source).encode()).hexdigest()


def main() -> None:
    """Make every picture again."""
    FOLDER.mkdir(exist_ok=True)
    digests = {}
    for picture in PICTURES:
        source, path = picture.source(), FOLDER / picture.file
        digests[picture.file] = digest(source)
        if path.suffix == ".svg":
            path.write_text(source, encoding="utf-8")
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "page.html").write_text(source, encoding="utf-8")
            width, height = picture.size
            subprocess.run(  # noqa: S603 - the browser, on a page of our own
                [shutil.which("chromium") or "chromium", *CHROMIUM, f"--user-data-dir={folder}", f"--screenshot={path}",
                 f"--window-size={width},{height}", Path(folder, "page.html").as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip
    text = json.dumps({"about": "made by docs/pictures.py", **digests}, indent=2)
    (FOLDER / "sources.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

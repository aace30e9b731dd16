"""The atlas as pages of a site whose root is ``docs``: drawings stand in the text, and theorems have pages already."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from backproof_docs import atlas
from backproof_docs.document import Document, to_markdown
from backproof_docs.formulas import Notation


def pages(docs: Path, names: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """The path of each page under ``docs``, and its Markdown: the index, and these operations; by default all."""
    operations = atlas.operations()
    yield "atlas/index.md", to_markdown(atlas.index(operations), operations)
    for name in names or operations:
        stems = atlas.theorems(operations[name])
        checked = {stem: _status(docs, stem) for stem in stems}
        document = atlas.page(operations[name], Notation.LATEX, checked)
        yield f"atlas/{name}.md", _drawn(document, _linked(to_markdown(document, stems), stems))


def _status(docs: Path, stem: str) -> atlas.Status:
    """What the page of a theorem says at its foot; what has failed it says at its head, too."""
    text = (docs / "proofs" / f"{stem}.md").read_text(encoding="utf-8")
    said = text.rstrip().rpartition("\n")[2]
    return said.strip("*"), text.count(said) == 1


def _linked(text: str, stems: Collection[str]) -> str:
    """The pages of theorems stand in another folder."""
    return re.sub(rf"\]\((?=({'|'.join(map(re.escape, stems))})\.md\))", "](../proofs/", text)


def _drawn(document: Document, text: str) -> str:
    """Each drawing where its file was referred to."""
    for name, svg in document.pictures.items():
        before, _, after = text.partition(f"({name}.svg)")
        width = svg.partition('width="')[2].partition('"')[0]
        text = f'{before.rpartition("![")[0]}<div class="figure" style="--natural: {width}px">{svg}</div>{after}'
    return text

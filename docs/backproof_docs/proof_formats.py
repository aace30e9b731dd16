"""The forms in which proofs are written: {format: what writes it}. A file ends in its format's name; Coq's in .v."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from backproof_docs import atlas, book
from backproof_docs.defined import Operations, operation_of
from backproof_docs.document import Document, to_markdown
from backproof_docs.formulas import Notation
from backproof_docs.proofs import Checked, status, to_json, to_text
from backproof_docs.typeset import to_handout, to_html, to_pdf
from backproof_spec import proved
from backproof_spec.calculus.coq.check import project
from backproof_spec.calculus.coq.export import Exported
from backproof_spec.calculus.derivation import Derivation

DOCUMENTS: dict[str, tuple[Notation, Callable[[Document, Sequence[str]], str | bytes]]] = {
    "md": (Notation.LATEX, to_markdown),
    "html": (Notation.TYPST, to_html),
    "pdf": (Notation.TYPST, to_pdf),
}
FORMATS = ("text", *DOCUMENTS, "handout", "json", "coq")
_BESIDE = "md"
"""The drawings are files of their own beside these pages; in the others they are part of the page."""


def files(
    derivations: Sequence[Derivation],
    found: Mapping[str, Checked],
    formats: Sequence[str],
    operations: Operations | None = None,
) -> Iterator[tuple[str, str | bytes]]:
    """Each page of each theorem, in each format, and the drawings; of all theorems an index and what is refused too.

    In HTML and PDF also the atlas's page of each operation all of whose theorems are there.
    ``operations``: those that the theorems may be gradients of; the built-in ones by default.
    """
    for name in formats:
        if name == "text":
            yield from ((f"{each.stem}.txt", to_text(each, found[each.stem])) for each in derivations)
        elif name == "json":
            yield from ((f"{each.stem}.json", to_json(each)) for each in derivations)
        elif name == "coq":
            yield from project(each.exported for each in found.values() if isinstance(each.exported, Exported)).items()
        elif name == "handout":
            documents = _documents(derivations, found, Notation.TYPST, operations)
            yield "handout.pdf", to_handout(documents, "Gradients, proved", _about(found))
        else:
            yield from _pages(derivations, found, name, operations)


def _about(found: Mapping[str, Checked]) -> str:
    passed = sum(each.passed for each in found.values())
    counted = f"{passed} of {len(found)} proofs check" if len(found) > 1 else "One proof"
    return f"{counted}; what was checked stands under each. Written by Backproof."


def _pages(
    derivations: Sequence[Derivation], found: Mapping[str, Checked], name: str, operations: Operations | None
) -> Iterator[tuple[str, str | bytes]]:
    notation, write = DOCUMENTS[name]
    documents = _documents(derivations, found, notation, operations)
    linked = [each.name for each in documents]
    for document in documents:
        yield f"{document.name}.{name}", write(document, linked)
        if name == _BESIDE:
            yield from ((f"{picture}.svg", svg) for picture, svg in document.pictures.items())


def _documents(
    derivations: Sequence[Derivation], found: Mapping[str, Checked], notation: Notation, operations: Operations | None
) -> list[Document]:
    """A page of each theorem; of all theorems an index and what is refused too.

    In Typst also a page of each operation all of whose theorems are there, and of all operations an index.
    """
    known = proved.operations() if operations is None else operations
    documents = [
        book.theorem(
            each,
            found[each.stem],
            notation,
            [other.stem for other in derivations if each.stem in other.uses],
            operation_of(each.stem, known),
        )
        for each in derivations
    ]
    if proved.every().keys() <= {each.stem for each in derivations}:
        documents += [book.index(derivations, found, notation, known), book.gallery(notation)]
    if notation is Notation.TYPST:
        theirs = {each.stem: found[each.stem] for each in derivations if not each.own}
        documents += _atlas(theirs, atlas.operations() if operations is None else operations)
    return documents


def _atlas(found: Mapping[str, Checked], operations: Operations) -> list[Document]:
    """The page of each operation all of whose theorems are there; of all operations an index."""
    checked = {stem: (status(each), each.passed) for stem, each in found.items()}
    some = {stem.partition(".")[0] for stem in found}
    whole = [each for name, each in operations.items() if name in some and found.keys() >= {*atlas.theorems(each)}]
    pages = [atlas.page(each, Notation.TYPST, checked) for each in whole]
    return [*([atlas.index(operations)] if len(pages) == len(atlas.operations()) else []), *pages]

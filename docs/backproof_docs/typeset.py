"""Documents as HTML, with native MathML, and as PDF: one Typst source for both. Needs ``backproof[proofs]``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from backproof_docs.document import Document, quoted, to_typst
from backproof_impl.conventions import UsageError

_TEMPLATES = Path(__file__).with_name("templates")
_STYLE, _PAPER, _SCREEN = (
    (_TEMPLATES / name).read_text(encoding="utf-8") for name in ("proof.css", "paper.typ", "screen.typ")
)


def to_html(document: Document, linked: Iterable[str]) -> bytes:
    """A page that needs no network: MathML, which browsers typeset themselves, and drawings as part of the text."""
    head = (
        'html.meta(charset: "utf-8"); html.meta(name: "viewport", content: "width=device-width"); '
        f"html.title({quoted(document.title)}); html.style({quoted(_STYLE)})"
    )
    body = to_typst(document, linked, "html")
    return _compiled(f'{_SCREEN}#html.html(lang: "en", {{ html.head({{ {head} }}); html.body[{body}] }})', "html")


def to_pdf(document: Document, linked: Iterable[str]) -> bytes:
    """The same page on paper, upright; what is wider than it is made smaller."""
    title = f"#set document(title: {quoted(document.title)}, date: none)\n#let footed() = {quoted(document.name)}\n"
    return _compiled(title + _PAPER + to_typst(document, linked, "pdf"), "pdf")


def to_handout(documents: Sequence[Document], title: str, about: str) -> bytes:
    """Pages one after the other, each on a new one, with contents; what they say of each other leads there."""
    linked = [each.name for each in documents]
    head = f"#set document(title: {quoted(title)}, date: none)\n{_FOOTED}\n{_PAPER}"
    contents = f"#cover({quoted(title)}, {quoted(about)})\n#outline(depth: 1)\n"
    return _compiled(head + contents + "".join(f"#pagebreak()\n{to_typst(each, linked)}" for each in documents), "pdf")


_FOOTED = """#let footed() = {
  let above = query(heading.where(level: 1).before(here()))
  if above.len() > 0 { above.last().body }
}"""
"""In the footer of a handout: the page that is being read."""


def _compiled(source: str, ending: Literal["html", "pdf"]) -> bytes:
    try:
        import typst  # noqa: PLC0415 - an extra
    except ImportError:
        msg = f"--format {ending} needs Typst: pip install 'backproof[proofs]'"
        raise UsageError(msg) from None
    found: bytes = typst.compile(source.encode(), format=ending, font_paths=_fonts(typst.Fonts))
    return found


@cache
def _fonts(look: Callable[[], Any]) -> Any:
    """The fonts of this machine, looked for once."""
    return look()

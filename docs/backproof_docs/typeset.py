"""Documents as HTML, with native MathML, and as PDF: one Typst source for both. Needs ``backproof[proofs]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from backproof_docs.document import Document, quoted, to_typst
from backproof_impl.conventions import UsageError

_STYLE = """
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; color: #1a1a1a; background: #fff;
       font-family: 'Libertinus Serif', 'Source Serif 4', Georgia, serif; }
math { font-family: 'Latin Modern Math', 'STIX Two Math', 'Cambria Math', 'DejaVu Math TeX Gyre', math; }
math[display=block] { margin: .4em 0; width: fit-content; }
.wide { overflow-x: auto; overflow-y: hidden; padding: .2em 0; } li { margin: .5em 0; }
.why { color: #555; font-size: .95em; margin: 0 0 1em 2em; }
.status { border-left: .25rem solid #2a7; padding-left: .75rem; color: #333; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #999; padding: .2rem .4rem; text-align: left; line-height: 1.9; }
table math { white-space: nowrap; }
pre { overflow-x: auto; } img { display: block; max-width: 100%; height: auto; }
.status.failed { border-color: #c33; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #14171b; } .why { color: #aaa; } .status { color: #ccc; }
}
"""
_PAPER = """#set page(width: 297mm, height: 210mm, margin: 18mm, footer: align(right, text(8pt, gray, "{name}")))
#set text(10pt)
#set list(spacing: 1.3em)
#set table(inset: (x: 6pt, y: 8pt))
#show table.cell: set par(leading: 1em)
#show raw.where(block: true): set text(8pt)
#show raw.where(block: true, lang: "python"): set block(breakable: false)
#show heading: set block(sticky: true)
#show math.equation.where(block: true): set align(left)
#let why(body) = pad(left: 2em, text(9pt, luma(90), body))
#let state(passed, body) = block(inset: (left: 8pt), stroke: (left: 2pt + if passed { green } else { red }), body)
#let lead(body) = block(sticky: true, body)
#let picture(data, about, lead) = context {
  let drawn = image(data, format: "svg", alt: about)
  let size = measure(drawn)
  let whole(height) = image(data, format: "svg", alt: about, width: 100%, height: height, fit: "contain")
  if size.height > size.width {
    page(width: 210mm, height: 297mm, margin: 15mm, { lead; block(height: 1fr, whole(100%)) })
  } else {
    layout(space => {
      let room = page.height - 36mm - measure(block(width: space.width, lead)).height - 2em.to-absolute()
      let ratio = calc.min(1, room / size.height, space.width / size.width)
      block(breakable: false, { lead; block(width: size.width * ratio, whole(size.height * ratio)) })
    })
  }
}
#let fit(body) = layout(space => {
  let wide = measure(body).width
  if wide > space.width { scale(space.width / wide * 100%, origin: left, reflow: true, body) } else { body }
})
"""


_PAGE = """#let why(body) = html.p(class: "why", body)
#let lead(body) = body
#let picture(data, about, lead) = { lead; image(data, format: "svg", alt: about) }
#let fit(body) = html.div(class: "wide", body)
#let state(passed, body) = html.p(class: if passed { "status" } else { "status failed" }, body)
"""


def to_html(document: Document, linked: Iterable[str]) -> bytes:
    """A page that needs no network: MathML, which browsers typeset themselves, and drawings as part of the text."""
    head = (
        'html.meta(charset: "utf-8"); html.meta(name: "viewport", content: "width=device-width"); '
        f"html.title({quoted(document.title)}); html.style({quoted(_STYLE)})"
    )
    body = to_typst(document, linked, "html")
    return _compiled(f'{_PAGE}#html.html(lang: "en", {{ html.head({{ {head} }}); html.body[{body}] }})', "html")


def to_pdf(document: Document, linked: Iterable[str]) -> bytes:
    """The same page on paper; what is wider than it is made smaller."""
    paper = _PAPER.replace("{name}", document.name)
    title = f"#set document(title: {quoted(document.title)}, date: none)\n"
    return _compiled(title + paper + to_typst(document, linked, "pdf"), "pdf")


def _compiled(source: str, ending: Literal["html", "pdf"]) -> bytes:
    try:
        import typst  # noqa: PLC0415 - an extra
    except ImportError:
        msg = f"--format {ending} needs Typst: pip install 'backproof[proofs]'"
        raise UsageError(msg) from None
    found: bytes = typst.compile(source.encode(), format=ending)
    return found

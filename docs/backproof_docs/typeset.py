"""Pages of proofs as HTML, with native MathML, and as PDF: one Typst source for both. Needs ``backproof[proofs]``."""

from __future__ import annotations

import re
from typing import Literal

from backproof_docs.formulas import Notation
from backproof_docs.proofs import Checked, Page, page, status
from backproof_impl.conventions import UsageError
from backproof_spec.calculus.derivation import Derivation

_STYLE = """
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; color: #1a1a1a; background: #fff;
       font-family: 'Libertinus Serif', 'Source Serif 4', Georgia, serif; }
math { font-family: 'Latin Modern Math', 'STIX Two Math', 'Cambria Math', 'DejaVu Math TeX Gyre', math; }
math[display=block] { margin: .4em 0; overflow-x: auto; text-align: left; }
.why { color: #555; font-size: .95em; margin: 0 0 1em 2em; }
.status { border-left: .25rem solid #2a7; padding-left: .75rem; color: #333; }
.status.failed { border-color: #c33; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #161616; } .why { color: #aaa; } .status { color: #ccc; }
}
"""
_PAPER = """#set page(width: 297mm, height: 210mm, margin: 18mm, footer: align(right, text(8pt, gray, "{stem}")))
#set text(10pt)
#show math.equation.where(block: true): set align(left)
#let why(body) = pad(left: 2em, text(9pt, luma(90), body))
#let state(body) = block(inset: (left: 8pt), stroke: (left: 2pt + {colour}), body)
#let fit(body) = layout(space => {
  let wide = measure(body).width
  if wide > space.width { scale(space.width / wide * 100%, origin: left, reflow: true, body) } else { body }
})
"""


def to_html(derivation: Derivation, found: Checked) -> bytes:
    """A page that needs no network: MathML, which browsers typeset themselves."""
    shown, mark = page(derivation, Notation.TYPST), "" if found.passed else " failed"
    state = f'#html.p(class: "status{mark}")[{_text(status(found))}]'
    head = (
        'html.meta(charset: "utf-8"); html.meta(name: "viewport", content: "width=device-width"); '
        f"html.title({_string(f'{shown.stem}: {shown.title}')}); html.style({_string(_STYLE)})"
    )
    body = _body(shown, state, '#html.p(class: "why")[%s]', "%s")
    return _compiled(f'#html.html(lang: "en", {{ html.head({{ {head} }}); html.body[{body}] }})', "html")


def to_pdf(derivation: Derivation, found: Checked) -> bytes:
    """The same page on paper; what is wider than it is made smaller."""
    shown, colour = page(derivation, Notation.TYPST), "green" if found.passed else "red"
    paper = _PAPER.replace("{stem}", shown.stem).replace("{colour}", colour)
    title = f"#set document(title: {_string(shown.title)}, date: none)\n"
    return _compiled(title + paper + _body(shown, f"#state[{_text(status(found))}]", "#why[%s]", "#fit[%s]"), "pdf")


def _body(shown: Page, state: str, why: str, display: str) -> str:
    parts = [f"= {_text(f'{shown.stem}: {shown.title}')}", state]
    if shown.given:
        parts += ["== Where", *(f"- ${each}$" for each in shown.given)]
    parts += ["== Assumed", *([f"- ${each}$" for each in shown.assumed] or ["Nothing."])]
    parts += ["== Derivation", display % f"$ {shown.left} $"]
    for formula, words in shown.lines:
        parts += [display % f"$ = {formula} $", why % _text(words)]
    return "\n\n".join(parts) + "\n"


def _text(text: str) -> str:
    """Plain text, what means something to Typst escaped."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _compiled(source: str, ending: Literal["html", "pdf"]) -> bytes:
    try:
        import typst  # noqa: PLC0415 - an extra
    except ImportError:
        msg = f"--format {ending} needs Typst: pip install 'backproof[proofs]'"
        raise UsageError(msg) from None
    found: bytes = typst.compile(source.encode(), format=ending)
    return found

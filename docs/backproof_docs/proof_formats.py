"""The forms of a page of a proof: {format: (what writes it, the ending of its file)}."""

from __future__ import annotations

from collections.abc import Callable

from backproof_docs.proofs import Checked, to_json, to_markdown, to_text
from backproof_docs.typeset import to_html, to_pdf
from backproof_spec.calculus.derivation import Derivation

FORMATS: dict[str, tuple[Callable[[Derivation, Checked], str | bytes], str]] = {
    "text": (to_text, "txt"),
    "md": (to_markdown, "md"),
    "html": (to_html, "html"),
    "pdf": (to_pdf, "pdf"),
    "json": (to_json, "json"),
}

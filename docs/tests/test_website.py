"""The site: its pages, their links, and formulas. ``mkdocs build --strict`` looks at the rest."""

import importlib.util
import re
from pathlib import Path

import pytest

import backproof

pytest.importorskip("mkdocs", reason="pip install 'backproof[docs]'")
DOCS = Path(__file__).parents[1]
_SPEC = importlib.util.spec_from_file_location("website", DOCS / "website.py")
website = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(website)


def test_the_reference_has_every_public_name():
    text = website.reference()
    assert sorted(re.findall(r"^::: backproof[\w.]*\.(\w+)$", text, re.MULTILINE)) == sorted(
        [*backproof.__all__, *(each.rpartition(".")[2] for each in website.FURTHER)]
    )


def test_links_of_pages_beside_docs_lead_into_it():
    pages = dict(website.root_pages())
    assert "](guide/language.md)" in pages["index.md"]
    assert not re.search(r"\]\(docs/", "".join(pages.values()))


def test_formulas_become_mathml():
    assert website.displayed("a := b").startswith('<div class="formula"><math ')
    inline = website.mathml(r"\displaystyle \sum_{i=1}^{n} x_i", "inline")
    assert 'display="inline" displaystyle="true"' in inline
    assert "munderover" in inline
    assert "font-weight: bold" in website.mathml(r"\mathbf{1}", "inline")

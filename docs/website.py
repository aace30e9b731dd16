"""What the site shows that is no file of docs: a hook of ``docs/website/mkdocs.yml``.

The atlas and the reference are made anew in every build, README and its like are read where they are. Formulas become
MathML, which browsers typeset without a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import atlas_pages
import backproof
from backproof import _HOME
from backproof_docs import atlas

DOCS = Path(__file__).resolve().parent
ROOT_PAGES = {"index.md": "README.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
"""The pages beside ``docs``, by their names on the site."""
ALONE = "---\nhide: [navigation]\n---\n\n"
"""At the head of a page that is a section by itself."""
WHOLE = "{show_root_full_path: true}"
"""Of names that are imported from where they are."""
FIRST = ("check", "operation", "grade")
FURTHER = (
    "backproof_spec.language.exact.evaluation",
    "backproof_spec.language.exact.jacobian",
    "backproof_spec.language.exact.vjp",
    "backproof_spec.language.rounding.rounded",
    "backproof_spec.language.numpy_source.source",
    "backproof_spec.proved.named",
    "backproof_docs.atlas.page",
)
"""Functions behind the public face that are worth calling."""


# --- pages ------------------------------------------------------------------------------------------------------------


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A place in the navigation for every operation, by family; and formulas."""
    families = [{atlas.titled(family): [f"atlas/{name}.md" for name in of]} for family, of in atlas.families().items()]
    (place,) = (each for each in config.nav or [] if "Atlas" in each)
    place["Atlas"] = [*place["Atlas"], *families]
    config.mdx_configs["pymdownx.superfences"] = {
        "custom_fences": [{"name": "math", "class": "math", "format": displayed}]
    }
    config.markdown_extensions.append(Formulas())  # handed on to Markdown, which takes names and extensions
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages that are made, or that lie elsewhere."""
    for name, text in (*root_pages(), ("reference.md", reference()), *atlas_pages.pages(DOCS)):
        files.append(File.generated(config, name, content=text))
    return files


def root_pages() -> Iterator[tuple[str, str]]:
    """Those beside ``docs``, with links from its root."""
    for name, source in ROOT_PAGES.items():
        text = (DOCS.parent / source).read_text(encoding="utf-8").replace("](docs/", "](")
        yield name, ALONE + text if name == "index.md" else text


def reference() -> str:
    """The public face, and what is behind it."""
    order = sorted(backproof.__all__, key=lambda name: (name[0].isupper(), name not in FIRST, name))
    face = [f"::: {_HOME[name]}.{name}" for name in order]
    head = (
        "# Reference",
        "The names of `backproof`, then some that are behind them.",
        "## backproof",
    )
    return ALONE + "\n\n".join(
        [*head, *face, "## Behind it", *(f"::: {name}\n    options: {WHOLE}" for name in FURTHER), ""]
    )


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Links of the guide to pages beside ``docs``, which lie in it here."""
    up = "../" * page.file.src_uri.count("/")
    return re.sub(rf"\]\({up}\.\./(?=({'|'.join(ROOT_PAGES.values())})\b)", f"]({up}", markdown)


# --- formulas ---------------------------------------------------------------------------------------------------------


def displayed(source: str, *_: Any, **__: Any) -> str:
    """A formula by itself."""
    return f'<div class="formula">{mathml(source, "block")}</div>'


def mathml(latex: str, display: str) -> str:
    """MathML; in a line, too, sums have their limits above and below where LaTeX is told so."""
    latex = latex.replace(":=", r"\coloneqq")
    plain = latex.removeprefix(r"\displaystyle")
    found = convert(plain, display=display if plain == latex else "block")
    if plain != latex:
        found = found.replace('display="block"', 'display="inline" displaystyle="true"', 1)
    for variant, style in _VARIANTS.items():
        found = found.replace(f'mathvariant="{variant}"', style)
    return found


_VARIANTS = {"bold": 'style="font-weight: bold"', "sans-serif": 'mathvariant="normal"'}
"""What browsers draw of variants is the upright one."""


class _Inline(InlineProcessor):
    """A formula in a line, which is not looked into again."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:  # noqa: ARG002 - its interface
        return self.md.htmlStash.store(mathml(m[1], "inline")), m.start(0), m.end(0)


class Formulas(Extension):
    """GitHub's way to write them, which leaves underscores and backslashes alone: before code is looked for."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Add the pattern."""
        md.inlinePatterns.register(_Inline(r"\$`([^`]+)`\$", md), "formula", 195)

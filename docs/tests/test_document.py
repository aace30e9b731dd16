"""Documents: each block in Markdown and in Typst; nothing of a text is markup, and only pages that exist are linked."""

import re
import sys
from dataclasses import replace

import pytest

from backproof_docs.document import (
    Claim,
    Code,
    Display,
    Document,
    Items,
    Link,
    Listing,
    Math,
    Picture,
    Section,
    Steps,
    Table,
    Text,
    to_markdown,
    to_typst,
)
from backproof_docs.typeset import to_handout, to_html, to_pdf
from backproof_impl.conventions import UsageError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>a "b"</title><path d="M0 0h9"/></svg>\n'
DOCUMENT = Document(
    name="here",
    title="a_b: x*y",
    status=("checked: [1] of <1>", True),
    blocks=(
        Claim(("x = y", "u"), ("since ", Math("x"))),
        Section("Why $5"),
        Text(("see ", Link("there"), " and ", Link("nowhere"), ": ", Code('f("x")'), ", ", Math("x"))),
        Items((("one",), ("two", "\n", "lines"))),
        Display("x"),
        Steps((("y", "z", ("because # of ", Link("there"))), ("", "w", ("so",)))),
        Listing("python", 'print("ä")\n# done'),
        Picture("square", "a drawing", SVG),
        Table(("a", "b"), (((Math("x"),), ("c|d",)),)),
    ),
)
LINKED = ("here", "there")


def test_markdown():
    assert to_markdown(DOCUMENT, LINKED) == (
        "# a\\_b: x\\*y\n\n"
        "```math\nx = y\n```\n\n```math\nu\n```\n\nsince $`x`$\n\n"
        "## Why $5\n\n"
        'see [there](there.md) and nowhere: `f("x")`, $`x`$\n\n'
        "- one\n- two<br>lines\n\n"
        "```math\nx\n```\n\n"
        "|  |  |  |\n| ---: | :--- | :--- |\n"
        "| $`\\displaystyle y`$ | $`\\displaystyle = z`$ | because # of [there](there.md) |\n"
        "|  | $`\\displaystyle = w`$ | so |\n\n"
        '```python\nprint("ä")\n# done\n```\n\n'
        "![a drawing](square.svg)\n\n"
        "| a | b |\n| --- | --- |\n| $`x`$ | c\\|d |\n\n"
        "---\n\n"
        "*checked: \\[1\\] of &lt;1\\>*\n"
    )  # fmt: skip


def test_typst():
    text = to_typst(DOCUMENT, LINKED, "pdf")
    assert text.startswith("= a_b\\: x\\*y <here>\n\n#claim(fit[$ x = y $], fit[$ u $])\n\nsince $x$\n")
    assert text.endswith("\n#state(true)[checked\\: \\[1\\] of \\<1\\>]\n")
    assert '#link("there.pdf")[there] and nowhere\\: #raw("f(\\"x\\")")\\, $x$' in text
    assert "#steps(([$ y $], [$ = z $], [because \\# of " in text
    assert "]), ([], [$ = w $], [so]),)\n" in text
    assert '#raw("print(\\"ä\\")\\n# done", lang: "python", block: true)' in text
    assert "#table(columns: 2, table.header([*a*], [*b*]), [$x$], [c\\|d])" in text
    assert "two \\ lines" in text


def test_what_leads_to_a_picture_or_a_program_stays_with_it():
    section, text = Section("Why"), Text(("so:",))
    blocks = (
        section,
        Text(("alone",)),
        Display("x"),
        section,
        text,
        Listing("coq", "Qed."),
        section,
        DOCUMENT.blocks[7],
    )
    shown = to_typst(replace(DOCUMENT, blocks=blocks), LINKED, "pdf")
    assert "== Why\n\nalone\n\n#fit[$ x $]\n\n#lead[== Why\n\nso\\:]\n\n#raw(" in shown
    assert ', "a drawing")[== Why]\n' in shown


@pytest.mark.parametrize(
    ("shape", "pages"), [("9 9", 1), ("900 300", 1), ("900 600", 1), ("900 900", 2), ("900 1800", 2), ("300 900", 2)]
)
def test_a_picture_of_any_shape_has_room_on_paper_beside_what_leads_to_it(shape, pages):
    svg = SVG.replace('viewBox="0 0 9 9"', 'width="{}" height="{}" viewBox="0 0 {}"'.format(*shape.split(), shape))
    blocks = (Items((("item",),) * 10), Section("Why"), Text(("so",)), Picture("p", "a drawing", svg))
    assert f"/Type/Pages/Count {pages}/".encode() in to_pdf(replace(DOCUMENT, blocks=blocks), LINKED)


def test_html_is_mathml_and_asks_for_nothing():
    text = to_html(replace(DOCUMENT, status=("REJECTED at step 3: <b>", False)), LINKED).decode()
    assert text.count("<math") == 9
    assert text.index("REJECTED") < text.index("<math") < text.rindex("REJECTED")
    assert '<p class="status failed">' in text
    assert "REJECTED at step 3: &lt;b>" in text
    assert '<a href="there.html">there</a>' in text
    assert '<img src="data:image/svg+xml;base64,' in text
    assert not re.search(r"https?://(?!www\.w3\.org)|<script|<link|@import", text)


def test_a_handout_has_contents_and_every_page_and_links_within_itself():
    other = replace(DOCUMENT, name="there", title="another")
    text = to_handout([DOCUMENT, other], "All of it", "two pages")
    assert b"/Type/Pages/Count 3/" in text
    assert text.count(b"/Subtype/Link") == 2 + 2 * 2  # the contents, and two of each page, none to what is not there
    assert b"there.pdf" not in text


def test_paper_is_upright():
    assert b"/MediaBox[0 0 595" in to_pdf(DOCUMENT, LINKED)


def test_pdf_is_the_same_every_time():
    first = to_pdf(DOCUMENT, LINKED)
    assert first.startswith(b"%PDF")
    assert first == to_pdf(DOCUMENT, LINKED)


def test_the_pictures_of_a_document():
    assert DOCUMENT.pictures == {"square": SVG}


@pytest.mark.parametrize("write", [to_html, to_pdf])
def test_without_typst_the_message_says_what_to_install(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match=r"needs Typst: pip install 'backproof\[proofs\]'"):
        write(DOCUMENT, LINKED)

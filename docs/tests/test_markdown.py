"""markdown: reads as GitHub's flavour reads it, and nothing of a target's is syntax."""

import re
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt  # rich brings it

from backproof_docs.known import Known
from backproof_docs.markdown import code, to_markdown
from backproof_docs.report import Report
from backproof_properties.results import Declines, Diagnosis, Finding, Link, Outcome, Verdict

KINDS = ["passing", "refuted", "unsupported", "error", "overflow", "networks", "dtypes"]
HOSTILE = (
    "</details><script>x</script> | `a` ``` [l](http://x) ![i](y) *b* _c_ ~~d~~ \\| @me #1 $x$ & &lt; |\n\n````\n# h"
)
OURS = re.compile(r"</?code>|<details><summary>.*</summary>|</details>")


def _parsed(text):
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def _html(tokens):
    """What a browser would take as markup, line by line."""
    inline = [child for token in tokens for child in token.children or () if child.type == "html_inline"]
    return [
        line
        for token in (*tokens, *inline)
        if token.type.startswith("html")
        for line in token.content.split("\n")
        if line
    ]


def _made(*results, **changes):
    return Report(**{"target": "t.py", "conventions": {}, "dtypes": ("float64",), "examples": 5, "seed": 1,
        "seconds": 0.5, "results": results, "command": "backproof validate t.py", **changes})  # fmt: skip


def _outcome(verdict=Verdict.HOLDS, claim="linear.dW", dtype="float64", **fields):
    return Outcome(claim, Link.IMPLEMENTATION, dtype, verdict, 5, **fields)


def _rows(tokens):
    """The cells of the table, row by row."""
    rows = []
    for token, after in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in {"td_open", "th_open"}:
            rows[-1].append("".join(child.content for child in after.children if not child.type.startswith("html")))
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one_table_and_a_fold_for_each_failure(reports, kind):
    report, tokens = reports[kind], _parsed(to_markdown(reports[kind]))
    rows = _rows(tokens)
    assert len(rows) == 1 + len(report.rows)
    assert {len(row) for row in rows} == {8 + (len(report.dtypes) > 1)}
    assert sum(token.type == "fence" for token in tokens) == len(report.failures)
    assert all(OURS.fullmatch(line) for line in _html(tokens))


def test_a_report_reads_as_a_person_expects():
    finding = Finding("dW[0]: got 1.0, expected 2.0", "dW", {"W": "1"}, error_in_bounds="∞", error_in_ulps="9",
        usage="W read-only", diagnosis=Diagnosis("c", "matches the transpose", "weights=in-out"))  # fmt: skip
    report = _made(
        _outcome(Verdict.REFUTED, finding=finding), _outcome(Verdict.UNSUPPORTED, "linear.db", reason="none")
    )
    assert (
        to_markdown(report)
        == """\
❌ **Backproof: FAILED** · 1 unsupported, 1 refuted · target <code>t.py</code> · <code>float64</code>\\
5 examples a link · seed 1 · 0.5 s\\
not judged: 1 of 2 claims

|  | claim | definition → Jacobian | Jacobian → formula | definition ⊢ formula | formula → implementation | tried | detects |
| --- | :--- | ---: | ---: | ---: | ---: | ---: | ---: |
| ✗ | `linear.dW` | — | — | — | refuted | 5 | — |
| – | `linear.db` | — | — | — | absent | 5 | — |

**Not judged**

- <code>none</code>: linear.db

<details><summary>✗ <b>linear.dW</b> refuted (<code>formula → implementation, float64</code>)</summary>

```text
formula    δW = δZ·Yᵀ
found      dW[0]: got 1.0, expected 2.0
error      ∞ × the rounding bound, 9 ulps
usage      W read-only
diagnosis  matches the transpose
declare    --declare weights=in-out
inputs     W = 1
proof      backproof prove linear.dW  (docs/proofs/linear.dW.md)
again      backproof validate t.py --claim linear.dW --seed 1 --examples 5
```

</details>
"""  # noqa: E501 - the header of the table is one line
    )


def test_no_word_of_a_targets_is_syntax():
    finding = Finding(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, (0,), HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE,
        diagnosis=Diagnosis(HOSTILE, HOSTILE, HOSTILE))  # fmt: skip
    report = _made(
        _outcome(Verdict.REFUTED, dtype=HOSTILE, finding=finding),
        _outcome(Verdict.ERROR, "relu.dZ", finding=finding),
        _outcome(Verdict.UNSUPPORTED, "linear.db", reason=HOSTILE),
        target=HOSTILE,
        conventions={HOSTILE: HOSTILE},
        dtypes=("float64", HOSTILE),
        known=(Known("relu.dZ", HOSTILE, verdict="error"), Known("linear.db", HOSTILE)),
    )
    tokens = _parsed(to_markdown(report))
    assert all(OURS.fullmatch(line) for line in _html(tokens))
    assert sum(token.type == "fence" for token in tokens) == 2
    assert {len(row) for row in _rows(tokens)} == {9}
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not {"link_open", "image", "em_open", "s_open", "heading_open", "code_block"} & kinds
    # strong is ours: the verdict and the titles of two lists
    assert sum(child.type == "strong_open" for token in tokens for child in token.children or ()) == 3


@pytest.mark.parametrize(
    "text", [HOSTILE, "a|b", "`", "\\", "www.x.org", "a_b_c", "", "  x  ", "δW = δZ·Yᵀ", "&#124;", "<!-- -->"]
)
def test_code_is_read_back_as_it_was(text):
    (paragraph,) = (token for token in _parsed(f"x {code(text)} y") if token.type == "inline")
    shown = "".join(child.content for child in paragraph.children if child.type in {"text", "text_special"})
    assert shown == f"x {text.replace(chr(10), ' ')} y"


def test_known_and_stale_failures_are_told():
    known = (Known("linear.dW", "issue 12"), Known("linear.db", "issue 9"))
    failing = _outcome(Verdict.REFUTED, finding=Finding("m", "dW", {}))
    text = to_markdown(_made(failing, _outcome(claim="linear.db"), known=known))
    assert "| ~ | `linear.dW` | — | — | — | known | 5 | — |" in text
    assert "**Stale known failures**\n\n- <code>linear.db&#58; now holds&#58; delete its entry" in text
    assert "<summary>~ <b>linear.dW</b> refuted, known (" in text
    assert "```text\nknown      issue 12\nformula " in text


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        (Verdict.HOLDS, "✅ **Backproof: PASSED**"),
        (Verdict.UNSUPPORTED, "⚠️ **Backproof: NOTHING OF THE TARGET WAS JUDGED**"),
    ],
)
def test_the_first_words_are_the_verdict(verdict, mark):
    assert to_markdown(_made(_outcome(verdict, reason="r"))).startswith(f"{mark} · 1 {verdict} · target")


def test_what_was_declined_is_told():
    text = to_markdown(_made(_outcome(declined=Declines(1, 100, HOSTILE, {"Z": HOSTILE}, HOSTILE)), _outcome()))
    assert "\n\n**Declined**\n\n- <code>linear.dW" in text
    assert "1 of 100 inputs drawn" in text
    assert all(OURS.fullmatch(line) for line in _html(_parsed(text)))


def test_what_is_required_and_a_run_that_judged_nothing_are_told():
    text = to_markdown(_made(_outcome(Verdict.UNSUPPORTED, reason="r"), required=("linear.dW",)))
    assert text.startswith("❌ **Backproof: FAILED** · 1 unsupported, 1 required and not judged · target")
    assert "\n\n**Required and not judged**\n\n- <code>r</code>: linear.dW\n\n" in text
    text = to_markdown(_made(_outcome(Verdict.UNSUPPORTED, reason="r")))
    assert "\n\n**What to do**\n\n- nothing of the target was judged: offer a function under its name" in text


def test_what_was_declared_is_told():
    text = to_markdown(_made(_outcome(), conventions={"layout": "batch-first"}))
    assert "\\\ndeclared: <code>layout&#61;batch-first</code>\\\neverything asked was judged\n" in text

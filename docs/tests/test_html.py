"""html: one page, whole by itself, in which nothing of a target's is markup, and a fragment that stays to itself."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from backproof.shown import Report
from backproof_docs.html import STEPS, to_fragment, to_html
from backproof_docs.known import Known
from backproof_docs.proofs import proof_text
from backproof_properties.arrays import plain
from backproof_properties.results import Declines, Diagnosis, Finding, Judged, Link, Observation, Outcome, Verdict
from backproof_spec.calculus.theorems import THEOREMS

KINDS = ["passing", "refuted", "unsupported", "error", "overflow", "networks", "dtypes"]
VOID = {"meta", "link", "br"}
HOSTILE = "<script>alert('x')</script>\"&amp;\x1b[31m\u202e"
SHOWN = "<script>alert('x')</script>\"&amp;\ufffd[31m\ufffd"


class _Page(HTMLParser):
    """The tags, attributes and texts of a page; raises where tags are not balanced."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


def _made(*results, **changes):
    return Report(**{"target": "t.py", "conventions": {}, "dtypes": ("float64",), "examples": 5, "seed": 1,
        "seconds": 0.5, "results": results, "command": "backproof validate t.py", **changes})  # fmt: skip


def _outcome(verdict=Verdict.HOLDS, claim="linear.dW", dtype="float64", **fields):
    return Outcome(claim, Link.IMPLEMENTATION, dtype, verdict, 5, **fields)


def _judged(ratio):
    words = [["1.5"] * len(row) for row in ratio]
    return Judged(words, words, words, ratio)


def _refuted(inputs=None, claim="linear.dW", **fields):
    finding = Finding("dW[0, 1]: got 1.0, expected 2.0", "linear_vjp.dW",
        {name: plain(np.array(value)) for name, value in (inputs or {}).items()}, (0, 1), **fields)  # fmt: skip
    return _outcome(Verdict.REFUTED, claim, finding=finding)


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.parametrize("render", [to_html, to_fragment])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_balanced_and_asks_for_nothing(reports, kind, render):
    text = render(reports[kind])
    page = _Page(text)
    assert not {"script", "img", "iframe", "object", "form"} & set(page.tags)
    assert [
        value for name in ("src", "href") for value in page.values(name) if not value.startswith(("#", "data:,"))
    ] == []
    assert not re.search(r"url\(|@import|https?:", text)
    assert "\x1b" not in text


def test_the_page_says_what_was_run_and_what_became_of_it(reports):
    text = _Page(to_html(reports["refuted"])).text
    assert "FAILED 1 refuted · target dict · float64" in text
    assert "examples a link 20 seed 1" in text
    assert "✗ relu.dZ δZ = δY∘1[Z ≥ 0] exact exact ∎ Coq refuted" in text


def test_errors_within_their_bounds_are_bars_and_thresholds_are_told():
    page = _Page(to_html(_made(_outcome(observation=Observation(9, 0, 0.25, [3e-16])))))
    assert "0.25 5 3e-16" in page.text
    assert "25" in page.values("width")


def test_several_dtypes_share_the_links_inside_the_spec(reports):
    page = _Page(to_html(reports["dtypes"]))
    assert page.values("rowspan").count("2") == 2 * 4  # the claim and three links, for two claims
    assert "dtype" in page.text
    assert "float16" in page.text
    assert "dtype" not in _Page(to_html(reports["passing"])).text


def test_what_was_not_judged_is_told_with_its_reason(reports):
    text = _Page(to_html(reports["unsupported"])).text
    assert "Not judged the target offers no linear_vjp: linear.dW" in text
    assert "What to do nothing of the target was judged: offer a function under its name" in text
    required = _Page(to_html(replace(reports["unsupported"], required=("linear.dW",)))).text
    assert "Required and not judged the target offers no linear_vjp: linear.dW" in required


def test_what_was_declined_is_told():
    page = _Page(to_html(_made(_outcome(declined=Declines(1, 100, HOSTILE, {"Z": HOSTILE}, HOSTILE)))))
    assert "Declined linear.dW (formula → implementation, float64): 1 of 100 inputs drawn (1.0%): " in page.text


def test_what_was_declared_and_what_is_uncertain_is_told():
    report = _made(_outcome(observation=Observation(30, 10)), conventions={"layout": "batch-first"})
    text = _Page(to_html(report)).text
    assert "declared layout=batch-first not judged 25.0% of the computed entries" in text


# --- failures -------------------------------------------------------------------------------------------------------


def test_a_failure_shows_everything_that_is_known_of_it():
    fields = {"expected": "2.0", "got": "1.0", "error_in_bounds": "3.2e+13", "error_in_ulps": "14",
        "usage": "W read-only", "diagnosis": Diagnosis("c", "matches the transpose", "weights=in-out")}  # fmt: skip
    page = _Page(to_html(_made(_refuted({"W": [[1.0, 2.0]], "b": [0.5]}, **fields))))
    for part in (
        "✗ linear.dW refuted formula → implementation, float64 δW = δZ·Yᵀ dW[0, 1]: got 1.0, expected 2.0",
        "Diagnosis. matches the transpose If that is what you mean, declare it: --declare weights=in-out",
        "called with W read-only at linear_vjp.dW[0, 1] expected 2.0 got 1.0",
        "error 3.2e+13 × the rounding bound, 14 ulps",
        "W float64 (1, 2) 1.0 2.0",
        "b float64 (1,) 0.5",
        "to repeat backproof validate t.py --claim linear.dW --seed 1 --examples 5",
    ):
        assert part in page.text


def test_the_table_points_at_each_failure():
    page = _Page(to_html(_made(_refuted(), _refuted(claim="linear.dY"))))
    targets = [value.removeprefix("#") for value in page.values("href") if value.startswith("#")]
    assert targets == ["linear.dW-implementation-float64", "linear.dY-implementation-float64"]
    assert set(targets) <= set(page.values("id"))


@pytest.mark.parametrize("shape", [(9, 1), (1, 9), (9, 9), (9,)])
def test_long_inputs_are_cut(shape):
    text = _Page(to_html(_made(_refuted({"W": np.ones(shape)})))).text
    assert text.count("1.0 ") <= 8 * 8 + 2
    assert "⋮" in text or "⋯" in text


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0,)])
def test_inputs_without_entries_are_empty(shape):
    assert f"W float64 ({', '.join(map(str, shape))}" in _Page(to_html(_made(_refuted({"W": np.ones(shape)})))).text


@pytest.mark.parametrize(("claim", "theorem"), [("linear.dW", "linear.dW"), ("network.dX", "network.2.dX")])
def test_a_refuted_claim_holds_its_proof(claim, theorem):
    proved = Outcome(claim, Link.PROOF, None, Verdict.HOLDS, 1)
    page = _Page(to_html(_made(proved, _refuted(claim=claim))))
    assert page.texts.count("why the formula is right: its proof, for all shapes") == 1
    assert page.texts.count(proof_text(THEOREMS[theorem]())) == 1


def test_a_proof_that_failed_is_not_shown():
    finding = Finding("linear.dW: no proof found", "linear.dW", {})
    failed = Outcome("linear.dW", Link.PROOF, None, Verdict.REFUTED, 1, finding=finding)
    text = _Page(to_html(_made(failed, _refuted(claim="linear.dW")))).text
    assert "linear.dW: no proof found" in text
    assert "why the formula is right" not in text


def test_a_refuted_forward_claim_has_no_proof():
    assert "why the formula is right" not in _Page(to_html(_made(_refuted(claim="linear.forward")))).text


# --- the heat map ---------------------------------------------------------------------------------------------------


def _cells(page):
    return [value for value in page.values("class") if value and value.startswith("entry") and value.count(" ")]


@pytest.mark.parametrize(
    ("ratio", "step"),
    [(0.0, "s0"), (0.1, "s1"), (0.5, "s2"), (1.0, "s3"), (1.5, "s4 out"), (99.0, "s5 out"), (1e5, "s6 out"),
     (1e300, "s7 out"), (math.inf, "s7 out"), (None, "open")],
)  # fmt: skip
def test_every_entry_has_its_step_of_the_scale(ratio, step):
    text = to_html(_made(_refuted(judged=_judged([[ratio]]))))
    assert f'class="entry {step}" x="0" y="0"' in text


def test_values_are_told_on_hovering_and_marks_tell_infinite_and_uncertain_entries():
    page = _Page(to_html(_made(_refuted(judged=_judged([[0.5, math.inf], [None, 3.0]])))))
    assert "[0, 1] got 1.5, exact 1.5 ± 1.5; error ÷ bound: ∞ ∞" in page.text
    assert "[1, 0] got 1.5, exact 1.5 ± 1.5; error ÷ bound: nothing is certain ?" in page.text
    assert "2 of 4 entries refuted" in page.text


def test_a_large_output_is_drawn_without_numbers_but_with_marks():
    page = _Page(to_html(_made(_refuted(judged=_judged([[math.inf, None, *[2.0] * 14]] * 16)))))
    assert page.tags.count("title") >= 16 * 16
    assert (page.texts.count("×"), page.texts.count("2")) == (16, 0)


def test_a_large_output_that_was_not_kept_is_mentioned():
    assert "The output is too large to be shown entry by entry." in _Page(to_html(_made(_refuted()))).text


def _lightness(colour):
    """CIE L* of an sRGB colour."""
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    Y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * Y ** (1 / 3) - 16 if Y > (6 / 29) ** 3 else Y * (29 / 3) ** 3


def test_the_scale_is_ordered_by_lightness_in_both_modes(reports):
    pairs = re.findall(
        r"\.backproof-report \.s\d \{ fill: light-dark\((#\w{6}), (#\w{6})\)", to_html(reports["passing"])
    )
    light, dark = ([_lightness(colour) for colour in colours] for colours in zip(*pairs, strict=True))
    assert len(light) == len(STEPS)
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert min(abs(a - b) for a, b in pairwise(light)) > 5  # told apart also in grey


# --- the Jacobian ---------------------------------------------------------------------------------------------------


def test_the_jacobian_at_the_counterexample_is_drawn_with_its_blocks():
    inputs = {"W": np.ones((2, 2)), "Y": [[1.0, 0.0, 2.0], [0.0, -3.0, 0.0]], "b": [0.0, 0.0]}
    page = _Page(to_html(_made(_refuted(inputs))))
    assert "the Jacobian at this counterexample (6 × 4)" in page.text
    assert "∂vec Z/∂vec W = Yᵀ⊗I_m block (s, k) is Y[k, s]·I_m" in page.text
    signs = [value for value in page.values("class") if value in {"plus", "minus"}]
    assert (signs.count("plus"), signs.count("minus")) == (2 * 2 + 1, 2 + 1)  # with the two of the legend
    assert page.values("class").count("block") == 2 + 1  # lines between three rows and two columns of blocks
    assert "[2, 2] = -3.0" in page.text


def test_why_a_jacobian_is_not_drawn_is_told():
    inputs = {"W": np.ones((40, 2)), "Y": np.ones((2, 2)), "b": np.ones(40)}
    text = _Page(to_html(_made(_refuted(inputs)))).text
    assert "The Jacobian is not drawn: it has 80 × 80 entries, and is drawn up to 64 × 64." in text


def test_an_exception_is_shown_without_a_jacobian(reports):
    text = _Page(to_html(reports["error"])).text
    assert "raised ValueError: bad [red]markup[/red] \ufffd[31m<&> \ufffd second line" in text
    assert "the Jacobian" not in text


# --- hostile words --------------------------------------------------------------------------------------------------


def _hostile():
    judged = Judged([[HOSTILE]], [[HOSTILE]], [[HOSTILE]], [[math.inf]])
    array = {"dtype": HOSTILE, "shape": [1, 1], "data": [HOSTILE]}
    finding = Finding(HOSTILE, HOSTILE, {HOSTILE: HOSTILE, "W": array}, (0, 0), HOSTILE, HOSTILE, HOSTILE, HOSTILE,
        HOSTILE, judged, Diagnosis(HOSTILE, HOSTILE, HOSTILE))  # fmt: skip
    return _made(
        _outcome(Verdict.ERROR, dtype=HOSTILE, finding=finding),
        _outcome(Verdict.REFUTED, "relu.dZ", dtype=HOSTILE, finding=finding),
        _outcome(Verdict.UNSUPPORTED, "linear.db", reason=HOSTILE),
        _outcome(Verdict.UNCERTIFIED, "linear.dY", reason=HOSTILE),
        target=HOSTILE,
        conventions={HOSTILE: HOSTILE},
        dtypes=("float64", HOSTILE),
        command="backproof validate x --declare 'y=<script>'",
        known=(Known("relu.dZ", HOSTILE), Known("linear.dY", HOSTILE, verdict="error")),
    )


@pytest.mark.parametrize("render", [to_html, to_fragment])
def test_no_word_of_a_targets_is_markup(render):
    text = render(_hostile())
    page = _Page(text)
    assert "script" not in page.tags
    assert page.text.count(SHOWN) > 20
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script" not in text


def test_lone_surrogates_can_be_written():
    finding = Finding("a\udc80b", "dW", {"W": "\udc80"})
    assert "a\ufffdb" in to_html(_made(_outcome(Verdict.ERROR, finding=finding))).encode("utf-8").decode("utf-8")


# --- known failures -------------------------------------------------------------------------------------------------


def test_known_and_stale_failures_have_their_sections():
    known = (Known("linear.dW", "issue 12"), Known("linear.db", "issue 9"))
    text = _Page(to_html(_made(_refuted(), _outcome(claim="linear.db"), known=known))).text
    assert "FAILED 1 holds, 1 known, 1 stale" in text
    assert "Stale known failures linear.db: now holds: delete its entry" in text
    assert "Known failures ~ linear.dW refuted formula → implementation, float64 δW = δZ·Yᵀ known : issue 12" in text
    assert "What failed" not in text


# --- notebooks ------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_table_and_the_failures(reports):
    text = reports["refuted"]._repr_html_()
    assert text == to_fragment(reports["refuted"])
    page = _Page(text)
    assert "✗ relu.dZ" in page.text
    assert "details" in page.tags
    assert not {"html", "head", "body", "main"} & set(page.tags)


def test_styles_of_a_fragment_touch_nothing_else(reports):
    style = re.search(r"<style>(.*)</style>", to_fragment(reports["refuted"]), re.DOTALL)[1]
    style = re.sub(r"/\*.*?\*/|@media [^{]*", "", style)
    selectors = [each.strip() for group in re.findall(r"([^{}]+)\{", style) for each in group.split(",")]
    assert len(selectors) > 50
    assert [each for each in selectors if each and ".backproof-report" not in each] == []


def test_a_fragment_has_no_names_that_another_could_share(reports):
    assert _Page(to_fragment(reports["refuted"])).values("id") == []

"""report: rows, what passes, JSON that its schema admits, and files that are whole or not there."""

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from backproof.shown import Refutation, Report
from backproof_docs import phrases
from backproof_docs.files import write
from backproof_docs.html import to_html
from backproof_docs.known import Known
from backproof_docs.report import SCHEMA_PATH, apply_known, theorem_of
from backproof_impl.conventions import Conventions, Limits
from backproof_properties.arrays import plain
from backproof_properties.results import Declines, Diagnosis, Finding, Judged, Link, Observation, Outcome, Verdict

KINDS = ["passing", "refuted", "unsupported", "error", "overflow", "networks", "dtypes"]
SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))


def _made(*results):
    """A report of these outcomes."""
    return Report("t", {}, ("float64",), 5, 1, 0.5, results)


def _outcome(verdict=Verdict.HOLDS, claim="linear.dW", link=Link.IMPLEMENTATION, dtype="float64", **fields):
    return Outcome(claim, link, dtype, verdict, 5, **fields)


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_satisfies_the_schema_and_reads_back_the_same(reports, kind):
    text = reports[kind].to_json()
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert data == reports[kind].to_dict()
    assert text.endswith("}\n")


def test_what_a_refuted_report_says(reports):
    data = reports["refuted"].to_dict()
    assert (data["schema"], data["passed"], data["target"]) == ("backproof-report-1", False, "dict")
    assert (data["examples"], data["seed"], data["dtypes"], data["conventions"]) == (20, 1, ["float64"], {})
    (claim,) = data["claims"]
    assert (claim["id"], claim["verdict"], claim["formula"]) == ("relu.dZ", "refuted", "δZ = δY∘1[Z ≥ 0]")
    assert [link["verdict"] for link in claim["links"]] == ["holds", "holds", "holds", "refuted"]
    assert [link["counterexample"] for link in claim["links"][:3]] == [None, None, None]
    found = claim["links"][3]["counterexample"]
    assert (found["index"], found["got"], found["error_in_bounds"]) == ([0, 0], "0.0", "∞")
    assert found["inputs"]["Z"] == {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]}


def test_lists_of_arrays_stay_lists(reports):
    (link,) = reports["networks"].to_dict()["claims"][1]["links"][3:]
    assert link["link"] == "formula → implementation"
    assert link["counterexample"]["inputs"]["weights"][0]["dtype"] == "float64"


@pytest.mark.parametrize(("threshold", "written"), [(math.inf, None), (0.25, 0.25)])
def test_a_threshold_that_is_not_finite_is_null(threshold, written):
    report = _made(_outcome(observation=Observation(1, thresholds=[threshold])))
    assert json.loads(report.to_json())["claims"][0]["links"][0]["detection_threshold"] == written


def test_conventions_are_written_as_data(report):
    declared = Conventions(layout="batch-first", scale={"dW": -1}, limits=Limits(depth=2))
    data = report({"relu": abs}, "relu.dZ", conventions=declared).to_dict()["conventions"]
    assert data["layout"] == "batch-first"
    assert data["scale"] == {"dW": -1}
    assert data["limits"]["depth"] == 2


def test_text_that_no_encoding_holds_can_still_be_written(tmp_path):
    report = _made(_outcome(Verdict.ERROR, finding=Finding("bad \udc80 byte", "dW", {})))
    write("report", tmp_path / "report.json", report.to_json())
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert "bad" in data["claims"][0]["links"][0]["counterexample"]["message"]


def test_what_is_found_of_a_counterexample_is_written():
    judged = Judged([["1.0", "nan"]], [["2.0", "0.0"]], [["0.0", "+inf"]], [[math.inf, None]])
    diagnosis = Diagnosis("transposed", "matches the transpose", "weights=in-out")
    finding = Finding("m", "dW", {}, (0, 0), "2.0", "1.0", "∞", "4.5e+15", "W read-only", judged, diagnosis)
    data = json.loads(_made(_outcome(Verdict.REFUTED, finding=finding)).to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    found = data["claims"][0]["links"][0]["counterexample"]
    assert (found["error_in_ulps"], found["usage"]) == ("4.5e+15", "W read-only")
    assert found["diagnosis"] == {
        "cause": "transposed",
        "sentence": "matches the transpose",
        "declare": "weights=in-out",
    }
    assert found["judged"] == {
        "computed": [["1.0", "nan"]],
        "exact": [["2.0", "0.0"]],
        "radius": [["0.0", "+inf"]],
        "ratio": [["inf", None]],
    }


def test_what_was_not_found_is_null():
    report = _made(_outcome(Verdict.REFUTED, finding=Finding("m", "dW", {})))
    found = report.to_dict()["claims"][0]["links"][0]["counterexample"]
    assert {found[name] for name in ("error_in_ulps", "usage", "diagnosis", "judged")} == {None}


def test_known_and_stale_failures_are_written():
    known = (Known("linear.dW", "issue 12"), Known("linear.db", "issue 9", "float64", str(Link.IMPLEMENTATION)))
    failing = _outcome(Verdict.REFUTED, finding=Finding("m", "dW", {}))
    data = apply_known(_made(failing, _outcome(claim="linear.db")), known).to_dict()
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert [claim["links"][0]["known"] for claim in data["claims"]] == ["issue 12", None]
    assert (data["claims"][0]["verdict"], data["passed"]) == ("refuted", False)
    assert data["stale"] == [
        {
            "claim": "linear.db",
            "dtype": "float64",
            "link": "formula → implementation",
            "problem": "now holds: delete its entry from the file of known failures",
        }
    ]


# --- rows and verdicts ----------------------------------------------------------------------------------------------


def test_a_row_for_each_claim_and_dtype_with_the_links_inside_the_spec_in_each(reports):
    rows = reports["dtypes"].rows
    assert [(row.claim.id, row.dtype) for row in rows] == [
        ("relu.dZ", "float16"),
        ("relu.dZ", "bfloat16"),
        ("softmax.forward", "float16"),
        ("softmax.forward", "bfloat16"),
    ]
    assert [[outcome.dtype for outcome in row.outcomes] for row in rows[:2]] == [
        [None, None, None, "float16"],
        [None, None, None, "bfloat16"],
    ]
    for inside in (Link.JACOBIAN, Link.FORMULA, Link.PROOF):
        assert rows[0].outcome(inside) is rows[1].outcome(inside) is not None
        assert rows[2].outcome(inside) is None


def test_a_proof_is_not_counted_among_the_examples_tried(reports):
    row = reports["dtypes"].rows[0]
    assert row.outcome(Link.PROOF).examples == 1
    others = (Link.JACOBIAN, Link.FORMULA, Link.IMPLEMENTATION)
    assert row.tried == sum(row.outcome(link).examples for link in others) > 10
    assert _made(_outcome(link=Link.PROOF, dtype=None)).rows[0].tried == 0


@pytest.mark.parametrize(
    ("claim", "theorem"),
    [
        ("relu.dZ", "relu.dZ"),
        ("linear.dW", "linear.dW"),
        ("softmax_cross_entropy.dZ", "softmax_cross_entropy.dZ"),
        ("network.dX", "network.2.dX"),
        ("network.dW", "network.2.dW1"),
        ("network.db", "network.2.db1"),
        ("relu.forward", None),
        ("network.forward", None),
    ],
)
def test_the_theorem_to_read_of_a_claim(claim, theorem):
    assert theorem_of(claim) == theorem


def test_a_claim_without_an_implementation_has_one_exact_row(reports):
    kron = next(row for row in reports["passing"].rows if row.claim.id == "kron.vec")
    assert (kron.dtype, len(kron.outcomes), kron.verdict) == ("exact", 3, Verdict.HOLDS)
    claims = {claim["id"]: claim["dtype"] for claim in reports["passing"].to_dict()["claims"]}
    assert claims == {"kron.vec": None, "relu.forward": "float64", "relu.dZ": "float64"}


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        (Verdict.HOLDS, True),
        (Verdict.UNSUPPORTED, True),
        (Verdict.UNCERTIFIED, False),
        (Verdict.ERROR, False),
        (Verdict.REFUTED, False),
    ],
)
def test_what_passes(verdict, passed):
    report = _made(_outcome(), _outcome(verdict, reason="because"))
    assert report.passed is passed
    assert report.failures == (() if passed else (report.results[1],))
    assert report.rows[0].verdict is (verdict if verdict is not Verdict.HOLDS else Verdict.HOLDS)


def test_raise_if_refuted_says_nothing_of_what_passes(reports):
    assert reports["passing"].raise_if_refuted() is None


def test_a_run_that_judged_nothing_of_the_target_fails(reports):
    nothing = reports["unsupported"]
    assert (nothing.passed, nothing.failures, nothing.judged_nothing) == (False, (), True)
    with pytest.raises(Refutation, match=r"^nothing of the target was judged: offer a function under its name"):
        nothing.raise_if_refuted()
    assert nothing.to_dict()["not_judged"]["claims"] == [{"claim": "linear.dW", "dtype": "float64"}]
    known = (Known("relu.dZ", "issue 9", verdict="uncertified"),)
    assert not apply_known(_made(_outcome(Verdict.UNCERTIFIED, "relu.dZ", reason="r")), known).passed
    assert _made(_outcome(claim="kron.vec", link=Link.PROOF, dtype=None)).passed  # asks nothing of the target


def test_what_was_declined_is_written():
    declined = Declines(3, 60, "no zeros", {"Z": plain(np.array([[0.0]]))}, None, None)
    data = _made(_outcome(declined=declined), _outcome(claim="linear.db")).to_dict()
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    links = [claim["links"][0]["declined"] for claim in data["claims"]]
    assert links[1] is None
    assert (links[0]["share"], links[0]["count"], links[0]["inputs"]["Z"]["data"]) == (0.05, 3, ["0.0"])
    assert data["not_judged"]["declined_share"] == 3 / 65


def test_what_is_required_must_be_judged():
    kinds = {"linear.dW": Verdict.HOLDS, "linear.dY": Verdict.UNSUPPORTED, "linear.db": Verdict.UNCERTIFIED}
    results = [_outcome(verdict, claim, reason="because") for claim, verdict in kinds.items()]
    known = (Known("linear.db", "issue 9", verdict="uncertified"),)
    report = apply_known(_made(*results), known)
    assert report.passed
    required = replace(report, required=("linear.dW", "linear.dY", "linear.db"))
    assert [each.claim for each in required.unmet] == ["linear.dY", "linear.db"]
    assert not required.passed
    assert not replace(report, required=("linear.dY",)).passed
    assert replace(report, required=("linear.dW",)).passed
    with pytest.raises(Refutation, match=r"^linear.dY is required and was not judged: because$"):
        replace(report, required=("linear.dY",)).raise_if_refuted()
    data = required.to_dict()
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert data["required"] == ["linear.dW", "linear.dY", "linear.db"]
    assert data["unmet"][0] == {"claim": "linear.dY", "dtype": "float64", "reason": "because"}
    assert (len(data["not_judged"]["claims"]), data["not_judged"]["of"]) == (2, 3)


def test_raise_if_refuted_names_every_failure():
    report = _made(
        _outcome(),
        _outcome(Verdict.REFUTED, finding=Finding("dW[0, 0]: got 1.0, expected 2.0", "dW", {})),
        _outcome(Verdict.UNCERTIFIED, "relu.dZ", reason="9 of 10 examples show nothing certain"),
    )
    with pytest.raises(Refutation) as raised:
        report.raise_if_refuted()
    text = str(raised.value)
    assert text.startswith("REFUTED linear.dW  (formula → implementation, float64)\n  formula   δW = δZ·Yᵀ\n")
    assert "  found     dW[0, 0]: got 1.0, expected 2.0\n" in text
    assert "\n\nUNCERTIFIED relu.dZ  (formula → implementation, float64)\n" in text
    assert "  found     9 of 10 examples show nothing certain\n" in text
    assert isinstance(raised.value, AssertionError)


def test_raise_if_refuted_says_what_is_diagnosed_and_what_is_stale():
    Z = {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]}
    diagnosis = Diagnosis("c", "matches ReLU′(0) = 0", "relu_at_zero=0")
    finding = Finding("dZ: got 0, expected 1", "dZ", {"Z": Z}, diagnosis=diagnosis)
    report = _made(_outcome(Verdict.REFUTED, "relu.dZ", finding=finding), _outcome())
    with pytest.raises(Refutation) as raised:
        apply_known(report, (Known("linear.dW", "old"),)).raise_if_refuted()
    assert [line for line in str(raised.value).splitlines() if "again" not in line] == [
        "REFUTED relu.dZ  (formula → implementation, float64)",
        "  formula   δZ = δY∘1[Z ≥ 0]",
        "  found     dZ: got 0, expected 1",
        "  diagnosis matches ReLU′(0) = 0",
        "  declare   --declare relu_at_zero=0",
        "  inputs    Z = [[0.0]]  float64 (1, 1)",
        "  proof     backproof prove relu.dZ  (docs/proofs/relu.dZ.md)",
        "",
        "linear.dW: now holds: delete its entry from the file of known failures",
    ]


def test_a_printed_report_is_what_the_terminal_shows(reports):
    text = str(reports["refuted"])
    assert text.splitlines()[0].split()[:2] == ["claim", "Jacobian"]
    assert "\nREFUTED " in text
    assert max(map(len, text.splitlines())) <= 80


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_what_was_not_run_neither_passes_nor_fails():
    outcome = _outcome(Verdict.NOT_RUN, "relu.dZ", reason="the run was interrupted")
    report = replace(_made(_outcome(), outcome), interrupted=True)
    assert (report.passed, report.failures, report.not_run) == (False, (), (outcome,))
    assert [row.state for row in report.rows] == ["holds", "not run"]
    assert apply_known(report, (Known("relu.dZ", "old"),)).stale == ()  # nothing is known of it
    jsonschema.Draft202012Validator(SCHEMA).validate(report.to_dict())
    assert phrases.headline(report) == "INTERRUPTED"
    assert phrases.counts(report) == "1 holds, 1 not run"
    assert 'href="#' not in to_html(report)  # there is no failure to lead to

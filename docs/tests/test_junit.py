"""junit: well-formed whatever a target's messages hold, and counted as continuous integration services count."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from backproof_docs.junit import to_junit
from backproof_docs.known import Known
from backproof_docs.report import Report
from backproof_properties.results import Declines, Finding, Link, Outcome, Verdict

KINDS = ["passing", "refuted", "unsupported", "error", "overflow", "networks", "dtypes"]


def _suite(report):
    return ET.fromstring(to_junit(report))  # noqa: S314 - our own output


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_well_formed_and_counted(reports, kind):
    report, suite = reports[kind], _suite(reports[kind])
    assert suite.tag == "testsuite"
    cases = len(report.results) + report.judged_nothing
    assert int(suite.get("tests")) == len(suite.findall("testcase")) == cases
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{element}"))
    bad = int(suite.get("failures")) + int(suite.get("errors"))
    assert (bad == 0) is report.passed


def test_the_header_names_the_target_and_how_to_repeat_the_run(reports):
    suite = _suite(reports["refuted"])
    assert suite.get("name") == "backproof dict"
    assert suite.get("time") == f"{reports['refuted'].seconds:.3f}"
    found = {each.get("name"): each.get("value") for each in suite.findall("properties/property")}
    assert found == {"seed": "1", "examples": "20", "conventions": "{}", "not judged": "nothing"}
    assert to_junit(reports["refuted"]).startswith("<?xml version='1.0'")


def test_a_failure_shows_the_message_and_the_inputs(reports):
    suite = _suite(reports["refuted"])
    cases = [(case.get("classname"), case.get("name")) for case in suite.findall("testcase")]
    assert cases == [
        ("relu.dZ", "definition → Jacobian"),
        ("relu.dZ", "Jacobian → formula"),
        ("relu.dZ", "definition ⊢ formula"),
        ("relu.dZ", "formula → implementation [float64]"),
    ]
    failure = suite.find("testcase/failure")
    assert failure.get("type") == "refuted"
    assert failure.get("message").startswith("relu_vjp.dZ[0, 0]: got 0.0, expected ")
    assert failure.text.startswith("formula    δZ = δY∘1[Z ≥ 0]\nfound      relu_vjp.dZ[0, 0]: got 0.0, ")
    assert "\ninputs     Z = [[0.0]]  float64 (1, 1)\ndY = [[" in failure.text
    assert "\nproof      backproof prove relu.dZ  (docs/proofs/relu.dZ.md)\nagain " in failure.text
    assert failure.text.endswith('backproof.check(TARGET, operations="relu.dZ", seed=1, examples=20)')


def test_what_is_skipped_says_why(reports):
    skipped = _suite(reports["unsupported"]).find("testcase/skipped")
    assert skipped.get("message") == "the target offers no linear_vjp"


def test_what_was_declined_is_told_beside_the_verdict():
    declined = Declines(1, 100, "no \x07 zeros", {"Z": "0"})
    outcome = Outcome("relu.dZ", Link.IMPLEMENTATION, "float64", Verdict.HOLDS, 99, declined=declined)
    suite = _suite(Report("t", {}, ("float64",), 100, 1, 0.0, (outcome,)))
    assert suite.get("failures") == "0"
    said = suite.find("testcase/system-out").text
    assert said.endswith("1 of 100 inputs drawn (1.0%): no \ufffd zeros: such as Z = 0")


def test_what_is_required_and_a_run_that_judged_nothing_fail(reports):
    suite = _suite(replace(reports["unsupported"], required=("linear.dW",)))
    messages = [each.get("message") for each in suite.findall("testcase/failure")]
    assert messages == ["required and not judged: the target offers no linear_vjp"]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "0")
    suite = _suite(reports["unsupported"])
    assert (
        suite.find("testcase/failure").get("message").startswith("nothing of the target was judged: offer a function")
    )
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")


def test_control_characters_and_markup_are_safe(reports):
    error = _suite(reports["error"]).find("testcase/error")
    expected = "relu: raised ValueError: bad [red]markup[/red] \ufffd[31m<&> \ufffd second line"
    assert (error.get("type"), error.get("message")) == ("error", expected)


def test_lone_surrogates_and_noncharacters_are_replaced():
    finding = Finding("a\udc80b\ufffe\x0b", "dW", {"W": "\x07"})
    outcome = Outcome("linear.dW", Link.IMPLEMENTATION, "float64", Verdict.ERROR, 1, finding=finding)
    suite = _suite(Report("t\x1b", {}, ("float64",), 1, 1, 0.0, (outcome,)))
    assert suite.get("name") == "backproof t\ufffd"
    error = suite.find("testcase/error")
    assert error.get("message") == "a\ufffdb\ufffd\ufffd"
    assert "inputs     W = \ufffd" in error.text


def test_a_known_failure_is_skipped_with_its_reason_and_a_stale_one_fails():
    outcomes = [Outcome(claim, Link.IMPLEMENTATION, "float64", verdict, 1, finding=Finding("m", "dW", {}))
                for claim, verdict in (("linear.dW", Verdict.REFUTED), ("linear.db", Verdict.HOLDS))]  # fmt: skip
    known = (Known("linear.dW", "issue 12"), Known("linear.db", "issue 9", "float64"))
    suite = _suite(Report("t", {}, ("float64",), 1, 1, 0.0, tuple(outcomes), known=known))
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "1", "0", "1"]
    assert suite.find("testcase/skipped").get("message") == "known: issue 12: m"
    stale = suite.findall("testcase")[-1]
    assert (stale.get("classname"), stale.get("name")) == ("known failures", "linear.db (float64)")
    assert stale.find("failure").get("message").startswith("linear.db (float64): now holds: delete")


def test_an_uncertified_link_is_a_failure_with_its_reason():
    outcome = Outcome("linear.dW", Link.IMPLEMENTATION, "float64", Verdict.UNCERTIFIED, 5, reason="3 of 5 examples")
    suite = _suite(Report("t", {}, ("float64",), 1, 1, 0.0, (outcome,)))
    assert (suite.get("failures"), suite.find("testcase/failure").get("message")) == ("1", "3 of 5 examples")

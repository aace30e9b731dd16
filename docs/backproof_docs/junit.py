"""JUnit XML: one test case for each link of each claim, for continuous integration services."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from backproof_docs.known import Stale
from backproof_docs.phrases import advice, again, declines, facts, not_judged
from backproof_docs.report import Report
from backproof_properties.results import FAILING, Outcome, Verdict

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 admits nowhere, not even escaped; a target's messages may hold anything."""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def to_junit(report: Report) -> str:
    """The report as JUnit XML text; a known failure is skipped, with its reason."""
    suite = ET.Element("testsuite", name=_clean(f"backproof {report.target}"))
    properties = ET.SubElement(suite, "properties")
    noted = (("conventions", report.conventions), ("not judged", not_judged(report) or "nothing"))
    for name, value in (("seed", report.seed), ("examples", report.examples), *noted):
        ET.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for outcome in report.results:
        _case(suite, report, outcome)
    for each in report.stale:
        _stale(suite, each)
    for text in advice(report):
        case = ET.SubElement(suite, "testcase", classname="the target", name="something is judged")
        ET.SubElement(case, "failure", message=text, type="nothing judged")
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))
    suite.set("time", f"{report.seconds:.3f}")
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


_ELEMENTS = {
    Verdict.REFUTED: "failure",
    Verdict.UNCERTIFIED: "failure",
    Verdict.ERROR: "error",
    Verdict.UNSUPPORTED: "skipped",
    Verdict.NOT_RUN: "skipped",
}


def _case(suite: ET.Element, report: Report, outcome: Outcome) -> None:
    name = f"{outcome.link}" + (f" [{outcome.dtype}]" if outcome.dtype else "")
    case = ET.SubElement(suite, "testcase", classname=outcome.claim, name=_clean(name))
    if outcome.declined:
        ((about, smallest),) = declines(replace(report, results=(outcome,)))
        ET.SubElement(case, "system-out").text = _clean(f"declined: {about}: {smallest}")
    if outcome.verdict not in _ELEMENTS:
        return
    known = report.reason_known(outcome)
    message = outcome.finding.message if outcome.finding else outcome.reason or ""
    shown = message if known is None else f"known: {known}: {message}"
    tag = _ELEMENTS[outcome.verdict] if known is None else "skipped"
    if outcome in report.unmet:
        tag, shown = "failure", f"required and not judged: {shown}"
    element = ET.SubElement(case, tag, message=_clean(shown), type=str(outcome.verdict))
    if outcome.verdict in FAILING:
        lines = [*facts(report, outcome), ("again", " ".join(again(report, outcome)))]
        element.text = _clean("\n".join(f"{label:<9}  {text}" for label, text in lines))


def _stale(suite: ET.Element, each: Stale) -> None:
    case = ET.SubElement(suite, "testcase", classname="known failures", name=_clean(str(each.entry)))
    ET.SubElement(case, "failure", message=_clean(str(each)), type="stale")
